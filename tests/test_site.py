"""The site's notebooks for Colab and Kaggle, and their links; how the built site looks is in `browser/test_site.py`."""

import importlib.util
import re
import sys
from types import ModuleType, SimpleNamespace

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from test_setup import ROOT

REPOSITORY = "https://github.com/somebody/rwlib"


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("site_build", ROOT / "docs/build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def notebooks(build, tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "elsewhere"
    build.write_elsewhere(out, "rwlib @ somewhere")
    return {file.name: nbformat.read(file, as_version=4) for file in out.iterdir()}


def test_every_notebook_installs_what_is_missing_before_anything_else(notebooks):
    assert sorted(notebooks) == sorted(file.name for file in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    for name, notebook in notebooks.items():
        first, *rest = notebook.cells
        assert first.source.count('%pip install --quiet "rwlib @ somewhere"') == 1
        assert [cell.source for cell in rest] == [
            cell.source for cell in nbformat.read(ROOT / "notebooks" / name, as_version=4).cells
        ]
        nbformat.validate(notebook)


@pytest.mark.parametrize(("installed", "colab"), [(True, False), (False, False), (False, True)])
def test_the_first_cell_does_what_is_needed_and_no_more(notebooks, monkeypatch, installed, colab):
    source = InteractiveShell.instance().transform_cell(notebooks["00_start_here.ipynb"].cells[0].source)
    did = []
    shell = SimpleNamespace(run_line_magic=lambda name, line: did.append(f"{name} {line}"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if installed else None)
    if colab:
        output = SimpleNamespace(enable_custom_widget_manager=lambda: did.append("widgets"))
        module = ModuleType("google.colab")
        module.output = output
        monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
        monkeypatch.setitem(sys.modules, "google.colab", module)
    exec(source, {"get_ipython": lambda: shell})
    assert did == ['pip install --quiet "rwlib @ somewhere"'] * (not installed) + ["widgets"] * colab


def test_a_page_shows_its_pictures_or_the_site_is_not_built(build, tmp_path):
    shown = build.relink("![a house](demo.png) ![b](notebooks/images/lens.png)", "demo.md", tmp_path, "", "main")
    assert shown == "![a house](/demo.png) ![b](/notebooks/images/lens.png)"
    assert (tmp_path / "demo.png").read_bytes() == (ROOT / "docs/demo.png").read_bytes()
    assert (tmp_path / "notebooks/images/lens.png").is_file()
    with pytest.raises(FileNotFoundError, match=r"demo\.md shows none\.png"):
        build.relink("![a](none.png)", "demo.md", tmp_path, "", "main")


def test_a_file_that_has_no_page_is_named_once(build, tmp_path):
    text = "[results.py](data_scripts/results.py), [how](data_scripts/results.py), [`that`](data_scripts/results.py)"
    assert build.relink(text, "RESULTS.md", tmp_path, "", "main") == (
        "`data_scripts/results.py`, how (`data_scripts/results.py`), `that`"
    )


def test_links_to_other_places_only_where_there_is_a_repository(build):
    assert build.open_elsewhere("02_x.ipynb", "", "main", "gh-pages") == ""
    assert build.open_elsewhere("02_x.ipynb", "https://example.org/rwlib", "main", "gh-pages") == ""
    assert re.findall(r"\[(\w+)\]", build.open_elsewhere("02_x.ipynb", REPOSITORY, "main", "")) == ["Binder"]
    links = build.open_elsewhere("02_x.ipynb", REPOSITORY, "main", "gh-pages")
    assert re.findall(r"\[(\w+)\]", links) == ["Binder", "Colab", "Kaggle"]
    assert "/github/somebody/rwlib/blob/gh-pages/elsewhere/02_x.ipynb" in links
