"""One process loads everything once; each page's kernel is a fork of it.

A kernel of its own takes seconds to import torch and 800 MB. A fork has all of that at once, and shares the memory as
long as nobody writes to it: about 100 MB are left for each page. Jupyter starts a kernel by a command and ends it by
that command's process, so between the two stands a small program, `fork_client.py`, at a socket:

    Jupyter ── starts, ends ──> fork_client.py ── socket ──> the process that loaded everything ── fork ──> kernel

The kernel holds its end of the socket for as long as it lives. Whichever of both ends first, the other sees the socket
closed and ends as well, so none is left over however it was ended.

Only Linux: on macOS a fork may not use the system's mathematics, and Windows has none.
"""

import argparse
import ast
import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rwlib.errors import InputError
from rwlib.files import write_text

KERNEL_NAME = "rwlib-fork"
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
"""A process that has started threads cannot be forked; and thirty pages on a few cores want one thread each."""
SOCKET_BYTES = 107
"""Longest path at which Linux opens a socket."""


def can_fork() -> bool:
    """Whether kernels of this system can be forks."""
    return sys.platform.startswith("linux")


@contextlib.contextmanager
def forking(folder: Path, imports: str) -> Iterator[str]:
    """Run the process whose forks are kernels; yield the name of its kernel specification.

    Args:
        folder: empty, of one's own, and in JUPYTER_PATH.
        imports: Python source, run once before the first fork: import statements.

    Raises:
        InputError: the folder's path is too long for a socket in it.
    """
    address = folder / "forks"
    if (n := len(os.fsencode(address))) > SOCKET_BYTES:
        raise InputError(
            f"TMPDIR: a socket's path has at most {SOCKET_BYTES} bytes, {address} has {n}; choose a folder of a "
            "shorter path, such as TMPDIR=/tmp"
        )
    specification = folder / "kernels" / KERNEL_NAME
    specification.mkdir(parents=True)
    client = Path(__file__).with_name("fork_client.py")
    argv = [sys.executable, "-I", "-S", str(client), str(address), "{connection_file}"]
    write_text(
        specification / "kernel.json", json.dumps({"argv": argv, "display_name": KERNEL_NAME, "language": "python"})
    )
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(address))
        door.listen(64)
        command = [sys.executable, "-m", __name__, str(door.fileno()), imports]
        with subprocess.Popen(
            command, env=os.environ | ONE_THREAD, pass_fds=[door.fileno()], stdin=subprocess.PIPE
        ) as process:
            try:
                yield KERNEL_NAME
            finally:
                process.terminate()


def imports_of(sources: Sequence[str]) -> str:
    r"""Return the import statements that stand at the top level of some cells.

    Example:
        >>> print(imports_of(["import os", "from math import pi\nprint(pi)"]))
        import os
        from math import pi
    """
    lines = [line for source in sources for line in ast.parse(source).body]
    return "\n".join(ast.unparse(line) for line in lines if isinstance(line, ast.Import | ast.ImportFrom))


def serve(door: socket.socket, imports: str) -> None:
    """Load everything, then fork a kernel for each connection, until this process or the one that started it ends.

    Whoever started it holds the other end of its standard input, which closes even if that process is killed.

    In a fork it returns when the kernel has ended, so that Python ends as it does after any kernel: a training, for
    one, still writes its checkpoint.
    """
    from ipykernel.kernelapp import IPKernelApp

    exec(compile(imports, "<imports>", "exec"), {})  # noqa: S102 - the import statements of our own notebook
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        raise RuntimeError(f"imports: they started {threads - 1} threads, which a fork would lack")
    gc.collect()
    gc.freeze()  # a collection in a kernel would write to every object, and so copy the memory that holds it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a kernel ended
    while True:
        ready, _, _ = select.select([door, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = door.accept()
        if os.fork() == 0:
            door.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return _be_kernel(connection, IPKernelApp)
        connection.close()


def _be_kernel(connection: socket.socket, application: Any) -> None:
    """Be the kernel that the client asks for, until it or the client ends."""
    request = json.loads(connection.makefile().readline())
    os.setsid()  # Ctrl-C in the server's terminal is the server's
    os.environ.clear()
    os.environ.update(request["environment"] | ONE_THREAD)
    os.chdir(request["folder"])
    threading.Thread(target=_listen, args=(connection,), daemon=True).start()
    options = ["-f", request["connection_file"], f"--IPKernelApp.parent_handle={os.getppid()}"]
    if "ipywidgets" in sys.modules:
        # Where it is imported in a kernel, it registers what a page asks for all widgets' states at once. It was
        # imported before there was a kernel, and a page would have to ask for each widget by itself.
        options.append("--IPKernelApp.extensions=ipywidgets")
    try:
        application.launch_instance(options)
    finally:
        # Whoever asks for a kernel's end interrupts it first, and the interrupt may come late: it must not break off
        # what Python does at the end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _listen(connection: socket.socket) -> None:
    """End with the client; an interrupt for it is one for the kernel."""
    while connection.recv(1):
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("door", type=int, help="descriptor of a socket that listens")
    parser.add_argument("imports")
    given = parser.parse_args()
    serve(socket.socket(fileno=given.door), given.imports)
