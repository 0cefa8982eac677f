"""What the course's own programs (`python -m rwlib.course...`) share: how they end."""

import sys
from collections.abc import Callable

from rwlib.errors import InputError


def exit_status(work: Callable[[], object]) -> int:
    """Do the work of a program; return 0, or 2 with one line for each fault on stderr."""
    try:
        work()
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0
