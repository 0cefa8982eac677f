"""The progress bar of a run, which may lose its reader: the run goes on without it."""

import contextlib
import sys
from typing import Any

from tqdm import tqdm


class Screen:
    """A stream that takes no notice of what cannot be written: a pipe whose reader has gone, a log on a full disk.

    Args:
        stream: where to write.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write, if that is possible."""
        with contextlib.suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def progress_bar(first_step: int, last_step: int, *, shown: bool) -> tqdm:
    """Return the bar of a run that goes from one step to another."""
    return tqdm(
        initial=first_step, total=last_step, disable=not shown, unit="step", dynamic_ncols=True,
        file=Screen(sys.stderr),
    )  # fmt: skip
