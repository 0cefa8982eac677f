r"""Checksums of archives: published ones, and those of first copies where none is published."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from rwlib.errors import InputError
from rwlib.files import write_text


def file_checksum(file: Path, algorithm: str = "sha256") -> str:
    """Return a file's checksum in hexadecimal digits."""
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, algorithm).hexdigest()


def check_published(file: Path, checksum: str, label: str, remedy: str = "fetch it again") -> None:
    """Compare a file with its published checksum, `md5:...` or `sha256:...`.

    Args:
        file: the file.
        checksum: as published.
        label: argument and name of the file, as a message begins.
        remedy: how a message ends.

    Raises:
        InputError: it has another one.
    """
    algorithm, expected = checksum.split(":")
    actual = file_checksum(file, algorithm)
    if actual != expected:
        raise InputError(f"{label} has {algorithm} {actual}, not {expected}; {remedy}")


def compare_with_first_copy(file: Path, name: str, record: Path) -> str:
    """Compare a file whose checksum is not published with the first copy of that name.

    Args:
        file: the file.
        name: name of the file in the record.
        record: text file in the form of sha256sum; it may be missing.

    Returns:
        The line to append to the record once the file has proved right (`record_first_copies`); empty if it is there.

    Raises:
        InputError: it is not the recorded file.
    """
    sha256 = file_checksum(file)
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    recorded = {name: first for first, _, name in (line.partition("  ") for line in lines)}
    if recorded.get(name, sha256) != sha256:
        raise InputError(
            f"from: {name} has SHA-256 {sha256[:12]}..., but the first copy had {recorded[name][:12]}...: it is "
            f"damaged or another version; fetch it again, or remove its line from {record} to accept it"
        )
    return "" if name in recorded else f"{sha256}  {name}\n"


def record_first_copies(lines: Iterable[str], record: Path) -> None:
    """Append lines of `compare_with_first_copy` to the record."""
    if new := list(filter(None, lines)):
        before = record.read_text(encoding="utf-8") if record.exists() else ""
        write_text(record, before + "".join(new), "to")
    for line in new:
        print(f"no checksum is published: SHA-256 {line[:12]}... of this copy is recorded in {record} to compare with")
