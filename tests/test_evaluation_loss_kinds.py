"""Table 1 of the paper, generated from the methods' configurations, beside the printed one."""

import dataclasses
import re

from test_training_rivals import MOVE, a_batch, shared_players, step, tiny

from rwlib.commands.main import main
from rwlib.config import MODELS, make_config
from rwlib.evaluation.loss_kinds import (
    KIND_OF,
    NOTES,
    PRINTED,
    disagreements,
    loss_kinds,
    loss_table,
    rows,
    weight_lines,
)


def test_the_printed_table_agrees_but_for_the_feature_matching_of_pic():
    assert disagreements() == {"pic": (frozenset({"L_f"}), frozenset())}
    assert "feature matching" in NOTES["pic"]


def test_every_loss_of_every_model_has_a_kind():
    assert {name for model in MODELS.values() for name in model.weights} == KIND_OF.keys()


def test_what_the_table_says_is_what_the_steps_compute():
    """The losses that training returns, in all phases together."""
    for name in {model for model, _ in MOVE}:
        config = tiny(name, size_px=64)
        losses = set().union(
            *(step(config, phase, a_batch(1), shared_players(name))[1] for model, phase in MOVE if model == name)
        )
        terms = {x for x in losses if x.startswith("L_") and not x.startswith("L_D")}
        assert {KIND_OF[x] for x in terms} - {""} == rows()[name][1], name


def test_a_weight_of_zero_takes_a_loss_out_of_the_table():
    config = make_config("paper", "full", model="ec", weights=(("L_p", 0.0),))
    assert loss_kinds(config) == PRINTED["ec"] - {"L_p"}
    assert loss_kinds(dataclasses.replace(make_config("paper"), lambda_1=0.0)) == PRINTED["region-wise"] - {"L_c"}


def words(text):
    """Leave the alignment of columns out."""
    return re.sub(" +", " ", text)


def test_the_table_has_a_row_for_every_model_and_red_and_says_where_the_printed_one_differs():
    text = loss_table()
    assert len(text.split("\n\n")[0].splitlines()) == 2 + len(MODELS) + 1
    assert text.count("(printed: –)") == 1 and "| RED (Ma et al., 2019a) | ✓ | – | ✓ | – | ✓ | – | – |" in words(text)


def test_the_command_prints_table_and_weights(capsys):
    assert main(["losses"]) == 0
    printed = capsys.readouterr().out
    assert loss_table() in printed and all(line in printed for line in weight_lines())
    assert "PConv (Liu et al., 2018): L_valid + 6 L_hole + 0.05 L_p + 120 L_s + 0.1 L_tv" in printed
    table = printed.splitlines()[: 2 + len(rows())]
    assert len({len(line) for line in table}) == 1, "columns are aligned"
    assert main(["losses", "--no-weights"]) == 0 and "6 L_hole" not in capsys.readouterr().out
