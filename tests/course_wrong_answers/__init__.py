"""Plausible wrong answers to every exercise, written without looking at the messages of `rwlib.course.exercises`.

Each module holds `WRONG`: exercise → a list of (wrong answer, words). A wrong answer is an edit of the solution, a whole
body, or for a prediction a value, as in `Exercise.mistakes`. The words are a regular expression, case ignored: a message
that names *this* mistake says one of them. `tests/test_course_wrong_answers.py` counts how often that is so.
"""
