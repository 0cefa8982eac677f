r"""The error for bad input, on the lowest floor: whoever only looks at arguments can raise it without loading torch."""

from collections.abc import Sequence


class InputError(ValueError):
    """Something the caller gave cannot be used; the message is one line and says what to do about it."""


def one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`.

    Raises:
        InputError: it is not; the message lists the choices.
    """
    if value not in choices:
        raise InputError(f"{name}: expected one of {', '.join(choices)}; got {value!r}")
    return value
