"""Notebook 07: other right answers pass, its lists of choices are those of the exercises; and the failure museum."""

import jupytext
import nbformat
import numpy as np
import pytest
import torch
from conftest import PATIENCE_S
from nbclient import NotebookClient

from rwlib.conventions import InputError
from rwlib.course.authoring import build
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import PASSED
from rwlib.course.exercises import nb07
from rwlib.course.lessons import museum
from rwlib.training.step import Batch, generator_step

SOURCE = build.NOTEBOOKS / "source" / "07_training.py"


def by_epoch(step, epochs_one, steps_per_epoch):
    return float(step // steps_per_epoch >= epochs_one)


def added_up(L_r, L_c, L_s, L_a, lambda_1, lambda_2, lambda_3):
    weights, terms = (1.0, lambda_1, lambda_2, lambda_3), (L_r, L_c, L_s, L_a)
    return sum(weight * term for weight, term in zip(weights, terms, strict=True) if term is not None)


def with_rwlib(G, vgg, opt_G, I_gt, M, config, losses):
    for x in G.parameters():
        x.grad = None
    L = generator_step(None, vgg, Batch(I_gt, M, u=None), G(I_gt, M), config, phase=1)["L"]
    L.backward()
    opt_G.step()
    return L


def one_forward(D, opt_D, I_gt, I_p1, I_p2, M, alpha):
    opt_D.zero_grad(set_to_none=False)
    with torch.no_grad():
        I = torch.cat([I_gt, I_p1, I_p2])
    masks = torch.cat([M, M, M])
    real, fake_1, fake_2 = D(torch.cat([I * (1 - masks), masks], dim=1)).split(len(M))
    L_D = -alpha * real.mean() + fake_1.mean() + fake_2.mean() - 2
    L_D.backward()
    opt_D.step()
    return -L_D.detach()


def lerp(average, weights, n, decay):
    return torch.lerp(weights, average, decay if decay < (1 + n) / (10 + n) else (1 + n) / (10 + n))


ALTERNATIVES = {
    "7.1": [by_epoch, lambda step, epochs_one, steps_per_epoch: 1.0 * (step >= epochs_one * steps_per_epoch)],
    "7.2": [added_up, lambda r, c, s, a, l_1, l_2, l_3: s * l_2 + c * l_1 + r + (0 if a is None else a * l_3)],
    "7.3": [with_rwlib],
    "7.4": [one_forward],
    "7.8": [
        lerp,
        lambda average, weights, n, decay: average + (1 - min(decay, (1 + n) / (10 + n))) * (weights - average),
    ],
    "7.9": [6.0],
}


@pytest.mark.parametrize(
    ("number", "answer"), [(n, answer) for n, answers in ALTERNATIVES.items() for answer in answers]
)
def test_nb07_another_right_answer_passes(number, answer):
    exercise = next(exercise for exercise in nb07.EXERCISES if exercise.number == number)
    result = judge(exercise, answer)
    assert result.status == PASSED, result.message


def test_nb07_the_choices_of_the_text_are_those_of_the_exercises():
    lines = SOURCE.read_text(encoding="utf-8").splitlines()
    assert all(f"# - {choice}" in lines for choice in nb07.BUGS + nb07.FAULTS)


@pytest.mark.parametrize("name", museum.NAMES)
def test_nb07_an_exhibit_is_complete(name):
    shown = museum.exhibit(name)
    for text in (shown.title, shown.question, shown.diagnosis, shown.clue, shown.how):
        assert text.strip()
    assert all(len(values) == len(shown.steps) and np.isfinite(values).all() for values in shown.curves.values())
    assert any(curve.endswith(", healthy") for curve in shown.curves), "a healthy run stands beside it"
    assert any(picture.endswith("healthy") for picture in shown.pictures)
    for picture in shown.pictures.values():
        assert picture.dtype == np.uint8 and picture.shape == (64, 256, 3) and picture.std() > 5
    assert 'alt="A trace."' in museum.show_exhibit(shown, alt="A trace.").data


def test_nb07_the_museum_is_small_and_an_unknown_exhibit_is_refused():
    assert sum(file.stat().st_size for file in museum.FOLDER.iterdir()) < 600_000
    assert {file.stem for file in museum.FOLDER.iterdir()} == set(museum.NAMES)
    with pytest.raises(InputError, match="expected one of discriminator-too-strong, collapse"):
        museum.exhibit("unknown")


def test_nb07_the_notebooks_call_exhibits_by_signs_that_give_nothing_away():
    assert {museum.exhibit(sign).diagnosis for sign in "ABC123"} == {museum.exhibit(n).diagnosis for n in museum.NAMES}
    for source in sorted((build.NOTEBOOKS / "source").glob("0[67]_*.py")):
        assert not any(name in source.read_text(encoding="utf-8") for name in museum.NAMES)


def last(curves, name):
    return float(np.mean(curves[name][-3:]))


@pytest.mark.slow
@pytest.mark.skipif(torch.accelerator.is_available(), reason="two processes need two GPUs, or none at all")
def test_the_launchers_cell_trains_in_two_processes_in_a_fresh_kernel():
    """As the notebook says: after a restart, the first code cell and the launcher's."""
    cells = [cell.source for cell in jupytext.read(SOURCE).cells if cell.cell_type == "code"]
    launcher = next(cell for cell in cells if "notebook_launcher(" in cell)
    launcher = launcher.replace("N_PROCESSES = 1 ", "N_PROCESSES = 2 ").replace("steps=10", "steps=2")
    report = "import json\nprint(json.loads((launched / 'run.json').read_text())['processes'])"
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, (cells[0], launcher, report))))
    NotebookClient(notebook, timeout=PATIENCE_S, kernel_name="python3").execute()
    assert notebook.cells[-1].outputs[0].text == "2\n"
