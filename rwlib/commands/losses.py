"""`rwlib losses`: table 1 of the paper, generated from the models' own configurations."""

from dataclasses import dataclass


@dataclass
class Losses:
    """Print which losses each model descends, table 1 of the paper, and with which weights."""

    weights: bool = True
    """With the weights of the models' papers."""

    def run(self) -> None:
        """Print."""
        from rwlib.evaluation.loss_kinds import loss_table, weight_lines

        print(loss_table())
        if self.weights:
            print("", *weight_lines(), sep="\n")
