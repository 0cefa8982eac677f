"""What can go wrong with an argument in a solution: it is left out, or another one stands in its place."""

import ast
from collections.abc import Callable, Iterator

from rwlib.course.checking.arithmetic import Edit, expression
from rwlib.course.checking.scope import Scope


def edits_of_name(node: ast.Name, scope: Scope, is_called: bool) -> Iterator[Edit]:
    """Yield what can go wrong with an argument's name at one of its places."""
    name = node.id
    for other in scope.arguments:
        if other != name and scope.is_like(name, other):
            yield f"`{other}` stands in the place of `{name}`", lambda n, other=other: ast.Name(other, ast.Load())
    if is_called or not scope.is_numeric(name):
        return
    if name == scope.mask:
        yield f"the mask is the other way round in one place: `1 - {name}` for `{name}`, or the reverse", _code("1 - x")
        yield f"the mask `{name}` is left out in one place: it counts as 1 everywhere", _code("torch.ones_like(x)")
        yield f"in one place nothing exists: the mask `{name}` counts as 0 everywhere", _code("torch.zeros_like(x)")
        yield f"every image gets the mask of the first one, not its own `{name}`", _code("x[:1]")
        return
    yield f"`{name}` is left out in one place", _code("0 * x")
    yield f"`{name}` plays no part in one place: it counts as 1", _code("x * 0 + 1")
    yield f"the sign of `{name}` is wrong in one place", _code("-x")
    yield f"`{name}` is taken without its sign (`abs`)", _code("abs(x)")
    yield f"`{name}` is squared", _code("x ** 2")
    yield f"`{name}` + 1 stands in the place of `{name}`", _code("x + 1")
    yield f"`{name}` − 1 stands in the place of `{name}`", _code("x - 1")
    yield f"`{name}` is averaged over the batch, and each image should keep its own", _code("x.mean(0, keepdim=True)")
    yield f"the first image of `{name}` stands for the whole batch", _code("x[:1]")
    yield f"each channel's mean is subtracted from `{name}`", _code("x - x.mean((2, 3), keepdim=True)")
    yield f"the mean over the channels is subtracted from `{name}`", _code("x - x.mean(1, keepdim=True)")
    yield f"`{name}` is brought to length 1 over its channels", _code("torch.nn.functional.normalize(x, dim=1)")
    yield f"the last two axes of `{name}` are exchanged", _code("x.mT")
    yield f"only the first entry of `{name}` is used", _code("x[:1]")
    yield f"the last entry of `{name}` is not used", _code("x[:-1]")
    yield f"the entries of `{name}` come in the reverse order", _code("x[::-1]")
    if scope.mask in scope.arguments:
        yield f"`{name}` counts in the existing region alone, in one place", _code(f"x * {scope.mask}")
        yield f"`{name}` counts in the hole alone, in one place", _code(f"x * (1 - {scope.mask})")


def edits_of_variable(node: ast.Name, scope: Scope) -> Iterator[Edit]:
    """Yield what can go wrong with a variable of the solution: an argument that it is made of stands in its place."""
    for name in scope.made_of.get(node.id, ()):
        if scope.is_numeric(name):
            yield (
                f"`{name}` itself stands in the place of a value that is made of it",
                lambda n, name=name: ast.Name(name, ast.Load()),
            )


def _code(code: str) -> Callable[[ast.expr], ast.expr]:
    return lambda n: expression(code, x=n)
