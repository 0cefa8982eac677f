"""The exercise framework, on toy exercises: each way to be wrong gets its own answer, and nothing raises."""

import os
import subprocess
import sys

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from rwlib.conventions import InputError
from rwlib.course import check, exercises, hint, progress, setup
from rwlib.course.checking.cases import image, mask, randn
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import Exercise
from rwlib.notebook import context


def pictures(rng):
    """x (b, c, h, w) and M."""
    for b, c, h, w in ((1, 2, 8, 8), (2, 3, 9, 8), (3, 5, 8, 11)):
        yield randn(rng, b, c, h, w).requires_grad_(), mask(rng, b, h, w)


def exercise(solution, mistakes=None, cases=pictures, **options):
    return Exercise("9.1", "toy", mistakes or {}, ("one", "two"), cases=cases, given=solution, **options)


def message(toy, answer):
    result = judge(toy, answer)
    assert result.status == "failed", result
    return result.message


def halved(x, M):
    return 0.5 * x * M


def norm(x, M):
    """Sum over an image's entries, mean over the batch."""
    return (x * M).abs().sum() / x.shape[0]


# --- passed, not attempted


def test_the_solution_passes_however_it_is_written():
    assert judge(exercise(halved), lambda x, M: torch.where(M > 0, x, 0) / 2).status == "passed"


@pytest.mark.parametrize("answer", [None, ...])
def test_an_empty_answer_is_not_attempted(answer):
    for toy in (exercise(halved), exercise(3, cases=None)):
        result = judge(toy, answer)
        assert result.status == "not attempted" and "9.1" in result.message


def test_a_stub_is_not_attempted_and_says_what_to_do():
    def stub(x, M):
        raise NotImplementedError("Exercise 9.1: halve what exists")

    assert repr(judge(exercise(halved), stub)) == "… Exercise 9.1, toy: not attempted. Exercise 9.1: halve what exists"


# --- foreseen mistakes


def test_a_foreseen_mistake_gives_its_message_if_it_agrees_in_every_case():
    toy = exercise(
        halved,
        {"Squares agree by chance.": lambda x, M: 0.5 * x * M if len(x) == 1 else x, "Halve it.": lambda x, M: x * M},
    )
    assert message(toy, lambda x, M: M * x) == "Halve it."


def test_a_mistake_that_raises_in_some_cases_is_recognised():
    def transposed(x, M):
        return 0.5 * x.mT * M

    assert message(exercise(halved, {"Do not transpose.": transposed}), transposed) == "Do not transpose."


def test_an_answer_that_always_raises_is_no_foreseen_mistake():
    def always(x, M):
        raise RuntimeError("other")

    toy = exercise(halved, {"Not this.": lambda x, M: torch.zeros(2) @ torch.zeros(3)})
    assert message(toy, always).startswith("`RuntimeError`: other")


# --- unforeseen ones: the answer is wrong in a way that the diagnosis names


def rim(x):
    """1 at the outermost pixels."""
    inside = torch.zeros(x.shape[2] - 2, x.shape[3] - 2)
    return torch.nn.functional.pad(inside, (1, 1, 1, 1), value=1.0)


