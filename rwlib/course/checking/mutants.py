"""The right answer with one thing wrong in it, made by the hundred: which of them does what the learner's does?

A wrong answer is rarely an idea of its own. Mostly it is the right one without the absolute value, with a sum for a
mean, with one name in the place of another. So each step of a solution is left out or exchanged in turn, and the
result is compared with the learner's, however that is written. What is said names the step; the solution is never
printed.
"""

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType
from typing import Any, NamedTuple

from rwlib.course.checking.calls import edits_of_call
from rwlib.course.checking.edits import edits
from rwlib.course.checking.names import edits_of_name, edits_of_variable
from rwlib.course.checking.scope import Scope, arguments_in
from rwlib.course.checking.solutions import Solution


class Mutant(NamedTuple):
    """A solution with one thing wrong in it."""

    text: str
    """What is wrong, to go on after "That comes out if"."""
    function: Callable


class _Change(NamedTuple):
    """One place to change."""

    text: str
    node: ast.AST
    make: Callable[[Any], Any]
    """Takes a copy of the node; returns what comes in its place: a node, or statements."""


def mutants(solution: Solution, mask: str = "M", kinds: Mapping[str, str] | None = None) -> Iterator[Mutant]:
    """Yield the solution's mutants, each once; at last those with the same change in several places.

    Args:
        solution: of a function.
        mask: name of the argument that is a mask.
        kinds: what each argument is, as in `Scope`, if that is known: then fewer mutants are made that only fail.

    None are made of a class, or of a function with `while`, which a change could keep from ending.
    """
    tree = ast.parse(solution.before + solution.body)
    function = tree.body[0]
    if not isinstance(function, ast.FunctionDef) or any(isinstance(node, ast.While) for node in ast.walk(tree)):
        return
    arguments = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    scope = Scope(tuple(arguments), mask, arguments_in(function, arguments), kinds or {})
    changes = list(_changes(function, scope))
    together: dict[str, list[_Change]] = {}
    for change in changes:
        together.setdefault(change.text, []).append(change)
    space = solution.space("import torch\nimport torch.nn.functional as F")
    places = _places(tree)
    seen: set[tuple] = set()
    groups = [[change] for change in changes]
    for group in together.values():
        if len(group) > 1:
            groups.append(group)
            groups += [part for part in _by_statement(function, group) if 1 < len(part) < len(group)]
    for group in sorted(groups, key=lambda group: rank(group[0].text)):
        text = group[0].text if len(group) == 1 else group[0].text.replace(" in one place", "")
        try:
            code = _changed(tree, group, places, seen, f"<mutant of exercise {solution.number}>")
        except (SyntaxError, ValueError, TypeError, RecursionError):  # a change that cannot be made in this place
            continue
        if code is not None:
            inside = dict(space)
            exec(code, inside)  # noqa: S102
            yield Mutant(text, inside[solution.name])


def _by_statement(function: ast.FunctionDef, group: Sequence[_Change]) -> list[list[_Change]]:
    """Return those changes of a group together that are made in one statement."""
    lines: dict[int, list[_Change]] = {}
    for change in group:
        line = getattr(change.node, "lineno", 0)
        statement = max(
            (s.lineno for s in ast.walk(function) if isinstance(s, ast.stmt) and s.lineno <= line), default=0
        )
        lines.setdefault(statement, []).append(change)
    return list(lines.values())


def rank(text: str) -> int:
    """Return how far-fetched a mistake is: where two do the same, the likelier is told."""
    return next((rank for rank, parts in enumerate(_FAR_FETCHED, 1) if any(part in text for part in parts)), 0)


_FAR_FETCHED = (
    (
        "counts as 1",
        "the sign of",
        "without its sign",
        "is squared",
        "averaged over",
        "first image",
        "is left out in one",
    ),
    (
        "+ 1 stands",
        "− 1 stands",
        "length 1",
        "is subtracted from",
        "is exchanged",
        "entry of",
        "entries of",
        "wrong axes",
    ),
    ("the largest value", "a product", "a median", "same argument twice", "wrong order", "batch's images first"),
    tuple(f"{digit} stands in the place of" for digit in "0123456789"),
)
"""Parts of texts, from the likelier to the far-fetched."""


def _places(tree: ast.AST) -> dict[int, tuple[ast.AST, str, int | None]]:
    """Return where each node stands: in which parent, in which of its fields, and where in a list."""
    places: dict[int, tuple[ast.AST, str, int | None]] = {}
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST):
                places[id(value)] = parent, field, None
            elif isinstance(value, list):
                places.update({id(node): (parent, field, i) for i, node in enumerate(value)})
    return places


