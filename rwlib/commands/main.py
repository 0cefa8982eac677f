"""The command line, `rwlib COMMAND`; `COMMANDS` lists them."""

import dataclasses
import sys
from collections.abc import Sequence
from typing import Annotated, Union, get_type_hints

import tyro

from rwlib import __version__
from rwlib.commands.bench import Bench
from rwlib.commands.doctor import Doctor
from rwlib.commands.evaluate import Evaluate
from rwlib.commands.export import Export
from rwlib.commands.grade import Grade
from rwlib.commands.inpaint import Inpaint
from rwlib.commands.lab import Lab
from rwlib.commands.losses import Losses
from rwlib.commands.parse import parse, refuse_empty, refuse_repeated
from rwlib.commands.progress import Progress
from rwlib.commands.start import Start
from rwlib.commands.terminal import guarded
from rwlib.commands.train import Train
from rwlib.config import Config
from rwlib.errors import InputError

COMMANDS = {
    "train": Train, "inpaint": Inpaint, "evaluate": Evaluate, "export": Export, "bench": Bench, "doctor": Doctor,
    "losses": Losses, "start": Start, "lab": Lab, "progress": Progress, "grade": Grade,
}  # fmt: skip
DESCRIPTION = f"rwlib {__version__}: region-wise GAN image inpainting. `rwlib COMMAND --help` explains a command."


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: the words behind `rwlib`; None takes those that this process was started with.

    Returns:
        The exit status: 0, 1 (`doctor` found a fault, or see `guarded`), 2 (bad input), 130 (Ctrl-C).
    """
    words = list(sys.argv[1:] if args is None else args) or ["--help"]
    interrupted = getattr(COMMANDS.get(words[0]), "interrupted", "")
    return guarded(lambda: _run(words), interrupted=interrupted)


def _run(words: Sequence[str]) -> int | None:
    name = words[0]
    if name in ("-V", "--version"):
        print(f"rwlib {__version__}")
        return 0
    if name not in COMMANDS and name not in ("-h", "--help") and not name.startswith("--tyro-"):
        *names, last = COMMANDS
        raise InputError(f"command: expected {', '.join(names)} or {last}; got {name!r}")
    chosen = COMMANDS.get(name)
    refuse_repeated(words, getattr(chosen, "several", ()))
    refuse_empty(words[1:], paths_of(chosen))
    subcommands = []
    for known, command in COMMANDS.items():
        default = {"default": Train.with_defaults(words[1:])} if known == name == "train" else {}
        subcommands.append(Annotated[command, tyro.conf.subcommand(known, **default)])
    form = Union[tuple(subcommands)]  # noqa: UP007 (a tuple of types)
    try:
        command = parse(form, words, command=f"rwlib {name}", flags=flags_of(chosen), description=DESCRIPTION)
    except SystemExit as end:  # after --help
        return int(end.code or 0)
    return command.run()


def flags_of(command: type | None) -> list[str]:
    """Return the flags of a command."""
    names = [field.name.rstrip("_") for field in dataclasses.fields(command)] if command else []
    names += [field.name for field in dataclasses.fields(Config)] if command is Train else []
    return [f"--{name.replace('_', '-')}" for name in names]


def paths_of(command: type | None) -> list[str]:
    """Return those flags of a command that take a path."""
    kinds = get_type_hints(command) if command else {}
    return [f"--{name.rstrip('_').replace('_', '-')}" for name, kind in kinds.items() if "Path" in str(kind)] + ["-o"]


if __name__ == "__main__":
    sys.exit(main())
