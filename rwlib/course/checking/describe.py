"""Put arguments, values and exceptions into words."""

import linecache
import re
import site
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor


def describe(arguments: Mapping[str, Any]) -> str:
    """Return for instance `with x (2, 3, 5, 7), M (2, 1, 5, 7)`.

    Nobody but the check knows an argument whose name ends in `_seed`: it makes networks of it.
    """
    parts = []
    for name, value in arguments.items():
        if name.endswith("_seed"):
            parts.append("small networks that the check makes")
        elif isinstance(value, Tensor):
            parts.append(f"{name} {tuple(value.shape)}")
        else:
            parts.append(f"{name} = {_shapes(value) or short(value)}")
    return "with " + ", ".join(parts) if parts else "without arguments"


def _shapes(value: Any) -> str:
    """Return the shapes of several tensors, nested as they are; empty if there is anything else among them."""
    if isinstance(value, Tensor):
        return str(tuple(value.shape))
    if not isinstance(value, tuple | list) or not value or len(value) > 6:
        return ""
    parts = list(map(_shapes, value))
    return f"[{', '.join(parts)}]" if all(parts) else ""


def short(value: Any) -> str:
    """Return a value as text of at most 60 characters."""
    try:
        text = getattr(value, "__name__", None) if callable(value) else None
        text = text or " ".join(repr(value).split())
    except Exception:  # an object that cannot be shown
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def describe_error(error: BaseException) -> str:
    """Return an exception's type, message, and the last line of the learner's own code, never a traceback."""
    text = f"`{type(error).__name__}`: {' '.join(_text(error).split()) or 'without a message'}"
    frames, frame = [], error.__traceback__
    while frame is not None:
        frames.append((frame.tb_frame.f_code.co_filename, frame.tb_lineno, frame.tb_frame.f_code.co_name))
        frame = frame.tb_next
    for file, number, function in reversed(frames):
        if not file.startswith(("<frozen", _HERE, *_LIBRARIES)):
            line = linecache.getline(file, number).strip()
            return f"{text}\nIn line {number} of the cell, in `{function}`: `{line}`" if line else text
    return text


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a learner's own exception may fail at this, too
        return ""


_HERE = str(Path(__file__).parents[2])
_LIBRARIES = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), *site.getsitepackages()})


_REASONS = (
    (IndexError, "out of range|out of bounds", "An index runs beyond the end: is a height used as a width, or is it "
    "one too large?"),
    (IndexError, "too many indices|Dimension out of range", "There are fewer axes than that: has one been summed or "
    "indexed away?"),
    (NameError, "is not defined", "Is the name spelled as in the cell above, and was its cell run?"),
    (UnboundLocalError, "", "A variable is read before anything is assigned to it: give it a first value before the "
    "loop."),
    (TypeError, "NoneType", "Something is None: a function without `return`, or an argument that may be missing."),
    (AttributeError, "NoneType", "Something is None: a function without `return`, or an argument that may be missing."),
    (TypeError, "not callable", "Something that is no function is called: is a `*` missing before a bracket?"),
    (TypeError, "positional argument", "It is called with more or fewer arguments than it takes: compare with the "
    "first line."),
    (TypeError, "'<' not supported|'>' not supported", "Values of different kinds are compared or sorted: are they "
    "what should be?"),
    (ZeroDivisionError, "", "Which divisor can be 0?"),
    (RuntimeError, "must match the size|not broadcastable", "Two sizes do not fit: are axes swapped, or is one "
    "missing (`keepdim`)?"),
    (RuntimeError, "cannot be multiplied|Expected size for first two", "The inner sizes of a matrix product differ: "
    "is a transpose missing?"),
    (RuntimeError, "shape .* is invalid|size .* is invalid", "As many entries are needed before as after: count the "
    "axes."),
    (RuntimeError, "expected .* channels", "The channels do not fit the filters: what is stacked, and along which "
    "axis?"),
    (RuntimeError, "not require grad", "A gradient is asked of a tensor that keeps none: `requires_grad_()` first, and "
    "no `detach` or `no_grad` on the way."),
    (RuntimeError, "requires grad|leaf Variable", "A tensor that asks for a gradient cannot be changed in place, or "
    "turned to numpy."),
    (RuntimeError, "scalar type|same dtype|dtype", "Two dtypes do not fit: take that of the arguments."),
    (KeyError, "", "There is no such key: are the names as they are in the cell above?"),
)  # fmt: skip


def why(error: Exception) -> str:
    """Return a sentence and a space, or nothing where the exception says it all."""
    try:
        text = str(error)
    except Exception:  # a learner's own exception may fail at this, too
        return ""
    for kind, pattern, reason in _REASONS:
        if isinstance(error, kind) and re.search(pattern, text):
            return f"{reason} "
    return ""
