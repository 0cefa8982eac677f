"""Configuration: the paper's numbers, presets that combine with sizes, JSON there and back, errors by name."""

import ast
import dataclasses
import inspect
import json

import pytest

from rwlib.config import PRESETS, SIZES, Config, fields, make_config
from rwlib.conventions import InputError

FIELDS = [field.name for field in dataclasses.fields(Config)]


# --- the numbers


def test_the_defaults_are_the_papers():
    expected = {
        "width": 32, "region_wise": "channel", "lambda_1": 1e-5, "lambda_2": 1e-3, "lambda_3": 1.0, "alpha": 0.01,
        "reduction": "sum", "adversarial": "critic", "vgg_size_px": 224, "size_px": 256, "hole_fraction": (0.0, 0.4),
        "learning_rate": 1e-4, "final_learning_rate": 1e-4, "betas": (0.5, 0.9), "epochs": (20, 9), "ema_decay": 0.0,
    }  # fmt: skip
    assert {name: getattr(Config(), name) for name in expected} == expected
    assert make_config("paper", "full") == Config()


def test_the_released_preset_differs_from_the_paper_in_the_losses_alone():
    paper, release = dataclasses.asdict(make_config("paper")), dataclasses.asdict(make_config("release"))
    assert {name: release[name] for name in FIELDS if release[name] != paper[name]} == {
        "reduction": "batch_sum",
        "adversarial": "l1",
        "label_resize": "nearest",
        "vgg": "torchvision",
    }


@pytest.mark.parametrize("size, size_px, width", [("tiny", 64, 16), ("small", 128, 24), ("full", 256, 32)])
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_combines_with_every_size(preset, size, size_px, width):
    made = make_config(preset, size)
    assert (made.size_px, made.width, made.discriminator_width) == (size_px, width, 2 * width)
    for name, value in PRESETS[preset].items():
        assert getattr(made, name) == value


def test_presets_say_which_losses_and_sizes_how_large():
    assert not {name for preset in PRESETS.values() for name in preset} & {name for s in SIZES.values() for name in s}


def test_single_fields_come_last():
    made = make_config("release", "tiny", reduction="mean", width=8, hole_fraction=[0.1, 0.2])
    assert (made.reduction, made.width, made.hole_fraction) == ("mean", 8, (0.1, 0.2))
    assert made.adversarial == "l1" and made.size_px == 64


def test_a_configuration_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().width = 64


def test_every_field_is_described():
    """The text below each field is what `rwlib train --help` shows."""
    (body,) = [n.body for n in ast.parse(inspect.getsource(fields)).body if getattr(n, "name", "") == "Config"]
    described = [
        field.target.id
        for field, text in zip(body[:-1], body[1:], strict=True)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value.value, str)
    ]
    assert described == FIELDS


# --- there and back


@pytest.mark.parametrize("preset", PRESETS)
def test_json_there_and_back(preset):
    made = make_config(preset, "tiny", hole_fraction=(0.1, 0.3), seed=7)
    assert Config.from_dict(json.loads(made.to_json())) == made
    assert Config.from_dict(dataclasses.asdict(made)) == made


def test_fields_that_are_missing_take_their_defaults():
    assert Config.from_dict({"width": 8}) == dataclasses.replace(Config(), width=8)


# --- errors


