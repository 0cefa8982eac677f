r"""Download archives so that a file is whole once it has its final name.

A download is written to NAME.part and renamed to NAME once all bytes are there and the checksum is right. If it breaks
off (a lost connection, a full disk, Ctrl-C), NAME.part stays, and the next call requests only the rest (HTTP Range).
That is safe only if the server still has the same file, which If-Range and the total length tell; otherwise the
download begins anew.

`requests` does HTTP (redirects, proxies, certificates, timeouts). pooch cannot resume, and the resumed download of
huggingface_hub compares neither the version nor the length of what it appends to.
"""

import errno
import json
import re
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from _checksums import check_published
from tqdm import tqdm

from rwlib.errors import InputError

ATTEMPTS = 5
"""A download resumes by itself after a lost connection, at most this often and only if the last attempt got further."""
PAUSE_S = 2.0
"""Pause before the second attempt, in seconds; it grows with each further one."""
TIMEOUT_S = 60
BLOCK_BYTES = 2**20
MAX_NAME_BYTES = 200
"""Room for the endings `.part.json` in a file name of at most 255 bytes."""
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
REMEDY = "try again, or fetch it by hand and pass it with --from"


class Remote(NamedTuple):
    """A file to download: its address, and its checksum if one is published (`md5:...` or `sha256:...`)."""

    url: str
    checksum: str = ""

    @property
    def name(self) -> str:
        """Last part of the address, as a name that every file system takes."""
        name = re.split(r"[/\\]", unquote(urlsplit(self.url).path, errors="replace"))[-1]
        name = name.encode()[-MAX_NAME_BYTES:].decode(errors="ignore")
        return name if name.strip(".") else "archive"


def is_url(source: str | Path) -> bool:
    """Say whether a source is an address rather than a path."""
    return str(source).startswith(("https://", "http://"))


def downloads_folder(to: Path) -> Path:
    """Return the folder beside a target that holds its downloads."""
    return to.with_name(f".{to.name}.download")


def obtain(remotes: Sequence[Remote], sources: Sequence[str], to: Path) -> list[Path]:
    """Return the local files or folders to read; what `sources` do not have on disk is downloaded.

    Args:
        remotes: the official files; a mirror is expected to have them under the same names.
        sources: local paths, addresses of files, or addresses of mirrors (which end with a slash); if there are none,
            the official files are downloaded.
        to: target of the preparation; downloads are kept beside it.

    Raises:
        InputError: a path does not exist, a download fails, or there is nothing to download.
    """
    if not sources and not remotes:
        raise InputError("from: no program can fetch this data set; get it by hand and give it with --from")
    if not sources:
        return [fetch(remote, downloads_folder(to)) for remote in remotes]
    paths = []
    for source in sources:
        if is_url(source) and source.endswith("/"):
            if not remotes:
                raise InputError(f"from: {source} is no file; give the address of the archive")
            paths += [fetch(remote._replace(url=source + remote.name), downloads_folder(to)) for remote in remotes]
        elif is_url(source):
            checksums = [remote.checksum for remote in remotes if remote.name == Remote(source).name]
            paths.append(fetch(Remote(source, *checksums[:1]), downloads_folder(to)))
        elif Path(source).exists():
            paths.append(Path(source))
        else:
            raise InputError(f"from: {source} does not exist; give an archive, a folder or an address")
    return paths


def remove_downloads(paths: Sequence[Path], to: Path) -> None:
    """Remove those files that were downloaded for a target; a user's own files stay."""
    folder = downloads_folder(to)
    for path in paths:
        if path.parent == folder:
            path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def fetch(remote: Remote, folder: Path) -> Path:
    """Download a file into a folder, or resume its download, unless it is there already.

    Returns:
        The path of the complete and verified file.

    Raises:
        InputError: no http address, no connection, an error of the server, fewer bytes than it announced, a full disk,
            or another checksum than the published one (then the download is removed).
    """
    if not is_url(remote.url):
        raise InputError(f"url: expected an http or https address, got {remote.url!r}; for a local file use --from")
    file = folder / remote.name
    if file.exists():
        print(f"{file.name} was downloaded before")
        return file
    folder.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    try:
        _download_all(remote.url, part)
        if remote.checksum:
            try:
                check_published(part, remote.checksum, f"url: {remote.url}", f"it was removed; {REMEDY}")
            except InputError:
                part.unlink()
                _record_file(part).unlink(missing_ok=True)
                raise
        part.rename(file)
        _record_file(part).unlink(missing_ok=True)
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()
    return file


