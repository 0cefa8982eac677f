"""The copy of rwlib that a learner's process imports: no solutions, mistakes or hints, and checks that judge nothing.

An exercise keeps what is needed to call an answer: its `cases` and its `call`, and whatever these use. A complaint that
a `call` makes is its name alone there, `WHOLE = Complaint("WHOLE")`; the grader knows the text.
"""

import ast
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

import rwlib

PACKAGE = Path(rwlib.__file__).parent
KEPT = {"number", "title", "cases", "call"}
LEFT_OUT = {"authoring", "grading", "source", "site"}
"""Folders of `rwlib/course/` that make or judge notebooks."""
AT_THE_FENCE = ("__init__.py", "fence.py", "wire.py", "runner.py")
SYSTEM = (
    *("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/proc", "/sys/devices/system"),
    *(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")),
    *(
        f"/etc/{name}"
        for name in ("ld.so.cache", "fonts", "localtime", "passwd", "group", "nsswitch.conf", "os-release")
    ),
)


def make_edition(folder: Path) -> Path:
    """Write the learners' edition of rwlib.

    Args:
        folder: where; must not be there yet.

    Returns:
        The script that starts a learner's process.
    """
    course = PACKAGE / "course"
    shutil.copytree(PACKAGE, folder / "rwlib", ignore=_left_out, symlinks=True)
    for file in sorted((course / "exercises").glob("nb*.py")):
        (folder / "rwlib" / "course" / "exercises" / file.name).write_text(bare(file.read_text("utf-8")), "utf-8")
    grading = folder / "rwlib" / "course" / "grading"
    grading.mkdir()
    for name in AT_THE_FENCE:
        shutil.copy2(course / "grading" / name, grading / name)
    shutil.copy2(course / "grading" / "silent_check.py", folder / "rwlib" / "course" / "checking" / "check.py")
    return grading / "runner.py"


def bare(source: str) -> str:
    r"""Return a module of exercises with nothing in it but what it takes to call an answer.

    Example:
        >>> print(bare("def f(): ...\ndef g(): ...\nEXERCISES = [Exercise(number='2.1', cases=f, judge=g)]"))
        def f():
            ...
        EXERCISES = [Exercise(number='2.1', cases=f, mistakes={}, hints=())]
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Exercise":
            named = dict(zip(("number", "title"), node.args, strict=False))
            keywords = [ast.keyword(name, value) for name, value in named.items()]
            keywords += [keyword for keyword in node.keywords if keyword.arg in KEPT]
            empty = [ast.keyword("mistakes", ast.Dict([], [])), ast.keyword("hints", ast.Tuple([], ast.Load()))]
            node.args, node.keywords = [], [*keywords, *empty]
    for one in tree.body:
        called = getattr(getattr(one, "value", None), "func", None)
        if isinstance(one, ast.Assign) and getattr(called, "id", "") == "Complaint":
            one.value.args = [ast.Constant(one.targets[0].id)]
    statements, before = tree.body, 0
    while len(statements) != before:
        before = len(statements)
        used = {node.id for one in statements for node in _uses(one)}
        statements = [one for one in statements if not (names := _defines(one)) or names & used or "EXERCISES" in names]
    return ast.unparse(ast.Module(statements, type_ignores=[]))


def hidden() -> list[Path]:
    """Return what of this installation holds solutions: the package, and the clone around it if it is one."""
    root = PACKAGE.parent
    return [PACKAGE, root] if (root / "notebooks").is_dir() else [PACKAGE]


def readable(closed: Iterable[Path]) -> list[str]:
    """Return the files and folders that a learner's process needs to read: Python, its packages and the system's.

    Args:
        closed: files and folders that stay out of reach although they lie in one of these.
    """
    closed = {path.resolve() for path in [*closed, *hidden()]}
    roots = {sys.prefix, sys.base_prefix, sys.exec_prefix, *map(sysconfig.get_path, ("stdlib", "purelib", "platlib"))}
    roots |= {path for path in sys.path if path.endswith(("site-packages", "dist-packages"))}
    paths = [path for root in sorted(roots | set(SYSTEM)) for path in _without(Path(root), closed)]
    return sorted({str(path) for path in paths})


def _left_out(folder: str, names: list[str]) -> set[str]:
    here = Path(folder)
    if here == PACKAGE / "course":
        return LEFT_OUT & set(names)
    if here == PACKAGE / "course" / "checking":
        return {"source", "check.py"} & set(names)
    if here == PACKAGE / "course" / "exercises":
        return {name for name in names if name.startswith("nb")} | ({"__pycache__"} & set(names))
    return set()


def _uses(statement: ast.stmt) -> Iterator[ast.Name]:
    """Yield the names that a statement reads, a function's own name inside it aside."""
    own = _defines(statement)
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not (isinstance(node.ctx, ast.Store) or node.id in own):
            yield node


def _defines(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return set()


def _without(root: Path, closed: set[Path]) -> Iterator[Path]:
    """Yield a folder, or where something in it is closed, everything else in it."""
    if not root.exists() or root.resolve() in closed:
        return
    real = root.resolve()
    if any(real in path.parents for path in closed):
        for child in sorted(real.iterdir()):
            yield from _without(child, closed)
    else:
        yield root
