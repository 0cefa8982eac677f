"""The command line, a file for each command: a dataclass whose fields are the flags, and whose `run` does the work.

Nothing here imports torch at its top: what is wrong with the arguments is said before torch is loaded, which takes
seconds.
"""
