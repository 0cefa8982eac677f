r"""Table 1 of the paper, from the configurations of the methods themselves, beside the printed one.

The paper has a column for each kind of loss and a row for PConv, EC, PIC and its own model. Here a kind is marked where
one of its losses has a weight above zero (`rwlib.config.Config.loss_weights`), by which training multiplies it; CA,
gated convolution and RED have rows, too.
"""

from rwlib.config import MODELS, Config, make_config

COLUMNS = {
    "L_r": "reconstruction", "L_p": "perceptual", "L_s": "style", "L_a": "adversarial", "L_c": "correlation",
    "L_k": "KL divergence", "L_f": "feature matching",
}  # fmt: skip
"""The paper's columns, and what they stand for."""
KIND_OF = {name: name for name in COLUMNS} | {
    "L_valid": "L_r", "L_hole": "L_r", "L_ae": "L_r", "L_a_edge": "L_a", "L_tv": "",
}  # fmt: skip
"""Name of a loss in a method → its kind; empty where the paper has no column for it."""
PRINTED: dict[str, frozenset[str]] = {
    "pconv": frozenset({"L_r", "L_p", "L_s"}),
    "ec": frozenset({"L_r", "L_p", "L_s", "L_a", "L_f"}),
    "pic": frozenset({"L_r", "L_a", "L_k"}),
    "region-wise": frozenset({"L_r", "L_s", "L_a", "L_c"}),
}
"""Table 1 as printed."""
NOTES = {
    "pconv": "PConv has total variation, too, for which there is no column.",
    "ec": "EC's L_f belongs to its edges alone, its L_p and L_s to the completion, its L_a to both.",
    "pic": "PIC's reconstructive path has no adversarial loss of the usual kind: program and paper (section 3.3 there) "
    "compare a discriminator's scores of reconstruction and truth, which is feature matching. Table 1 prints none.",
    "red": "RED is the region-wise model without L_a (Fig. 4f).",
}
"""What to know beside the table, and where it disagrees with the programs."""


def loss_kinds(config: Config) -> frozenset[str]:
    """Return the kinds of losses that a configuration descends, as in table 1.

    Example:
        >>> sorted(loss_kinds(make_config("paper", "full")))
        ['L_a', 'L_c', 'L_r', 'L_s']
    """
    return frozenset(KIND_OF[name] for name, weight in config.loss_weights().items() if weight and KIND_OF[name])


def rows() -> dict[str, tuple[str, frozenset[str]]]:
    """Return name → title and kinds of losses: every model with its paper's weights, and RED."""
    table = {
        name: (model.title, loss_kinds(make_config("paper", "full", model=name))) for name, model in MODELS.items()
    }
    return table | {"red": ("RED (Ma et al., 2019a)", loss_kinds(make_config("red", "full")))}


def disagreements() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Return model → kinds that it has and table 1 does not print, kinds that are printed and that it does not have."""
    table = rows()
    both = {name: (table[name][1] - printed, printed - table[name][1]) for name, printed in PRINTED.items()}
    return {name: (more, less) for name, (more, less) in both.items() if more or less}


def loss_table() -> str:
    """Return Markdown: table 1 from the methods' configurations; a cell in which the printed one differs says so."""
    lines = [["", *(f"{name}, {kind}" for name, kind in COLUMNS.items())]]
    for name, (title, kinds) in rows().items():
        printed = PRINTED.get(name, kinds)
        cells = []
        for kind in COLUMNS:
            mark, theirs = ("✓" if kind in which else "–" for which in (kinds, printed))
            cells.append(mark if mark == theirs else f"{mark} (printed: {theirs})")
        lines.append([title, *cells])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * widths[0], *(f":{'-' * (width - 2)}:" for width in widths[1:])])
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    table = "\n".join("| " + " | ".join(line) + " |" for line in padded)
    return table + "\n\n" + "\n".join(f"- {note}" for note in NOTES.values())


def weight_lines() -> list[str]:
    """Return a line for each model: what it descends, with its paper's weights.

    Example:
        >>> weight_lines()[0]
        'region-wise (Ma et al., 2019): L_r + 1e-05 L_c + 0.001 L_s + L_a'
    """
    lines = []
    for name, model in MODELS.items():
        weights = make_config("paper", "full", model=name).loss_weights()
        terms = [loss if weight == 1 else f"{weight:g} {loss}" for loss, weight in weights.items()]
        lines.append(f"{model.title}: {' + '.join(terms)}")
    return lines
