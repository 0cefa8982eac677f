"""What can go wrong with an operator: a term, a factor, a sign, a fraction, a product of matrices, brackets."""

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any

from rwlib.course.checking import words
from rwlib.course.checking.scope import Scope

Edit = tuple[str, Callable[[Any], Any]]
"""What went wrong, in words, and a function that makes it so of a copy of the node."""


def expression(code: str, **parts: ast.expr) -> ast.expr:
    """Return the expression `code`, with parts in the place of names."""

    class Filler(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return parts.get(node.id, node)

    return Filler().visit(ast.parse(code, mode="eval").body)


def sides(code: str) -> Callable[[ast.BinOp], ast.expr]:
    """Return what makes the expression `code` of an operation, whose left side is x and whose right side is y."""
    return lambda n: expression(code, x=n.left, y=n.right)


def edits_of_operation(node: ast.BinOp, scope: Scope) -> Iterator[Edit]:
    """Yield what can go wrong with an operator and its two sides."""
    left, right = scope.about(node.left, node.right), scope.about(node.right, node.left)
    if isinstance(node.op, ast.Add | ast.Sub):
        yield from _of_sum(node, scope, left, right)
    if isinstance(node.op, ast.Mult):
        yield _factor(node.right, right, scope), lambda n: n.left
        yield _factor(node.left, left, scope), lambda n: n.right
        yield "it is divided where it should be multiplied", sides("x / y")
        yield "it is divided where it should be multiplied", sides("y / x")
        yield f"two things are added where they should be multiplied{_with(right)}", sides("x + y")
    if isinstance(node.op, ast.Div | ast.FloorDiv):
        what = f"a division is left out{_by(node.right, right)}"
        yield what, lambda n: n.left
        yield "it is multiplied where it should be divided", sides("x * y")
        yield "a fraction is upside down", _exchanged
        yield f"the divisor{_of(right)} is squared", lambda n: ast.BinOp(n.left, n.op, expression("x ** 2", x=n.right))
        yield (
            f"the root of the divisor{_of(right)} is taken",
            lambda n: ast.BinOp(n.left, n.op, expression("x ** 0.5", x=n.right)),
        )
        if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Mult):
            yield "brackets are missing: the first factor of a divisor divides, and the others multiply", _divided_once
        if isinstance(node.op, ast.FloorDiv):
            yield "it is rounded to the nearest whole number, not down", sides("round(x / y)")
            yield "it is rounded up, not down", sides("-(-(x / y) // 1)")
            yield "rounding down is left out (`/` for `//`)", sides("x / y")
        if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Add | ast.Sub):
            yield (
                "only the last term is divided: brackets are missing",
                lambda n: ast.BinOp(n.left.left, n.left.op, ast.BinOp(n.left.right, n.op, n.right)),
            )
    if isinstance(node.op, ast.Pow) and ast.unparse(node.right) == "2":
        yield "a square is left out", lambda n: n.left
        yield "an absolute value stands in the place of a square", sides("abs(x)")
    if isinstance(node.op, ast.Mod):
        yield "the remainder (`%`) is left out", lambda n: n.left
        yield "the quotient is taken, not the remainder", sides("x // y")
    if isinstance(node.op, ast.MatMult):
        yield "the two sides of a matrix product are exchanged", _exchanged
        yield "two matrices are added where their product should be taken", sides("x + y")
        yield "entries are multiplied one by one, which is no product of matrices", sides("x * y")
        yield "one side of a matrix product is used twice", sides("x @ x.mT")


def _divided_once(node: ast.BinOp) -> ast.BinOp:
    """Return a / b * c for a / (b * c)."""
    first, *others = _factors(node.right)
    new = ast.BinOp(node.left, node.op, first)
    for other in others:
        new = ast.BinOp(new, ast.Mult(), other)
    return new


def _factors(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors(node.left), *_factors(node.right)]
    return [node]


