"""An app for a class: kernels that are forks of one process, and who may come in."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
import types
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from rwlib.course import app
from rwlib.course.classroom import door
from rwlib.course.classroom.forks import forking
from rwlib.errors import InputError


@pytest.mark.parametrize(
    ("ip", "local"), [("localhost", True), ("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("10.0.0.7", False)]
)
def test_what_is_local(ip, local):
    assert door.is_local(ip) == local


def test_this_machine_knows_its_names_and_no_others(monkeypatch):
    monkeypatch.setattr(door, "own_addresses", lambda: ["10.0.0.7", "fe80::1"])
    names = door.names_of_this_machine(["Lab.Example"])
    assert {"localhost", "127.0.0.1", "10.0.0.7", "fe80::1", "lab.example"} <= names
    for header, known in [
        ("localhost:8866", True), ("LAB.example", True), ("[fe80::1]:8866", True), ("10.0.0.7:80", True),
        ("evil.example:8866", False), ("10.0.0.8", False), ("", False),
    ]:  # fmt: skip
        assert (door.host_of(header) in names) == known, header


def test_own_addresses_are_those_of_networks(monkeypatch):
    def at(family, address):
        return types.SimpleNamespace(family=family, address=address)

    interfaces = {
        "lo": [at(socket.AF_INET, "127.0.0.1"), at(socket.AF_INET6, "::1")],
        "eth0": [at(socket.AF_INET6, "fe80::1%eth0"), at(socket.AF_INET6, "fd00::2"), at(socket.AF_INET, "10.0.0.7")],
        "eth1": [at(socket.AF_INET, "169.254.3.4"), at(getattr(socket, "AF_PACKET", 17), "02:fc:00:00:00:01")],
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: interfaces)
    assert door.own_addresses() == ["10.0.0.7", "fd00::2"]
    assert door.own_addresses((4,)) == ["10.0.0.7"]


def test_there_is_room_for_as_many_pages_as_fit(monkeypatch):
    monkeypatch.setattr(door, "free_mb", lambda: 2000 + 30 * door.FORK_MB + 1)
    assert door.room_for(door.FORK_MB) == 30
    monkeypatch.setattr(door, "free_mb", lambda: 100)
    assert door.room_for(door.FORK_MB) == 1


def test_folders_of_apps_that_were_killed_go_and_those_in_use_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(app.tempfile, "tempdir", str(tmp_path))
    names = "rwlib-app-killed", "rwlib-app-living", "rwlib-app-starting", "rwlib-app-older", "another"
    folders = killed, living, starting, older, another = [tmp_path / name for name in names]
    for folder in folders:
        (folder / "voila_1").mkdir(parents=True)
        if folder != older:
            (folder / app.IN_USE).touch()
            os.utime(folder / app.IN_USE, None if folder == starting else (0, 0))
    stay = {*folders} - {killed}
    with FileLock(living / app.IN_USE):
        os.utime(living / app.IN_USE, (0, 0))
        with app.own_folder() as own:
            assert own.parent == tmp_path and {*tmp_path.iterdir()} == stay | {own}
            os.utime(own / app.IN_USE, (0, 0))
            with app.own_folder() as second:
                assert own.is_dir() and second != own
    assert {*tmp_path.iterdir()} == stay
    if hasattr(os, "getuid"):
        os.utime(living / app.IN_USE, (0, 0))
        monkeypatch.setattr(app.os, "getuid", lambda: 10**6)  # somebody else
        with app.own_folder():
            assert living.is_dir()


@pytest.mark.skipif(not app.can_fork(), reason="sockets with paths are for systems that fork")
def test_kernels_listen_at_sockets_where_their_paths_fit(monkeypatch):
    short, long = "/tmp", "/tmp/" + "x" * 50
    below = Path("/tmp/rwlib-app-12345678")
    assert app._sockets(below, "") == [app.SOCKETS, f"--Voila.connection_dir_root={below}"]
    assert app._sockets(below, short) == [app.SOCKETS] and app._sockets(below, long) == []
    monkeypatch.setattr(app.tempfile, "tempdir", long)
    below = Path(long) / "rwlib-app-12345678"  # ports then, and the files still where they are removed
    assert app._sockets(below, "") == [f"--Voila.connection_dir_root={below}"]
    monkeypatch.setattr(app.tempfile, "tempdir", "/tmp/" + "x" * 34)
    assert app._sockets(Path(app.tempfile.tempdir) / "rwlib-app-12345678", "") == [app.SOCKETS]


@pytest.mark.parametrize(
    ("options", "value"),
    [
        (["--Voila.ip=a", "--Voila.connection_dir_root=b=c"], "b=c"),
        (["--Voila.connection_dir_root=a", "--Voila.connection_dir_root", "b"], "b"),  # the last one counts
        (["--Voila.connection_dir_root"], ""),
        (["--Voila.connection_dir_roots=a"], ""),
    ],
)
def test_an_option_of_voila_is_found_however_it_is_written(options, value):
    assert app._given(options, app.ROOT) == value


def test_no_page_at_all_is_refused(capsys, monkeypatch):
    monkeypatch.setattr(app, "find_spec", lambda name: True)
    assert app.main(["09", "--pages", "0"]) == 2 and "--pages: expected at least 1, got 0" in capsys.readouterr().err


async def answers():
    """Give both parts of a page."""
    yield "head", {}
    yield "cells", {}


async def fails():
    """Give one part, and no more."""
    yield "head", {}
    raise RuntimeError("Kernel died before replying to kernel_info")


async def is_silent():
    """Give one part, and then say nothing."""
    yield "head", {}
    await asyncio.get_running_loop().create_future()


AGAIN = "<script>rwlibNotAnswered()</script>"


@pytest.mark.parametrize(
    ("kernel", "expected", "left"),
    [(answers, ["head", "cells"], ["k"]), (fails, ["head", AGAIN], []), (is_silent, ["head", AGAIN], [])],
)
def test_a_page_comes_to_an_end_whatever_its_kernel_does(kernel, expected, left, monkeypatch):
    server = pytest.importorskip("rwlib.course.classroom.server", reason="`make studio` installs voila")

    class Kernels(dict):
        async def shutdown_kernel(self, kernel_id, now):
            del self[kernel_id]

    kernels = Kernels(k=1)
    monkeypatch.setattr(server, "SILENT_S", 0.05)
    monkeypatch.setattr(server.NotebookRenderer, "generate_content_generator", lambda *_: kernel())
    asked_by = types.SimpleNamespace(kernel_manager=kernels)
    page = server.Renderer(request_handler=asked_by, voila_configuration=types.SimpleNamespace(prelaunch_hook=None))

    async def parts():
        return [part async for part, _ in page.generate_content_generator("k", None)]

    assert asyncio.run(parts()) == expected and list(kernels) == left
    assert "function rwlibNotAnswered()" in app.PAGE

    async def refuses(kernel_id, now):
        raise RuntimeError("it is ending already")

    kernels.shutdown_kernel = refuses
    kernels["k"] = 1
    monkeypatch.setattr(server.NotebookRenderer, "generate_content_generator", lambda *_: kernel())
    assert asyncio.run(parts()) == expected, "a kernel that cannot be ended keeps no page open"


@pytest.mark.parametrize(("protocol", "looks"), [("v1.kernel.websocket.jupyter.org", 1), (None, 0)])
def test_a_message_of_another_protocol_is_not_taken_for_one_of_version_1(protocol, looks, monkeypatch):
    server = pytest.importorskip("rwlib.course.classroom.server", reason="`make studio` installs voila")
    from voila.tornado import kernel_websocket_handler as voilas

    looked, sent = [], []
    connection = types.SimpleNamespace(
        selected_subprotocol=protocol,
        is_closing=lambda: False,
        write_message=lambda message, binary: sent.append(message),
    )
    monkeypatch.setattr(voilas, "read_header_from_binary_message", looked.append)  # without end for the others
    handler = server.ChannelsHandler.__new__(server.ChannelsHandler)
    handler.ws_connection = connection
    handler.write_message(b"message", binary=True)
    assert len(looked) == looks and sent == [b"message"]


def test_a_folder_whose_path_is_too_long_for_a_socket_is_named(tmp_path):
    folder = tmp_path / ("x" * 100)
    with pytest.raises(InputError, match=r"^TMPDIR: .* at most 107 bytes, .*x/forks has \d+; choose a folder .*"):
        with forking(folder, "import fractions"):
            pass


def wait_until_gone(pid):
    """Of what has ended but was not asked how, there is still a zombie."""
    end = time.monotonic() + 600
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kernels are forks on Linux alone")
def test_a_forked_kernel_starts_with_what_was_loaded_and_ends_with_whoever_started_it(tmp_path, monkeypatch):
    from jupyter_client import KernelManager

    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    with forking(tmp_path, "import fractions, ipywidgets") as name:

        def start():
            manager = KernelManager(kernel_name=name, shutdown_wait_time=600)  # an end in five seconds is not promised
            manager.start_kernel(cwd=str(tmp_path), env=os.environ | {"SEAT": "7"})
            client = manager.client()
            client.start_channels()
            client.wait_for_ready(timeout=600)
            return manager, client

        def ask(client, code):
            said = []
            client.execute_interactive(code, output_hook=lambda message: said.append(message["content"]), timeout=600)
            return "".join(content.get("text", content.get("evalue", "")) for content in said).strip()

        (one, first), (other, second) = start(), start()
        look = "import os, sys; print(os.getpid(), os.getppid(), 'fractions' in sys.modules, os.environ['SEAT'])"
        seen = [ask(client, look).split() for client in (first, second)]
        assert seen[0][0] != seen[1][0] and seen[0][1] == seen[1][1], "two forks of one process"
        assert [words[2:] for words in seen] == [["True", "7"]] * 2
        assert ask(first, "x = 1; print(os.getcwd(), os.environ['OMP_NUM_THREADS'])") == f"{tmp_path} 1"
        assert "not defined" in ask(second, "x"), "state for each page"

        targets = ask(first, "print(*get_ipython().kernel.comm_manager.targets)").split()
        assert "jupyter.widget.control" in targets, "a page asks for all widgets' states at once"

        sleeping = first.execute("print(1); import time; time.sleep(1000)")
        while first.get_iopub_msg(timeout=600)["content"].get("text") != "1\n":
            pass
        one.interrupt_kernel()
        assert first.get_shell_msg(timeout=600)["parent_header"]["msg_id"] == sleeping

        # asked to end it runs what is to be run at the end
        ended = str(tmp_path / "ended")
        at_end = f"import atexit; atexit.register(lambda: open({ended!r}, 'w').close()); print('noted')"
        while ask(first, at_end) != "noted":  # a kernel drops what comes right after the end of what was interrupted
            pass
        one.shutdown_kernel()
        wait_until_gone(int(seen[0][0]))
        assert (tmp_path / "ended").exists()
        other.shutdown_kernel(now=True)  # kills what stands for it
        wait_until_gone(int(seen[1][0]))
        _, last = start()
        pid = int(ask(last, "import os; print(os.getpid())"))
    wait_until_gone(pid)  # with the process that it is a fork of


KILLED = """
import os, pathlib, sys, time
from jupyter_client import KernelManager
from rwlib.course.classroom.forks import forking

folder = pathlib.Path(sys.argv[1])
os.environ["JUPYTER_PATH"] = str(folder)
with forking(folder, "import fractions") as name:
    manager = KernelManager(kernel_name=name)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=600)
    code = "import os; print(os.getppid(), os.getpid())"
    client.execute_interactive(code, output_hook=lambda message: print(
        message["content"].get("text", "").strip(), manager.provisioner.pid, flush=True
    ) if message["msg_type"] == "stream" else None, timeout=600)
    time.sleep(600)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kernels are forks on Linux alone")
def test_nothing_outlives_an_app_that_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True) as app_like:
        pids = [*map(int, app_like.stdout.readline().split())]
        app_like.kill()
    assert len(pids) == 3
    try:
        for pid in pids:  # the process whose forks are kernels, a kernel, and what stands for it
            wait_until_gone(pid)
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
