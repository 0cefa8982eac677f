"""Ask the answer itself: which arguments matter to it, which images see each other, how it grows when they do.

An answer may be wrong in a way that no change of the solution comes near. Then arguments are changed, one at a time,
and the answer is watched beside the solution. Whatever is said was seen: "`b` plays no part" means that `b` was
changed, and that the right result changed with it and the answer's did not.
"""

from collections.abc import Callable, Sequence

from rwlib.course.checking.exercise import Exercise
from rwlib.course.checking.influence import batch, calls, regions, slices, which_arguments
from rwlib.course.checking.proportions import exchange, growth, same_images, sign
from rwlib.course.checking.run import by_size, cases, kinds, named
from rwlib.course.checking.trials import Trial

Question = Callable[[Sequence[Trial]], str]
SURE: Sequence[Question] = (which_arguments, calls, batch, same_images)
"""Questions whose answers name the mistake."""
LESS_SURE: Sequence[Question] = (regions, slices, growth, sign, exchange)
"""Questions whose answers tell more than where values differ, and less than what was done."""


def experiment(exercise: Exercise, answer: Callable, questions: Sequence[Question]) -> str:
    """Return what sets the answer apart from the solution, in a sentence or two; empty if nothing does.

    Args:
        exercise: with `cases`.
        answer: the learner's function.
        questions: `SURE` or `LESS_SURE`.
    """
    if not set(named(exercise, cases(exercise)[0])) <= set(kinds(exercise)):
        return ""  # `call` takes other arguments than the learner's function
    has_tensors = "tensor" in kinds(exercise).values()
    trials = [Trial(exercise, answer, i) for i in by_size(exercise)[: 3 if has_tensors else 30]]
    trials = [trial for trial in trials if all(result is not None for result in trial.unchanged)]
    return next((text for ask in questions if (text := ask(trials))), "") if trials else ""
