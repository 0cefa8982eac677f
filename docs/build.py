"""Build the site: `python docs/build.py [OUT]`, or `make site`; needs the extra `site`, and Node with npm.

Puts the pages together in a folder of its own: solved notebooks whose solutions are folded, each with a link to the
learner's version; the pages of the repository; one page per room of rwlib. Then Sphinx makes HTML of them, and
`docs/demo/build.py` adds the hole painter. Nothing is run: the notebooks' outputs are those that are stored.

Where the site is published is said by the environment; without it there are no links to a repository:
    RWLIB_SITE_REPOSITORY  address of the repository, whose files are linked, and which Binder opens
    RWLIB_SITE_BRANCH      its branch, `main`
    RWLIB_SITE_PUBLISHED   the branch that the site itself is published as, `gh-pages` say: Colab and Kaggle open the
                           notebooks of its folder `elsewhere/`, whose first cell installs what is missing
    RWLIB_SITE_INSTALL     what that cell gives to pip; `rwlib` unless it says otherwise
"""

import argparse
import ast
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    "TRAINING.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "notebooks/MAP.md", "data_scripts/README.md",
    "data_scripts/RELEASE.md", "data_scripts/RIVALS.md", "deploy/README.md", "rwlib/course/AUTHORS.md",
    "rwlib/weights/facades64.md",
]  # fmt: skip
"""Pages of the repository that are pages of the site; RESULTS.md is one as soon as it exists."""
OPTIONAL = ["RESULTS.md", "notebooks/teaching/*.md"]
ROOMS = [
    "conventions", "config", "masks", "metrics", "networks", "losses", "data", "images", "checkpoints", "training",
    "inpainting", "export", "ablations", "rivals", "evaluation", "notebook", "widgets", "randomness", "files", "errors",
]  # fmt: skip
"""Rooms of rwlib that have a page in the reference."""
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
CELL = "#cell-id="
"""How JupyterLab, and so MAP.md, addresses a cell."""
MARKER = "### BEGIN SOLUTION"
ELSEWHERE = """\
# Colab and Kaggle begin without rwlib. Where it is installed, this cell does nothing.
import sys
from importlib.util import find_spec

if find_spec("rwlib") is None:
    %pip install --quiet "{install}"
if "google.colab" in sys.modules:
    from google.colab import output

    output.enable_custom_widget_manager()  # or Colab would not show the widgets\
"""
"""First cell of a notebook that is opened in Colab or Kaggle."""


def pages() -> list[str]:
    """Return the repository's pages that the site has, by their paths."""
    return PAGES + [file.relative_to(ROOT).as_posix() for some in OPTIONAL for file in sorted(ROOT.glob(some))]


def notebooks() -> list[Path]:
    """Return the solved notebooks."""
    return sorted((ROOT / "notebooks/solutions").glob("[0-9][0-9]_*.ipynb"))


# --- links: to a page of the site, to a copy of the file, to the repository, or none at all


def relink(text: str, page: str, stage: Path, repository: str, branch: str) -> str:
    """Rewrite the links of a page whose path in the repository is `page`, and copy the pictures that it shows."""
    ours = {*pages(), "index.md", "demo.md", "api/index.md", *(f"notebooks/{file.name}" for file in notebooks())}

    def target(match: re.Match[str]) -> str:
        picture, words, path, anchor = match.groups()
        if "://" in path or path.startswith(("mailto:", "data:")):
            return match[0]
        place = os.path.normpath(os.path.join(os.path.dirname(page), path)).replace(os.sep, "/")
        place = place.removeprefix("../").replace("notebooks/solutions/", "notebooks/")
        file = ROOT / place
        if picture:
            file = file if file.is_file() else DOCS / place  # pages of the site alone lie in docs/
            if not file.is_file():
                raise FileNotFoundError(f"{page} shows {path}, and there is no {place}")
            copy = stage / place
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
            return f"![{words}](/{place})"
        if place in ours and (anchor or "").startswith(CELL):  # a cell of a notebook, see `stage_notebook`
            address = os.path.relpath(Path(place).with_suffix(".html"), os.path.dirname(page) or ".").replace(
                os.sep, "/"
            )
            return f'<a href="{address}{anchor}">{html.escape(words)}</a>'
        if place in ours:
            return f"[{words}](/{place}{anchor or ''})"
        if repository and file.exists():
            return f"[{words}]({repository}/{'tree' if file.is_dir() else 'blob'}/{branch}/{place})"
        if words in (place, os.path.basename(place)):
            return f"`{place}`"
        return words if words.startswith("`") else f"{words} (`{place}`)"

    return LINK.sub(target, text)


