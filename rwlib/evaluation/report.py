"""What an evaluation leaves for people: a text in Markdown, the same numbers as CSV, and a plot."""

from collections.abc import Sequence
from pathlib import Path

from rwlib.evaluation.paper import NOTES, beside_paper
from rwlib.evaluation.plot import draw
from rwlib.evaluation.tables import Summary
from rwlib.files import replacing, write_text

PRINTED = ("hole_psnr", "hole_ssim", "psnr", "ssim", "l1", "l2", "lpips")
CONVENTIONS = """\
Mean ± 95 % interval over photographs (not over training runs); fewer than five photographs, n, have no interval.
Composites are rounded to 8 bits; every metric is computed per image first. `hole_` is over the missing pixels alone;
the others are over the whole picture, whose existing part is perfect by construction. l1 and l2 are means on [0, 1];
SSIM has a Gaussian window of 11 pixels."""
PAIRED = """\
Paired: the first method minus another on the same photograph and mask. Photographs differ more than methods do, and in
the difference that drops out. An interval without 0 says that the two differ, wrongly in one cell of twenty."""
DISTANCES = """\
Distances between all composites of a cell and the originals of the same photographs. Composites contain the original's
existing pixels, which makes them small; they depend on the number of pictures, and on size. Marked `small N`: with so
few pictures the covariance is singular and the Fréchet distance biased upwards. KID, printed beside FID then, is not
biased; pairs of a composite and its own original are left out of it. U-IDS is how often a linear classifier takes an
original for inpainted or the reverse, P-IDS how often a composite looks more real to it than its own original: higher
is better, and both depend on N."""


def report(summary: Summary, *, about: Sequence[str] = (), notes: Sequence[str] = (), paper: str = "") -> str:
    """Return the whole text.

    Args:
        summary: of the evaluation.
        about: lines on what was measured.
        notes: lines on what was not.
        paper: data set of the paper whose columns stand beside ours; empty for none.
    """
    parts = ["\n".join(f"- {line}" for line in [*about, f"{summary.n} photographs"]), CONVENTIONS]
    metrics = [metric for metric in PRINTED if metric in summary.metrics]
    parts += [summary.table(metric) for metric in metrics]
    if len(summary.methods) > 1:
        parts += [PAIRED, *map(summary.paired, metrics[:2])]
    if summary.distance_names:
        parts += [DISTANCES, *map(summary.distance_table, summary.distance_names)]
    if paper:
        parts += [f"Beside the paper's tables 2 and 3, {paper}:", beside_paper(summary, paper), NOTES]
    parts += ["\n".join(notes)] if notes else []
    return "\n\n".join(parts)


def write_reports(summary: Summary, text: str, out: Path) -> None:
    """Write `summary.csv`, `tables.md` and `tables.png`, each all or nothing.

    Raises:
        InputError: the folder cannot be written to.
    """
    write_text(out / "summary.csv", summary.csv(), "out")
    write_text(out / "tables.md", f"# Evaluation\n\n{text}\n", "out")
    with replacing(out / "tables.png", "out") as file:
        draw(summary).savefig(file, format="png", dpi=110)