@pytest.mark.parametrize(
    "field, value, words",
    [
        ("width", 7, "width: expected an even number of at least 2, got 7"),
        ("width", 0, "width: expected an even number of at least 2, got 0"),
        ("discriminator_width", 0, "discriminator_width: expected at least 1, got 0"),
        ("size_px", 66, "size_px: expected a multiple of 4, at least 8, got 66"),
        ("size_px", 4, "size_px: expected a multiple of 4, at least 8, got 4"),
        ("batch_size", 0, "batch_size: expected at least 1, got 0"),
        ("vgg_size_px", -1, "vgg_size_px: expected at least 0, got -1"),
        ("workers", -1, "workers: expected at least 0, got -1"),
        ("steps_per_epoch", -1, "steps_per_epoch: expected at least 0, got -1"),
        ("checkpoint_every", 0, "checkpoint_every: expected at least 1, got 0"),
        ("sample_every", 0, "sample_every: expected at least 1, got 0"),
        ("hole_fraction", (0.4,), r"hole_fraction: expected two numbers, got \(0.4,\)"),
        ("betas", (0.5,), r"betas: expected two numbers, got \(0.5,\)"),
        ("epochs", (1, 2, 3), r"epochs: expected two numbers, got \(1, 2, 3\)"),
        ("hole_fraction", (0.4, 0.1), "hole_fraction: expected 0 <= low <= high < 1, got 0.4 0.1"),
        ("hole_fraction", (0.0, 1.0), "hole_fraction: expected 0 <= low <= high < 1, got 0.0 1.0"),
        ("learning_rate", 0, "learning_rate: expected a positive number that is finite, got 0"),
        ("learning_rate", float("inf"), "learning_rate: expected a positive number that is finite, got inf"),
        ("learning_rate", float("nan"), "learning_rate: expected a positive number that is finite, got nan"),
        ("final_learning_rate", float("nan"), "final_learning_rate: expected a number that is finite, got nan"),
        ("lambda_1", -1e-5, "lambda_1: expected a number of at least 0 that is finite, got -1e-05"),
        ("lambda_2", float("nan"), "lambda_2: expected a number of at least 0 that is finite, got nan"),
        ("lambda_3", float("inf"), "lambda_3: expected a number of at least 0 that is finite, got inf"),
        ("alpha", float("nan"), "alpha: expected a number of at least 0 that is finite, got nan"),
        ("width", 100_000, "width: expected at most 1024, got 100000"),
        ("size_px", 1_000_000, "size_px: expected at most 8192, got 1000000"),
        ("discriminator_layers", -1, "discriminator_layers: expected at least 0, got -1"),
        ("vgg_every", 0, "vgg_every: expected at least 1, got 0"),
        ("final_learning_rate", -1, "final_learning_rate: expected at least 0, got -1"),
        ("ema_decay", 1.0, "ema_decay: expected 0 <= decay < 1, got 1.0"),
        ("betas", (1.5, 0.9), r"betas: expected two numbers in \[0, 1\), got \(1.5, 0.9\)"),
        ("epochs", (float("nan"), 3), r"epochs: expected a whole number, got nan"),
        ("epochs", (1.5, 3), r"epochs: expected a whole number, got 1.5"),
        ("batch_size", float("inf"), "batch_size: expected a whole number, got inf"),
        ("seed", float("nan"), "seed: expected a whole number, got nan"),
        ("epochs", (0, 0), r"epochs: expected at least one epoch, got \(0, 0\)"),
        ("epochs", (-1, 3), r"epochs: expected at least one epoch, got \(-1, 3\)"),
        ("region_wise", "both", "region_wise: expected one of channel, location, none; got 'both'"),
        ("output", "relu", "output: expected one of elu_clip, clip, tanh; got 'relu'"),
        ("reduction", "none", "reduction: expected one of sum, mean, batch_sum; got 'none'"),
        ("adversarial", "gan", "adversarial: expected one of critic, l1, hinge, bce, wgan-gp; got 'gan'"),
        ("label_resize", "linear", "label_resize: expected one of area, nearest; got 'linear'"),
        ("vgg", "resnet", "vgg: expected one of bundled, torchvision, random; got 'resnet'"),
        ("mask_kind", "square", "mask_kind: expected one of contiguous, discontiguous, both; got 'square'"),
        ("precision", "fp8", "precision: expected one of auto, fp32, bf16, fp16; got 'fp8'"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(field, value, words):
    with pytest.raises(InputError, match=f"^{words}$"):
        make_config("paper", "full", **{field: value})


def test_all_problems_stand_in_one_message():
    with pytest.raises(InputError, match="^batch_size: .*; width: .*; size_px: .*; precision: [^\n]*$"):
        Config(width=3, size_px=3, batch_size=0, precision="fp8")


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: make_config("papers"), "preset: expected one of balanced, paper, release, red; got 'papers'"),
        (lambda: make_config("paper", "large"), "size: expected one of tiny, small, full; got 'large'"),
        (lambda: make_config(lambda_4=1), "config: unknown fields lambda_4; it was written by another version"),
        (lambda: Config.from_dict({"b": 1, "a": 2}), "config: unknown fields a, b"),
        (lambda: Config.from_dict({"epochs": None}), "config: a field has the wrong type"),
        (lambda: Config.from_dict({"width": "wide"}), "config: a field has the wrong type"),
    ],
)
def test_unknown_names_and_wrong_types_are_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()


@pytest.mark.parametrize("model", ["pconv", "ec"])
def test_a_graph_is_refused_by_models_that_have_one(model):
    with pytest.raises(InputError, match=f"graph: {model} has one graph"):
        make_config("balanced", "tiny", model=model, graph="program")
    assert make_config("balanced", "tiny", model="ca", graph="program").graph == "program"