DETACHED = [lambda x, M: halved(x, M).detach(), lambda x, M: halved(x.data, M)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x, M: None, "got None: is there a `return`"),
        (lambda x, M: halved(x, M).detach().numpy(), "stay with torch's functions"),
        (lambda x, M: (halved(x, M),), "comma too many"),
        (lambda x, M: halved(x, M).mT, "axes are swapped; `.permute(0, 1, 3, 2)`"),
        (lambda x, M: halved(x, M).mT * 3, "two axes swapped?"),
        (lambda x, M: halved(x, M)[None], "an axis of size 1 is too many"),
        (lambda x, M: halved(x, M).flatten(1), "too much summed or averaged away"),
        (lambda x, M: halved(x, M).float(), "Expected float64, got float32"),
        (DETACHED[0], "no gradient"),
        (DETACHED[1], "no gradient"),
        (lambda x, M: 0.5 * x / M, "entries are infinite"),
        (lambda x, M: 0.5 * x * M / M, "entries are nan"),
        (lambda x, M: -halved(x, M), "sign is reversed"),
        (lambda x, M: 6 * halved(x, M), "6 times the right one"),
        (lambda x, M: halved(x, M) / x.shape[0], "b times too small"),
        (lambda x, M: halved(x, M) * x[0].numel(), "c · h · w times too large"),
        (lambda x, M: halved(x, M) / M.mean(), "the existing fraction times too small"),
        (lambda x, M: halved(x, M) * x.std(), "with the other images of the batch"),
        (lambda x, M: halved(x, M) * x.shape[2] * 1.1, "changes from case to case"),
        (lambda x, M: halved(x, M) + (1 - M), "wrong only in the hole"),
        (lambda x, M: halved(x, M) + M, "wrong only where the image exists"),
        (lambda x, M: halved(x, M) + rim(x), "within 1 px of the image's border"),
        (lambda x, M: 0.5 * x * (1 - M), "other way round"),
        (lambda x, M: halved(x, M)[:1].expand_as(x), "every image gets the first one's"),
        (lambda x, M: halved(x, M) + 1e-7 * x.detach().abs().max(), "Right but for rounding"),
        (lambda x, M: halved(x, M) + x**2, "changes with what `x` has in the hole (`M` = 0)"),
        (lambda x, M: halved(x, M) + 0.1 * halved(x, M).flip(-1), "The largest difference is at ["),
        (lambda x: x, "called with (x, M), but takes (x)"),
        (3, "Expected a function, got an int"),
        (halved(torch.ones(1), torch.ones(1)), "Expected a function, got a tensor of shape (1,)"),
    ],
)  # fmt: skip
def test_the_diagnosis_names_what_is_wrong(answer, words):
    assert words in message(exercise(halved), answer)


def test_the_diagnosis_of_a_scalar_names_the_factor():
    assert "b times too large" in message(exercise(norm), lambda x, M: (x * M).abs().sum())
    assert "c · h · w times too small" in message(exercise(norm), lambda x, M: (x * M).abs().mean())
    assert "2 times the right one" in message(exercise(norm), lambda x, M: 2 * norm(x, M))
    assert "1 is added to it" in message(exercise(norm), lambda x, M: norm(x, M) + 1)
    assert "0.3 too much everywhere" in message(exercise(norm), lambda x, M: norm(x, M) + 0.3)
    assert "is doubled" in message(exercise(norm), lambda x, M: norm(x, M) + (x * M).square().sum())
    assert "largest difference" in message(exercise(norm), lambda x, M: norm(x * torch.linspace(1, 2, x.shape[3]), M))


def test_numbers_are_explained_too():
    toy = exercise(lambda x, M: norm(x, M).item())
    assert "b times too large" in message(toy, lambda x, M: (x * M).abs().sum().item())
    assert judge(toy, norm).status == "passed", "a tensor with one entry is a number"
    assert "Your result is 4 in every case" in message(exercise(lambda x, M: len(x)), lambda x, M: x.dim())
    assert judge(exercise(lambda x, M: len(x)), lambda x, M: float(len(x))).status == "passed"
    assert "Expected a bool, got an int" in message(exercise(lambda x, M: len(x) > 0), lambda x, M: 1)


def test_two_arguments_that_are_exchanged():
    def cases(rng):
        for shape in ((2, 3), (4, 5)):
            yield randn(rng, *shape), randn(rng, *shape)

    assert (
        message(exercise(lambda p, q: p - q / 2, cases=cases), lambda p, q: q - p / 2) == "`p` and `q` are exchanged."
    )


def test_a_square_result_that_is_transposed():
    def cases(rng):
        for n in (3, 4):
            yield (randn(rng, n, n),)

    assert "Rows and columns are swapped" in message(
        exercise(lambda x: x.cumsum(0), cases=cases), lambda x: x.cumsum(0).mT
    )


def test_right_for_square_arguments_alone():
    def wrong(x, M):
        return halved(x, M) + (x.shape[2] != x.shape[3]) * x**2

    def cases(rng):
        for b, h, w in ((1, 4, 4), (2, 4, 4), (2, 4, 5)):
            yield randn(rng, b, 1, h, w), mask(rng, b, h, w)

    assert "Right for square arguments" in message(exercise(halved, cases=cases), wrong)


