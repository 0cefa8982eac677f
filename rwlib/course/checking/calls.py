"""What can go wrong with a call in a solution: it is left out, another function is called, its axes are others."""

import ast
from collections.abc import Iterator
from typing import Any

from rwlib.course.checking import words
from rwlib.course.checking.arithmetic import Edit, expression
from rwlib.course.checking.scope import Scope

AXES = ("0", "1", "2", "-1", "(2, 3)", "(1, 2)", "(0, 1)", "(1, 2, 3)")


def edits_of_call(node: ast.Call, scope: Scope) -> Iterator[Edit]:
    """Yield what can go wrong with a call."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    is_method = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) not in words.MODULES
    if not is_method and (not node.args or isinstance(node.args[0], ast.Starred)):
        return
    if isinstance(node.func, ast.Name) and name in scope.arguments:
        yield f"`{name}` is left out: its argument itself stands there", lambda n: n.args[0]
    if name in words.WITHOUT:
        yield words.WITHOUT[name], lambda n: n.func.value if is_method else n.args[0]
    for other, text in words.INSTEAD.get(name, {}).items():
        yield text, lambda n, other=other: _renamed(n, other)
    if is_method and name in words.REDUCTIONS:
        yield from _of_reduction(node, name, scope)
    if is_method and isinstance(node.func.value, ast.Call):
        yield from _of_chain(node, name)
    if name in ("zeros_like", "reflect_conv2d"):
        yield from _of_convolution(node, name)
    if name == "range":
        yield "one step too many is taken in a loop", lambda n: _with_end(n, "x + 1")
        yield "one step too few is taken in a loop", lambda n: _with_end(n, "x - 1")
        yield "only the first step of a loop is taken", lambda n: _with_end(n, "min(1, x)")
        if len(node.args) == 3:
            yield (
                "what is left over at the end is lost, where the length is no multiple of the step",
                lambda n: ast.Call(
                    n.func, [n.args[0], expression("x - s + 1", x=n.args[1], s=n.args[2]), n.args[2]], []
                ),
            )
    yield from _of_arguments(node, name)
    yield from _of_keywords(node, name)


def _of_reduction(node: ast.Call, name: str, scope: Scope) -> Iterator[Edit]:
    what = f"`{name}`"
    if scope.mask in scope.arguments:
        yield f"{what} runs over the hole alone", lambda n: _with_value(n, f"x * (1 - {scope.mask})")
        yield f"{what} runs over the existing region alone", lambda n: _with_value(n, f"x * {scope.mask}")
    if node.args or node.keywords:
        yield (
            f"{what} runs over all axes, the batch's too: each image must be treated on its own",
            lambda n: ast.Call(n.func, [], []),
        )
    for axes in AXES:
        has_axes = node.args or any(keyword.arg == "dim" for keyword in node.keywords)
        text = "runs over the wrong axes" if has_axes else "leaves an axis over, such as that of the batch"
        yield f"{what} {text}", lambda n, axes=axes: _with_axes(n, axes)
    if node.args:
        yield f"{what} keeps its axis (`keepdim=True`)", lambda n: _with_keyword(n, "keepdim", True)
    yield f"{what} is taken after the absolute value, which is not wanted", lambda n: _with_value(n, "x.abs()")
    yield f"{what} is taken of squares", lambda n: _with_value(n, "x.square()")
    yield f"{what} is taken over the batch's images first", lambda n: _with_value(n, "x.sum(0, keepdim=True)")


def _of_chain(node: ast.Call, name: str) -> Iterator[Edit]:
    """Exchange two methods that are called one after the other: `x.abs().sum()` becomes `x.sum().abs()`."""
    inner = node.func.value
    if not isinstance(inner.func, ast.Attribute):
        return
    first = inner.func.attr
    text = f"`{name}` comes before `{first}`, not after it"
    if first in ("abs", "square") and name in ("sum", "mean"):
        text += ": what is of opposite sign has cancelled by then"

    def exchange(n: ast.Call) -> ast.Call:
        inner = n.func.value
        new = ast.Call(ast.Attribute(inner.func.value, name, ast.Load()), n.args, n.keywords)
        return ast.Call(ast.Attribute(new, first, ast.Load()), inner.args, inner.keywords)

    yield text, exchange


def _of_convolution(node: ast.Call, name: str) -> Iterator[Edit]:
    if name == "zeros_like":
        yield "a bias is added where none is wanted", lambda n: n.args[0]
    elif len(node.args) == 3:
        yield (
            "a convolution goes without its bias",
            lambda n: ast.Call(n.func, [*n.args[:2], expression("0 * b", b=n.args[2])], []),
        )
        padded = "torch.nn.functional.conv2d(x, W, b, padding=W.shape[-1] // 2)"
        yield (
            "the border is padded with zeros, not mirrored",
            lambda n: expression(padded, **dict(zip("xWb", n.args, strict=True))),
        )


def _of_arguments(node: ast.Call, name: str) -> Iterator[Edit]:
    starred = any(isinstance(part, ast.Starred) for part in node.args)
    if len(node.args) >= 2 and not starred and name not in ("range", "getattr", "zip", "min", "max"):
        for i in range(len(node.args) - 1):
            yield f"two arguments of `{name}` are exchanged", lambda n, i=i: _exchanged(n, i)
        for i in range(len(node.args)):
            for j in range(len(node.args)):
                if i != j:
                    yield f"`{name}` gets the same argument twice", lambda n, i=i, j=j: _repeated(n, i, j)
    if name in ("cat", "stack"):
        for dim in (0, 1, 2, -1):
            yield "the parts are put together along another axis (`dim`)", lambda n, d=dim: _with_keyword(n, "dim", d)
    if name in ("min", "max") and len(node.args) == 2:
        yield f"`{name}` is left out: always the first of the two", lambda n: n.args[0]
        yield f"`{name}` is left out: always the second of the two", lambda n: n.args[1]


def _of_keywords(node: ast.Call, name: str) -> Iterator[Edit]:
    for keyword in node.keywords:
        if keyword.arg == "mode" and isinstance(keyword.value, ast.Constant):
            for other, text in words.MODE.items():
                yield text, lambda n, other=other: _with_keyword(n, "mode", other)
        if keyword.arg == "dim" and name in ("softmax", "normalize", "chunk", "flip"):
            for dim in (0, 1, 2, 3, -1):
                text = f"`{name}` runs along the wrong axis (`dim`)"
                yield text, lambda n, dim=dim: _with_keyword(n, "dim", dim)
        if keyword.arg in words.OPTIONS:
            yield words.OPTIONS[keyword.arg], lambda n, arg=keyword.arg: _without_keyword(n, arg)


def _renamed(node: ast.Call, other: str) -> ast.Call:
    if not isinstance(node.func, ast.Attribute) or (other == "round" and ast.unparse(node.func.value) == "math"):
        return ast.Call(ast.Name(other, ast.Load()), node.args, node.keywords)
    args, keywords = node.args, node.keywords
    if other == "norm" and args:  # its first argument is no axis
        args, keywords = [], [*keywords, ast.keyword("dim", args[0])]
    return ast.Call(ast.Attribute(node.func.value, other, ast.Load()), args, keywords)


def _with_value(node: ast.Call, code: str) -> ast.Call:
    value = expression(code, x=node.func.value)
    return ast.Call(ast.Attribute(value, node.func.attr, ast.Load()), node.args, node.keywords)


def _with_axes(node: ast.Call, axes: str) -> ast.Call:
    node = _without_keyword(node, "dim")
    return ast.Call(node.func, [expression(axes), *node.args[1:]], node.keywords)


def _with_end(node: ast.Call, code: str) -> ast.Call:
    place = min(1, len(node.args) - 1)
    args = [expression(code, x=part) if i == place else part for i, part in enumerate(node.args)]
    return ast.Call(node.func, args, node.keywords)


def _exchanged(node: ast.Call, i: int) -> ast.Call:
    args = list(node.args)
    args[i], args[i + 1] = args[i + 1], args[i]
    return ast.Call(node.func, args, node.keywords)


def _repeated(node: ast.Call, i: int, j: int) -> ast.Call:
    return ast.Call(node.func, [node.args[i if k == j else k] for k in range(len(node.args))], node.keywords)


def _with_keyword(node: ast.Call, name: str, value: Any) -> ast.Call:
    node = _without_keyword(node, name)
    return ast.Call(node.func, node.args, [*node.keywords, ast.keyword(name, ast.Constant(value))])


def _without_keyword(node: ast.Call, name: str) -> ast.Call:
    return ast.Call(node.func, node.args, [keyword for keyword in node.keywords if keyword.arg != name])
