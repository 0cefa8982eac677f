r"""A folder has one writer at a time.

`only_writer` locks a folder by a file in it, so that everyone who sees the folder sees the lock: other containers,
other values of TMPDIR, other machines. The lock ends with its process, however that dies. Two things it cannot promise:
a network disk that is mounted without locks (NFS with `nolock`, Lustre without `flock`) shows it to one machine only,
and a disk that knows no locks at all is used without one, after a warning.
"""

import contextlib
import errno
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rwlib.errors import InputError, printable
from rwlib.files.place import writable_folder
from rwlib.files.whole import cannot_write

PATIENCE_S = 8.0
"""Workers of a process that was killed hold its lock until they notice, which takes PyTorch's five seconds."""

LOCK = ".rwlib.lock"
"""Name of the file in a folder that `only_writer` locks; it goes when the lock does."""

NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}


@contextmanager
def only_writer(folder: str | os.PathLike[str], name: str = "output", *, beside: bool = False) -> Iterator[None]:
    """Keep others from writing to a folder: other threads, processes, containers and, as far as said above, machines.

    Args:
        folder: made if it does not exist; if nothing is then written to it, it goes again.
        name: of the argument that gave it, for the message.
        beside: lock a file beside the folder, which stays as it is: for a folder that appears as a whole.

    Raises:
        InputError: somebody else is writing to it, or it cannot be made or written to.
    """
    folder = Path(os.path.realpath(folder))
    if beside:
        writable_folder(folder.parent, name, make=True)
        place, made = folder.with_name(f".{folder.name[:20]}{LOCK}"), []
    else:
        made = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
        place = writable_folder(folder, name, make=True) / LOCK
    lock = FileLock(place, timeout=PATIENCE_S, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"{name}: another process is writing to {folder}; wait until it has ended, or choose another folder"
        ) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise cannot_write(place, error, name) from None
        warnings.warn(
            f"{printable(folder)} cannot be locked: see to it that only one process writes there", stacklevel=3
        )
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            # While it is still locked: whoever waits for it sees that it has gone (st_nlink is 0), and makes a new one.
            place.unlink()
        lock.release()
        for path in made:
            with contextlib.suppress(OSError):  # it is not empty: something was written
                path.rmdir()
