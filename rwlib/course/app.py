r"""Show a notebook as an app for a classroom: `python -m rwlib.course.app 09 [voila's options]`.

A learner's notebook has exercises to be filled in; in front of a class one wants its widget. The app holds the
notebook's title and its cells with the tag `app`, so there is one source for both, and voila runs it: each visitor gets
a kernel, and no code is shown or can be typed. Needs the extra `studio`.

    python -m rwlib.course.app 09                        for this machine alone
    python -m rwlib.course.app 09 --Voila.ip=0.0.0.0     for a class: prints the addresses, with a token, to be typed

The connection is not encrypted (no https), so a class should share a network that it trusts.
"""

import argparse
import ast
import contextlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
from filelock import FileLock, Timeout

from rwlib.course.classroom.door import FORK_MB, KERNEL_MB, is_local, room_for
from rwlib.course.classroom.forks import SOCKET_BYTES, can_fork, forking, imports_of
from rwlib.course.notebooks import NOTEBOOKS
from rwlib.errors import InputError
from rwlib.files import write_text

# voila's own page without the icons that it links to on another server: it brings the same ones itself, and a page that
# waits for a server which never answers stays white. One that shows no widget after so long loads again, once, and then
# says so.
PAGE = """{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}
{{ super() }}
<script>
function rwlibNotAnswered() {
  if (!sessionStorage.rwlibAgain) {
    sessionStorage.rwlibAgain = "yes";
    return location.reload();
  }
  sessionStorage.removeItem("rwlibAgain");
  document.body.innerHTML = `<p role="alert" style="font-family: sans-serif; margin: 4em">Python has not answered this
    page. <button onclick="location.reload()">Load it again</button></p>`;
}
function waitForWidgets() {
  const patience = setTimeout(() => { clearInterval(look); rwlibNotAnswered(); }, 120_000);
  const look = setInterval(() => {
    if (!document.querySelector(".jupyter-widgets")) return;
    clearInterval(look);
    clearTimeout(patience);
    sessionStorage.removeItem("rwlibAgain");
  }, 500);
}
addEventListener("DOMContentLoaded", () => {
  const outputs = [...document.querySelectorAll("script[type$='cell-output+json']")];
  if (outputs.some((output) => output.textContent.includes("widget-view+json")))
    waitForWidgets();
});
</script>
{%- endblock html_head_js -%}
{%- block notebook_css -%}
{{ super() | replace('rel="stylesheet" href="https://', 'rel="nofollow" href="https://') }}
{%- endblock notebook_css -%}
"""
DEFAULTS = (
    "--Voila.tornado_settings={'websocket_max_message_size': 100_000_000}",  # uploads; 10 MB without
    # A page that is closed says so, and its kernel ends. One that cannot (its machine is off, its network gone)
    # counts as gone after so many seconds, which a slow one may take to load; a page that is open keeps its kernel.
    "--MappingKernelManager.cull_idle_timeout=180",
    "--MappingKernelManager.cull_interval=15",
    # The server may be busy with other pages; after nbclient's four seconds a cell's output, the widget, would be left
    # out without a word.
    "--VoilaExecutor.iopub_timeout=60",
    "--VoilaExecutor.raise_on_iopub_timeout=True",
)
"""Options of voila, unless they are given."""
FOR_A_CLASS = ("--token", "--no-browser")
"""Options of voila where other machines reach it: a token, which is drawn anew for each start, unless one is given."""
SOCKETS = "--KernelManager.transport=ipc"
"""Option by which kernels listen at sockets in a folder of voila's: a port is chosen a second before the kernel takes
it, and where another program takes it first, the kernel ends."""
BELOW_BYTES = len("/voila_12345678/kernel-12345678-1234-1234-1234-123456789012-ipc-5")
"""What such a socket's path has below the folder for temporary files; where that is too long for it, ports do."""
ROOT = "Voila.connection_dir_root"
"""Voila's option for the folder in which it makes one for its files."""
FOLDERS, NEW_S = "rwlib-app-", 60
"""Beginning of the names of the apps' temporary folders; one that is younger is let alone: its app may be starting."""
IN_USE = "in-use"
"""File in such a folder that its app keeps locked while it lives."""
TAG = "app"


def app_of(notebook: Any) -> Any:
    """Return a notebook of the title and the cells that carry the tag `app`, without outputs and section numbers.

    A code cell that ends in a widget becomes the widget alone, without arguments: what the learner's notebook hands to
    it comes from cells that the app does not have.

    Raises:
        InputError: no cell carries the tag.
    """
    cells = [cell for cell in notebook.cells if TAG in cell.metadata.get("tags", [])]
    if not cells:
        raise InputError(f"notebook: none of its cells carries the tag {TAG!r}, so there is nothing to show")
    new = [nbformat.v4.new_markdown_cell(notebook.cells[0].source.split("\n")[0])]
    for cell in cells:
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        new.append(make(_widget_alone(cell.source) if cell.cell_type == "code" else cell.source))
    for cell in new:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"^(#+) \d+ · ", r"\1 ", cell.source, flags=re.MULTILINE)
    return nbformat.v4.new_notebook(cells=new, metadata=notebook.metadata)


