"""What a recipe may change beyond the paper: lazy VGG terms, depth of D, precision, R1, step sizes, augmentation."""

import csv
import json
import time

import pytest
import torch
import torch.nn.functional as F
from test_training_loop import on_the_cpu  # noqa: F401 (a fixture)
from torch.autograd import gradcheck

from rwlib.checkpoints import read_checkpoint
from rwlib.commands.train import settings_of_run
from rwlib.config import Config, make_config
from rwlib.conventions import InputError
from rwlib.data import PhotoSet
from rwlib.losses import r1_penalty
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.training import launch
from rwlib.training.loop import train
from rwlib.training.schedule import Schedule
from rwlib.training.setup import new_players


def tiny(**changes):
    small = {"width": 4, "discriminator_width": 4, "size_px": 16, "batch_size": 2, "vgg": "random", "precision": "fp32"}
    return make_config("balanced", "tiny", **small | {"epochs": (1, 0), "steps_per_epoch": 1} | changes)


def rows(config, folder):
    train(config, PhotoSet(), folder, progress=False)
    with open(folder / "curves.csv", newline="") as opened:
        return list(csv.DictReader(opened))


def weights(config, folder, who):
    """Return a network's weights before and after a run."""
    train(config, PhotoSet(), folder, progress=False)
    players = new_players(config, torch.device("cpu"))
    before = dict(getattr(players, who).named_parameters())
    tensors = read_checkpoint(folder / "training.safetensors")[0]
    return {name: (x.detach(), tensors[f"{who}.{name}"]) for name, x in before.items()}


# --- the loss network, lazily


def test_vgg_terms_come_every_so_many_steps_and_weigh_so_much_more(tmp_path):
    config = tiny(vgg_every=2, epochs=(3, 1), lambda_1=0.5, lambda_2=0.25)
    for step, row in enumerate(rows(config, tmp_path / "lazy")):
        expected = float(row["L_r"]) + (0.03 * float(row["L_a"]) if step == 3 else 0)
        if step % 2 == 0:
            expected += 2 * (0.5 * float(row["L_c"]) + 0.25 * float(row["L_s"]))
        else:
            assert row["L_c"] == row["L_s"] == ""
        assert float(row["L"]) == pytest.approx(expected, rel=1e-4)
    assert all(row["L_c"] for row in rows(tiny(epochs=(3, 0)), tmp_path / "always"))


# --- the discriminator's depth


@pytest.mark.parametrize("size_px, layers", [(8, 1), (16, 2), (64, 4), (128, 5), (256, 6), (512, 7)])
def test_the_score_map_of_a_balanced_run_is_4x4(size_px, layers):
    D = RegionWiseDiscriminator.from_config(make_config("balanced", size_px=size_px, discriminator_width=2))
    picture = torch.zeros(1, 3, size_px, size_px)
    assert len(D.convs) == layers and D(picture, picture[:, :1]).shape[-2:] == (4, 4)
    assert [conv.out_channels for conv in D.convs] == [2, 4, 8, 8, 8, 8, 8][:layers]


def test_other_presets_and_runs_of_before_keep_six_layers():
    for preset in ("paper", "release"):
        D = RegionWiseDiscriminator.from_config(make_config(preset, size_px=64, discriminator_width=2))
        assert len(D.convs) == 6
    assert Config.from_dict({}).discriminator_layers == 6 and Config.from_dict({}).vgg_every == 1


def test_a_run_of_before_that_goes_on_keeps_its_fields(tmp_path):
    old = json.loads(make_config("balanced", "tiny").to_json())
    del old["discriminator_layers"]
    (tmp_path / "run.json").write_text(json.dumps({"config": old}))
    config = settings_of_run(tmp_path, make_config("balanced", "tiny"))["config"]
    assert config.discriminator_layers == 6 and config.size_px == 64


# --- arithmetic


@pytest.mark.parametrize("slow, expected", [(True, "fp32"), (False, "bf16")])
def test_auto_takes_the_faster_arithmetic(monkeypatch, slow, expected):
    convolution = F.conv2d

    def conv2d(*args, **kwargs):
        time.sleep(0.05 if torch.is_autocast_enabled("cpu") == slow else 0)
        return convolution(*args, **kwargs)

    monkeypatch.setattr(launch.F, "conv2d", conv2d)
    monkeypatch.setattr(launch, "SHAPE", (1, 2, 4, 4))
    assert launch.fastest_precision.__wrapped__("cpu") == expected


