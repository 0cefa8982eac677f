"""The one way in which rwlib writes: a file is whole or it is not there, and a folder has one writer at a time.

`whole` writes, `place` says beforehand whether that will work, `lock` keeps others from a folder.
"""

from rwlib.files.lock import LOCK, only_writer
from rwlib.files.place import writable_file, writable_folder
from rwlib.files.whole import PartFile, append_durably, cannot_write, replacing, write_bytes, write_text

__all__ = [
    "LOCK",
    "PartFile",
    "append_durably",
    "cannot_write",
    "only_writer",
    "replacing",
    "writable_file",
    "writable_folder",
    "write_bytes",
    "write_text",
]