def _download_all(url: str, part: Path) -> None:
    """Download until `part` is complete, over as many connections as `ATTEMPTS` allows."""
    for attempt in range(1, ATTEMPTS + 1):
        size_before = _size(part)
        try:
            total = _download(url, part)
            if total is None or _size(part) == total:
                return
            problem = f"got {_size(part)} of {total} bytes of {url}"
        except requests.HTTPError as error:
            status = f"{error.response.status_code} {error.response.reason}"
            raise InputError(f"url: cannot download {url} ({status}); {REMEDY}") from None
        except (OSError, urllib3.exceptions.HTTPError) as error:  # `requests.RequestException` is an OSError
            if getattr(error, "errno", None) in DISK_FULL:
                message = f"to: the disk of {part.parent} is full; make room, and call again: the download resumes"
                raise InputError(message) from None
            problem = f"cannot download {url} ({_root_cause(error)})"
        if _size(part) <= size_before or attempt == ATTEMPTS:
            kept = f"{_size(part)} bytes are kept, and the next call resumes; " if _size(part) else ""
            raise InputError(f"url: {problem}; {kept}{REMEDY}")
        print(f"{problem}; resuming", flush=True)
        time.sleep(PAUSE_S * attempt)


def _download(url: str, part: Path) -> int | None:
    """Append what is missing to `part` over one connection; return the total length if the server tells it."""
    start, known = _size(part), _read_record(part)
    if known.get("url") != url or not known.get("total"):
        start = 0
    if start and start == known["total"]:
        return start
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if known["version"]:
            headers["If-Range"] = known["version"]
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
        content_range = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        continues = content_range and [int(x) for x in content_range.groups()] == [start, known.get("total")]
        # 416: nothing lies beyond `start`. In both cases the server has another file by now.
        if start and (response.status_code == 416 or (response.status_code == 206 and not continues)):
            part.unlink()
            return _download(url, part)
        response.raise_for_status()
        if response.status_code == 206:
            total = known["total"]
        else:
            if start:
                print("the server cannot send only the rest, or has another file now: beginning anew")
            start, total = 0, int(response.headers.get("Content-Length") or 0) or None
            part.unlink(missing_ok=True)
        etag = response.headers.get("ETag", "W/")
        version = response.headers.get("Last-Modified", "") if etag.startswith("W/") else etag
        _record_file(part).write_text(json.dumps({"url": url, "total": total, "version": version}), encoding="utf-8")
        _announce(url, start, total, part.parent)
        response.raw.enforce_content_length = False  # otherwise the last, incomplete block would be lost
        with (
            open(part, "ab" if start else "wb") as file,
            tqdm(total=total, initial=start, unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar,
        ):
            for block in response.raw.stream(BLOCK_BYTES, decode_content=False):
                file.write(block)
                bar.update(len(block))
    return total


def _announce(url: str, start: int, total: int | None, folder: Path) -> None:
    """Print what is about to be downloaded.

    Raises:
        InputError: the disk has not enough room.
    """
    size = f"{total / 1e6:.1f} MB" if total else "size not announced by the server,"
    already = f", {start / 1e6:.1f} MB are here already" if start else ""
    print(f"downloading {size} from {url}{already}", flush=True)
    free = shutil.disk_usage(folder).free
    if total and total - start > free:
        raise InputError(
            f"to: {folder} has {free / 1e6:.1f} MB free, {(total - start) / 1e6:.1f} MB are needed; "
            "make room, or choose a folder on another disk"
        )


def _root_cause(error: BaseException) -> BaseException:
    """Return the innermost error; those of `requests` around it repeat it within three lines of class names."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _record_file(part: Path) -> Path:
    """Return the file that records the address, total length and version of a partial download."""
    return part.with_name(f"{part.name}.json")


def _read_record(part: Path) -> dict:
    try:
        record = json.loads(_record_file(part).read_text(encoding="utf-8"))
        return record if isinstance(record, dict) else {}
    except (OSError, ValueError, RecursionError):  # the last: nested without end
        return {}
