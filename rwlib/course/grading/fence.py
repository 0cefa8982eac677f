"""Limits of a learner's process: what the system counts, and on Linux what Landlock keeps it from touching.

Landlock (https://docs.kernel.org/userspace-api/landlock.html) needs no rights and no installation. A process gives up
access to files, and gets none of it back. The standard library alone is used here: this runs before anything else.
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # system calls; the same on every processor that matters
VERSION = 1  # asks for the version in place of a ruleset
BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL = 1 << 14, 1 << 15
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Version of Landlock → every right over files that it knows; later versions know those of 5."""
TCP, TCP_SINCE = 0b11, 4
SIGNALS, SIGNALS_SINCE = 0b11, 6
NO_NEW_PRIVILEGES, DIE_WITH_PARENT, ADOPT_ORPHANS = 38, 1, 36  # of prctl


def landlock_version() -> int:
    """Return the version of Landlock that this system has, 0 for none."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return max(0, _libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION)))
    except (OSError, AttributeError):
        return 0


def shut(read: Iterable[str], write: Iterable[str]) -> None:
    """Give up every file but these, TCP, and signals to processes outside; for this process and all that it starts.

    Args:
        read: files and folders that may be read and run.
        write: files and folders that may be changed, too.

    Raises:
        OSError: the system refuses.
    """
    version = landlock_version()
    rights = FILE_RIGHTS[min(version, 5)]
    attributes = [rights, TCP if version >= TCP_SINCE else 0, SIGNALS if version >= SIGNALS_SINCE else 0]
    packed = struct.pack("QQQ", *attributes)[: 8 if version < TCP_SINCE else 16 if version < SIGNALS_SINCE else 24]
    rules = _call(CREATE_RULESET, packed, ctypes.c_size_t(len(packed)), ctypes.c_uint32(0))
    for paths, allowed in ((read, EXECUTE | READ_FILE | READ_DIR), (write, rights & ~(EXECUTE | IOCTL))):
        for path in paths:
            _allow(rules, path, allowed & rights)
    if _libc().prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    _call(RESTRICT_SELF, rules, ctypes.c_uint32(0))
    os.close(rules)


def limit(memory_bytes: int, file_bytes: int) -> None:
    """Bound what the system counts by itself: memory, the size of a file, core dumps, and processes.

    Args:
        memory_bytes: twice this may be reserved, and never more; whoever watches the process stops it at once this.
        file_bytes: the largest file that may be written.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": file_bytes}
    if sys.platform.startswith("linux"):
        wanted["RLIMIT_DATA"] = 2 * memory_bytes
        if os.geteuid():  # root is not held by it
            wanted["RLIMIT_NPROC"] = _my_threads() + 256
    for name, value in wanted.items():
        _, hard = resource.getrlimit(getattr(resource, name))
        if hard == resource.RLIM_INFINITY or value < hard:
            resource.setrlimit(getattr(resource, name), (value, value))
    if hasattr(signal, "SIGXFSZ"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an OSError says the same and leaves the process alive
    if sys.platform.startswith("linux"):
        Path("/proc/self/oom_score_adj").write_text("1000")  # where memory runs out, this process goes first


def behind_a_reaper(close: Sequence[int] = ()) -> None:
    """Go on in a child process; the parent stays behind and ends whatever is left when the child has ended.

    A process that a notebook starts and detaches belongs to nobody, and would outlive its limits. On Linux such orphans
    come to the parent, which ends them. It hands an interruption on, and ends everything when it is asked to end.

    Args:
        close: descriptors that the child alone keeps.
    """
    if not sys.platform.startswith("linux"):
        return
    _libc().prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    child = os.fork()
    if child == 0:
        return
    _libc().prctl(DIE_WITH_PARENT, signal.SIGTERM, 0, 0, 0)
    for descriptor in close:
        os.close(descriptor)

    def end(*_: object) -> None:
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, lambda *_: os.kill(child, signal.SIGINT))
    status = 0
    while True:
        pid, how = os.waitpid(-1, 0)
        if pid == child:
            status = os.waitstatus_to_exitcode(how)
            break
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while orphans := descendants(os.getpid()):
        for orphan in orphans:
            try:
                os.kill(orphan, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    os._exit(status if status >= 0 else 128 - status)


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and those that these started; zombies are left out."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    descendants, before = {pid}, 0
    while len(descendants) != before:
        before = len(descendants)
        descendants |= {child for child, parent in parents.items() if parent in descendants}
    return sorted(descendants - {pid})


def _my_threads() -> int:
    total = 0
    if not hasattr(os, "geteuid"):
        return total
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == os.geteuid():
                total += len(list((entry / "task").iterdir()))
        except OSError:
            continue
    return total


def _allow(rules: int, path: str, allowed: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not on this system
        return
    try:
        if not os.path.isdir(path):
            allowed &= OF_A_FILE
        packed = struct.pack("=Qi", allowed, beneath)
        _call(ADD_RULE, rules, ctypes.c_int(BENEATH), packed, ctypes.c_uint32(0))
    finally:
        os.close(beneath)


def _call(number: int, *arguments: object) -> int:
    result = _libc().syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
