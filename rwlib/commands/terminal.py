"""What ends a command: every failure is one line on stderr and an exit status."""

import contextlib
import os
import sys
from collections.abc import Callable

from rwlib.errors import InputError, printable


def guarded(work: Callable[[], int | None], *, interrupted: str = "") -> int:
    """Run a command and turn what ends it into an exit status.

    Args:
        work: returns the exit status, or None for 0.
        interrupted: what to say after Ctrl-C about going on.

    Returns:
        The command's own status; 1 if the output could not be written (a closed pipe, a full disk), 2 after bad input,
        130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # on Windows a program without a console has no streams
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
