r"""A system of the learner's own: `my_rwlib/` holds the functions that passed, and `MySystem` trains with them.

written  finds out which imports a function needs, so that it can stand in a file by itself
kept     writes a function to `my_rwlib/`, one module for each notebook, when its check has passed
solved   writes all solutions there, for tests and for the notebooks with solutions
parts    what a system is made of: exercise → part, and rwlib's own function for what is not written yet
system   the networks of a system, its training (Algorithm 1), and the file that it leaves
"""
