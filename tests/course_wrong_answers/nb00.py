"""Notebook 00: how exercises work."""

WRONG = {
    "0.1": [
        ("return 1 - missing_pixels / all_pixels", "exists|1 minus|other way"),
        ("return 100 * missing_pixels / all_pixels", "percent|100|0 to 1"),
        ("return all_pixels / max(missing_pixels, 1)", "other way|divided"),
        ("/ -> //", "whole|decimal|//"),
        ("return missing_pixels", "divi|share|all"),
        ("return missing_pixels / (all_pixels - missing_pixels + 1)", "all_pixels|whole|exist|divi"),
        ("return round(missing_pixels / all_pixels, 1)", "round"),
        ("/ -> *", "divi|multipl"),
        ("/ -> -", "divi|subtract"),
        ("return f'{missing_pixels / all_pixels}'", "text|string|str|number"),
    ],
}