def test_nested_results_say_which_part_is_wrong():
    toy = exercise(lambda x, M: {"loss": norm(x, M), "parts": (x, M)})
    assert "`result['parts'][1]`" in message(
        toy, lambda x, M: {"loss": norm(x, M), "parts": (x, M + x.detach()[:, :1])}
    )
    assert "Expected the keys ['loss', 'parts'], got ['loss']" in message(toy, lambda x, M: {"loss": norm(x, M)})
    assert "Expected 2 entries, got 1" in message(toy, lambda x, M: {"loss": norm(x, M), "parts": (x,)})


def test_numpy_results_are_compared():
    toy = exercise(lambda x, M: M.numpy() * 2)
    assert judge(toy, lambda x, M: M.numpy() + M.numpy()).status == "passed"
    assert judge(toy, lambda x, M: M.numpy()).status == "failed"


def test_writing_into_an_argument_is_said_even_if_the_result_is_right():
    def in_place(x, M):
        M *= 0.5
        return x * M

    assert "changes its argument `M` in place" in message(exercise(halved), in_place)


def test_an_exercise_may_ask_for_writing_in_place():
    def fill(x, M):
        M.zero_()
        return x

    assert judge(exercise(fill), fill).status == "passed"
    assert "should change its argument `M`" in message(exercise(fill), lambda x, M: x)


# --- exceptions


def test_an_exception_gives_its_line_and_no_traceback():
    shell = InteractiveShell()
    shell.run_cell("import torch\ndef answer(x, M):\n    y = x + M\n    return torch.cat([y, x[0]])")
    text = message(exercise(halved), shell.user_ns["answer"])
    assert text.startswith("`RuntimeError`: ") and "Traceback" not in text
    assert "In line 4 of the cell, in `answer`: `return torch.cat([y, x[0]])`" in text
    assert text.endswith("It was called with x (1, 2, 8, 8), M (1, 1, 8, 8).")


def test_an_exercise_may_ask_for_an_exception():
    def refuse(x, M):
        raise InputError("no")

    assert judge(exercise(refuse), refuse).status == "passed"
    assert "Expected a `InputError` to be raised" in message(exercise(refuse), halved)


# --- hooks


def test_predictions():
    toy = Exercise("9.2", "sizes", {"Rows first.": (3, 2)}, ("a", "b"), given=(2, 3))
    assert judge(toy, [2, 3]).status == "passed" and message(toy, (3, 2)) == "Rows first."
    assert "Expected 2 entries, got 1" in message(toy, (2,)) and "Not `(9, 9)`" in message(toy, (9, 9))
    assert judge(Exercise("9.2", "word", {}, (), given="Hole"), " hole").status == "passed"
    assert judge(Exercise("9.2", "about", {}, (), tolerance=0.1, given=10.0), 9.5).status == "passed"


def test_compare_takes_the_place_of_equality():
    def up_to_sign(got, expected):
        return None if torch.allclose(got.abs(), expected.abs()) else "Look at the magnitude."

    toy = exercise(halved, {"Halve it.": lambda x, M: x * M}, compare=up_to_sign)
    assert judge(toy, lambda x, M: -halved(x, M)).status == "passed"
    assert message(toy, lambda x, M: -x * M) == "Halve it."
    assert message(toy, lambda x, M: 3 * x) == "Look at the magnitude."
    assert "AttributeError" in message(toy, lambda x, M: "text")


def test_judge_takes_the_place_of_cases():
    def is_even(draw):
        return None if draw() % 2 == 0 else "Odd numbers come."

    toy = Exercise("9.3", "even", {}, (), judge=is_even, given=lambda: 4)
    assert judge(toy, lambda: 8).status == "passed" and message(toy, lambda: 7) == "Odd numbers come."
    assert "TypeError" in message(toy, lambda: None)


def test_call_is_for_classes():
    class Layer(torch.nn.Linear):
        pass

    class Without(torch.nn.Linear):
        def __init__(self, i, o):
            super().__init__(i, o, bias=False)

    def cases(rng):
        for n in (2, 3):
            yield (randn(rng, 4, n),)

    toy = exercise(Layer, {"Keep the bias.": Without}, cases=cases, call=lambda cls, x: cls(x.shape[1], 5).double()(x))
    assert judge(toy, Layer).status == "passed" and message(toy, Without) == "Keep the bias."


