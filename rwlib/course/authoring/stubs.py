"""Cut solutions out of a notebook's cells and leave stubs that say what to do.

The markers are nbgrader's, so its own tools work on the notebooks with solutions too. nbgrader itself is not needed: it
brings a database and a second notebook server along, and its stub is the same line everywhere, while ours says what the
exercise asks for.
"""

import ast
import textwrap

from rwlib.conventions import InputError
from rwlib.course.checking.solutions import BEGIN, END, EXERCISE


def has_solution(source: str) -> bool:
    """Whether a cell holds a solution."""
    return BEGIN in source


def clear(source: str) -> str:
    r"""Return a cell with a stub in place of each solution.

    Inside a function the stub raises `NotImplementedError` with the first line of the docstring, which begins with
    `Exercise N.M: `; outside, every name that the solution assigns becomes `name = ...`.

    Raises:
        InputError: markers without their partner, or no such docstring.

    Example:
        >>> print(clear("### BEGIN SOLUTION\nanswer = 3\n### END SOLUTION"))
        answer = ...
    """
    lines, cleared, begin = source.split("\n"), [], None
    for i, line in enumerate(lines):
        if line.strip() == BEGIN:
            if begin is not None:
                raise InputError(f"line {i + 1}: {BEGIN} inside a solution")
            begin = i
        elif line.strip() == END:
            if begin is None:
                raise InputError(f"line {i + 1}: {END} without {BEGIN}")
            cleared += _stub(source, lines, begin, i)
            begin = None
        elif begin is None:
            cleared.append(line)
    if begin is not None:
        raise InputError(f"line {begin + 1}: {BEGIN} without {END}")
    return "\n".join(cleared)


def _stub(source: str, lines: list[str], begin: int, end: int) -> list[str]:
    indent = lines[begin][: len(lines[begin]) - len(lines[begin].lstrip())]
    if not indent:
        return [f"{name} = ..." for name in _assigned("\n".join(lines[begin + 1 : end]))]
    what = _what_to_do(source, begin + 1)
    quoted = f"'{what}'" if '"' in what else f'"{what}"'
    line = f"{indent}raise NotImplementedError({quoted})"
    if len(line) <= 120:
        return [line]
    return [f"{indent}raise NotImplementedError(", f"{indent}    {quoted}", f"{indent})"]


def _assigned(solution: str) -> list[str]:
    """Return the names that top-level statements assign, in order."""
    names = []
    for node in ast.parse(textwrap.dedent(solution)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            raise InputError(f"{node.name}: put the markers inside the function, below its docstring")
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    if not names:
        raise InputError("a solution outside a function: expected it to assign a name")
    return list(dict.fromkeys(names))


def _what_to_do(source: str, line: int) -> str:
    """Return the first docstring line, `Exercise N.M: ...`, of the innermost definition around a line."""
    around = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.lineno <= line <= node.end_lineno
    ]
    for node in sorted(around, key=lambda node: -node.lineno):
        summary = (ast.get_docstring(node) or "").split("\n")[0]
        if EXERCISE.match(summary):
            return summary
    name = around[-1].name if around else f"line {line}"
    raise InputError(f'{name}: expected a docstring that begins with "Exercise N.M: ", it becomes the stub\'s message')
