r"""One writer a folder: a second one is refused with a line, instead of both mixing their files.

The lock is a file of this machine's folder for temporary files, so that nothing is left in the folder itself, and disks
that cannot lock do not matter. It ends with its process, however that dies. Two machines that write to one folder of a
network disk are not seen.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rwlib.conventions import InputError

PATIENCE_S = 8.0
"""Workers of a process that was killed hold its lock until they notice, which takes PyTorch's five seconds."""


@contextmanager
def only_writer(folder: str | os.PathLike[str], name: str) -> Iterator[None]:
    """Keep other processes of this user from writing to a folder.

    Args:
        folder: need not exist yet.
        name: of the argument that gave it, for the message.

    Raises:
        InputError: another process, or another thread, is writing to it.
    """
    locks = Path(tempfile.gettempdir()) / f"rwlib-locks-{os.getuid() if hasattr(os, 'getuid') else 'mine'}"
    locks.mkdir(mode=0o700, exist_ok=True)
    key = hashlib.sha256(os.fsencode(Path(folder).resolve())).hexdigest()[:32]
    lock = FileLock(locks / f"{key}.lock", timeout=PATIENCE_S, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"{name}: another process is writing to {folder}; wait until it has ended, or choose another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()
