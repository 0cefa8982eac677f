r"""The error for bad input, on the lowest floor: whoever only looks at arguments can raise it without loading torch."""

import os
from collections.abc import Sequence


def printable(name: object) -> str:
    r"""Return a name as a terminal may show it: what is no letter, sign or plain blank becomes its escape.

    Names of files can hold line ends, a terminal's own commands, signs that turn the direction of writing, and bytes
    that are not UTF-8.

    Example:
        >>> print(printable("a\x1b[31m.png"))
        a\x1b[31m.png
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(name))


class InputError(ValueError):
    """Something the caller gave cannot be used; the message is one line and says what to do about it.

    Args:
        lines: the message; more than one where there are several faults.
    """

    def __init__(self, *lines: str) -> None:
        # PyTorch hands on what a worker process raised as the text of its traceback, which ends with our own line.
        ours = [str(line).rpartition(f"{__name__}.InputError: ")[2].rstrip() for line in lines]
        super().__init__("\n".join(printable(line) for line in ours))

    def __reduce__(self) -> tuple[type, tuple[str, ...]]:
        return type(self), tuple(str(self).split("\n"))


def no_file(path: str | os.PathLike[str]) -> str:
    """Say why something that should be a plain file is none: `is a folder`, `is not a plain file`, `does not exist`."""
    if os.path.isdir(path):
        return "is a folder"
    return "is not a plain file" if os.path.lexists(path) else "does not exist"


def one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`.

    Raises:
        InputError: it is not; the message lists the choices.
    """
    if value not in choices:
        raise unknown(name, value, choices)
    return value


def unknown(name: str, value: str, choices: Sequence[str]) -> InputError:
    """Return the error for a value that is none of the choices."""
    return InputError(f"{name}: expected one of {', '.join(choices)}; got {value!r}")
