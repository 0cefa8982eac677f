"""What a teacher should look at in a notebook that was graded: answers that call rwlib, and words of somebody prying.

Only text is looked at. A note is a hint and costs no points: whoever wants to hide such a call can.
"""

import ast
import re
from collections.abc import Iterator, Sequence

from rwlib.course.checking.solutions import find_solution

PRYING = re.compile(
    r"RWLIB_STRICT|\bfind_solution\b|\bwrong_answers\b|notebooks/source|rwlib\.course\.(?:checking|exercises"
    r"|grading)|\bexercises\.find\b|_getframe|gc\.get_objects"
)


def prying(cells: Sequence[str]) -> list[str]:
    """Return one note for each word in a notebook that no answer needs.

    Example:
        >>> prying(["x = exercises.find('1.1').solution"])
        ['mentions `exercises.find`']
    """
    return [f"mentions `{word}`" for word in sorted({word for cell in cells for word in PRYING.findall(cell)})]


def borrowed(cells: Sequence[str], number: str, name: str) -> list[str]:
    """Return one note for each part of rwlib that an answer uses and the author's solution does not.

    Args:
        cells: the notebook's code.
        number: the exercise.
        name: what the answer is called.
    """
    trees = [tree for cell in cells if (tree := _parsed(cell)) is not None]
    imported = dict(pair for tree in trees for pair in _imports(tree))
    definitions = [(known, node) for tree in trees for node in tree.body for known in _defined(node)]
    wanted, seen, used = [name], set(), set()
    while wanted:
        one = wanted.pop()
        seen.add(one)
        for known, node in definitions:
            if known == one:
                names = _free(node) | {found for found, _ in _imports(node)}
                used |= {_whole(node, found, origin) for found in names if (origin := imported.get(found))}
                wanted += [found for found in names if found not in seen and found not in wanted]
    solution = find_solution(number)
    allowed = set(re.findall(r"\w+", solution.body + solution.before))
    return [f"uses `{origin}`" for origin in sorted(used) if origin.split(".")[-1] not in allowed]


def _parsed(cell: str) -> ast.Module | None:
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in cell.splitlines()]
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield each name that stands for something of rwlib, with where it comes from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rwlib":
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "rwlib":
                    yield alias.asname or "rwlib", alias.name if alias.asname else "rwlib"


def _free(node: ast.AST) -> set[str]:
    """Return the names that a definition reads and does not bind itself, as a parameter or by an assignment."""
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    bound = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    if not isinstance(node, ast.Assign):
        bound |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return {name.id for name in names if isinstance(name.ctx, ast.Load)} - bound


def _defined(node: ast.stmt) -> set[str]:
    """Return the names of what can be called: functions, classes, and other names for them; no data."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if not isinstance(getattr(node, "value", None), ast.Lambda | ast.Name | ast.Attribute):
        return set()
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {part.id for target in targets if target for part in ast.walk(target) if isinstance(part, ast.Name)}


def _whole(node: ast.AST, name: str, origin: str) -> str:
    """Return `rwlib.masks.hole_fraction` where `masks` alone was imported."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == name:
            return f"{origin}.{part.attr}"
    return origin
