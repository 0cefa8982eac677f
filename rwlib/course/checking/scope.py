"""Which names of a solution the learner knows: its arguments. A variable is described by those that it is made of."""

import ast
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from rwlib.course.checking import words


class Scope(NamedTuple):
    """What the learner can be told about."""

    arguments: tuple[str, ...]
    """Names of the arguments."""
    mask: str
    """Name of the mask."""
    made_of: Mapping[str, tuple[str, ...]]
    """Name of a variable of the solution → the arguments that it is made of."""
    kinds: Mapping[str, str] = MappingProxyType({})
    """Name of an argument → `tensor`, `number`, or what else it is; empty where nobody knows."""

    def is_like(self, name: str, other: str) -> bool:
        """Whether one argument may stand in the place of another without an error at once."""
        return self.kinds.get(name) == self.kinds.get(other)

    def is_numeric(self, name: str) -> bool:
        """Whether an argument is a tensor, a number, or several: something to reckon with."""
        return self.kinds.get(name, "tensor") in ("tensor", "number", "list", "tuple")

    def about(self, node: ast.AST, beside: ast.AST | None = None) -> str:
        """Return the names that a part of the solution is about, as `` `a` and `b` ``; empty if it has none.

        Args:
            node: the part.
            beside: another part: names that are in both tell the two apart last.
        """
        names, others = self._names(node), self._names(beside) if beside else []
        distinct = [name for name in names if name not in others] or names
        return " and ".join(words.GREEK.get(name, f"`{name}`") for name in distinct[:2])

    def _names(self, node: ast.AST) -> list[str]:
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        parts = [name if name in self.arguments else self.made_of.get(name, ()) for name in names]
        greek = [(name,) for name in names if name in words.GREEK and name not in self.arguments]
        return list(
            dict.fromkeys(name for part in greek or parts for name in ((part,) if isinstance(part, str) else part))
        )

    def is_mask(self, node: ast.AST) -> bool:
        """Whether a part of the solution is the mask, or 1 minus it."""
        return ast.unparse(node) in (self.mask, f"1 - {self.mask}", f"(1 - {self.mask})")


def arguments_in(function: ast.FunctionDef, arguments: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return, for each variable of a function, the arguments that it is made of."""
    made_of: dict[str, tuple[str, ...]] = {}

    def note(target: ast.expr, values: Sequence[ast.expr]) -> None:
        if isinstance(target, ast.Tuple):
            parts = [
                n for v in values for n in ast.walk(v) if isinstance(n, ast.Tuple) and len(n.elts) == len(target.elts)
            ]
            for i, one in enumerate(target.elts):
                note(one, [part.elts[i] for part in parts] or values)
        elif isinstance(target, ast.Name) and target.id not in arguments:
            names = [n.id for value in values for n in ast.walk(value) if isinstance(n, ast.Name)]
            parts = [(name,) if name in arguments else made_of.get(name, ()) for name in names]
            before = made_of.get(target.id, ())
            made_of[target.id] = tuple(dict.fromkeys((*before, *(name for part in parts for name in part))))

    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            note(node.targets[0], [node.value])
        elif isinstance(node, ast.For | ast.comprehension):
            note(node.target, [node.iter])
    return made_of
