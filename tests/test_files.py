"""A file is whole or not there, at every byte of a full disk and at every kill; a folder has one writer."""

import contextlib
import errno
import io
import os
import resource
import signal
import stat
import subprocess
import sys
import time
import types

import pytest
from PIL import Image

from rwlib.errors import InputError, printable
from rwlib.files import append_durably, only_writer, replacing, writable_folder, write_bytes, write_text
from rwlib.files import whole as whole_files

OLD, NEW = b"old " * 9, b"a new file, somewhat longer than the old one"


@contextlib.contextmanager
def room_for(n_bytes):
    """Let no file grow beyond some bytes: the kernel takes the part of a write that fits, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


# --- writing


@pytest.mark.parametrize("start", [None, OLD])
def test_a_disk_that_is_full_at_any_byte_leaves_the_old_file_and_nothing_else(tmp_path, start):
    file = tmp_path / "x.csv"
    if start:
        file.write_bytes(start)
    for n_bytes in range(len(NEW)):
        with room_for(n_bytes), pytest.raises(InputError, match=r"^out: cannot write .*x\.csv \(.+\); choose a disk"):
            write_bytes(file, NEW, "out")
        assert [path.read_bytes() for path in tmp_path.iterdir()] == ([start] if start else [])
    with room_for(len(NEW)):
        write_bytes(file, NEW)
    assert file.read_bytes() == NEW and os.listdir(tmp_path) == ["x.csv"]


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PNG"])
def test_pillow_cannot_take_half_a_write_for_a_whole_one(tmp_path, kind):
    """Its raw encoder does, where it is given a file's number."""
    image, whole = Image.effect_noise((64, 48), 90).convert("RGB"), io.BytesIO()
    image.save(whole, kind)
    for n_bytes in (0, 100, 4096, len(whole.getvalue()) - 1):
        with room_for(n_bytes), pytest.raises(InputError, match="cannot write"), replacing(tmp_path / "x") as file:
            image.save(file, kind)
        assert os.listdir(tmp_path) == []
    with replacing(tmp_path / "x") as file:
        image.save(file, kind)
    assert (tmp_path / "x").read_bytes() == whole.getvalue()


def test_a_disk_that_swallows_bytes_is_noticed(tmp_path, monkeypatch):
    size = os.fstat
    monkeypatch.setattr(os, "fstat", lambda number: os.stat_result((*size(number)[:6], 3, *size(number)[7:])))
    with pytest.raises(InputError, match="only 3 of 44 bytes were written"):
        write_bytes(tmp_path / "x", NEW)
    assert os.listdir(tmp_path) == []


def test_what_is_written_can_be_moved_in_and_cut(tmp_path):
    with replacing(tmp_path / "x") as file:
        file.write(b"0123456789")
        file.seek(2)
        file.write(b"ab")
        file.truncate(6)
        file.seek(0)
        assert file.read() == b"01ab45"
        assert not (tmp_path / "x").exists(), "it appears at the end"
    assert (tmp_path / "x").read_bytes() == b"01ab45"


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, InputError("x: no"), OSError("odd")])
def test_an_error_in_the_middle_leaves_the_old_file(tmp_path, error):
    (tmp_path / "x").write_bytes(OLD)
    with pytest.raises((ZeroDivisionError, KeyboardInterrupt, InputError)), replacing(tmp_path / "x") as file:
        file.write(NEW)
        raise error
    assert (tmp_path / "x").read_bytes() == OLD and os.listdir(tmp_path) == ["x"]


def test_names_as_long_as_the_disk_allows_and_no_longer(tmp_path):
    for name in ("x" * 250 + ".tiff", "ä" * 127, os.fsdecode(b"caf\xe9.csv")):
        write_bytes(tmp_path / name, NEW)
        assert (tmp_path / name).read_bytes() == NEW
    for path in (tmp_path / ("x" * 256), tmp_path / "/".join(["y" * 200] * 30)):
        with pytest.raises(InputError, match="; choose a shorter name$"):
            write_bytes(path, NEW)


