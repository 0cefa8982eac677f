"""From words to a command: tyro reads the dataclasses, and what it refuses becomes one line instead of a box."""

import contextlib
import difflib
import re
from collections.abc import Sequence
from typing import Any

import tyro

from rwlib.errors import InputError

RESULT = {"out", "output", "out-dir", "outdir", "output-dir", "run", "run-dir", "save", "save-dir", "results", "to"}
"""What people call the place of a result: `--out` means `--run-dir` where a command has that, not `--output`."""


def parse(form: Any, args: Sequence[str], *, command: str, flags: Sequence[str] = (), **options: Any) -> Any:
    """Parse a command line.

    Args:
        form: a dataclass, or a union of subcommands.
        args: the words to parse.
        command: how the user calls it, for messages.
        flags: the flags that there are, to guess what a wrong one may mean.
        options: see `tyro.cli`.

    Raises:
        InputError: a word is unknown, missing or cannot be used.
        SystemExit: after `--help`.
    """

    def refuse(event: Any) -> None:
        raise InputError(complaint(event, args, flags, f"`{command} --help`"))

    # A private hook, because no public one tells what is wrong: `SystemExit` carries 2 alone, `console_outputs=False`
    # throws the message away, what is printed is prose in boxes, and `get_parser` (argparse) is deprecated. Without the
    # hook those boxes appear, and the exit status is the same.
    hook = getattr(getattr(tyro, "_errors", None), "on_parse_error", None)
    with hook(refuse) if hook else contextlib.nullcontext():
        return tyro.cli(form, prog="rwlib", args=args, **options)


def refuse_repeated(args: Sequence[str], several: Sequence[str] = ()) -> None:
    """Refuse a flag that is given twice; tyro would take the last one without a word.

    Args:
        args: the words of a command line.
        several: flags that may be given several times.

    Raises:
        InputError: a flag is there twice.

    Example:
        >>> refuse_repeated(["--data", "a", "--seed=1", "--data", "b"])
        Traceback (most recent call last):
        rwlib.errors.InputError: --data: it is given twice; give it once
    """
    seen = set()
    for word in args:
        if word == "--":
            return
        if re.match(r"-[a-zA-Z]$|--[a-zA-Z]", word):
            flag = word.partition("=")[0].replace("_", "-")
            if flag in seen and flag not in several:
                raise InputError(f"{flag}: it is given twice; give it once")
            seen.add(flag)


def refuse_empty(args: Sequence[str], paths: Sequence[str]) -> None:
    """Refuse a path without a name, as a variable of the shell that is not set gives; tyro would take this folder.

    Args:
        args: the words behind a command.
        paths: flags that take a path; what stands behind no flag is a path, too.

    Raises:
        InputError: a path is empty.

    Example:
        >>> refuse_empty(["--run-dir", ""], ["--run-dir"])
        Traceback (most recent call last):
        rwlib.errors.InputError: --run-dir: it is empty (an unset variable?); give a name, . for the current folder
    """
    for before, word in zip(["", *args], args, strict=False):
        flag, equals, value = word.partition("=")
        if word == "":
            flag = before if before.startswith("-") else ""
        elif not equals or value:
            continue
        flag = flag.replace("_", "-")
        if flag in ("", *paths):
            name = flag or "path"
            raise InputError(f"{name}: it is empty (an unset variable?); give a name, . for the current folder")


def complaint(event: Any, args: Sequence[str], flags: Sequence[str], help: str) -> str:
    """Put one of tyro's events (`tyro._errors`) into one line.

    Args:
        event: what tyro refuses.
        args: the words of the command line.
        flags: the flags that there are.
        help: the command that explains them.
    """
    argument = getattr(event, "argument", None)
    name, form = (_name(argument), argument.lowered.metavar) if argument else ("", "")
    words = [word.partition("=")[0].replace("_", "-") for word in args if re.match(r"-[^\W\d]|--\w", word)]
    unknown = next((word for word in words if flags and word.replace("--no-", "--") not in (*flags, "-o")), "")
    remedy = f"see {help}"
    if unknown and not unknown.startswith("--"):
        remedy = f"if it is a file, write ./{unknown}"
    elif meant := _meant(unknown, flags):
        remedy = f"do you mean {meant}?"
    match type(event).__name__:
        case "MissingArgs" | "BadValue" | "UnrecognizedArgs" if unknown:
            return f"{unknown}: unknown; {remedy}"
        case "MissingArgs":
            return f"{', '.join(_name(missing.arg) for missing in event.missing_arguments)}: missing; {remedy}"
        case "BadValue":
            return f"{name}: expected {form}, got fewer values; {remedy}"
        case "UnrecognizedArgs":
            return f"{event.tokens[0]}: one too many; {remedy}"
        case "InvalidChoice":
            return f"{name}: expected one of {', '.join(event.choices)}; got {event.value!r}"
        case "InstantiationFailure" if argument:
            value = re.search(r"'.*'", event.message)
            return f"{name}: expected {form}, got {value[0] if value else event.message}"
        case _:
            return str(getattr(event, "message", f"the command line cannot be read; {remedy}"))


def _meant(unknown: str, flags: Sequence[str]) -> str:
    """Guess flags from initials (`--lr`), first words, or letters that nearly fit; empty without a guess."""
    word, names = unknown.removeprefix("--"), [flag.removeprefix("--") for flag in flags]
    if word in RESULT and (results := [name for name in names if name in ("out", "run-dir")]):
        return f"--{results[0]}"
    initials = [name for name in names if "-" in name and "".join(part[0] for part in name.split("-")) == word]
    begun = [name for name in names if name.startswith(f"{word}-")]
    guesses = initials or begun[:1] or difflib.get_close_matches(word, names, 1)
    return " or ".join(f"--{name}" for name in guesses)


def _name(argument: Any) -> str:
    """Return how a user writes an argument: its longest flag, or a positional argument's name in capitals."""
    return argument.lowered.metavar if argument.is_positional() else max(argument.lowered.name_or_flags, key=len)
