r"""Show a notebook as an app for a classroom: `python -m rwlib.course.app 09 [voila's options]`.

A learner's notebook has exercises to be filled in; in front of a class one wants its widget. The app holds the
notebook's title and its cells with the tag `app`, so there is one source for both, and voila runs it: each visitor gets
a kernel, and no code is shown or can be typed. Needs the extra `studio`.
"""

import argparse
import ast
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat

from rwlib.course.notebooks import NOTEBOOKS
from rwlib.errors import InputError
from rwlib.files import write_text

# voila's own page without the icons that it links to on another server: it brings the same ones itself, and a page that
# waits for a server which never answers stays white.
PAGE = """{%- extends 'lab/index.html.j2' -%}
{%- block notebook_css -%}
{{ super() | replace('rel="stylesheet" href="https://', 'rel="nofollow" href="https://') }}
{%- endblock notebook_css -%}
"""
DEFAULTS = (
    "--Voila.tornado_settings={'websocket_max_message_size': 100_000_000}",  # uploads; 10 MB without
    # A kernel takes 870 MB, and voila cannot end it when its page is closed. So it ends after so many idle seconds
    # without a page; a page that is open keeps its kernel.
    "--MappingKernelManager.cull_idle_timeout=300",
    "--MappingKernelManager.cull_interval=60",
)
"""Options of voila, unless they are given."""
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


def serve(file: Path, options: Sequence[str]) -> None:
    """Run voila on a notebook's app until it is interrupted or asked to end.

    Raises:
        InputError: voila is not installed, or the notebook has no app.
    """
    if find_spec("voila") is None:
        raise InputError("voila: it is not installed; `pip install rwlib[studio]`, or `make studio`, brings it")
    from voila.app import Voila

    app = app_of(nbformat.read(file, as_version=4))
    with tempfile.TemporaryDirectory(prefix="rwlib-app-") as folder:
        shown = Path(folder) / file.name
        write_text(shown, nbformat.writes(app))
        template = Path(folder) / "voila" / "templates" / "rwlib"
        template.mkdir(parents=True)
        write_text(template / "index.html.j2", PAGE)
        write_text(template / "conf.json", '{"base_template": "lab"}')
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("JUPYTER_PATH")]))
        mine = [option for option in DEFAULTS if option.partition("=")[0] not in "\n".join(options)]
        Voila.launch_instance([str(shown), "--template=rwlib", "--show_tracebacks=True", *mine, *options])


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line; what this program does not know goes to voila."""
    example = "Everything else goes to voila: --Voila.ip=0.0.0.0 lets a class reach it from other machines."
    parser = argparse.ArgumentParser(
        prog="python -m rwlib.course.app", description=__doc__.splitlines()[0], epilog=example
    )
    parser.add_argument("notebook", nargs="?", default="09", help="number of the notebook, two digits")
    asked, options = parser.parse_known_args(arguments)
    try:
        serve(find_notebook(asked.notebook), options)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
