"""What a check says of a mistake that nobody foresaw is true: it is said of this mistake, and not of others."""

import re
import subprocess
import sys

import pytest
import torch

from rwlib.course import exercises
from rwlib.course.checking.check import judge
from rwlib.course.checking.describe import describe
from rwlib.course.checking.diagnose import _constant, _property
from rwlib.course.checking.exercise import FAILED, Exercise
from rwlib.course.checking.experiments import LESS_SURE, SURE, experiment
from rwlib.course.checking.explanations import _changed_value, _factor
from rwlib.course.checking.influence import slices
from rwlib.course.checking.run import agree, cases, run, run_solution
from rwlib.course.checking.solutions import find_solution
from rwlib.course.checking.solved_factors import solve
from rwlib.course.checking.whatif import changes, probed

SLOW = ("2.2", "2.7", "2.8", "3.5", "4.6", "6.13", "7.3", "7.4", "7.13")
FUNCTIONS = [
    pytest.param(one, id=one.number, marks=[pytest.mark.slow] * (one.number in SLOW))
    for one in exercises.all_exercises()
    if one.cases is not None
]


ONE_PICTURE = ("10.4",)
"""The task itself is about one picture."""


@pytest.mark.parametrize("exercise", FUNCTIONS)
def test_the_first_case_has_several_images_and_channels(exercise):
    case = cases(exercise)[0]
    parts = [part for value in (case.values() if isinstance(case, dict) else case) for part in leaves(value)]
    for x in (part for part in parts if isinstance(part, torch.Tensor) and part.ndim == 4):
        is_mask = bool(((x == 0) | (x == 1)).all())
        is_distance = exercise.number in ("10.2", "10.5") and x.shape[1] == 1
        assert len(x) > 1 or exercise.number in ONE_PICTURE, (exercise.number, tuple(x.shape))
        assert x.shape[1] > 1 or is_mask or is_distance, (exercise.number, tuple(x.shape))


def leaves(value):
    """Yield what is in a value, and in the lists in it."""
    for part in value if isinstance(value, list | tuple) else [value]:
        yield from leaves(part) if isinstance(part, list | tuple) else [part]


def answer(number, body):
    """A learner's function, given what stands in it."""
    return find_solution(number).edited(body).answer()


@pytest.mark.parametrize("exercise", FUNCTIONS)
def test_nothing_sets_a_right_answer_apart(exercise):
    got = run(exercise, exercise.solution)
    assert experiment(exercise, exercise.solution, (*SURE, *LESS_SURE)) == ""
    assert _property(got, run_solution(exercise)) == ""
    assert _constant(got, run_solution(exercise)) == ""


@pytest.mark.parametrize("exercise", FUNCTIONS)
def test_probes_change_nothing_by_themselves(exercise):
    found = probed(find_solution(exercise.number), exercise.mask)
    if found is not None:
        one, other = run(exercise, found.function), run_solution(exercise)
        assert all(agree(exercise, *both) for both in zip(one, other, strict=True))


