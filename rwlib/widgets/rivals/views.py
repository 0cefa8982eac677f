"""All fillings of one hole side by side: as HTML that wraps to the width there is, and as a still picture."""

import html

import torch
from IPython.display import HTML
from torch import Tensor

from rwlib.notebook.figures import picture, show_images
from rwlib.rivals import PAPERS, TITLES
from rwlib.widgets.rivals.fillings import PIC, Filling, Fillings
from rwlib.widgets.shared.pictures import to_png


def seconds(filling: Filling) -> str:
    """Return the time of a forward pass in words."""
    return f"{filling.seconds:.3f} s" if filling.seconds < 0.1 else f"{filling.seconds:.2f} s"


def answer(sample: int) -> str:
    """Return in words which of PIC's answers is shown."""
    return f"answer {sample}" if sample else "the mean code"


def with_white_hole(fillings: Fillings) -> Tensor:
    """Return the picture that all were given, its hole white."""
    return torch.where(fillings.M.bool(), fillings.I_gt, 1.0)


def gallery(fillings: Fillings) -> str:
    """Return the hole, every filling with seconds and weights below it, and the photograph, in HTML."""
    figures = [_figure(with_white_hole(fillings), "The photograph; its hole is white.", ["given"])]
    for name, filling in fillings.by.items():
        which = answer(fillings.sample) if name == PIC else ""
        words = [TITLES[name], seconds(filling), f"{filling.rival.weights:,} weights"] + ([which] if which else [])
        alt = f"The hole filled by {PAPERS[name]}{', ' + which if which else ''}."
        figures.append(_figure(filling.I_c, alt, words))
    figures.append(_figure(fillings.I_gt, "The whole photograph.", ["the photograph"]))
    return f'<div class="rwlib-gallery">{"".join(figures)}</div>'


def _figure(I: Tensor, alt: str, words: list[str]) -> str:
    title, *rest = (html.escape(word) for word in words)
    below = "<br>".join([f"<b>{title}</b>", *rest])
    return f"<figure>{picture(to_png(I), alt)}<figcaption>{below}</figcaption></figure>"


def left_out(missing: list[str]) -> str:
    """Return a sentence on the methods without weights; empty if there are none."""
    return f"Left out, as their weights are not here: {', '.join(TITLES[name] for name in missing)}." if missing else ""


def still(fillings: Fillings, note: str) -> HTML:
    """Return the same as a still picture."""
    images = {"given": with_white_hole(fillings)}
    for name, filling in fillings.by.items():
        images[f"{TITLES[name]}\n{seconds(filling)}\n{filling.rival.weights:,} weights"] = filling.I_c
    images["the photograph"] = fillings.I_gt
    return show_images(
        images,
        columns=5,
        side_inches=1.6,
        alt=f"{fillings.state.photo.name} with a white hole, {len(fillings.by)} fillings of it, and the photograph.",
        caption=f"A still picture of the gallery. {note} To paint a hole, run this notebook with `make lab`.",
    )
