"""Break everything that rwlib reads, at random but repeatably, and see what becomes of it.

A case is a number: seed, kind and number decide every byte, so that a fault comes again with
`PYTHONPATH=tests python -m fuzz --seed S --kind KIND --case N`. It runs in a folder of its own, in a fork of this
process (quick) or, one in fifty, in a process of its own as a user starts it. The rule:

- no traceback, whatever the bytes are; a refusal is exit status 2 and one line on stderr that begins with `rwlib: `;
- no exit status 0 with a wrong result: what came out is compared with what Pillow, json or csv say of the same files;
- memory: at most `MEMORY_MB` and 60 bytes a pixel more than the process had before;
- an end: at most `PROCESSOR_S` seconds of processor time.

`tests/test_fuzz.py` runs a part of it (minutes); `make fuzz` runs twenty minutes.
"""