def _of_sum(node: ast.BinOp, scope: Scope, left: str, right: str) -> Iterator[Edit]:
    is_difference = isinstance(node.op, ast.Sub)
    if isinstance(node.left, ast.Constant) and is_difference:
        yield _taken_from(node, scope, right), lambda n: n.right
    if is_difference and isinstance(node.right, ast.Constant):
        yield f"`− {ast.unparse(node.right)}` is left out", lambda n: n.left
    yield f"a term is left out{_term(node.right, right)}", lambda n: n.left
    yield f"a term is left out{_term(node.left, left)}", lambda n: n.right
    other = ast.Add() if is_difference else ast.Sub()
    yield f"a sign is wrong{_with(right)}", lambda n: ast.BinOp(n.left, other, n.right)
    if is_difference:
        yield "a difference is taken the other way round, so its sign is wrong", _exchanged
    else:
        yield "two things are averaged where they should be added", lambda n: expression("x / 2", x=n)
        yield f"two things are multiplied where they should be added{_with(right)}", sides("x * y")
    terms = _terms(node)
    if len(terms) > 2:
        for i in range(len(terms)):
            yield "only one of several summands is there", lambda n, i=i: _terms(n)[i]
            for j in range(len(terms)):
                if i != j:
                    yield (
                        "one of several summands stands there twice, and another one is missing",
                        lambda n, i=i, j=j: _with_term_twice(n, i, j),
                    )
    if (chain := _same_chain(node.left, node.right)) and len(terms) < 3:
        names, what = " and ".join(f"`{name}`" for name in chain), "difference" if is_difference else "sum"
        yield f"{names} {'are' if len(chain) > 1 else 'is'} taken of the {what} of two things, not of each", _chained
    calls = [part for part in (node.left, node.right) if isinstance(part, ast.Call) and len(part.args) == 1]
    if len(calls) == 2 and ast.dump(calls[0].func) == ast.dump(calls[1].func):
        name, what = ast.unparse(calls[0].func), "difference" if is_difference else "sum"
        yield (
            f"`{name}` is taken of the {what}, and it should be the {what} of two results of `{name}`",
            lambda n: ast.Call(n.left.func, [ast.BinOp(n.left.args[0], n.op, n.right.args[0])], []),
        )


def _exchanged(node: ast.BinOp) -> ast.BinOp:
    return ast.BinOp(node.right, node.op, node.left)


def _terms(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_terms(node.left), *_terms(node.right)]
    return [node]


def _with_term_twice(node: ast.BinOp, i: int, j: int) -> ast.expr:
    """Put term j of a sum into the place of term i."""
    terms = _terms(node)
    terms[i] = copy.deepcopy(terms[j])
    new = terms[0]
    for term in terms[1:]:
        new = ast.BinOp(new, ast.Add(), term)
    return new


def _same_chain(left: ast.expr, right: ast.expr) -> list[str]:
    """Return the methods that both sides end with: `abs`, `sum` for `a.abs().sum() + b.abs().sum()`."""
    names = []
    while isinstance(left, ast.Call) and isinstance(right, ast.Call):
        if not isinstance(left.func, ast.Attribute) or not isinstance(right.func, ast.Attribute):
            break
        calls = [ast.dump(ast.Call(ast.Name(one.func.attr), one.args, one.keywords)) for one in (left, right)]
        if calls[0] != calls[1] or ast.unparse(left.func.value) in words.MODULES:
            break
        names.insert(0, left.func.attr)
        left, right = left.func.value, right.func.value
    return names if names != ["sum"] and names != ["mean"] and ast.dump(left) != ast.dump(right) else []


def _chained(node: ast.BinOp) -> ast.expr:
    """Return `(a + b).abs().sum()` for `a.abs().sum() + b.abs().sum()`."""
    left, right, calls = node.left, node.right, []
    for _ in _same_chain(node.left, node.right):
        calls.insert(0, left)
        left, right = left.func.value, right.func.value
    new = ast.BinOp(left, node.op, right)
    for call in calls:
        new = ast.Call(ast.Attribute(new, call.func.attr, ast.Load()), call.args, call.keywords)
    return new


def _taken_from(node: ast.BinOp, scope: Scope, right: str) -> str:
    k = ast.unparse(node.left)
    if scope.is_mask(node):
        return f"the mask is the other way round: `{scope.mask}` stands where `1 - {scope.mask}` belongs"
    if isinstance(node.right, ast.Name | ast.Attribute) and right:
        return f"`{k} -` is left out: {right} stands where it should be taken from {k}"
    return f"`{k} -` is left out: something should be taken from {k}{_with(right)}"


def _term(node: ast.expr, about: str) -> str:
    return f": the number {ast.unparse(node)}" if isinstance(node, ast.Constant) else _with(about)


def _with(about: str) -> str:
    return f": the one with {about}" if about else ""


def _of(about: str) -> str:
    return f" (with {about})" if about else ""


def _by(node: ast.expr, about: str) -> str:
    if isinstance(node, ast.Constant):
        return f" by {ast.unparse(node)}"
    return f" by something made of {about}" if about else ""


def _factor(node: ast.expr, about: str, scope: Scope) -> str:
    if scope.is_mask(node):
        return f"the mask `{scope.mask}` is left out, so that both regions count"
    if isinstance(node, ast.Constant):
        return f"the factor {ast.unparse(node)} is left out"
    if isinstance(node, ast.Attribute):
        return f"the factor `{node.attr}` is left out"
    if isinstance(node, ast.Name) and about:
        return f"the factor {about} is left out"
    return f"a factor is left out{_with(about)}"
