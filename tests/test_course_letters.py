"""Answers of four letters: what is taken for one, and which letter stands where."""

import pytest

from rwlib.course.checking.letters import four_letters, letter


@pytest.mark.parametrize("answer", ["ecab", " ECAB\n", list("ecab"), ("e", "C", "a", "b")])
def test_four_letters_in_any_form(answer):
    assert four_letters(answer) == "ecab" and [letter(answer, i) for i in range(4)] == list("ecab")


@pytest.mark.parametrize("answer", ["eca", "ecabd", "ecaf", "", 4, None, ["e", 3, "a", "b"], [], {"ecab"}])
def test_anything_else_is_none(answer):
    assert four_letters(answer) is None and letter(answer, 2) == ""
