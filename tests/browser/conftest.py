"""One server of each program and one browser for all tests; a fresh page and a fresh notebook for each."""

import sys
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("playwright", reason="`make test-browser` installs what these tests need")

import chromium  # noqa: E402
from lab import CHROMIUM_FLAGS, PATIENCE_S, Notebook, jupyter, write_notebook  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402


@pytest.fixture(scope="session")
def serve(tmp_path_factory):
    """Yield `serve(program)`: (address, token, folder of notebooks) of a server, which is started when first asked."""
    with ExitStack() as ends:

        @cache
        def start(program):
            folder, private = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("private")
            return *ends.enter_context(jupyter(program, folder, private)), folder

        yield start


@pytest.fixture
def program():
    """Return what opens the notebooks: JupyterLab, unless a test says otherwise."""
    return "jupyterlab"


@pytest.fixture(scope="session")
def browser():
    """Yield a headless Chromium."""
    path = chromium.find()
    assert path, "no Chromium was found; `make test-browser` installs one, or set CHROMIUM to its path"
    with sync_playwright() as playwright:
        headless = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS, headless=True)
        yield headless
        headless.close()


@pytest.fixture
def open_notebook(serve, program, browser, request):
    """Return `open(*cells)` or `open(Path)`: a `Notebook` in a page of its own.

    At the end it has no error, and its cells are those that were opened: no key for a widget changed one.
    """
    address, token, folder = serve(program)
    opened = []

    def open(*what):
        name = f"{request.node.name}-{len(opened)}.ipynb".replace("[", "-").replace("]", "")
        if len(what) == 1 and isinstance(what[0], Path):
            (folder / name).write_bytes(what[0].read_bytes())
        else:
            write_notebook(folder / name, *what)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(1000 * PATIENCE_S)
        opened.append(Notebook(page, program, address, token, name))
        return opened[-1]

    yield open
    errors = [error for notebook in opened for error in notebook.errors()]
    changed = [notebook.cells() for notebook in opened if notebook.cells() != notebook.cells_at_first]
    for notebook in opened:
        notebook.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        notebook.page.close()
    assert not errors, errors
    assert not changed, changed