@pytest.mark.parametrize("found", ["fp32", "bf16"])
def test_a_run_says_what_auto_took(tmp_path, monkeypatch, found):
    monkeypatch.setattr(launch, "fastest_precision", lambda device: found)
    auto, fixed = (rows(tiny(precision=x), tmp_path / x)[0] for x in ("auto", found))
    record = json.loads((tmp_path / "auto" / "run.json").read_text())
    assert record["precision"] == found and record["config"]["precision"] == "auto"
    assert auto["L_r"] == fixed["L_r"]


def test_auto_is_the_default_of_every_preset():
    assert {make_config(preset).precision for preset in ("balanced", "paper", "release")} == {"auto"}


# --- R1


def test_r1_is_the_squared_slope_of_a_linear_discriminator():
    I = torch.rand(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    w = torch.rand(3, 4, 4, dtype=torch.float64)
    score = (w * I).sum((1, 2, 3)).reshape(2, 1, 1, 1)
    assert float(r1_penalty(score, I)) == pytest.approx(float((w**2).sum()))
    assert gradcheck(lambda v: r1_penalty((v * I**2).sum((1, 2, 3)).reshape(2, 1, 1, 1), I), w.clone().requires_grad_())


def test_r1_comes_every_so_many_steps_and_weighs_so_much_more(tmp_path):
    def L_D(**changes):
        name = "-".join(f"{key}{x}" for key, x in changes.items()) or "none"
        return [float(row["L_D"]) for row in rows(tiny(epochs=(0, 2), **changes), tmp_path / name)]

    none, two, four = L_D(), L_D(r1_gamma=1e4, r1_every=2), L_D(r1_gamma=1e4, r1_every=4)
    assert two[0] > none[0]
    assert four[0] - none[0] == pytest.approx(2 * (two[0] - none[0]), rel=1e-3)
    after = L_D(r1_gamma=1e4, r1_every=1)
    assert after[0] - none[0] == pytest.approx((two[0] - none[0]) / 2, rel=1e-3)
    assert after[1] > two[1]  # the second step has the penalty only here


# --- step sizes


def test_the_step_size_warms_up_and_falls_along_a_cosine():
    schedule, config = Schedule((8, 10)), tiny(warm_up=4, learning_rate=1.0, final_learning_rate=0.0)
    without = tiny(learning_rate=1.0, final_learning_rate=0.0)
    shares = [schedule.learning_rate(k, config) / schedule.learning_rate(k, without) for k in range(6)]
    assert shares == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])


def test_the_discriminator_has_a_step_size_of_its_own(tmp_path):
    def moved(rate):
        config = tiny(epochs=(0, 1), discriminator_rate=rate)
        pairs = weights(config, tmp_path / str(rate), "D")
        return {name: (old - new).abs().max() for name, (old, new) in pairs.items() if "weight" in name}

    plain, doubled = moved(1.0), moved(2.0)
    for name, x in plain.items():
        assert float(doubled[name]) == pytest.approx(2 * float(x), rel=1e-2)


def test_weight_decay_pulls_the_generator_s_weights_towards_zero(tmp_path):
    lr, decay = 1e-2, 0.5
    plain = weights(tiny(learning_rate=lr, final_learning_rate=lr), tmp_path / "plain", "G")
    decayed = weights(
        tiny(learning_rate=lr, final_learning_rate=lr, weight_decay=decay), tmp_path / "decayed", "G"
    )  # fmt: skip
    for name, (old, new) in decayed.items():
        assert torch.allclose(new, plain[name][1] - lr * decay * old, atol=1e-6)


# --- photographs


def test_a_run_varies_its_photographs_when_it_is_told_to(tmp_path):
    plain, varied = (rows(tiny(augment=x), tmp_path / str(x))[0] for x in (0.0, 1.0))
    assert plain["L_r"] != varied["L_r"]


@pytest.mark.parametrize(
    "field, value, words",
    [
        ("vgg_every", 0, "vgg_every: expected at least 1, got 0"),
        ("discriminator_layers", -1, "discriminator_layers: expected at least 0, got -1"),
        ("discriminator_layers", 11, "discriminator_layers: expected at most 10, got 11"),
        ("r1_gamma", -1.0, "r1_gamma: expected a number of at least 0 that is finite, got -1.0"),
        ("r1_every", 0, "r1_every: expected at least 1, got 0"),
        ("warm_up", -1, "warm_up: expected at least 0, got -1"),
        ("weight_decay", -0.1, "weight_decay: expected a number of at least 0 that is finite, got -0.1"),
        ("discriminator_rate", 0.0, "discriminator_rate: expected a positive number that is finite, got 0.0"),
        ("augment", 1.5, "augment: expected 0 <= augment <= 1, got 1.5"),
    ],
)
def test_bad_settings(field, value, words):
    with pytest.raises(InputError, match=f"^{words}$"):
        make_config(**{field: value})