# --- pages


def open_elsewhere(name: str, repository: str, branch: str, published: str) -> str:
    """Return the links of a notebook to Binder, Colab and Kaggle, as Markdown; none without a repository."""
    links = []
    if match := re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", repository):
        links.append(f"[Binder](https://mybinder.org/v2/gh/{match[1]}/{branch}?labpath=notebooks/{name})")
        if published:
            place = f"{match[1]}/blob/{published}/elsewhere/{name}"
            links.append(f"[Colab](https://colab.research.google.com/github/{place})")
            links.append(f"[Kaggle](https://kaggle.com/kernels/welcome?src=https://github.com/{place})")
    return " · ".join(links)


def write_elsewhere(out: Path, install: str) -> None:
    """Write the learners' notebooks with a first cell that installs what is missing."""
    out.mkdir()
    for file in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        first = nbformat.v4.new_code_cell(ELSEWHERE.format(install=install), id="elsewhere")
        notebook.cells.insert(0, first)
        nbformat.write(notebook, out / file.name)


def stage_notebook(file: Path, stage: Path, repository: str, branch: str) -> str:
    """Write a solved notebook with folded solutions; return its title."""
    notebook = nbformat.read(file, as_version=4)
    texts = [(ROOT / page).read_text(encoding="utf-8") for page in pages()]
    named = {cell for text in texts for cell in re.findall(rf"{file.name}{CELL}([\w-]+)", text)}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = relink(cell.source, f"notebooks/{file.name}", stage, repository, branch)
            cell.pop("attachments", None)
        elif MARKER in cell.source:
            cell.metadata.setdefault("tags", []).append("hide-input")
            cell.metadata["mystnb"] = {"code_prompt_show": "Show a solution", "code_prompt_hide": "Hide the solution"}
    cells = []
    for cell in notebook.cells:
        if cell.id in named:
            cells.append(nbformat.v4.new_markdown_cell(f'<span id="{CELL[1:]}{cell.id}"></span>'))
        cells.append(cell)
    notebook.cells = cells
    first = next(cell for cell in cells if cell.source.startswith("# "))
    title, _, rest = first.source.partition("\n")
    size = (ROOT / "notebooks" / file.name).stat().st_size
    learner = f"{{download}}`Download this notebook with its exercises open <learner/{file.name}>` ({size // 1000} kB)"
    links = open_elsewhere(file.name, repository, branch, os.environ.get("RWLIB_SITE_PUBLISHED", ""))
    learner += f"\n\nOpen it in {links}" * bool(links)
    first.source = f"{title}\n\n{learner}\n{rest}"
    (stage / "notebooks/learner").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "notebooks" / file.name, stage / "notebooks/learner")
    nbformat.write(notebook, stage / "notebooks" / file.name)
    return title.lstrip("# ")


def modules(room: str) -> list[str]:
    """Return the names of a room's modules, itself first, those without a docstring left out."""
    place = ROOT / "rwlib" / room
    files = [place.with_suffix(".py")] if not place.is_dir() else sorted(place.rglob("*.py"))
    found = []
    for file in files:
        if "recordings" in file.parts or not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))):
            continue
        parts = file.relative_to(ROOT).with_suffix("").parts
        found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return sorted(found)


def stage_reference(stage: Path) -> None:
    """Write a page per room of rwlib."""
    (stage / "api").mkdir()
    for room in ROOMS:
        text = f"rwlib.{room}\n{'=' * (6 + len(room))}\n"
        for name in modules(room):
            if name != f"rwlib.{room}":
                text += f"\n{name}\n{'-' * len(name)}\n"
            text += f"\n.. automodule:: {name}\n"
        (stage / f"api/{room}.rst").write_text(text, encoding="utf-8")
    listed = "".join(f"{room}\n" for room in ROOMS)
    words = "Every public function and class, from the docstrings: what goes in, what comes out, which equation it is."
    (stage / "api/index.md").write_text(
        f"# Reference\n\n{words}\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}```\n", encoding="utf-8"
    )


