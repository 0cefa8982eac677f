r"""What the command lines of the data scripts share: options, and every error in one line."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from _dataset import Assign, Conversion, Dataset
from _download import DISK_FULL
from _photographs import photographs
from _prepare import prepare

from rwlib.errors import InputError, printable
from rwlib.files import only_writer

MAX_BAD_SHARE = 0.001
"""If more pictures of a published data set are unreadable than this share, the archive is damaged."""


def command_line(description: str, example: str, *, one_source: str = "") -> argparse.ArgumentParser:
    """Return a parser with the options that all scripts share: `--to`, and `--from` as `sources`.

    Args:
        description: what the script does.
        example: for `--to`.
        one_source: help for `--from` if it is needed and only one path, `source`.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--to", type=target, required=True, help=f"folder to make, for example {example}")
    if one_source:
        parser.add_argument("--from", dest="source", type=lambda x: Path(nonempty(x)), required=True, help=one_source)
    else:
        parser.add_argument(
            "--from", dest="sources", type=nonempty, nargs="+", default=[], metavar="SOURCE",
            help="archive, folder or mirror address",
        )  # fmt: skip
    return parser


def photograph_options(parser: argparse.ArgumentParser, **defaults: float) -> argparse.ArgumentParser:
    """Add the options of `conversion_from`."""
    parser.add_argument("--size", type=int, default=256, help="side of the squares in pixels (%(default)s)")
    parser.add_argument("--whole", action="store_true", help="bring the shorter side down to --size, crop nothing")
    parser.add_argument("--max-bad-share", type=float, default=MAX_BAD_SHARE, help="share of unreadable pictures")
    parser.set_defaults(**defaults)
    return parser


def conversion_from(options: argparse.Namespace) -> Conversion:
    """Return the conversion that `photograph_options` describe.

    Raises:
        InputError: a size below 1, or a share that is none.
    """
    check_size(options.size)
    if not 0 <= options.max_bad_share <= 1:
        raise InputError(f"max-bad-share: expected 0 to 1, got {options.max_bad_share}")
    return photographs(options.size, whole=options.whole, max_bad_share=options.max_bad_share)


def check_size(size_px: int) -> None:
    """Check a side in pixels.

    Raises:
        InputError: it is below 1.
    """
    if size_px < 1:
        raise InputError(f"size: expected at least 1 pixel, got {size_px}")


def nonempty(text: str) -> str:
    """Take an argument as it is, unless it is empty, as an unset variable of the shell is."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty; is a variable not set?")
    return text


def target(text: str) -> Path:
    """Take an argument as the path of a folder to make, which needs a name: hidden folders beside it have it, too."""
    path = Path(nonempty(text))
    if path.name in ("", ".."):
        path = Path(os.path.abspath(path))
    if not path.name:
        raise argparse.ArgumentTypeError(f"{text} is no folder that could be made; choose another one")
    return path


def run_prepare(
    options: argparse.Namespace,
    dataset: Dataset,
    open_sources: Callable[[], tuple[Sequence[Path], Assign]],
    *,
    conversion: Callable[[argparse.Namespace], Conversion] = conversion_from,
    origin: str = "",
) -> int:
    """Prepare a data set (`prepare`) with a script's options; return the exit status."""
    origin = origin or " ".join(options.sources)
    return run(options.to, lambda: prepare(dataset, options.to, open_sources, conversion(options), origin=origin))


def run(to: Path, work: Callable[[], object]) -> int:
    """Do what writes to a folder, while no other process may; return the exit status."""

    def alone() -> None:
        with only_writer(to, "to", beside=True):
            work()

    return run_with_one_line_errors(alone)


def run_with_one_line_errors(work: Callable[[], object]) -> int:
    """Return the exit status of `work`; what fails is one line on standard error."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # as on standard error: a terminal may not have every letter
    try:
        work()
        return 0
    except KeyboardInterrupt:
        print("stopped; call again to resume", file=sys.stderr)
        return 130
    except UnicodeEncodeError as error:
        message = f"{error.object!a} is no file name in this system's encoding, {error.encoding}; set LC_ALL=C.UTF-8"
    except (InputError, OSError) as error:
        is_full = isinstance(error, OSError) and error.errno in DISK_FULL
        message = f"{error}" + ("; make room, and call again: it resumes" if is_full else "")
    print(f"error: {printable(message)}", file=sys.stderr)
    return 1
