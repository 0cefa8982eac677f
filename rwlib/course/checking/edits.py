"""What can go wrong at one place of a solution: a sign, a name, a number, the order of two things."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

from rwlib.course.checking import words
from rwlib.course.checking.arithmetic import Edit, edits_of_operation, expression
from rwlib.course.checking.scope import Scope


def edits(node: ast.AST, scope: Scope) -> Iterator[Edit]:
    """Yield what can go wrong at a node of an expression, calls aside."""
    for kind, maker in _KINDS.items():
        if isinstance(node, kind):
            yield from maker(node, scope)


def _of_sign(node: ast.UnaryOp, scope: Scope) -> Iterator[Edit]:
    if isinstance(node.op, ast.USub):
        is_one = isinstance(node.operand, ast.Constant) and node.operand.value == 1
        what = "1 stands in the place of −1, which as an axis is the last" if is_one else "a minus sign is left out"
        yield what, lambda n: n.operand
    else:
        yield "a truth value is inverted", lambda n: n.operand


def _of_constant(node: ast.Constant, scope: Scope) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    others = [*words.NUMBERS.get(value, ()), value + 1, value - 1, 2 * value]
    if isinstance(value, float) or value % 2 == 0:
        others.append(value / 2 if value % 2 else value // 2)
    others += [0, 1, 2, 3] if isinstance(value, int) and abs(value) < 4 else []
    for other in dict.fromkeys(others):
        if other != value:
            yield f"{other:.6g} stands in the place of {value:.6g}", lambda n, other=other: ast.Constant(other)


def _of_comparison(node: ast.Compare, scope: Scope) -> Iterator[Edit]:
    pairs = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
    reverse = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
    kind = type(node.ops[0])
    if kind in pairs:
        yield (
            "equality belongs to the other side of a comparison (`<` or `<=`), one step early or late",
            lambda n: ast.Compare(n.left, [pairs[kind]()], n.comparators),
        )
    if kind in reverse:
        yield "a comparison is the other way round", lambda n: ast.Compare(n.left, [reverse[kind]()], n.comparators)
        if kind in pairs:
            turned = pairs[reverse[kind]]
            yield "a comparison is the other way round", lambda n: ast.Compare(n.left, [turned()], n.comparators)
    if kind is ast.NotEq:
        yield (
            "only what is positive counts, not all that is not 0",
            lambda n: ast.Compare(n.left, [ast.Gt()], n.comparators),
        )


def _of_condition(node: ast.IfExp, scope: Scope) -> Iterator[Edit]:
    about = scope.about(node.test)
    of = f" that asks for {about}" if about else ""
    yield f"the two cases of the distinction{of} are exchanged", lambda n: ast.IfExp(n.test, n.orelse, n.body)
    yield f"the distinction{of} is left out: always its first case", lambda n: n.body
    yield f"the distinction{of} is left out: always its second case", lambda n: n.orelse


def _of_sequence(node: ast.Tuple | ast.List, scope: Scope) -> Iterator[Edit]:
    if not isinstance(node.ctx, ast.Load) or any(isinstance(part, ast.Constant | ast.Slice) for part in node.elts):
        return
    size = len(node.elts)
    for i in range(size):
        for j in range(i + 1, size):
            yield (
                "the parts come in another order: two of them are exchanged",
                lambda n, i=i, j=j: type(n)([n.elts[{i: j, j: i}.get(k, k)] for k in range(size)], n.ctx),
            )
            yield "one part stands there twice", lambda n, i=i, j=j: _repeated(n, i, j)
            yield "one part stands there twice", lambda n, i=i, j=j: _repeated(n, j, i)
    if size > 2:
        for i in range(size):
            about = scope.about(node.elts[i])
            yield (
                f"one part is left out{f': {about}' if about else ''}",
                lambda n, i=i: type(n)([part for k, part in enumerate(n.elts) if k != i], n.ctx),
            )


def _repeated(node: ast.Tuple | ast.List, i: int, j: int) -> ast.expr:
    return type(node)([node.elts[i if k == j else k] for k in range(len(node.elts))], node.ctx)


def _of_attribute(node: ast.Attribute, scope: Scope) -> Iterator[Edit]:
    if node.attr in ("T", "mT"):
        yield "a transpose is left out", lambda n: n.value
    call = node.value
    if isinstance(call, ast.Name) and call.id in scope.made_of and node.attr.startswith("I_"):
        for name in scope.arguments:
            if name != scope.mask and scope.kinds.get(name, "tensor") == "tensor":
                yield f"`{name}` stands in the place of `{node.attr}`", lambda n, name=name: expression(name)
    if node.attr == "values" and isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        yield words.WITHOUT.get(call.func.attr, f"`{call.func.attr}` is left out"), lambda n: n.value.func.value


def _of_subscript(node: ast.Subscript, scope: Scope) -> Iterator[Edit]:
    call = node.value
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in scope.arguments:
        yield f"`{call.func.id}` is left out: its argument itself stands there", lambda n: n.value.args[0]
    if isinstance(call, ast.Attribute) and call.attr == "shape" and isinstance(node.slice, ast.Constant):
        for name in scope.arguments:
            if scope.kinds.get(name) == "tensor":
                for axis in (-1, -2):
                    yield (
                        f"a size of `{name}` stands in the place of another size, such as that of a result",
                        lambda n, name=name, axis=axis: expression(f"{name}.shape[{axis}]"),
                    )


_KINDS: dict[Any, Callable[[Any, Scope], Iterator[Edit]]] = {
    ast.BinOp: edits_of_operation,
    ast.UnaryOp: _of_sign,
    ast.Constant: _of_constant,
    ast.Compare: _of_comparison,
    ast.IfExp: _of_condition,
    ast.Tuple | ast.List: _of_sequence,
    ast.Attribute: _of_attribute,
    ast.Subscript: _of_subscript,
}