@pytest.mark.parametrize(
    ("place", "words"),
    [("gone/x", "make the folder first"), ("file/x", "not a file"), ("", "is a folder"), ("pipe", "plain")],
)
def test_places_where_no_file_can_be(tmp_path, place, words):
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(InputError, match=f"^output: [^\n]*{words}"):
        write_bytes(tmp_path / place, NEW)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_link_stays_one_and_permissions_stay(tmp_path):
    (tmp_path / "disk").mkdir()
    file, link = tmp_path / "disk" / "x", tmp_path / "link"
    file.write_bytes(OLD)
    file.chmod(0o640)
    link.symlink_to(file)
    write_bytes(link, NEW)
    assert link.is_symlink() and file.read_bytes() == NEW and stat.S_IMODE(file.stat().st_mode) == 0o640
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "new", NEW)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640, "as any new file, not 0600"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EIO])
def test_the_message_names_file_reason_and_remedy(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError) as caught:
        write_text(tmp_path / "x", "text", "report")
    remedy = {errno.EIO: "choose another place", errno.ENOSPC: "free some space, or choose another disk"}
    expected = remedy.get(number, "choose a place that you may write to")
    assert str(caught.value) == f"report: cannot write {tmp_path / 'x'} ({os.strerror(number)}); {expected}"
    assert os.listdir(tmp_path) == []


def test_text_is_utf_8_whatever_the_locale(tmp_path):
    code = "import sys; from rwlib.files import write_text; write_text(sys.argv[1], 'fa\\xe7ade \\u2264 \\udce9\\n')"
    env = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", code, tmp_path / "x"], check=True, env=env)
    assert (tmp_path / "x").read_text(encoding="utf-8") == "façade ≤ \\udce9\n"


def test_appending_is_undone_when_the_disk_is_full(tmp_path):
    file = tmp_path / "rows.csv"
    append_durably(file, OLD)
    for n_bytes in range(len(OLD), len(OLD + NEW)):
        with room_for(n_bytes), pytest.raises(InputError, match=r"rows\.csv"):
            append_durably(file, NEW)
        assert file.read_bytes() == OLD
    append_durably(file, NEW)
    assert file.read_bytes() == OLD + NEW


def test_a_writable_folder_is_made_if_asked_and_left_as_it_was(tmp_path):
    assert writable_folder(tmp_path / "a" / "b", make=True).is_dir() and not list((tmp_path / "a" / "b").iterdir())
    (tmp_path / "file").touch()
    for path, words in (("gone", "does not exist; make it first"), ("file", "it is a file"), ("f" * 300, "too long")):
        with pytest.raises(InputError, match=f"^out: the folder [^\n]*{words}"):
            writable_folder(tmp_path / path, "out")


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "a\u202egnp.exe", os.fsdecode(b"\xe9"), "\x7f\r\t"])
def test_no_name_commands_the_terminal_or_ends_a_line(name):
    for text in (printable(name), str(InputError(f"photo: {name} is missing"))):
        assert text.isprintable() and text.encode()
    assert printable("Straße, 東京 ≤ 3.png") == "Straße, 東京 ≤ 3.png"


# --- kills


def child(work):
    """Do something in a fork of this process; return its exit status, negative for a signal."""
    if (number := os.fork()) == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