SAID = [
    # an experiment with the arguments
    ("7.1", "return 1.0 if step >= 70 else 0.0", r"`epochs_one` plays no part|`steps_per_epoch` plays no part"),
    ("6.5", "return (1 - score_p1).mean() + (1 - score_p1).exp().mean()", "`score_p2` plays no part"),
    ("4.3", "return correlation_loss(features(I_c1)[1], features(I_gt)[1]) + I_p2.abs().sum()", "changes with `I_p2`"),
    ("10.6", "return (I.flip(3) * M.flip(3)).flip(3)", "`fill`"),
    ("5.1", "x = phi.flatten(2)\nreturn (x @ x.mT).softmax(0)", "on its own"),
    ("4.1", "x = phi.flatten(2)\nreturn torch.cdist(x.mT, x.mT)", "is doubled.*4 times as large, yours .*2 times"),
    ("3.8", "return ((I_p1 - I_gt).abs().exp().sum() + (I_p2 - I_gt).abs().sum()) / len(I_gt)", "exponential"),
    # a value of the solution that is changed
    ("4.8", "c = A.shape[1]\nreturn 2 * torch.ones(len(A), len(A)).to(A) @ A / c**2", "absolute|sign|squared"),
    ("6.6", "return -((1 - alpha) * score_gt.mean() + (1 - score_p1).mean() + (1 - score_p2).mean())", "`alpha`"),
    # a factor that is solved for
    ("6.5", "return 2.7 * (1 - score_p1).mean() + (1 - score_p2).mean()", r"2\.7"),
    (
        "9.6",
        "return math.sqrt(var_training / trainings + 5 * var_photo / photos + var_rest / (trainings * photos))",
        "5",
    ),
    # a step that is another one
    ("12.1", "(photos_per_second * gpus * 3600) -> photos_per_second * gpus * 3600", "brackets are missing"),
    ("12.2", "int((mb_free - fixed) // per_image) -> round((mb_free - fixed) / per_image)", "to the nearest"),
    ("9.4", "math.ceil( -> round(", "to the nearest, not up"),
    ("1.5", "P[..., 2:, 1:-1] -> P[..., :-2, 1:-1]", "stands there twice"),
    ("3.2", "step *= stride -> step = stride", "set anew in each turn"),
    ("8.2", "(a.round() - b.round()) -> (a - b).round()", "`round` is taken of the difference"),
    ("6.13", "sum(dim=(1, 2, 3)).sqrt() -> sum(dim=1).sqrt()", "wrong axes"),
    ("4.6", "range(0, len(A), tile) -> range(0, len(A) - tile + 1, tile)", "left over at the end is lost"),
    ("10.4", "differences.shape[1] -> I.shape[3]", "a size of `I`"),
    ("7.13", "(out.I_p1, out.I_p2) -> (I_gt, out.I_p2)", "`I_gt` stands in the place of `I_p1`"),
    ("10.2", "(1 - a).clamp(min=1e-12) -> (1 - a + 0.001)", "0.001 is added"),
    # a property
    ("7.1", "return min(1.0, step / (epochs_one * steps_per_epoch))", "jumps"),
    ("3.5", "return abs(i) / n", "whole numbers"),
    ("0.1", "return 0.25", "whatever the arguments"),
    ("1.1", "return I_p", "prediction|unchanged|I_p"),
]


@pytest.mark.parametrize(("number", "body", "words"), SAID)
def test_what_is_wrong_is_named(number, body, words):
    result = judge(exercises.find(number), answer(number, body))
    assert result.status == FAILED
    assert re.search(words, result.message), result.message


NOT_SAID = [
    # where nothing is left but nan, much agrees by chance
    ("11.5", "logits.softmax(dim=1) -> logits.softmax(dim=0)", "That comes out"),
    ("8.3", "return ((I_c - I_gt).abs() / 2)[(1 - M).expand_as(I_c) == 1].mean()", "Euclidean"),
    ("7.2", "lambda_1 * L_c + lambda_2 * L_s -> lambda_1 * (L_c + lambda_2 * L_s)", "a mean is meant"),
    ("7.13", "(out.I_p1, out.I_p2) -> (I_gt.square(), out.I_p2)", "seed|number ="),
    ("6.3", "return W / W.abs().max()", "second term|averaged with"),  # without W the mutant gives nan
    # each is near to what the words stand for, and is not it
    ("6.5", "return (1 - score_p1).mean() + 0.001 * (1 - score_p2).square().mean()", "plays no part|is left out"),
    (
        "6.5",
        "return 2.7 * (1 - score_p1).mean() + 1.1 * (1 - score_p2).mean()",
        r"times as much as it should|2\.7|1\.1",
    ),
    ("4.1", "x = phi.flatten(2)\nreturn x.mT @ x + 0.01 * x.mT @ x.roll(1, 2)", "is doubled|plays no part"),
    (
        "7.1",
        "return 1.0 if step >= epochs_one * steps_per_epoch + 3 else 0.0",
        "plays no part|nothing between|whatever",
    ),
    ("5.1", "x = phi.flatten(2)\nreturn x @ x.mT.softmax(1)", "on its own|batch"),
    (
        "3.8",
        "return ((I_p1 - I_gt).abs().sum() + 2 * (I_p2 - I_gt).abs().square().sum()) / len(I_gt)",
        "counts 2 times",
    ),
]


