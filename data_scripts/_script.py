r"""What the command lines of the data scripts share: options, and an error in one line."""

import argparse
import errno
import sys
from collections.abc import Callable
from pathlib import Path

from _prepare import MAX_BAD_SHARE

from rwlib.conventions import InputError
from rwlib.files import only_writer


def parser(description: str, example: str) -> argparse.ArgumentParser:
    """Return a parser with the options that all scripts share."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--to", type=Path, required=True, help=f"folder to make, for example {example}")
    options.add_argument(
        "--from", dest="sources", nargs="+", default=[], metavar="SOURCE", help="archive, folder or mirror address"
    )
    options.add_argument("--size", type=int, default=256, help="side of the squares in pixels (256)")
    options.add_argument("--whole", action="store_true", help="bring the shorter side down to --size, crop nothing")
    options.add_argument("--max-bad-share", type=float, default=MAX_BAD_SHARE, help="share of unreadable pictures")
    return options


def common(asked: argparse.Namespace) -> dict:
    """Return what `prepare` is told by the options of `parser`.

    Raises:
        InputError: a size below 1, or a share that is none.
    """
    if asked.size < 1:
        raise InputError(f"size: expected at least 1 pixel, got {asked.size}")
    if not 0 <= asked.max_bad_share <= 1:
        raise InputError(f"max-bad-share: expected 0 to 1, got {asked.max_bad_share}")
    return {"size_px": asked.size, "whole": asked.whole, "max_bad_share": asked.max_bad_share}


def run(call: Callable[[], object], to: Path) -> int:
    """Run what writes to a folder, which no other process may meanwhile; return the exit status.

    What failed is one line on standard error.
    """
    try:
        with only_writer(to, "to", beside=True):
            call()
    except KeyboardInterrupt:
        print("stopped; call again to go on", file=sys.stderr)
        return 130
    except (InputError, OSError) as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        print(f"error: {error}" + ("; make room, and call again: it goes on" if full else ""), file=sys.stderr)
        return 1
    return 0
