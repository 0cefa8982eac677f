"""The text of a function as it stands in a notebook, with the imports that it needs to stand in a file by itself."""

import builtins
import importlib
import inspect
import symtable
import sys
import textwrap
import types
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rwlib.conventions import InputError
from rwlib.course.checking.solutions import BEGIN, END

SIMPLE = (int, float, complex, str, bytes, bool, type(None))


class Written(NamedTuple):
    """A function as text."""

    imports: tuple[str, ...]
    """One line each."""
    text: str
    """The function, and before it what else it uses of the notebook."""


def write_out(answer: Callable) -> Written:
    """Return the source of a function or class with all that it uses.

    Raises:
        InputError: there is no source, or it uses something that no import and no short text can give, for instance a
            tensor that another cell made.
    """
    if answer.__name__ == "<lambda>":
        raise InputError("Not kept, because it has no name: write it as `def` to have it kept.")
    imports: dict[str, None] = {}
    blocks: dict[str, str] = {}
    _collect(answer, imports, blocks, answer.__name__)
    return Written(tuple(imports), "\n\n\n".join(blocks.values()) + "\n")


def _collect(item: Any, imports: dict[str, None], blocks: dict[str, str], of: str) -> None:
    try:
        text = textwrap.dedent(inspect.getsource(item)).strip("\n")
    except (OSError, TypeError):
        raise InputError(f"{of}: it has no source that could be kept; write it in a cell") from None
    text = "\n".join(line for line in text.split("\n") if line.strip() not in (BEGIN, END))
    space = getattr(item, "__globals__", None) or vars(importlib.import_module(item.__module__))
    for name in used_names(text):
        if name not in space or name == item.__name__ or name in blocks:
            continue
        value = space[name]
        if line := import_line(name, value):
            imports[line] = None
        elif isinstance(value, types.FunctionType | type):  # another function of the notebook
            _collect(value, imports, blocks, of)
        elif _is_simple(value):
            blocks[name] = f"{name} = {value!r}"
        else:
            raise InputError(f"{of}: not kept, because it uses `{name}` of another cell; make it inside the function")
    blocks[item.__name__] = text


def used_names(text: str) -> list[str]:
    r"""Return the names that a definition takes from around it and that are not Python's own, in order.

    Example:
        >>> used_names("def f(x: Tensor):\n    return [F.relu(y) for y in x]")
        ['Tensor', 'F']
    """
    names: set[str] = set()

    def visit(table: symtable.SymbolTable) -> None:
        outside = table.get_type() == "module"
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (symbol.is_global() or (outside and not symbol.is_assigned())):
                names.add(symbol.get_name())
        for inner in table.get_children():
            visit(inner)

    visit(symtable.symtable(text, "<cell>", "exec"))
    return sorted((name for name in names if not hasattr(builtins, name)), key=lambda name: (text.find(name), name))


def import_line(name: str, value: Any) -> str:
    """Return the line that imports a value under a name; empty if nothing does.

    Example:
        >>> from torch import Tensor
        >>> from torch.nn import functional as F
        >>> import_line("F", F), import_line("Tensor", Tensor)
        ('import torch.nn.functional as F', 'from torch import Tensor')
    """
    if isinstance(value, types.ModuleType):
        return f"import {value.__name__}" if value.__name__ == name else f"import {value.__name__} as {name}"
    module, own = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if callable(value) and own and not module:  # written in C, as NumPy's and SciPy's functions on arrays are
        module = _public_module(own, value)
    if not module or not own or module == "__main__" or module.startswith("solution_of_"):
        return ""
    try:
        original = getattr(importlib.import_module(module), own, None)
    except ImportError:
        return ""
    if original is not value:
        return ""
    return f"from {module} import {own}" + ("" if own == name else f" as {name}")


def _public_module(name: str, value: Any) -> str:
    """Return the shortest name of a loaded module that offers a value under its own name; empty if none does."""
    loaded = [
        (found, vars(module)) for found, module in list(sys.modules.items()) if isinstance(module, types.ModuleType)
    ]
    names = [found for found, space in loaded if space.get(name) is value and "._" not in f".{found}"]
    return min(names, key=lambda found: (len(found), found), default="")


def text_of(imports: Iterable[str]) -> str:
    """Return import lines as Python's users sort them: whole modules first, rwlib's last."""
    return "\n".join(sorted(imports, key=lambda line: ("rwlib" in line, line.startswith("from "), line)))


def _is_simple(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return len(value) < 20 and all(map(_is_simple, value))
    return isinstance(value, SIMPLE)
