"""An exercise as data, and what a check answers.

An exercise holds the arguments to try an answer on, mistakes with the message that each deserves, and hints; its right
answer stands in the notebook. `rwlib.course.checking.check` runs it, and `rwlib.course.checking.diagnose` explains
failures that nobody foresaw.
"""

import contextlib
import functools
import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from rwlib.conventions import InputError
from rwlib.course.checking.solutions import ARROW, find_solution
from rwlib.notebook.figures import COLORS

PASSED, FAILED, OPEN = "passed", "failed", "not attempted"
HINT = "hint"


def call_directly(answer: Callable, *args: Any, **kwargs: Any) -> Any:
    """Call the answer on a case; an exercise about a class replaces this by its own `call`."""
    return answer(*args, **kwargs)


class Each:
    """Several wrong answers that deserve one message.

    Example:
        >>> too_many = Each(101, 2048, when=lambda answer: answer > 100)
        >>> too_many.answers, too_many.when(500)
        ((101, 2048), True)
    """

    def __init__(self, *answers: Any, when: Callable[[Any], bool] | None = None) -> None:
        """Note examples, and for a prediction a test that other answers pass, too."""
        self.answers, self.when = answers, when


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook.

    A *function* has `cases`; a *prediction* has neither `cases` nor `judge`, and its solution is a value; behaviour
    that no equality can check (a random mask) has a `judge`. The solution is the text between the markers of the
    notebook, and a mistake is an edit of this text.

    Example:
        >>> from rwlib.course.checking.cases import image, mask
        >>> def cases(rng):
        ...     yield image(rng, 1, 4, 7), image(rng, 1, 4, 7), mask(rng, 1, 4, 7)
        >>> composite = Exercise(
        ...     "1.1",
        ...     "the composite",
        ...     {"The mask is the other way round.": "1 - M -> M", "That is the prediction alone.": "return I_p"},
        ...     hints=("Two summands.", "1 - M is 1 in the hole."),
        ...     cases=cases,
        ... )
        >>> [wrong(10, 1, 1) for _, wrong in composite.wrong_answers()]
        [11, 1]
    """

    number: str
    """Notebook and place in it: `"2.1"` is checked by `check.ex_2_1`."""
    title: str
    """A few words."""
    mistakes: Mapping[str, Any]
    """A message that teaches → what earns it: an edit of the solution, `"old -> new"`, or several; a text without an
    arrow is a whole body. The mistakes of a prediction are wrong values, or edits as well. `Each` holds several."""
    hints: Sequence[str]
    """Two or more, from a nudge to nearly the answer."""
    cases: Callable[[torch.Generator], Iterable[tuple | dict]] | None = None
    """Yields positional arguments as a tuple, or named ones as a dict, drawn from the seeded generator it is given."""
    judge: Callable[[Any], str | None] | None = None
    """Takes the answer; returns None if it is right, or a message."""
    compare: Callable[[Any, Any], str | None] | None = None
    """Takes what came and what was expected; returns None if they agree, or a message. In place of equality."""
    call: Callable = field(default=call_directly)
    """Takes the answer and a case's arguments; returns what is compared."""
    mask: str = "M"
    """Name of the argument that is a mask: 1 existing, 0 missing."""
    tolerance: float | None = None
    """Largest error relative to the largest entry; None chooses by dtype."""
    choices: Sequence[str] = ()
    """What a prediction chooses from; empty if it is open."""
    differentiate: tuple[str, ...] | None = None
    """Names of the arguments with respect to which gradients are compared, where all would be too many: where a right
    answer may cut one. None stands for all but masks."""
    given: Any = None
    """The solution itself, for an exercise that stands in no notebook; its mistakes are functions or values, too."""
    memory: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What checking keeps: what the solution, its mistakes and its mutants do with the cases."""

    def __post_init__(self) -> None:
        """Check the number and that one way of checking was chosen."""
        if not re.fullmatch(r"(0|[1-9]\d?)\.[1-9]\d?", self.number):
            raise InputError(f'number: expected one such as "2.1", got {self.number!r}')
        if self.cases and self.judge:
            raise InputError(f"exercise {self.number}: expected cases or a judge, got both")

    @functools.cached_property
    def solution(self) -> Any:
        """The right function, class or value.

        Raises:
            InputError: none was given, and the notebook has none.
        """
        return find_solution(self.number).answer() if self.given is None else self.given

    def wrong_answers(self) -> Iterator[tuple[str, Any]]:
        """Yield each message with the function, class or value that earns it.

        Raises:
            InputError: an edit that does not fit the solution.
        """
        for message, mistake in self.mistakes.items():
            for wrong in mistake.answers if isinstance(mistake, Each) else (mistake,):
                is_edit = isinstance(wrong, str | tuple) and (not self.is_prediction or ARROW in wrong)
                yield message, find_solution(self.number).edited(wrong).answer() if is_edit else wrong

    def wrong_kind_of_answer(self, answer: Any) -> str:
        """Return the message of the first mistake whose test a predicted value passes; empty if none has one."""
        for message, mistake in self.mistakes.items():
            if isinstance(mistake, Each) and mistake.when is not None:
                with contextlib.suppress(Exception):  # a value of another kind
                    if mistake.when(answer):
                        return message
        return ""

    @property
    def notebook(self) -> str:
        """Number of its notebook, two digits."""
        return f"{int(self.number.split('.')[0]):02}"

    @property
    def attribute(self) -> str:
        """Name of its check: `ex_2_1`."""
        return "ex_" + self.number.replace(".", "_")

    @property
    def is_prediction(self) -> bool:
        """Whether the answer is a value, not a function."""
        return self.cases is None and self.judge is None


@dataclass(frozen=True)
class Result:
    """What a check found; a notebook shows it as a box."""

    status: str
    """`passed`, `failed` or `not attempted`; a hint's is `hint`."""
    message: str
    """What to learn from it; backticks mark code."""
    title: str = ""
    """Which exercise."""

    def __repr__(self) -> str:
        """Return one paragraph of text."""
        return f"{self._heading}. {self.message}".rstrip()

    @property
    def _heading(self) -> str:
        return f"{_SIGNS[self.status][0]} {self.title}" + ("" if self.status == HINT else f": {self.status}")

    def _repr_html_(self) -> str:
        color = _SIGNS[self.status][1]
        message = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.message)).replace("\n", "<br>")
        style = f"border: 1px solid {color}; border-left-width: 8px; padding: 0.5em 1em; max-width: 50em"
        return f'<div role="status" style="{style}"><strong>{html.escape(self._heading)}</strong><br>{message}</div>'


_SIGNS = {PASSED: ("✓", COLORS[2]), FAILED: ("✗", COLORS[1]), OPEN: ("…", COLORS[0]), HINT: ("?", COLORS[0])}