def test_cases_may_name_their_arguments():
    def cases(rng):
        for n in (2, 3):
            yield {"M": randn(rng, n), "x": randn(rng, n)}

    assert judge(exercise(halved, cases=cases), halved).status == "passed"
    assert "takes (a)" in message(exercise(halved, cases=cases), lambda a: a)


def test_hidden_randomness_is_seeded_and_left_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    noisy = exercise(lambda x, M: x + torch.randn(x.shape))
    assert judge(noisy, lambda x, M: x + torch.randn(x.shape)).status == "passed"
    assert torch.equal(torch.get_rng_state(), before)


def test_a_generator_among_the_arguments_is_fresh_for_every_answer():
    def cases(rng):
        for n in (2, 3):
            yield n, torch.Generator().manual_seed(n)

    def draw(n, generator):
        return torch.randn(n, generator=generator)

    assert judge(exercise(draw, cases=cases), draw).status == "passed"


@pytest.mark.parametrize("number", ["2", "2.1.1", "a.b", "02.1"])
def test_wrong_exercises_are_refused(number):
    with pytest.raises(InputError, match="number"):
        Exercise(number, "", {}, ())
    with pytest.raises(InputError, match="cases or a judge"):
        Exercise("2.1", "", {}, (), cases=pictures, judge=lambda answer: None)


# --- what the learner calls


