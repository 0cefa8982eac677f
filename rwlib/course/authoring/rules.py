"""What every notebook keeps, as checks that the builder and the tests share; `AUTHORS.md` lists them."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from rwlib.course.authoring.effort import MARK
from rwlib.course.authoring.stubs import has_solution
from rwlib.course.checking.solutions import BEGIN, END

MAX_CODE_LINES = 15
MAX_WORDS = 90
DRAWING = re.compile(r"show_\w+|figure")
CHECK = re.compile(r"\bcheck\.ex_(\d+)_(\d+)\((.*?)\)")
COLOR_ARGUMENTS = {"c", "color", "colors", "edgecolor", "facecolor", "edgecolors", "facecolors", "ecolor", "ec", "fc"}
SOMEBODYS_PATH = re.compile(
    r"(?<![\w.:/-])/(?:home|root|tmp|var|usr|opt|work|Users|content)/\w|\b[A-Z]:\\(?:Users|Windows)\b"
)


def violations(notebook: Any, number: str) -> list[str]:
    """Return one sentence for each broken rule of a notebook, solutions included.

    Args:
        notebook: what `rwlib.course.authoring.build.read_source` returns.
        number: its number, two digits.
    """
    broken = []
    cells = notebook.cells
    if not cells or not cells[0].source.startswith(f"# {number} · "):
        broken.append(f'cell 0: expected a title, "# {number} · ..."')
    if not cells or not cells[0].metadata.get("timings"):
        broken.append("cell 0: expected {{timings}} in the title's table")
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    if not code or f'ctx = setup("{number}"' not in code[0]:
        broken.append(f'first code cell: expected `ctx = setup("{number}")`')
    for i, cell in enumerate(cells):
        rules = _in_code(cell.source, number) if cell.cell_type == "code" else _in_text(cell.source)
        broken += [f"cell {i}: {sentence}" for sentence in rules]
    return broken


def output_violations(notebook: Any, forbidden: tuple[str, ...] = ()) -> list[str]:
    """Return one sentence for each thing that the outputs of an executed notebook must not hold.

    Args:
        notebook: executed.
        forbidden: further texts, such as the folder of this installation.
    """
    broken = []
    for i, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                broken.append(f"cell {i}: raised {output.ename}: {output.evalue}")
                continue
            if output.get("name") == "stderr":
                broken.append(f"cell {i}: wrote to stderr: {output.text[:200]!r}")
                continue
            texts = [output.text] if "text" in output else output.data.values()
            text = re.sub(r"base64,[\w+/=]+", "", "\n".join(t for t in map(str, texts)))
            for found in [*forbidden, *(match.group() for match in SOMEBODYS_PATH.finditer(text))]:
                if found in text:
                    broken.append(f"cell {i}: its output holds a path of this machine, {found!r}")
            if re.search(r" at 0x[0-9a-f]+", text):
                broken.append(f"cell {i}: its output holds an address in memory, which changes with every run")
            if "it/s]" in text or "s/it]" in text:
                broken.append(f"cell {i}: its output holds a progress bar; give progress=False")
    return broken


def copied_functions(notebooks: dict[str, Any]) -> list[str]:
    """Return one sentence for each function that stands in two notebooks: such code belongs into rwlib.

    Args:
        notebooks: name → notebook with solutions.
    """
    seen: dict[str, str] = {}
    broken = []
    for name, notebook in notebooks.items():
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.FunctionDef):
                    key = f"{node.name} {[ast.dump(part) for part in _without_docstring(node)]}"
                    if seen.setdefault(key, name) != name:
                        broken.append(f"{name}: `{node.name}` already stands in {seen[key]}; import it from rwlib")
    return broken


def checks(notebook: Any) -> Iterator[tuple[str, str, int]]:
    """Yield (exercise number, what is checked, cell) for each call of a check."""
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            for chapter, place, argument in CHECK.findall(cell.source):
                yield f"{chapter}.{place}", argument, i


def _in_text(source: str) -> list[str]:
    broken = []
    prose = re.sub(r"<details>.*?</details>|\$\$.*?\$\$|^\|.*$|^#.*$", "", source, flags=re.DOTALL | re.MULTILINE)
    if (words := len(prose.split())) > MAX_WORDS:
        broken.append(f"{words} words, more than {MAX_WORDS}; aim at 13 to 30, details, tables and equations aside")
    for alt in re.findall(r"!\[(.*?)\]\(|<img(?![^>]*alt=\"[^\"]+\")", source):
        if not alt.strip():
            broken.append("a picture without alternative text")
    if SOMEBODYS_PATH.search(source):
        broken.append("a path of somebody's machine")
    return broken


def _in_code(source: str, number: str) -> list[str]:
    if any(line.lstrip().startswith(("!", "%")) for line in source.splitlines()) or "get_ipython" in source:
        return ["a shell or magic command; use Python"]
    lines = [line for line in source.splitlines() if line.strip() and line.strip() not in (BEGIN, END)]
    lines = [line for line in lines if not line.startswith(MARK)]
    broken = []
    if len(lines) > MAX_CODE_LINES:
        broken.append(f"{len(lines)} lines of code, more than {MAX_CODE_LINES}, blank lines and markers aside")
    if SOMEBODYS_PATH.search(source):
        broken.append("a path of somebody's machine")
    called = CHECK.findall(source)
    if called and (len(called) > 1 or has_solution(source)):
        broken.append("a check needs a cell of its own, or its box is not shown")
    for chapter, place, argument in called:
        if int(chapter) != int(number):
            broken.append(f"exercise {chapter}.{place} belongs to another notebook")
        if not argument.isidentifier():
            broken.append(f"check.ex_{chapter}_{place}({argument}): expected the plain name of the answer")
    for node in ast.walk(ast.parse(source)):
        broken += _in_node(node)
    return broken


def _in_node(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
        if any("pyplot" in name for name in names):
            return ["pyplot; draw on `matplotlib.figure.Figure` and show it with `figure(fig, alt=...)`"]
        if any(name.startswith("tqdm") for name in names):
            return ["tqdm; print a line instead, or give progress=False"]
    if not isinstance(node, ast.Call):
        return []
    broken = []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    arguments = {keyword.arg: keyword.value for keyword in node.keywords}
    alt = arguments.get("alt")
    if DRAWING.fullmatch(name) and None not in arguments:
        if alt is None or (isinstance(alt, ast.Constant) and not str(alt.value).strip()):
            broken.append(f"{name}(...) without alt=, a sentence that says what can be seen")
    for argument in COLOR_ARGUMENTS & set(arguments):
        if any(
            isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(arguments[argument])
        ):
            broken.append(f"{argument}= a raw colour; take one of rwlib.course.COLORS")
    if name == "plot" and any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in node.args):
        broken.append("plot(..., 'r--'): give color=COLORS[...] and linestyle=")
    return broken


def _without_docstring(node: ast.FunctionDef) -> list[ast.AST]:
    return node.body[1:] if ast.get_docstring(node) is not None else node.body