@pytest.mark.parametrize(("number", "body", "words"), NOT_SAID)
def test_what_is_not_wrong_is_not_named(number, body, words):
    result = judge(exercises.find(number), answer(number, body))
    assert result.status == FAILED
    assert not re.search(words, result.message), result.message


def of_two_feature_maps(rng):
    for h in (3, 4):
        yield ([torch.randn(2, 2, h, 5, generator=rng) for _ in range(2)],)


def test_a_part_that_does_not_count_is_named_by_its_number():
    solution = lambda phis: sum(x.sum() for x in phis) ** 2  # noqa: E731
    exercise = Exercise("99.1", "all maps", {}, ("Add.", "Square."), of_two_feature_maps, given=solution)
    message = experiment(exercise, lambda phis: phis[1].sum() ** 2, [slices])
    assert "(entry 1). In the right one, entry 0 does, too" in message
    assert experiment(exercise, solution, [slices]) == ""


def test_a_factor_is_solved_for_and_none_is_found_where_there_is_none():
    x = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    assert solve(lambda k: 3 + k * x, 3 + 2.5 * x, 3 + x, few=False) == pytest.approx(2.5)
    assert solve(lambda k: (k * x).log(), (0.5 * x).log(), x.log(), few=False) == pytest.approx(0.5)
    assert solve(lambda k: 3 + k * x, 3 + 2.5 * x**2, 3 + x, few=False) is None
    assert solve(lambda k: x, x + 1, x, few=False) is None


def test_changes_that_do_nothing_are_left_out():
    texts = [text for text, _ in changes([torch.tensor([0.2, 0.7])], few=False)]
    assert not any("clamp" in text or "relu" in text or "absolute" in text for text in texts)
    assert any("squared" in text for text in texts)
    assert list(changes([True], few=False)) == list(changes(["text"], few=False)) == []


def test_a_coincidence_on_the_known_cases_is_no_explanation():
    exercise = exercises.find("6.5")
    wrong = answer("6.5", "return (1 - score_p1).mean() + (1 - score_p2).square().mean()")
    got = run(exercise, wrong)
    assert _changed_value(exercise, wrong, got)
    other = answer("6.5", "return (1 - score_p1).mean() + (1 - score_p2).abs().mean()")  # as if it were on these cases
    assert _changed_value(exercise, other, got) == ""
    assert _factor(exercise, run(exercise, exercise.solution)) == ""


def test_a_check_leaves_random_numbers_as_they_are():
    torch.manual_seed(3)
    before = torch.rand(2)
    torch.manual_seed(3)
    drawn = []
    judge(exercises.find("1.1"), lambda I_in, I_p, M: drawn.append(float(torch.rand(()))) or I_p)
    assert torch.equal(torch.rand(2), before)
    assert len(set(drawn[:3])) == 1, "and each case begins with the same"


def test_a_mask_for_each_channel_breaks_no_check():
    solution = find_solution("11.3").answer()
    result = judge(exercises.find("11.3"), lambda x, M, W, b, stride: solution(x, M, W, b, stride).sinh())
    assert result.status == FAILED
    assert "Error" not in result.message, result.message


def test_what_a_check_was_called_with_is_said_by_shapes_and_without_seeds():
    text = describe({"network_seed": 398764591, "batches": [(torch.ones(2, 3, 4, 4), torch.ones(2, 1, 4, 4))]})
    assert text == "with small networks that the check makes, batches = [[(2, 3, 4, 4), (2, 1, 4, 4)]]"


@pytest.mark.slow
def test_the_first_wrong_answer_loads_no_algebra_system():
    code = (
        "import sys; from rwlib.course import exercises; from rwlib.course.checking.check import judge; "
        "from rwlib.course.checking.solutions import find_solution; right = find_solution('2.2').answer(); "
        "print(judge(exercises.find('2.2'), lambda x, M, W, b, W_hat, b_hat: right(x, M, W, b, W_hat, b_hat).sinh())); "
        "assert 'sympy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "failed" in done.stdout
