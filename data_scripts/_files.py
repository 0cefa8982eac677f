r"""Write a file as a whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Give a path to write to, which becomes `file` if the block succeeds and is removed if it fails."""
    part = file.with_name(f".{os.getpid()}.part")  # short: the file's own name may be as long as a name can be
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
