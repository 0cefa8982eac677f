"""Equality in a check: shapes first, and no sentence where nobody reads one."""

import pytest
import torch

from rwlib.course.checking import compare


@pytest.mark.parametrize(
    ("got", "expected", "equal"),
    [
        (torch.ones(2, 3), torch.ones(2, 3), True),
        (torch.ones(2, 3), torch.ones(3, 2), False),
        (torch.ones(2, 3), torch.zeros(2, 3), False),
        ([1, torch.ones(2)], [1, torch.ones(2)], True),
        ([1, torch.ones(2)], [1, torch.ones(1)], False),
        ({"a": torch.ones(2)}, {"b": torch.ones(2)}, False),
        ("a", torch.ones(2), False),
    ],
)
def test_it_says_what_find_difference_says(got, expected, equal):
    assert compare.same(got, expected) == equal == (compare.find_difference(got, expected) is None)


def test_a_wrong_shape_is_not_explained(monkeypatch):
    asked = []
    monkeypatch.setattr(compare, "wrong_shape", lambda *args: asked.append(args) or "")
    assert not compare.same((torch.ones(3, 4), 1), (torch.ones(4), 1)) and not asked
    assert compare.find_difference(torch.ones(3, 4), torch.ones(4)) and asked


def test_a_tensor_that_cannot_be_asked_is_not_equal():
    class Broken(torch.Tensor):
        @property
        def shape(self):
            raise RuntimeError("no shape")

    assert not compare.same(torch.ones(2).as_subclass(Broken), torch.ones(2))