def _widget_alone(source: str) -> str:
    """Return the import and the call of the widget in which a cell ends; the cell itself if it ends in none."""
    match ast.parse(source).body:
        case [*above, ast.Expr(ast.Call(ast.Name(name)))]:
            for line in above:
                if isinstance(line, ast.ImportFrom) and name in [imported.name for imported in line.names]:
                    return f"from {line.module} import {name}\n\n{name}()"
    return source


def find_notebook(number: str) -> Path:
    """Return a learner's notebook.

    Raises:
        InputError: there is none of that number.
    """
    found = sorted(NOTEBOOKS.glob(f"{number}_*.ipynb"))
    if not found:
        raise InputError(f"notebook: there is no {number}_*.ipynb in {NOTEBOOKS.name}/; build it with `make notebooks`")
    return found[0]


def serve(file: Path, options: Sequence[str], *, pages: int | None = None, hosts: Sequence[str] = ()) -> None:
    """Run voila on a notebook's app until it is interrupted or asked to end.

    Args:
        file: the notebook.
        options: of voila.
        pages: how many may be open at once; as many as fit into the memory that is free by default.
        hosts: more names by which visitors may ask for this machine.

    Raises:
        InputError: voila is not installed, the notebook has no app, or no page is allowed.
    """
    if find_spec("voila") is None:
        raise InputError("voila: it is not installed; `pip install rwlib[studio]`, or `make studio`, brings it")
    if pages is not None and pages < 1:
        raise InputError(f"--pages: expected at least 1, got {pages}")
    from rwlib.course.classroom.server import Classroom

    app = app_of(nbformat.read(file, as_version=4))
    imports = imports_of([cell.source for cell in app.cells if cell.cell_type == "code"])
    with own_folder() as folder, ExitStack() as ends:
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("JUPYTER_PATH")]))
        if can_fork():
            app.metadata.kernelspec = {"name": ends.enter_context(forking(folder, imports)), "display_name": "rwlib"}
        pages = pages or room_for(FORK_MB if can_fork() else KERNEL_MB)
        write_text(folder / file.name, nbformat.writes(app))
        template = folder / "voila" / "templates" / "rwlib"
        template.mkdir(parents=True)
        write_text(template / "index.html.j2", PAGE)
        write_text(template / "conf.json", '{"base_template": "lab"}')
        ours = [*DEFAULTS, f"--Classroom.pages={pages}", *(f"--Classroom.hosts={host}" for host in hosts)]
        ours += _sockets(folder, _given(options, ROOT))
        if not is_local(_given(options, "Voila.ip") or "localhost"):
            ours += FOR_A_CLASS
        given = {option.partition("=")[0].replace("Voila.token", "token") for option in options}
        mine = [option for option in ours if option.partition("=")[0] not in given]
        print(f"Up to {pages} pages may be open at once; `--pages N` changes that.", flush=True)
        Classroom.launch_instance(
            [str(folder / file.name), "--template=rwlib", "--show_tracebacks=True", *mine, *options]
        )


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """Make a temporary folder for an app while it runs, and remove those of apps that were killed."""
    for lock in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*/{IN_USE}"):
        with contextlib.suppress(Timeout, OSError):  # it is in use, or has just gone
            old, about = lock.parent, lock.lstat()
            ours = about.st_uid == os.getuid() if hasattr(os, "getuid") else True
            if ours and time.time() - about.st_mtime > NEW_S:
                with FileLock(lock, timeout=0):
                    shutil.rmtree(old)
    with tempfile.TemporaryDirectory(prefix=FOLDERS) as name, FileLock(Path(name) / IN_USE):
        yield Path(name)


def _sockets(folder: Path, root: str) -> list[str]:
    """Return the options by which kernels listen at sockets, if their paths fit, and keep files in the app's folder.

    Args:
        folder: the app's.
        root: folder for voila's files that was asked for, if one was.
    """

    def fits(root: str | os.PathLike[str]) -> bool:
        return can_fork() and len(os.fsencode(os.path.abspath(root))) + BELOW_BYTES <= SOCKET_BYTES

    if root:
        return [SOCKETS] if fits(root) else []
    if fits(folder):
        return [SOCKETS, f"--{ROOT}={folder}"]
    return [SOCKETS] if fits(tempfile.gettempdir()) else [f"--{ROOT}={folder}"]


def _given(options: Sequence[str], name: str) -> str:
    """Return the value that voila's options give to a name, as `--name=value` or `--name value`, or nothing."""
    value = ""
    for option, following in zip(options, [*options[1:], ""], strict=True):
        key, equals, after = option.partition("=")
        if key == f"--{name}":
            value = after if equals else following
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line; what this program does not know goes to voila."""
    example = "Everything else goes to voila: --Voila.ip=0.0.0.0 lets a class reach it from other machines."
    parser = argparse.ArgumentParser(
        prog="python -m rwlib.course.app", description=__doc__.splitlines()[0], epilog=example
    )
    parser.add_argument("notebook", nargs="?", default="09", help="number of the notebook, two digits")
    parser.add_argument("--pages", type=int, help="how many may be open at once; as many as memory allows by default")
    parser.add_argument("--host", action="append", default=[], help="one more name by which visitors may ask for it")
    asked, options = parser.parse_known_args(arguments)
    try:
        serve(find_notebook(asked.notebook), options, pages=asked.pages, hosts=asked.host)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
