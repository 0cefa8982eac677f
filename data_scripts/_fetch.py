r"""Fetch an archive so that what stands under its name is always whole, and read it without trusting it.

A download is written to NAME.part, which is renamed to NAME once all its bytes are there and its checksum is right. A
broken download (a lost connection, a full disk, Ctrl-C) leaves NAME.part, and the next call asks the server for the
rest alone (HTTP Range). It does so only where the server still has the same file (If-Range, and the length it had
before); otherwise, or if the server cannot send a part, it begins anew and says so.

The member names of an archive are never used as paths. Even so, an archive with a name that reaches outside of its
folder, a link or a device is refused as a whole: it was not made for us.
"""

import errno
import hashlib
import http.client
import json
import re
import shutil
import stat
import sys
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tqdm import tqdm

from rwlib.conventions import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""Of members that may be pictures, in lower or upper case."""
MAX_BYTES = 64 * 2**20
"""A picture larger than this is none of ours: the member is skipped unread."""
TRIES = 5
"""So often a download goes on by itself after a lost connection, as long as each time brings something."""
PAUSE_S = 2.0
"""Wait before that, in seconds, longer each time."""
BLOCK = 2**20
REMEDY = "try again, or fetch it by hand and pass it with --from"


class Remote(NamedTuple):
    """A file to download: its address, and its checksum where one is published (`md5:...` or `sha256:...`)."""

    url: str
    checksum: str = ""

    @property
    def name(self) -> str:
        """Last part of the address."""
        return urllib.request.unquote(urllib.request.urlsplit(self.url).path).rsplit("/", 1)[-1] or "archive"


def is_url(source: object) -> bool:
    """Say whether a source is an address rather than a path."""
    return str(source).startswith(("https://", "http://"))


def fetch(remote: Remote, folder: Path) -> Path:
    """Download a file into a folder, or go on with a download that broke off, unless it is there already.

    Returns:
        The path of the whole and verified file.

    Raises:
        InputError: no http address, no connection, an error of the server, fewer bytes than it announced, a full disk,
            or another checksum than the published one (then what was downloaded is removed).
    """
    if not is_url(remote.url):
        raise InputError(f"url: expected an http or https address, got {remote.url!r}; for a local file use --from")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return _fetch(remote, folder / remote.name)
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()


def _fetch(remote: Remote, to: Path) -> Path:
    if to.exists():
        print(f"{to.name} was downloaded before")
        return to
    part = to.with_name(f"{to.name}.part")
    for attempt in range(1, TRIES + 1):
        before = _size(part)
        try:
            total = _download(remote.url, part)
            if total is None or _size(part) == total:
                break
            problem = f"got {_size(part)} of {total} bytes of {remote.url}"
        except urllib.error.HTTPError as error:
            raise InputError(f"url: cannot download {remote.url} ({error}); {REMEDY}") from None
        except (OSError, http.client.HTTPException) as error:
            if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise InputError(
                    f"to: the disk of {to.parent} is full; make room, and call again: it goes on"
                ) from None
            problem = f"cannot download {remote.url} ({error})"
        if _size(part) <= before or attempt == TRIES:
            kept = "what has come is kept, and the next call goes on; " if _size(part) else ""
            raise InputError(f"url: {problem}; {kept}{REMEDY}")
        print(f"{problem}; going on", flush=True)
        time.sleep(PAUSE_S * attempt)
    if remote.checksum:
        kind, expected = remote.checksum.split(":")
        if (found := file_hash(part, kind)) != expected:
            part.unlink()
            _note(part).unlink(missing_ok=True)
            raise InputError(f"url: {remote.url} has {kind} {found}, not {expected}, and was removed; {REMEDY}")
    part.rename(to)
    _note(part).unlink(missing_ok=True)
    return to


def _download(url: str, part: Path) -> int | None:
    """Append to `part` what is missing of a file; return the length of the whole file if the server tells it."""
    have, note = _size(part), _note(part)
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
    try:
        known = json.loads(note.read_text())
    except (OSError, ValueError):
        known = {}
    if have and known.get("url") == url and known.get("total"):
        if have == known["total"]:
            return have
        request.add_header("Range", f"bytes={have}-")
        if known["version"]:
            request.add_header("If-Range", known["version"])
    else:
        have = 0
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:  # 416: nothing lies beyond what we have, so it is another file by now
            raise
        part.unlink()
        return _download(url, part)
    with answer:
        total = int(answer.headers.get("Content-Length") or 0) or None
        place = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
        if answer.status == 206:
            if not place or int(place[1]) != have or int(place[2]) != known["total"]:
                part.unlink()  # another file, or another part than asked for
                return _download(url, part)
            total = known["total"]
        else:
            if have:
                print("the server does not send the rest alone, or has another file now: beginning anew")
                have = 0
            part.unlink(missing_ok=True)
        version = answer.headers.get("ETag", "")
        version = answer.headers.get("Last-Modified", "") if version.startswith("W/") or not version else version
        note.write_text(json.dumps({"url": url, "total": total, "version": version}))
        size = f"{total / 1e6:.1f} MB" if total else "size not announced by the server,"
        here = f", {have / 1e6:.1f} MB are here already" if have else ""
        print(f"downloading {size} from {url}{here}", flush=True)
        free = shutil.disk_usage(part.parent).free
        if total and total - have > free:
            raise InputError(
                f"to: {part.parent} has {free / 1e6:.1f} MB free, {(total - have) / 1e6:.1f} MB are needed; "
                "make room, or choose a folder on another disk"
            )
        with (
            open(part, "ab" if have else "wb") as file,
            tqdm(total=total, initial=have, unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar,
        ):
            try:
                while block := answer.read(BLOCK):
                    file.write(block)
                    bar.update(len(block))
            except http.client.IncompleteRead as error:
                file.write(error.partial)
                raise
    return total


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _note(part: Path) -> Path:
    """Return where the address, length and version of a part are kept."""
    return part.with_name(f"{part.name}.json")


def file_hash(path: Path, kind: str = "sha256") -> str:
    """Return a file's checksum, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def compare_with_first(path: Path, name: str, notes: Path) -> str:
    """Compare a file for which no checksum is published with the first one of that name.

    Args:
        path: the file.
        name: what it is called in the notes, without spaces.
        notes: text file in the form of sha256sum; it may be missing.

    Returns:
        The line to append to the notes once the file has proved right (`note_first`); empty if it is there.

    Raises:
        InputError: it is not the file that was noted.
    """
    found = file_hash(path)
    lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
    first = {line.split()[1]: line.split()[0] for line in lines if len(line.split()) == 2}
    if name in first and first[name] != found:
        raise InputError(
            f"from: {name} has SHA-256 {found[:12]}..., but the first copy had {first[name][:12]}...: it is damaged or "
            f"another version; fetch it again, or remove its line from {notes} to accept it"
        )
    return "" if name in first else f"{found}  {name}\n"