@pytest.fixture
def toy_course(monkeypatch, tmp_path):
    """A course with one exercise, 9.1, and a fresh home."""
    toy = exercise(halved, {"Halve it.": lambda x, M: x * M})
    monkeypatch.setattr(exercises, "notebooks", lambda: ["09"])
    monkeypatch.setattr(exercises, "of_notebook", lambda number: [toy] if number == "09" else [])
    monkeypatch.setenv("RWLIB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(progress, "_hints_shown", progress.Counter())
    monkeypatch.setattr(progress, "_warned", set())
    monkeypatch.setattr(progress, "outline", lambda: {"9.1": "toy"})
    return toy


def test_check_shows_a_box_that_needs_no_colour(toy_course):
    assert dir(check) == ["ex_9_1", "hint", "keep"]
    right, wrong = check.ex_9_1(halved), check.ex_9_1(lambda x, M: x * M)
    assert "✓ Exercise 9.1, toy: passed" in right._repr_html_() and repr(right).startswith("✓")
    assert 'role="status"' in wrong._repr_html_() and "✗ Exercise 9.1, toy: failed" in wrong._repr_html_()
    assert "Halve it.<br>Stuck? <code>check.hint(&quot;9.1&quot;)</code>" in wrong._repr_html_()


def test_what_learners_write_is_escaped(toy_course):
    assert "<script>" not in check.ex_9_1(lambda x, M: {}["<script>"])._repr_html_()


def test_other_names_are_refused_with_a_list(toy_course):
    with pytest.raises(AttributeError, match=r"expected one of 9\.1; got '9\.7'"):
        _ = check.ex_9_7
    with pytest.raises(AttributeError, match=r"check\.ex_2_1"):
        _ = check.exercise
    with pytest.raises(InputError, match=r"expected one of 9\.1; got '1\.1'"):
        hint("1.1")


def test_hints_come_one_by_one_and_end_at_the_solution(toy_course):
    shown = [hint("9.1"), check.hint("9.1"), hint("9.1"), hint("9.1")]
    assert [result.message for result in shown[:2]] == ["one", "two"]
    assert all("notebooks/solutions/" in result.message for result in shown[2:])
    assert "hint 1 of 2" in repr(shown[0]) and "? Exercise 9.1" in shown[0]._repr_html_()


def test_graders_can_make_a_check_raise(toy_course, monkeypatch):
    monkeypatch.setenv("RWLIB_STRICT", "1")
    assert check.ex_9_1(halved).status == "passed"
    for answer in (None, lambda x, M: x * M):
        with pytest.raises(AssertionError, match=r"Exercise 9\.1"):
            check.ex_9_1(answer)


# --- progress


def test_progress_counts_attempts_passes_and_hints(toy_course):
    check.ex_9_1(None)
    check.ex_9_1(lambda x, M: x)
    check.ex_9_1(halved)
    check.ex_9_1(lambda x, M: x)
    hint("9.1")
    assert progress.read() == {"9.1": progress.Record(attempts=3, passed=True, hints=1)}
    assert "notebook 09: 1 of 1 exercises passed" in progress.table() and "✓ 9.1" in progress.table()
    progress.reset()
    assert progress.read() == {} and "· 9.1" in progress.table()


def test_two_notebooks_at_once_lose_nothing(toy_course):
    code = "from rwlib.course import progress\nfor i in range(200): progress.note('9.1', 'failed')"
    processes = [subprocess.Popen([sys.executable, "-c", code], env=os.environ) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert progress.read()["9.1"].attempts == 400


def test_a_line_cut_short_is_skipped(toy_course):
    progress.note("9.1", "passed")
    with progress.file().open("a") as file:
        file.write('\n{"exercise": "9.')
    assert progress.read() == {"9.1": progress.Record(attempts=1, passed=True)}
    progress.note("9.1", "failed")
    assert progress.read()["9.1"].attempts == 2


def test_an_unwritable_home_costs_one_line(toy_course, monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("RWLIB_HOME", str(tmp_path / "file" / "home"))
    assert check.ex_9_1(halved).status == check.ex_9_1(halved).status == "passed"
    assert [hint("9.1").message for _ in range(2)] == ["one", "two"]
    assert capsys.readouterr().out.count("\n") == 1 and progress.read() == {}


def test_the_home_follows_the_system(monkeypatch, tmp_path):
    monkeypatch.delenv("RWLIB_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert progress.file() == tmp_path / "rwlib" / "progress.jsonl"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert progress.folder().parts[-3:] == (".local", "share", "rwlib")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert progress.folder().parts[-2:] == ("Application Support", "rwlib")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert progress.folder() == tmp_path / "rwlib"


# --- setup


@pytest.mark.parametrize(("tier", "value"), [("smoke", 1), ("cpu", 2)])
def test_setup_says_where_it_runs(tier, value, monkeypatch, capsys):
    monkeypatch.setenv("RWLIB_TIER", tier)
    ctx = setup("98", seed=5)
    assert capsys.readouterr().out == f"rwlib 98 · tier {tier} · device cpu · seed 5 · measured: not measured\n"
    assert (ctx.number, ctx.tier, ctx.seed, ctx.pick(smoke=1, cpu=2, gpu=3)) == ("98", tier, 5, value)
    assert torch.equal(torch.rand(3), torch.rand(3, generator=ctx.generator))


def test_without_a_tier_the_device_decides(monkeypatch):
    monkeypatch.delenv("RWLIB_TIER", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert context.find_tier() == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert context.find_tier() == "gpu"


def test_wrong_tiers_and_numbers_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for tier, words in (("fast", "expected one of smoke, cpu, gpu"), ("gpu", "use RWLIB_TIER=cpu")):
        monkeypatch.setenv("RWLIB_TIER", tier)
        with pytest.raises(InputError, match=words):
            setup("02")
    with pytest.raises(InputError, match="two digits"):
        setup("2")


def test_timings_are_shown(monkeypatch, tmp_path):
    file = tmp_path / "timings.json"
    file.write_text('{"02": {"smoke": {"seconds": 8, "mb": 940}, "cpu": {"seconds": 200, "mb": 1440}}}')
    monkeypatch.setattr(context, "TIMINGS", file)
    assert context.describe_timing("02", "cpu") == "3 min, 1.4 GB"
    assert context.describe_timings("02") == "smoke 8 s, 0.9 GB; cpu 3 min, 1.4 GB"
    assert context.describe_timings("03") == context.describe_timing("02", "gpu") == "not measured"


# --- drawing cases


def test_masks_have_both_regions_and_images_are_in_range():
    rng = torch.Generator().manual_seed(0)
    for h, w in ((1, 2), (5, 3)):
        M = mask(rng, 4, h, w)
        assert M.dtype == torch.float64 and M.shape == (4, 1, h, w)
        assert all(set(one.unique().tolist()) == {0.0, 1.0} for one in M)
    assert image(rng, 2, 4, 5).abs().max() <= 1