@pytest.mark.slow
def test_a_kill_before_or_after_any_call_that_changes_something_leaves_a_whole_file(tmp_path):
    contents = [bytes([letter]) * 5000 for letter in b"0abc"]

    def write_all(kill_at):
        calls = iter(range(1000))

        def die_if(now):
            if now:
                os.kill(os.getpid(), signal.SIGKILL)

        def dying(call):
            def wrapped(*given):
                die_if(next(calls) == kill_at)
                result = call(*given)
                die_if(next(calls) == kill_at)
                return result

            return wrapped

        class DyingFile(io.FileIO):
            def write(self, data):
                half = dying(super().write)(memoryview(data)[: len(data) // 2])
                return half + dying(super().write)(memoryview(data)[half:])

        whole_files.io = types.SimpleNamespace(**vars(io) | {"FileIO": dying(DyingFile)})
        whole_files.os = types.SimpleNamespace(
            **vars(os) | {name: dying(getattr(os, name)) for name in ("fsync", "chmod", "replace", "unlink")}
        )
        for content in contents[1:]:
            write_bytes(tmp_path / "x", content)

    seen = []
    for n in range(200):
        (tmp_path / "x").write_bytes(contents[0])
        killed = child(lambda n=n: write_all(n)) == -signal.SIGKILL
        assert (tmp_path / "x").read_bytes() in contents, f"kill point {n}"
        seen.append((tmp_path / "x").read_bytes())
        if not killed:
            break
    assert n == 42 and set(seen) == set(contents), "7 calls a file, before and after each"
    parts = [path.name for path in tmp_path.iterdir() if path.name != "x"]
    assert all(name.startswith(".x.") and name.endswith(".part") for name in parts)


# --- locks

HOLD = """
import sys
from rwlib.files import only_writer
with only_writer(sys.argv[1], "run_dir"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("rwlib.files.lock.PATIENCE_S", 0.2)


@pytest.fixture
def holder(tmp_path):
    """A process with another folder for temporary files that writes to tmp_path / "run"."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "run"],
        stdin=pipe,
        stdout=pipe,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_process_is_refused_until_the_first_has_ended(impatient, holder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("run")
    for same in (tmp_path / "run", "run", "run/../run/.", "link"):
        with pytest.raises(InputError, match="out: another process is writing to .*; wait"), only_writer(same, "out"):
            pass
    with only_writer(tmp_path / "other", "out"):
        pass
    holder.communicate("")
    with only_writer("run", "out"):
        pass
    assert os.listdir(tmp_path) == ["link"], "nothing is left"


def test_a_killed_process_leaves_no_lock(impatient, holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with only_writer(tmp_path / "run", "run_dir"):
        (tmp_path / "run" / "result").touch()
    assert os.listdir(tmp_path / "run") == ["result"]


def test_it_is_given_back_after_an_error_and_refused_to_another_thread_of_the_same_process(impatient, tmp_path):
    with pytest.raises(ZeroDivisionError), only_writer(tmp_path, "run_dir"):
        raise ZeroDivisionError
    with only_writer(tmp_path, "run_dir"), pytest.raises(InputError), only_writer(tmp_path, "run_dir"):
        pass


def test_who_waits_while_a_lock_goes_locks_a_file_that_others_see(tmp_path, monkeypatch):
    """The file goes with the lock, so one who had opened it before must not lock a file without a name."""
    pipe = subprocess.PIPE
    for _ in range(5):
        with only_writer(tmp_path, "out"):
            waiting = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdin=pipe, stdout=pipe, text=True)
            time.sleep(0.5)
        assert waiting.stdout.readline() == "held\n"
        with monkeypatch.context() as patch, pytest.raises(InputError, match="another process"):
            patch.setattr("rwlib.files.lock.PATIENCE_S", 0.2)
            with only_writer(tmp_path, "out"):
                pass
        waiting.communicate("")


def test_a_folder_that_shall_appear_as_a_whole_is_locked_from_beside(impatient, tmp_path):
    with only_writer(tmp_path / "set", "to", beside=True):
        assert not (tmp_path / "set").exists()
        with pytest.raises(InputError, match="to: another process"), only_writer(tmp_path / "set", "to", beside=True):
            pass
    assert os.listdir(tmp_path) == []


def test_a_disk_without_locks_is_used_after_a_warning(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.warns(UserWarning, match="run cannot be locked: see to it"), only_writer(tmp_path / "run", "run_dir"):
        pass
    assert os.listdir(tmp_path) == []