def note_first(lines: list[str], notes: Path) -> None:
    """Append lines of `compare_with_first` to the notes."""
    for line in filter(None, lines):
        with open(notes, "a", encoding="utf-8") as file:
            file.write(line)
        print(f"no checksum is published: noted SHA-256 {line[:12]}... of this copy in {notes}, to compare later ones")


def pictures(source: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of every picture in an archive or a folder, in a fixed order.

    Links and hidden files in a folder are passed over.

    Raises:
        InputError: not an archive, a damaged one, or one with a name that reaches outside, a link or a device.
    """
    try:
        if source.is_dir():
            for path in sorted(source.rglob("*")):
                if path.is_file() and not path.is_symlink() and _wanted(path.name, path.stat().st_size):
                    yield path.relative_to(source).as_posix(), path.read_bytes()
        elif zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                for member in archive.infolist():
                    kind = stat.S_IFMT(member.external_attr >> 16)
                    _refuse(member.filename, kind not in (0, stat.S_IFREG, stat.S_IFDIR), source)
                for member in archive.infolist():
                    if _wanted(member.filename, member.file_size):
                        yield member.filename, archive.read(member)
        elif tarfile.is_tarfile(source):
            with tarfile.open(source) as archive:
                for member in archive:
                    _refuse(member.name, not (member.isreg() or member.isdir()), source)
                    if member.isreg() and _wanted(member.name, member.size):
                        yield member.name, archive.extractfile(member).read()
                    archive.members = []  # it would keep the header of every member
        else:
            raise InputError(
                f"from: {source.name} is neither a zip nor a tar archive, or it is cut short; fetch it again"
            )
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise InputError(f"from: the archive {source.name} is damaged ({error}); fetch it again") from None


def names_of(source: Path) -> list[str]:
    """Return the names that `pictures` would yield, without reading the pictures where that can be avoided.

    Raises:
        InputError: as `pictures`.
    """
    if source.is_dir():
        found = (path for path in source.rglob("*") if path.is_file() and not path.is_symlink())
        return [p.relative_to(source).as_posix() for p in found if _wanted(p.name, p.stat().st_size)]
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            return [member.filename for member in archive.infolist() if _wanted(member.filename, member.file_size)]
    return [name for name, _ in pictures(source)]


def _wanted(name: str, size: int) -> bool:
    """Say whether a file may be a picture of a data set."""
    return name.lower().endswith(SUFFIXES) and not name.rsplit("/", 1)[-1].startswith(".") and 0 < size <= MAX_BYTES


def _refuse(name: str, is_special: bool, source: Path) -> None:
    """Refuse an archive for a member that is special (a link, a device), or whose name leads outside on any system.

    Raises:
        InputError: it is, or it does.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]):
        raise InputError(f"from: the archive {source.name} has a member {name!r}, which reaches outside; do not use it")
    if is_special:
        raise InputError(f"from: the archive {source.name} has a member {name!r}, a link or a device; do not use it")
