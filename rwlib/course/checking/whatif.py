"""The solution with one of its values changed while it runs: squared, of the wrong sign, three times as large, ...

Mutants (`rwlib.course.checking.mutants`) change the text of a solution. Here the text stays: every value on the way to
the result passes through a probe, which may change one of them. One compiled function stands for hundreds of mistakes,
and a factor need not be guessed: it is solved for, from what the answer returned.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rwlib.course.checking import words
from rwlib.course.checking.rows import is_real
from rwlib.course.checking.scope import Scope, arguments_in
from rwlib.course.checking.solutions import Solution

PROBE = "_probe"


class Probe:
    """What every value passes through."""

    def __init__(self) -> None:
        """Change nothing."""
        self.place, self.change, self.seen = -1, None, None

    def __call__(self, place: int, value: Any) -> Any:
        """Return the value, or what it is changed into in the chosen place."""
        if self.seen is not None:
            self.seen.setdefault(place, []).append(value)
        return self.change(value) if place == self.place else value


class Probed(NamedTuple):
    """A solution with probes in it."""

    function: Callable
    probe: Probe
    texts: tuple[str, ...]
    """What each place is called."""
    numbers: tuple[float | None, ...]
    """The number that stands in a place, if one does."""

    def changed(self, place: int, change: Callable[[Any], Any]) -> Callable:
        """Return the solution with one value changed."""

        def function(*args: Any, **kwargs: Any) -> Any:
            self.probe.place, self.probe.change = place, change
            try:
                return self.function(*args, **kwargs)
            finally:
                self.probe.place = -1

        return function


def probed(solution: Solution, mask: str = "M") -> Probed | None:
    """Return the solution with a probe around each of its values; None of a class, or of a loop that may not end."""
    tree = ast.parse(solution.before + solution.body)
    function = tree.body[0]
    if not isinstance(function, ast.FunctionDef) or any(isinstance(node, ast.While) for node in ast.walk(tree)):
        return None
    arguments = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    scope = Scope(tuple(arguments), mask, arguments_in(function, arguments))
    wrapper = _Wrapper(scope)
    docstring = ast.get_docstring(function) is not None
    function.body[docstring:] = [wrapper.visit(statement) for statement in function.body[docstring:]]
    space = solution.space("import torch")
    probe = space[PROBE] = Probe()
    exec(compile(ast.fix_missing_locations(tree), f"<probes of exercise {solution.number}>", "exec"), space)  # noqa: S102
    return Probed(space[solution.name], probe, tuple(wrapper.texts), tuple(wrapper.numbers))


class _Wrapper(ast.NodeTransformer):
    """Puts `_probe(i, ...)` around values."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.texts, self.numbers = scope, [], []
        self.known = {*scope.arguments, *scope.made_of}

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            new = ast.Subscript(self.visit(node.value), node.slice, node.ctx)
        elif isinstance(node, ast.Call):
            func = node.func
            if isinstance(func, ast.Attribute) and ast.unparse(func.value) not in words.MODULES:
                func = ast.Attribute(self.visit(func.value), func.attr, func.ctx)
            args = [part if isinstance(part, ast.Constant) else self.visit(part) for part in node.args]
            new = ast.Call(func, args, node.keywords)
        elif isinstance(node, ast.AugAssign):
            return ast.AugAssign(node.target, node.op, self.visit(node.value))
        else:
            new = self.generic_visit(node)
        return self._around(node, new) if self._is_value(node) else new

    def _is_value(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            return isinstance(node.ctx, ast.Load) and node.id in self.known
        if isinstance(node, ast.Constant):
            return is_real(node.value)
        is_read = isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        return isinstance(node, ast.BinOp | ast.UnaryOp | ast.Call | ast.Subscript) and is_read

    def _around(self, node: ast.AST, new: ast.expr) -> ast.expr:
        self.texts.append(self._text(node))
        self.numbers.append(node.value if isinstance(node, ast.Constant) else None)
        return ast.Call(ast.Name(PROBE, ast.Load()), [ast.Constant(len(self.texts) - 1), new], [])

    def _text(self, node: ast.AST) -> str:
        if isinstance(node, ast.Constant):
            return f"the number {node.value}"
        if isinstance(node, ast.Name) and node.id in self.scope.arguments:
            return f"`{node.id}`"
        about = self.scope.about(node)
        of = f" (with {about})" if about else ""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self.scope.arguments:
            return f"what `{node.func.id}` returns"
        if isinstance(node, ast.BinOp):
            names = {ast.Add: "a sum", ast.Sub: "a difference", ast.Mult: "a product", ast.Div: "a quotient"}
            names |= {ast.MatMult: "a matrix product", ast.Pow: "a power"}
            return f"{names.get(type(node.op), 'a value')}{of}"
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            return f"{words.NOUNS.get(name, 'a value')}{of}"
        return f"a value{of}"


# --- what may be done to a value

Change = tuple[str, Callable[[Any], Any]]
"""What is said of a place, and what is done to its value."""

_BOTH: tuple[Change, ...] = (
    ("{x} is squared", lambda x: x**2),
    ("the absolute value of {x} is taken", abs),
    ("the sign of {x} is wrong", lambda x: -x),
    ("{x} counts twice", lambda x: 2 * x),
    ("{x} is halved", lambda x: x / 2),
    ("1 − x stands in the place of x, with x for {x}", lambda x: 1 - x),
    ("1 is added to {x}", lambda x: x + 1),
    ("1 is subtracted from {x}", lambda x: x - 1),
    ("1 divided by x stands in the place of x, with x for {x}", lambda x: 1 / x),
    ("the root of {x} is taken", lambda x: x**0.5),
    ("{x} is raised to the third power", lambda x: x**3),
)

_TENSOR: tuple[Change, ...] = (
    ("{x} is cut off at zero (`relu`)", torch.relu),
    ("{x} is cut off at 0 and 1 (`clamp`)", lambda x: x.clamp(0, 1)),
    ("{x} is cut off at −1 and 1 (`clamp`)", lambda x: x.clamp(-1, 1)),
    ("{x} goes through tanh", torch.tanh),
    ("{x} goes through a sigmoid", torch.sigmoid),
    ("{x} goes through `softplus`", torch.nn.functional.softplus),
    ("the exponential of {x} is taken", torch.exp),
    ("the logarithm of {x} is taken", torch.log),
    ("{x} is rounded", torch.round),
    ("the sign alone of {x} is kept", torch.sign),
    ("{x} is brought from [−1, 1] to [0, 1]", lambda x: (x + 1) / 2),
    ("{x} is brought from [0, 1] to [−1, 1]", lambda x: 2 * x - 1),
    ("every image gets the batch's mean of {x}", lambda x: x.mean(0, keepdim=True).expand_as(x)),
    ("the first image of {x} stands for the whole batch", lambda x: x[:1].expand_as(x)),
    ("the first channel of {x} stands for all channels", lambda x: x[:, :1].expand_as(x)),
    ("the mean over the channels of {x} stands for each channel", lambda x: x.mean(1, keepdim=True).expand_as(x)),
    ("the mean of all entries of {x} stands for each of them", lambda x: x.mean().expand_as(x)),
    ("{x} runs backwards along its last axis", lambda x: x.flip(-1)),
    ("{x} runs backwards along its last axis but one", lambda x: x.flip(-2)),
    ("{x} runs backwards along its first axis", lambda x: x.flip(0)),
    ("the channels of {x} come in the reverse order", lambda x: x.flip(1)),
    ("the last two axes of {x} are exchanged", lambda x: x.transpose(-1, -2)),
    ("only half of the pairs (i ≤ j) of {x} count", torch.triu),
    ("only half of the pairs (i ≥ j) of {x} count", torch.tril),
    ("only the diagonal of {x} counts", lambda x: torch.diag_embed(x.diagonal(dim1=-2, dim2=-1))),
    ("a softmax of {x} is taken over the last axis", lambda x: x.softmax(-1)),
    ("a softmax of {x} is taken over the channels", lambda x: x.softmax(1)),
    ("{x} is divided by its sum", lambda x: x / x.sum()),
    ("{x} is divided by its mean", lambda x: x / x.mean()),
    ("{x} is divided by its largest entry", lambda x: x / x.max()),
    ("{x} is divided by its length", lambda x: x / x.norm()),
    ("the mean of {x} is subtracted from it", lambda x: x - x.mean()),
    ("{x} is sorted", lambda x: x.sort().values),
    ("{x} is replaced by its largest entry", lambda x: x.max().expand_as(x)),
    ("{x} is divided by 255", lambda x: x / 255),
    ("{x} is multiplied by 255", lambda x: x * 255),
    ("a small number is added to {x} (1e-8)", lambda x: x + 1e-8),
    ("a small number is added to {x} (1e-6)", lambda x: x + 1e-6),
    ("{x} is left out", lambda x: 0 * x),
)

ORDER = {text: i for i, (text, _) in enumerate((*_BOTH, *_TENSOR))}
"""Text of a change → its place among all of them, the likeliest first."""

_FEW = _BOTH[:6]
"""What is tried where each trial takes long."""


def changes(values: Sequence[Any], few: bool) -> Iterator[Change]:
    """Yield what may be done to what passed a place, if it does something.

    Args:
        values: what passed in one run.
        few: only the likeliest.
    """
    value = values[0]
    is_tensor = isinstance(value, Tensor) and value.is_floating_point()
    if not is_tensor and not is_real(value):
        return
    for text, change in _FEW if few else (*_BOTH, *_TENSOR) if is_tensor else _BOTH:
        try:
            after = change(value)
        except Exception:  # noqa: S112  # not for this number of axes, or divided by zero
            continue
        if is_tensor and (not isinstance(after, Tensor) or after.shape != value.shape):
            continue
        if isinstance(after, complex) or (len(values) == 1 and _same(after, value)):
            continue
        yield text, change


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return bool(torch.isclose(one.detach(), other.detach(), rtol=1e-12, atol=0.0, equal_nan=True).all())
    return one == other
