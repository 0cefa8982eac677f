"""Notebook 12: hours, money and memory."""

WRONG = {
    "12.1": [
        (" * 3600 -> ", "second|3,?600|hour"),
        ("gpus * 3600 -> 3600", "GPU|gpus"),
        ("hours * gpus * price -> hours * price", "GPU|gpus"),
        ("n_photos * epochs -> n_photos", "epoch"),
        ("* 3600 -> * 60", "3,?600|minute|60"),
        ("return hours, hours * gpus * price -> return hours", "two|tuple|cost"),
        ("return hours, hours * gpus * price -> return hours * gpus * price, hours", "order|first|exchanged"),
        ("return hours, hours * gpus * price -> return hours * gpus, hours * gpus * price", "gpus|GPU|first"),
        ("hours * gpus * price -> hours * gpus", "price"),
        ("hours * gpus * price -> hours * gpus / max(price, 0.1)", "price|divi|multipl"),
    ],
    "12.2": [
        ("return max(0, int(mb_free // mb_of_one))", "fixed|subtract"),
        ("(mb_free - fixed) // per_image -> mb_free // per_image", "fixed|off"),
        ("fixed = mb_of_one - per_image -> fixed = mb_of_one", "fixed"),
        ("int((mb_free - fixed) // per_image) -> -int(-(mb_free - fixed) // per_image)", "round"),
        ("max(0, int((mb_free - fixed) // per_image)) -> int((mb_free - fixed) // per_image)", "none|0|smallest|max"),
        ("max(0, int( -> max(1, int(", "0|none"),
        ("(mb_free - fixed) // per_image -> (mb_free + fixed) // per_image", "fixed|sign|subtract|minus"),
        ("per_image = mb_of_two - mb_of_one -> per_image = mb_of_two / 2", "per_image|mb_of_one|fixed|subtract"),
        ("// per_image -> / mb_of_two", "per_image|mb_of_two|image"),
        (
            "return max(0, int((mb_free - fixed) // per_image)) -> return max(0, (mb_free - fixed) / per_image)",
            "whole|round|int",
        ),
    ],
    "12.3": [
        ("ecad", "Run 1"),
        ("bced", "Run 3"),
        ("bdac", "Run 4"),
        ("beac", "Run 2"),
        ("bca", "four|4|letter"),
        ("bacd", "Run [23]|second|third"),
        ("dacb", "order|backwards"),
        ("ecdb", "Run 1|Run 3|Run 4|right"),
        (["b", "c", "e", "d"], "Run 3"),
        ("abcd", "Run|right|letter"),
    ],
}
