"""Notebook 09: other right answers pass, and its app holds the studio and nothing to be filled in."""

import itertools
import math
from dataclasses import asdict

import nbformat
import pytest
import torch

from rwlib.conventions import InputError
from rwlib.course import app, exercises
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import PASSED
from rwlib.evaluation import mean_and_interval


def best_by_enumeration(values, k):
    choices = list(itertools.combinations(values.tolist(), k))
    return sum(max(choice) for choice in choices) / len(choices)


def holm_by_adjusted_values(p):
    order, n = p.argsort(), len(p)
    factors = torch.arange(n, 0, -1, dtype=p.dtype)
    adjusted = (p[order] * factors).cummax(0).values
    return torch.zeros(n, dtype=torch.bool).index_put((order,), adjusted <= 0.05)


ALTERNATIVES = {
    "9.1": [" DE "],
    "9.2": [
        lambda a, b: [name for name in sorted(asdict(a)) if asdict(a)[name] != asdict(b)[name]],
        lambda a, b: sorted({k for k, _ in set(asdict(a).items()) ^ set(asdict(b).items())}),
    ],
    "9.3": [best_by_enumeration],
    "9.4": [lambda a, b, w: math.ceil(1.96**2 * ((a - b).var() / w**2).item())],
    "9.5": [lambda values: mean_and_interval(values.sum(1) / values.shape[1])],
    "9.6": [lambda a, b, e, S, P: ((a * P + b * S + e) / (S * P)) ** 0.5],
    "9.7": [holm_by_adjusted_values],
}


@pytest.mark.parametrize("number", ALTERNATIVES)
def test_other_right_answers_pass(number):
    for answer in ALTERNATIVES[number]:
        result = judge(exercises.find(number), answer)
        assert result.status == PASSED, result


def test_the_app_is_the_studio_alone():
    shown = app.app_of(nbformat.read(app.find_notebook("09"), as_version=4))
    nbformat.validate(shown)
    sources = [cell.source for cell in shown.cells]
    assert sources[0].startswith("# Ablation studio") and "\n" not in sources[0]
    assert [s for cell, s in zip(shown.cells, sources, strict=True) if cell.cell_type == "code"] == [
        "from rwlib.widgets import AblationStudio\n\nAblationStudio()"
    ]
    assert not any("Exercise" in source or "·" in source.split("\n")[0] for source in sources)


def test_an_app_needs_a_notebook_with_the_tag(monkeypatch, capsys):
    empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 01 · Holes")])
    with pytest.raises(InputError, match="none of its cells carries the tag"):
        app.app_of(empty)
    assert app.main(["77"]) == 2 and "no 77_*.ipynb" in capsys.readouterr().err
    monkeypatch.setattr(app, "find_spec", lambda name: None)
    assert app.main(["09", "--no-browser"]) == 2 and "pip install rwlib[studio]" in capsys.readouterr().err
