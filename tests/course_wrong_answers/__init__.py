"""Plausible wrong answers to every exercise, most of them written without looking at `rwlib.course.exercises`.

`nbNN.py` are ten for each exercise, for most of which messages exist by now; those of 0.1, 6.13, 7.13 and 12.1 to 12.3 were
written by somebody who knew the messages. `second.py`, `third.py` and `fourth.py` came later; no message was written for
them. `fifth.py` (all exercises, notebook 11 too) and `sixth.py` are by another hand, written from the notebooks alone; a
comment says of each answer what is wrong with it. The words `x` stand for a right answer, which must pass.

Each module holds `WRONG`: exercise → a list of (wrong answer, words). A wrong answer is an edit of the solution, a whole
body, or for a prediction a value, as in `Exercise.mistakes`. The words are a regular expression, case ignored: a message
that names *this* mistake says one of them. `tests/test_course_wrong_answers.py` counts how often that is so.
"""
