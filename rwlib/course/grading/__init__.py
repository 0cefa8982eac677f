"""Grade a class's notebooks: run each behind a fence, ask for its answers one by one, and judge them outside.

`process` starts a notebook's process, `runner` is what runs in it, `fence` what it cannot pass, and `edition` the copy
of rwlib that it imports, without solutions. `remote` makes an answer over there callable here, `grade` lets the checks
judge it, and `report` writes what came out. A mark never rests on what a notebook printed or claimed.
"""
