"""A real JupyterLab or Notebook 7 in a real Chromium: start both, open a notebook, run it, and hear of every error.

`make test-browser` installs what this needs. Errors inside widget callbacks appear in no cell; so the page listens to
what the kernel publishes, and to the browser's console.
"""

import io
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
PAGES = {"jupyterlab": "lab/tree", "notebook": "notebooks"}
"""Program → where it opens a notebook."""
AXE = ROOT / "docs" / "node_modules" / "axe-core" / "axe.min.js"
"""Finds what keeps people out; `npm ci` in docs brings it."""
PATIENCE_S = 300
"""What has not happened after this time, on a machine where others work as well, never will."""
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

LISTEN = r"""async () => {
  window.rwlibErrors = [];
  const heard = (_, message) => {
    const {msg_type, content} = {msg_type: message.header.msg_type, content: message.content};
    if (msg_type === 'error') window.rwlibErrors.push(content.ename + ': ' + content.evalue);
    // ipykernel's remark about a comm that the page closed while it was being opened; no widget is concerned.
    const noise = /^No such comm( target registered)?: \S+\s*$/;  // also: asked before the kernel imported ipywidgets
    if (msg_type === 'stream' && content.name === 'stderr' && !noise.test(content.text))
      window.rwlibErrors.push(content.text);
  };
  const panel = jupyterapp.shell.currentWidget;
  await panel.sessionContext.ready;
  panel.sessionContext.iopubMessage.connect(heard);
}"""


def slowest_s(seconds: float) -> float:
    """Return a limit for what takes so many seconds on a machine where nobody else works."""
    return seconds * max(1, os.getloadavg()[0] / os.cpu_count())


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def jupyter(program: str, folder: Path, private: Path):
    """Run `program`, one of `PAGES`, on `folder` and yield (address, token); its own files stay in `private`."""
    port, token = free_port(), secrets.token_hex(8)
    settings = private / "settings" / "@jupyterlab"
    for extension, values in {
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }.items():
        file = settings / f"{extension}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    environment = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(private / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(private / "config"),
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
        "IPYTHONDIR": str(private / "ipython"),
        "RWLIB_HOME": str(private / "home"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else a kernel that starts anew writes a warning
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    options = [
        "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]  # fmt: skip
    (private / "config").mkdir(parents=True, exist_ok=True)
    with open(private / "server.log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", program, *options], env=environment, stdout=log, stderr=log, cwd=folder
        )
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                urllib.request.urlopen(f"{address}/api?token={token}", timeout=5)
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > end:
                    raise RuntimeError((private / "server.log").read_text()) from None
                time.sleep(0.25)
        yield address, token
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


class Notebook:
    """One notebook in a page of the browser.

    `page` is playwright's; `errors()` is what the kernel reported and nobody asked for.
    """

    def __init__(self, page, program: str, address: str, token: str, name: str) -> None:
        self.page, self._address = page, f"{address}/{PAGES[program]}/{name}?token={token}&reset"
        self._open()
        self.cells_at_first = self.cells()

    def _open(self) -> None:
        self.page.goto(self._address, wait_until="commit")
        self.page.wait_for_function("window.jupyterapp && jupyterapp.shell.currentWidget?.sessionContext")
        self._wait_for_kernel()
        self.page.evaluate(LISTEN)

    def reload(self) -> None:
        """Save the notebook, leave the page, and come back to the kernel that goes on."""
        self.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        self.page.goto("about:blank")
        self._open()

    def restart(self) -> None:
        """Restart the kernel without asking, as the menu does once it was asked."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self._wait_for_kernel()

    def _wait_for_kernel(self) -> None:
        self.page.wait_for_function(
            "jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
        )

    def run_all(self) -> None:
        """Run every cell and wait until all of them have run."""
        self.page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_function(
            """jupyterapp.shell.currentWidget.content.widgets
                 .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.getSource().trim())
                 .every(cell => cell.model.executionCount && cell.model.executionState !== 'running')"""
        )
        self._wait_for_kernel()

    def cells(self) -> list[list[str]]:
        """Return kind and source of every cell."""
        return self.page.evaluate(
            """jupyterapp.shell.currentWidget.content.widgets
                 .map(cell => [cell.model.type, cell.model.sharedModel.getSource()])"""
        )

    def errors(self) -> list[str]:
        """Return errors and everything on stderr that the kernel published since the notebook was opened."""
        return self.page.evaluate("window.rwlibErrors")

    def python(self, code: str) -> str:
        """Run code in the notebook's kernel and return what it prints."""
        return self.page.evaluate(
            """async ([code, limit]) => {
                 const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                 const future = kernel.requestExecute({code, store_history: false});
                 let text = '';
                 future.onIOPub = message => {
                   if (message.header.msg_type === 'stream') text += message.content.text;
                   if (message.header.msg_type === 'error') text += message.content.ename + message.content.evalue;
                 };
                 await Promise.race([future.done, new Promise((_, no) => setTimeout(() => no(Error('late')), limit))]);
                 return text;
               }""",
            [code, 1000 * PATIENCE_S],
        ).strip()

    def until(self, condition: str) -> None:
        """Wait until an expression is true in the notebook's kernel."""
        end = time.monotonic() + PATIENCE_S
        while (found := self.python(f"print(bool({condition}))")) != "True":
            assert time.monotonic() < end, f"after {PATIENCE_S} s still not true: {condition} ({found})"
            time.sleep(0.1)

    def wait_for_pictures(self, selector: str) -> None:
        """Wait until every picture that a CSS selector finds, at least one, has been decoded."""
        self.page.wait_for_function(
            """async selector => {
                 const pictures = [...document.querySelectorAll(selector)];
                 await Promise.all(pictures.map(picture => picture.decode()));
                 return pictures.length > 0;
               }""",
            arg=selector,
        )


def pixels(locator) -> np.ndarray:
    """Return what an element shows, (h, w, 3) uint8, as it is on the screen."""
    locator.scroll_into_view_if_needed()
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB"))


def place(locator, x: float, y: float) -> dict[str, float]:
    """Return a position for a click in shares of an element's width and height, as pictures grow with the page."""
    box = locator.bounding_box()
    return {"x": x * box["width"], "y": y * box["height"]}


def axe_finds(locator) -> list:
    """Return what axe has against an element and all that it holds: rule, how often, first element, and why."""
    locator.page.evaluate(AXE.read_text(encoding="utf-8"))
    return locator.evaluate(
        """element => axe.run(element).then(report => report.violations.map(({id, nodes}) =>
             [id, nodes.length, nodes[0].html.slice(0, 200), nodes[0].failureSummary]))"""
    )


def is_blank(picture: np.ndarray) -> bool:
    """Whether a picture has no more than two colours."""
    return len(np.unique(picture.reshape(-1, 3), axis=0)) <= 2


def write_notebook(file: Path, *cells: str) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, file)
