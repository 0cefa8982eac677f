"""Exercises of notebook 12: what a training takes, in hours, money and memory."""

from rwlib.course.checking.exercise import Each, Exercise
from rwlib.course.checking.letters import four_letters, letter


def trainings(rng):
    """From a small set on one GPU to a large one on many."""
    yield from (
        (339, 29, 12.0, 1, 2.0),
        (14_900, 29, 80.0, 4, 1.5),
        (1_803_460, 7, 310.0, 32, 2.25),
        (28_000, 10, 55.0, 2, 0.0),
    )


def memories(rng):
    """Room for many images, for exactly a batch, for one, and for none."""
    yield from (
        (900.0, 1500.0, 16_000.0),
        (10.0, 18.0, 42.0),
        (10.0, 18.0, 41.5),
        (700.0, 900.0, 700.0),
        (700.0, 900.0, 650.0),
        (700.0, 900.0, 100.0),
    )


EXERCISES = [
    Exercise(
        number="12.1",
        title="hours and cost",
        cases=trainings,
        mistakes={
            "Those are seconds: an hour has 3,600 of them.": " * 3600 ->",
            "The GPUs share the photographs: more of them take fewer hours.": (
                "(photos_per_second * gpus * 3600) -> (photos_per_second * 3600)"
            ),
            "The price is for one GPU and one hour: all GPUs cost money in every hour.": (
                "hours * gpus * price -> hours * price"
            ),
            "Each photograph goes through the step once per epoch.": "n_photos * epochs -> n_photos",
            "The other way round: what has to be done, over what is done per hour.": (
                "return (photos_per_second * gpus * 3600) / (n_photos * epochs), "
                "(photos_per_second * gpus * 3600) / (n_photos * epochs) * gpus * price"
            ),
        },
        hints=(
            "How many photographs go through the step in all, and how many per hour?",
            "`hours = n_photos * epochs / (photos_per_second * gpus * 3600)`; the cost is hours · GPUs · price.",
        ),
    ),
    Exercise(
        number="12.2",
        title="the largest batch",
        cases=memories,
        mistakes={
            "The memory of one image holds the fixed part, too: the next ones cost less. Subtract two measurements.": (
                "return max(0, int(mb_free // mb_of_one))"
            ),
            "The fixed part is there in every step: weights and optimiser. Take it off what is free.": (
                "(mb_free - fixed) // per_image -> mb_free // per_image"
            ),
            "One image too few fits: the fixed part is the memory of one image without that image.": (
                "fixed = mb_of_one - per_image -> fixed = mb_of_one"
            ),
            "Rounded up: a batch that does not fit does not run.": (
                "int((mb_free - fixed) // per_image) -> -int(-(mb_free - fixed) // per_image)"
            ),
            "Half the memory of two images holds half the fixed part, too. Subtract the memory of one image.": (
                "per_image = mb_of_two - mb_of_one -> per_image = mb_of_two / 2"
            ),
            "A batch is a whole number of images: round down.": (
                "return max(0, int((mb_free - fixed) // per_image)) -> return max(0.0, (mb_free - fixed) / per_image)"
            ),
            "A batch of less than none: the smallest answer is 0.": (
                "max(0, int((mb_free - fixed) // per_image)) -> int((mb_free - fixed) // per_image)"
            ),
        },
        hints=(
            "A straight line through two points: what does one more image cost?",
            "`per_image = mb_of_two - mb_of_one`, `fixed = mb_of_one - per_image`; divide what is left, rounded down.",
        ),
    ),
    Exercise(
        number="12.3",
        title="four runs, four remedies",
        mistakes={
            "Four letters, one for each run, from a to e, in one text.": Each(
                "bca", when=lambda answer: isinstance(answer, str) and four_letters(answer) is None
            ),
            "Run 1 waits for pictures three quarters of the time: a smaller network would wait as well.": Each(
                "ecad", when=lambda answer: letter(answer, 0) == "e"
            ),
            "Run 3: a narrower network is another network. Smaller parts have the same gradients.": Each(
                "bced", when=lambda answer: letter(answer, 2) == "e"
            ),
            "Run 4: nan in fp16 after hours is an overflow. λ_3 has nothing to do with it; bf16 has the range.": Each(
                "bdac", when=lambda answer: letter(answer, 3) in ("c", "e")
            ),
            "Run 2: it happens at the moment when L_a joins. What weighs L_a?": Each(
                "beac", when=lambda answer: letter(answer, 1) in ("a", "b", "d", "e")
            ),
        },
        hints=(
            "Run 1: who waits for whom? Run 3: which option has the gradients of a large batch from small parts?",
            "Run 2: L_a joins with the weight λ_3. Run 4: which precision has the range of float32?",
        ),
    ),
]
