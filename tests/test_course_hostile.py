"""Whatever an answer returns, a check answers with a message: an exception inside a check is a fault of ours."""

import contextlib
import re
from collections import namedtuple
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rwlib.course import exercises
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import FAILED, OPEN, PASSED, call_directly
from rwlib.course.checking.run import cases

EXCEPTION = re.compile(r"^`\w*(Error|Exception|Iteration|Interrupt|Exit)`:")
"""How a message about an exception begins; none is raised by the answers below."""


class Nasty:
    """An object that fails at everything."""

    __hash__ = None

    def __repr__(self) -> str:
        raise ValueError("no text")

    def __eq__(self, other: object) -> bool:
        raise ValueError("no comparison")

    def __bool__(self) -> bool:
        raise ValueError("no truth")

    def __len__(self) -> int:
        raise ValueError("no length")

    def __iter__(self) -> Iterator:
        raise ValueError("no entries")

    def __getattr__(self, name: str) -> Any:
        raise ValueError("no attributes")


class Sub(Tensor):
    """A kind of tensor."""


endless = [1]
endless.append(endless)

VALUES = {
    "None": None,
    "Ellipsis": ...,
    "a text": "text",
    "an empty text": "",
    "a truth value": True,
    "nan": float("nan"),
    "infinity": float("-inf"),
    "a huge number": 10**400,
    "a complex number": 1 + 2j,
    "bytes": b"x",
    "()": (),
    "[]": [],
    "{}": {},
    "set()": set(),
    "a list of itself": endless,
    "a list of None": [None, None],
    "a list of texts": ["a", "b"],
    "a list of lists": [[1, 2], [3]],
    "a dict": {"L_c": None, 3: ...},
    "a dict of sets": {"positions shuffled": {1}, "channels rotated": [[]]},
    "a class": int,
    "a function": print,
    "a module": torch,
    "an object": object(),
    "a nasty object": Nasty(),
    "a list of nasty objects": [Nasty(), Nasty()],
    "a generator": (i for i in range(3)),
    "a named tuple": namedtuple("Pair", "a b")(1, 2),
    "an exception": ValueError("x"),
    "an empty tensor": torch.empty(0),
    "a tensor of nan": torch.full((2, 3, 4), float("nan")),
    "an integer tensor": torch.ones(2, 3, 4, 5, dtype=torch.int64),
    "a complex tensor": torch.ones(2, 2, dtype=torch.complex64),
    "a half tensor": torch.ones((), dtype=torch.bfloat16),
    "a sparse tensor": torch.eye(3).to_sparse(),
    "a tensor on no device": torch.empty(2, 3, device="meta"),
    "a parameter": torch.nn.Parameter(torch.ones(3)),
    "a kind of tensor": torch.ones(2, 3).as_subclass(Sub),
    "an array": np.ones((2, 3)),
    "an array of objects": np.array([None, "x"], dtype=object),
    "an array of texts": np.array(["a", "b"]),
    "a numpy number": np.float16(1),
}


def distorted(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a right result in the wrong form."""
    if isinstance(value, Tensor):
        yield "nan everywhere", value * float("nan")
        yield "of another dtype", value.to(torch.int8)
        yield "complex", value.to(torch.complex128) * 1j
        yield "without its last axis", value.sum(-1) if value.ndim else value[None, None]
        yield "with axes more", value[None, ..., None]
        yield "nothing of it", value.flatten()[:0]
        yield "as an array", value.detach().numpy()
        yield "as a list", value.tolist()
        yield "in a list", [value]
        yield "in a tuple with more", (value, None)
    elif isinstance(value, tuple | list):
        yield "as a generator", (one for one in value)
        yield "one less", value[:-1]
        yield "one more", [*value, None]
        yield "in a list", [value]
        yield "None in it", [None, *value[1:]]
    elif isinstance(value, dict):
        yield "other keys", {f"{key}!": one for key, one in value.items()}
        yield "None in it", dict.fromkeys(value)
        yield "as pairs", list(value.items())
    else:
        yield "as text", str(value)
        yield "in a list of lists", [[value]]


SLOW = ("2.2", "2.7", "2.8", "3.5", "4.6", "7.3", "7.13")
EXERCISES = [
    pytest.param(one, id=f"nb{one.notebook}-{one.number}", marks=[pytest.mark.slow] * (one.number in SLOW))
    for one in exercises.all_exercises()
]


@pytest.mark.slow  # a hundred answers to each of a hundred exercises
@pytest.mark.parametrize("exercise", EXERCISES)
def test_whatever_an_answer_returns_gets_a_message(exercise):
    values = list(VALUES.items())
    if exercise.is_prediction:
        values += distorted(exercise.solution)
    elif exercise.call is call_directly and exercise.judge is None:
        case = cases(exercise)[0]
        with contextlib.suppress(TypeError):
            values += distorted(exercise.solution(*case))
    faults = []
    for name, value in values:
        answer = value if exercise.is_prediction else lambda *args, value=value, **kwargs: value
        result = judge(exercise, answer)  # never raises
        expected = (FAILED, OPEN, PASSED) if exercise.is_prediction else (FAILED,)
        repr(result), result._repr_html_()
        if result.status not in expected or (result.status == FAILED and not result.message):
            faults.append((name, result.status))
        elif EXCEPTION.match(result.message):
            faults.append((name, result.message))
    assert faults == [], faults


@pytest.mark.parametrize("exercise", [one for one in EXERCISES if not one.values[0].is_prediction])
def test_an_answer_that_raises_gets_a_message_too(exercise):
    class Silent(Exception):
        def __str__(self) -> str:
            raise ValueError("no text")

    def raising(*args, **kwargs):
        raise Silent

    def yielding(*args, **kwargs):
        yield 1

    assert judge(exercise, raising).message.startswith("`Silent`: without a message")
    for answer in (yielding, int, Nasty):
        result = judge(exercise, answer)
        assert result.status == FAILED and result.message