def stage_all(stage: Path, repository: str, branch: str) -> None:
    """Put all pages together."""
    titles = {file.stem: stage_notebook(file, stage, repository, branch) for file in notebooks()}
    for page in pages():
        copy = stage / page
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / page).read_text(encoding="utf-8")
        copy.write_text(relink(text, page, stage, repository, branch), encoding="utf-8")
    for name in ("index.md", "demo.md"):
        text = relink((DOCS / name).read_text(encoding="utf-8"), name, stage, repository, branch)
        (stage / name).write_text(text, encoding="utf-8")
    stage_reference(stage)
    listed = "\n".join(f"{title} </notebooks/{stem}>" for stem, title in titles.items())
    more = "\n".join(page.removesuffix(".md") for page in pages() if page != "notebooks/MAP.md")
    toc = f"""
```{{toctree}}
:hidden:

demo
```

```{{toctree}}
:caption: The course
:maxdepth: 1

{listed}
Which cell shows what </notebooks/MAP>
```

```{{toctree}}
:caption: The library
:hidden:
:maxdepth: 1

Reference <api/index>
{more}
```
"""
    index = stage / "index.md"
    index.write_text(index.read_text(encoding="utf-8").replace("<!-- notebooks -->", toc), encoding="utf-8")
    shutil.copytree(DOCS / "_static", stage / "_static")
    katex = DOCS / "node_modules/katex/dist"
    shutil.copytree(katex / "fonts", stage / "_static/katex/fonts", ignore=shutil.ignore_patterns("*.ttf", "*.woff"))
    shutil.copy(katex / "katex.min.css", stage / "_static/katex")
    shutil.copy(DOCS / "conf.py", stage)


def main() -> int:
    """Build."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "site", help="folder of the site (default: site)")
    parser.add_argument("--no-demo", action="store_true", help="leave the hole painter out")
    asked = parser.parse_args()
    out = asked.out.resolve()
    sys.path.insert(0, str(DOCS))
    from demo.build import build as build_demo
    from demo.build import install_packages
    from serve import HEADERS

    install_packages()
    repository, branch = (
        os.environ.get("RWLIB_SITE_REPOSITORY", "").rstrip("/"),
        os.environ.get("RWLIB_SITE_BRANCH", "main"),
    )
    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():  # the demo's network takes a while to make, so it stays
        if old.name != "demo":
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    with tempfile.TemporaryDirectory(prefix="rwlib-site-") as folder:
        stage, html = Path(folder) / "pages", Path(folder) / "html"  # myst-nb writes beside them, too
        stage.mkdir()
        stage_all(stage, repository, branch)
        env = os.environ | {"RWLIB_SITE_ROOT": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [
            sys.executable,
            "-m",
            "sphinx",
            "-b",
            "html",
            "-q",
            "-d",
            str(stage / ".doctrees"),
            str(stage),
            str(html),
        ]
        report = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
        if not report.returncode:
            for page in html.rglob("*.html"):  # values of constants may be paths of this machine
                text = page.read_text(encoding="utf-8")
                if f"{ROOT}/" in text:
                    page.write_text(text.replace(f"{ROOT}/", ""), encoding="utf-8")
            listed = html / "_modules/index.html"  # with modules of Python, which have no page here
            entry = re.compile(r'<li><a href="([\w/]+\.html)">.*?</a>')
            keep = lambda match: match[0] if (listed.parent / match[1]).exists() else "<li hidden>"  # noqa: E731
            listed.write_text(entry.sub(keep, listed.read_text(encoding="utf-8")), encoding="utf-8")
            # The theme brings templates of its own, which are no pages.
            shutil.copytree(html, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*webpack-macros.html"))
    print(report.stderr.replace(f"{folder}/pages/", ""), file=sys.stderr, end="")
    if report.returncode:
        return report.returncode
    for name in (".buildinfo", "objects.inv"):
        (out / name).unlink(missing_ok=True)
    write_elsewhere(out / "elsewhere", os.environ.get("RWLIB_SITE_INSTALL", "rwlib"))
    (out / ".nojekyll").touch()  # or GitHub would leave out folders that begin with _
    (out / "_headers").write_text("/*\n" + "".join(f"  {name}: {value}\n" for name, value in HEADERS.items()))
    if not asked.no_demo:
        build_demo(out / "demo")
    print(f"{out}/index.html; `python docs/serve.py {out.name}` shows it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