def _changed(tree: ast.Module, group: Sequence[_Change], places: dict, seen: set[tuple], name: str) -> CodeType | None:
    """Compile the tree with some nodes changed, and leave it as it was; None if that was made before.

    The tree is changed in place and back again: copies of it would take longer than all the rest.
    """
    made = [(change.node, change.make(copy.deepcopy(change.node))) for change in group]
    texts = [(ast.unparse(old), ast.unparse(ast.fix_missing_locations(new))) for old, new in made]
    key = tuple((id(old), text) for (old, _), (_, text) in zip(made, texts, strict=True))
    if key in seen or all(old == new for old, new in texts):
        return None
    seen.add(key)
    try:
        for old, new in made:
            _put(places[id(old)], ast.copy_location(new, old))
        return compile(ast.fix_missing_locations(tree), name, "exec")
    finally:
        for old, _ in made:
            _put(places[id(old)], old)


def _put(place: tuple[ast.AST, str, int | None], node: ast.AST) -> None:
    parent, field, i = place
    if i is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[i] = node


def _changes(function: ast.FunctionDef, scope: Scope) -> Iterator[_Change]:
    """Yield every change that is tried."""
    docstring = ast.get_docstring(function) is not None
    statements = function.body[docstring:]
    yield from _of_body(function, statements, scope)
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.For | ast.If):
            yield from _of_body(node, node.body, scope)
        if isinstance(node, ast.For) and isinstance(statements[-1], ast.Return):
            end = statements[-1]
            yield _Change(
                "`return` stands inside the loop, so that only its first turn counts",
                node,
                lambda n, end=end: ast.For(n.target, n.iter, [*n.body, copy.deepcopy(end)], n.orelse),
            )
        if isinstance(node, ast.Return) and node.value is not None:
            for name in scope.made_of:
                if ast.unparse(node.value) != name:
                    yield _Change(
                        "a value on the way is returned, not the one at the end",
                        node,
                        lambda n, name=name: ast.Return(ast.Name(name, ast.Load())),
                    )
        if isinstance(node, ast.Break):
            yield _Change("the loop goes on where it must stop (`break`)", node, lambda n: ast.Continue())
        if isinstance(node, ast.Call):
            yield from (_Change(text, node, make) for text, make in edits_of_call(node, scope))
        yield from (_Change(text, node, make) for text, make in edits(node, scope))
    called = {id(n.func) for n in ast.walk(function) if isinstance(n, ast.Call)}
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in scope.arguments:
            yield from (_Change(text, node, make) for text, make in edits_of_name(node, scope, id(node) in called))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called:
            yield from (_Change(text, node, make) for text, make in edits_of_variable(node, scope))


def _of_body(parent: ast.AST, statements: Sequence[ast.stmt], scope: Scope) -> Iterator[_Change]:
    """Leave out a statement that is not needed to run, or exchange two."""
    for node in statements:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = node.value.func.attr if isinstance(node.value.func, ast.Attribute) else ast.unparse(node.value.func)
            yield _Change(f"`{name}` is never called", node, lambda n: ast.Pass())
        elif isinstance(node, ast.AugAssign):
            about = scope.about(node.value)
            what = f"a step is left out{f': the one with {about}' if about else ''}"
            yield _Change(what, node, lambda n: ast.Pass())
            yield _Change(
                f"a running value is set anew in each turn, not changed{f': the one with {about}' if about else ''}",
                node,
                lambda n: ast.Assign([n.target], n.value),
            )
            for op in (ast.Add, ast.Mult, ast.Sub):
                if not isinstance(node.op, op):
                    yield _Change(
                        "a running value is changed by another operation (`+=`, `*=`)",
                        node,
                        lambda n, op=op: ast.AugAssign(n.target, op(), n.value),
                    )
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, about = node.targets[0].id, scope.about(node.value)
            if name in scope.arguments or any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node.value)):
                yield _Change(
                    f"a step is left out{f': the one with {about}' if about else ''}", node, lambda n: ast.Pass()
                )
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            yield _Change("an assignment is left out", node, lambda n: ast.Pass())
    shift = len(parent.body) - len(statements)
    for i in range(len(statements) - 1):
        for j in range(i + 1, len(statements)):
            if not isinstance(statements[j], ast.Return):
                names = [_called(statement) for statement in (statements[i], statements[j])]
                what = (
                    f"`{names[1]}` comes before `{names[0]}`, not after it"
                    if all(names)
                    else "two steps are taken in the wrong order"
                )
                yield _Change(what, parent, lambda n, i=i + shift, j=j + shift: _moved(n, i, j))


def _called(node: ast.stmt) -> str:
    """Return the method that a statement is all about: `step` for `opt_G.step()`."""
    is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    return node.value.func.attr if is_call and isinstance(node.value.func, ast.Attribute) else ""


def _moved(node: Any, i: int, j: int) -> Any:
    """Put statement j before statement i."""
    node.body.insert(i, node.body.pop(j))
    return node
