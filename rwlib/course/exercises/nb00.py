"""The one exercise of notebook 00, on which one learns how exercises work."""

from rwlib.course.checking.exercise import Exercise


def counts(rng):
    """Missing pixels and all of them; never half and half."""
    yield from ((1, 4), (30, 120), (0, 7), (5, 5), (4096, 16384))


EXERCISES = [
    Exercise(
        number="0.1",
        title="a share",
        cases=counts,
        mistakes={
            "That is the share that exists: it is 1 minus the one we want.": "return 1 - missing_pixels / all_pixels",
            "That is a percentage: a share goes from 0 to 1.": "return 100 * missing_pixels / all_pixels",
            "The other way round: the part is divided by the whole.": "return all_pixels / max(missing_pixels, 1)",
            "That is rounded: leave the share as it is.": "return round(missing_pixels / all_pixels, 1)",
            "A share is a quotient, not a difference.": "return missing_pixels - all_pixels",
            "`//` drops everything after the decimal point; a share needs `/`.": "/ -> //",
        },
        hints=("Divide the part by the whole.", "`return missing_pixels / all_pixels`; that is really all."),
    ),
]
