"""What ends a command: every failure is one line on stderr and an exit status."""

import contextlib
import os
import re
import sys
from collections.abc import Callable

from rwlib.errors import InputError, printable

OUT_OF_MEMORY = "can't allocate memory|not enough memory|out of memory"
"""PyTorch's words, which come as a `RuntimeError`."""


def guarded(work: Callable[[], int | None], *, interrupted: str = "") -> int:
    """Run a command and turn what ends it into an exit status.

    Args:
        work: returns the exit status, or None for 0.
        interrupted: what to say after Ctrl-C about going on.

    Returns:
        The command's own status; 1 if the output could not be written (a closed pipe, a full disk), a package not
        be loaded, or there was not enough memory; 2 after bad input, 130 after Ctrl-C.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell (`>&-`), or a program on Windows without a console
            # The next file would get its number, 1 or 2, and with it whatever a library prints.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):  # a notebook's has not
            stream.reconfigure(errors="backslashreplace")  # a terminal whose locale lacks a character
    try:
        status = work() or 0
        sys.stdout.flush()  # now, so that a pipe that is closed or a device that is full is noticed here
        return status
    except InputError as error:
        return _fail(2, *str(error).splitlines())
    except KeyboardInterrupt:
        return _fail(130, f"interrupted{interrupted}")
    except BrokenPipeError:  # `rwlib doctor | head -1`: whoever reads has seen enough
        return _fail(1)
    except (ImportError, MemoryError, RuntimeError) as error:
        if isinstance(error, ImportError):  # often PyTorch's libraries, which find no room under `ulimit -v`
            return _fail(1, f"a package cannot be loaded ({error}); `rwlib doctor` looks at all of them, and at memory")
        if not (isinstance(error, MemoryError) or re.search(OUT_OF_MEMORY, str(error))):
            raise
        return _fail(1, "there is not enough memory; end other programs, or take a smaller picture, batch or --size")
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        return _fail(1, f"cannot write: {error.strerror}")


def _fail(status: int, *lines: str) -> int:
    with contextlib.suppress(OSError):
        for line in lines:
            print(f"rwlib: {printable(line)}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:  # Python flushes once more at its end, and would complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status
