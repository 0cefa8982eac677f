"""Training: both phases of Algorithm 1, resumed and distributed runs equal plain ones, a bad start leaves nothing."""

import csv
import dataclasses
import errno
import io
import itertools
import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image
from safetensors.torch import load_file
from torch.optim.swa_utils import AveragedModel
from waits import Waits

from rwlib.checkpoints import load_generator, read_checkpoint, save_generator
from rwlib.config import Config, make_config
from rwlib.conventions import InputError
from rwlib.data import Facades
from rwlib.files import only_writer
from rwlib.losses import correlation_loss
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.networks.rivals.ec import EdgeConnect
from rwlib.training.loop import train
from rwlib.training.run_folder import read_record, save_samples
from rwlib.training.schedule import Schedule, batch_numbers
from rwlib.training.step import moving_average
from rwlib.training.timer import PartTimer
from rwlib.training.update import READ_EVERY, Readout, Step


class Noise:
    """A photo source of five pictures, each of a colour of its own under noise."""

    names = list("abcde")

    def __len__(self):
        return 5

    def crop(self, index, size_px, generator):
        noise = torch.randint(0, 64, (size_px, size_px, 3), generator=generator)
        return (noise + torch.tensor([40 * index, 180 - 40 * index, 90])).to(torch.uint8).numpy()


class OnePicture:
    """A photo source that shows one picture, a slanted edge, whatever it is asked."""

    names = ["edge"]

    def __len__(self):
        return 1

    def crop(self, index, size_px, generator):
        y, x = np.mgrid[:size_px, :size_px]
        return np.where((2 * x + y < 1.5 * size_px)[..., None], [200, 120, 40], [20, 60, 140]).astype(np.uint8)


def tiny(preset="balanced", **changes):
    """Two steps without and one with L_a, at 16 px."""
    small = {"width": 4, "discriminator_width": 4, "size_px": 16, "batch_size": 2, "vgg": "random", "vgg_size_px": 0}
    small["precision"] = "fp32"
    return make_config(preset, "tiny", **small | {"epochs": (2, 1), "steps_per_epoch": 1} | changes)


def run(config, folder, source=None, **kwargs):
    return train(config, source or Noise(), folder, progress=False, **kwargs)


def curves(folder):
    """Rows of curves.csv without the columns that time decides."""
    with open(folder / "curves.csv", newline="") as opened:
        rows = list(csv.DictReader(opened))
    return [{k: v for k, v in row.items() if k != "dataloader_wait_s" and k[:3] != "ms_"} for row in rows]


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    """There a run is promised to be the same bit for bit; accelerate looks once a process, so let it look again."""
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


# --- what is learned


@pytest.mark.slow
def test_sixty_steps_on_one_picture_lower_the_reconstruction_loss_threefold(tmp_path):
    config = tiny(width=8, batch_size=1, epochs=(60, 0), learning_rate=2e-3, final_learning_rate=1e-3)
    run(config, tmp_path, OnePicture())
    L_r = [float(row["L_r"]) for row in curves(tmp_path)]
    assert np.mean(L_r[-5:]) < np.mean(L_r[:5]) / 3


def test_data_without_end_need_a_length_of_the_epoch(tmp_path):
    with pytest.raises(InputError, match="steps_per_epoch: the data has no end.*--steps-per-epoch"):
        train(make_config("balanced", "small"), Facades(seed=0), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_the_moving_average_by_hand():
    x = torch.nn.Linear(1, 1, bias=False)
    average = AveragedModel(x, multi_avg_fn=moving_average(0.25))
    expected = None
    for n, value in enumerate((1.0, 2.0, 4.0, 8.0)):
        x.weight.data.fill_(value)
        average.update_parameters(x)
        decay = min(0.25, (1 + n) / (10 + n))  # 0.18 after one update, 0.25 from the second on
        expected = value if n == 0 else decay * expected + (1 - decay) * value
        assert average.module.weight.item() == pytest.approx(expected)


# --- a run equals itself


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "workers"),
    [({"ema_decay": 0.5}, 0), ({"ema_decay": 0.0, "adversarial": "wgan-gp"}, 2)],
    ids=["average", "penalty_and_workers"],
)
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(tmp_path, changes, workers):
    """Interrupted once before and once after the phase boundary, at step 4, and in between with another `workers`."""
    config = tiny(epochs=(2, 1), steps_per_epoch=2, workers=workers, **changes)
    straight, resumed = tmp_path / "straight", tmp_path / "resumed"
    run(config, straight)
    run(config, resumed, steps=3)
    run(dataclasses.replace(config, workers=0), resumed, steps=5, resume=True)
    run(config, resumed, resume=True)
    for name in ("training.safetensors", "generator.safetensors"):
        expected, tensors = load_file(straight / name), load_file(resumed / name)
        assert expected.keys() == tensors.keys()
        assert [key for key in expected if not torch.equal(expected[key], tensors[key])] == []
    assert curves(resumed) == curves(straight) and len(curves(straight)) == 6
    sample = Path("samples") / "step_000006.png"
    assert (resumed / sample).read_bytes() == (straight / sample).read_bytes()


def test_a_seed_decides_everything_and_another_gives_another_run(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        torch.rand(3)  # the global state does not matter
        run(tiny(seed=seed), tmp_path / name, steps=1)
    assert curves(tmp_path / "a") == curves(tmp_path / "b") != curves(tmp_path / "c")


# --- the run's folder


def test_the_folder_of_a_run(tmp_path):
    config = tiny(checkpoint_every=2, sample_every=2, ema_decay=0.5)
    file = run(config, tmp_path / "deep" / "run", data_name="noise")
    folder = tmp_path / "deep" / "run"
    assert file == folder / "generator.safetensors"
    assert sorted(os.listdir(folder)) == ["curves.csv", "generator.safetensors", "older", "run.json",
                                          "samples", "training.safetensors"]  # fmt: skip
    record = json.loads((folder / "run.json").read_text())
    assert Config.from_dict(record["config"]) == config
    assert {"data", "seed", "total_steps", "rwlib", "torch", "torchvision", "python", "processes"} <= record.keys()
    assert (record["data"], record["seed"], record["total_steps"], record["processes"]) == ("noise", 0, 3, 1)
    header = (folder / "curves.csv").read_text().splitlines()[0]
    losses = "step,phase,L,L_r,L_c,L_s,L_a,L_D,D_gt,D_p2,"
    assert header.startswith(losses + "val_hole_psnr,learning_rate,dataloader_wait_s,")
    assert header.endswith("ms_forward,ms_losses,ms_discriminator,ms_backward,ms_update")
    rows = curves(folder)
    assert [(row["step"], row["phase"], bool(row["L_a"])) for row in rows] == [
        ("0", "1", False), ("1", "1", False), ("2", "2", True)
    ]  # fmt: skip
    assert [float(row["learning_rate"]) for row in rows] == pytest.approx([4e-4, 3.025e-4, 1.075e-4])
    assert sorted(os.listdir(folder / "samples")) == ["step_000002.png", "step_000003.png"]
    for name in os.listdir(folder / "samples"):
        assert Image.open(folder / "samples" / name).size == (6 * 18 + 2, 4 * 18 + 2)  # 6 columns, 4 rows, 2 px between
    G, saved = load_generator(file)
    tensors, _, about = read_checkpoint(folder / "training.safetensors", kind="training")
    assert saved == config and about["step"] == 3 and about["data"] == "noise" and tensors["ema.n_averaged"] == 3
    assert all(torch.equal(x, tensors[f"ema.module.{name}"]) for name, x in G.state_dict().items())
    assert not all(torch.equal(x, tensors[f"G.{name}"]) for name, x in G.state_dict().items())


def test_a_sample_grid_shows_input_predictions_composites_and_truth(tmp_path):
    torch.manual_seed(0)
    G = RegionWiseGenerator(4).train()
    I_gt, M = torch.rand(2, 3, 16, 16) * 2 - 1, torch.ones(2, 1, 16, 16)
    M[..., 4:8, 4:8] = 0
    save_samples(G, I_gt, M, tmp_path / "grid.png")
    assert G.training  # as it was
    out = G(I_gt, M)
    grid = np.asarray(Image.open(tmp_path / "grid.png"))
    expected = [torch.where(M.bool(), I_gt, 1.0), out.I_p1, out.I_c1, out.I_p2, out.I_c2, I_gt]
    for row in range(2):
        for column, I in enumerate(expected):
            top, left = 2 + 18 * row, 2 + 18 * column
            cell = grid[top : top + 16, left : left + 16] / 127.5 - 1
            assert np.abs(cell - I[row].detach().permute(1, 2, 0).numpy()).max() < 0.01


def test_a_sample_grid_of_edgeconnect_shows_its_edges(tmp_path):
    torch.manual_seed(0)
    G = EdgeConnect(2).eval()
    I_gt, M = torch.rand(1, 3, 16, 16) * 2 - 1, torch.ones(1, 1, 16, 16)
    M[..., 4:8, 4:8] = 0
    save_samples(G, I_gt, M, tmp_path / "grid.png")
    grid = np.asarray(Image.open(tmp_path / "grid.png"))
    assert grid.shape == (20, 2 + 5 * 18, 3)  # I_in, C_c, I_p, I_c, I_gt
    edges = grid[2:18, 20:36] / 255
    assert np.abs(edges - G(I_gt, M).C_c[0, 0, :, :, None].detach().numpy()).max() < 0.01


def test_init_takes_the_generator_out_of_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(Schedule, "learning_rate", lambda self, step, config: 0.0)
    run(tiny(ema_decay=0.5, seed=1), tmp_path / "first", steps=1)
    G, _ = load_generator(run(tiny(), tmp_path / "run", init=tmp_path / "first" / "training.safetensors", steps=1))
    first, _ = load_generator(tmp_path / "first" / "generator.safetensors")
    assert all(torch.equal(x, y) for x, y in zip(G.parameters(), first.parameters(), strict=True))


@pytest.mark.parametrize("rate", [0.0, 1e-3])
def test_init_starts_from_a_generator_and_the_schedules_rate_is_adams(tmp_path, monkeypatch, rate):
    """Adam's first step moves a weight by the step size; at a rate of 0 the run ends where it began."""
    monkeypatch.setattr(Schedule, "learning_rate", lambda self, step, config: rate)
    config = tiny(ema_decay=0.0)
    start = RegionWiseGenerator.from_config(config)
    save_generator(tmp_path / "start.safetensors", start, dataclasses.replace(config, size_px=32))
    G, _ = load_generator(run(config, tmp_path / "run", init=tmp_path / "start.safetensors", steps=1))
    moved = [(x - y).detach().abs() for x, y in zip(G.parameters(), start.parameters(), strict=True)]
    assert max(float(x.max()) for x in moved) == pytest.approx(rate, rel=1e-3)


def test_a_run_can_follow_one_of_another_precision(tmp_path):
    """In a notebook both are in the same process, where accelerate keeps its first precision."""
    run(tiny(), tmp_path / "fp32", steps=1)
    run(tiny(precision="bf16"), tmp_path / "bf16")
    fp32, bf16 = curves(tmp_path / "fp32"), curves(tmp_path / "bf16")
    assert bf16[0]["L"] != fp32[0]["L"]
    assert float(bf16[0]["L"]) == pytest.approx(float(fp32[0]["L"]), rel=0.02)


# --- starting, going on, stopping


def test_an_existing_run_is_not_overwritten(tmp_path):
    run(tiny(), tmp_path, steps=1)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    with pytest.raises(
        InputError,
        match=f"run_dir: {re.escape(str(tmp_path))} already holds a run .training.safetensors.; give --resume",
    ):
        run(tiny(), tmp_path)
    assert before == {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC, errno.EIO])
def test_a_run_whose_bar_nobody_reads_any_more_goes_on(tmp_path, monkeypatch, number):
    """`rwlib train 2>&1 | head`, a log on a full disk, a terminal that has gone."""
    asked = []

    class Gone(io.StringIO):
        def write(self, text):
            asked.append(text)
            raise OSError(number, os.strerror(number))

        def flush(self):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(sys, "stderr", Gone())
    train(tiny(), Noise(), tmp_path, progress=True)
    assert asked and read_record(tmp_path)["status"] == "finished" and len(curves(tmp_path)) == 3


@pytest.mark.parametrize("left", ["training.safetensors", "older", "best.safetensors", "generator.safetensors"])
def test_what_is_left_of_a_run_is_not_overwritten(tmp_path, left):
    """Its newest checkpoint may have been moved away, and its other files be all that there is."""
    run(tiny(epochs=(3, 0), checkpoint_every=1), tmp_path / "first", steps=3)
    kept = tmp_path / "first" / ("generator.safetensors" if left == "best.safetensors" else left)
    (tmp_path / "run").mkdir()
    kept.rename(tmp_path / "run" / left)
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=f"already holds a run .{left}.; give --resume to go on, or choose another"):
        run(tiny(epochs=(3, 0), checkpoint_every=1), tmp_path / "run")
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before


def test_batches_are_numbered_one_by_one(tmp_path, monkeypatch):
    """All numbers at once are 120 bytes a step: 6 GB for Places2 at batch 1."""
    made = []

    def counted(*arguments):
        for numbers in batch_numbers(*arguments):
            made.append(numbers)
            yield numbers

    monkeypatch.setattr("rwlib.training.loop.batch_numbers", counted)
    run(tiny(epochs=(10**9, 0)), tmp_path, stop=lambda: len(curves(tmp_path)) > 1)
    assert len(made) == 3 and read_record(tmp_path)["total_steps"] == 10**9


def test_a_finished_run_resumes_to_itself_and_none_at_all_to_a_new_one(tmp_path):
    run(tiny(), tmp_path, resume=True)
    before = (tmp_path / "training.safetensors").read_bytes(), (tmp_path / "curves.csv").read_text()
    run(tiny(), tmp_path, resume=True)
    assert before == ((tmp_path / "training.safetensors").read_bytes(), (tmp_path / "curves.csv").read_text())


def test_a_run_goes_on_in_the_precision_in_which_it_began(tmp_path, monkeypatch):
    """`auto` measures; what it finds on a busy machine, or on another, must not change a run half-way."""
    config = tiny(precision="auto")
    monkeypatch.setattr("rwlib.training.launch.fastest_precision", lambda device: "fp32")
    run(config, tmp_path, steps=1)
    monkeypatch.setattr("rwlib.training.launch.fastest_precision", lambda device: "bf16")
    run(config, tmp_path, resume=True)
    assert read_record(tmp_path)["precision"] == "fp32"


def test_rows_after_the_checkpoint_are_dropped_when_a_run_resumes(tmp_path):
    """A run that is killed has written rows beyond its last checkpoint; they are computed again."""
    run(tiny(), tmp_path, steps=2)
    with open(tmp_path / "curves.csv", "a") as opened:
        opened.write("2,1,9,9,9,9,,,,,,9,9,9,9,9,9,9\n3,1,9,9")
    run(tiny(), tmp_path, resume=True)
    assert [row["step"] for row in curves(tmp_path)] == ["0", "1", "2"] and curves(tmp_path)[2]["phase"] == "2"


def test_a_run_that_an_older_version_began_keeps_its_rows(tmp_path):
    """A column that is new stays empty, one that is gone is left out, and a row that was cut off is dropped."""
    run(tiny(), tmp_path, steps=2)
    (tmp_path / "curves.csv").write_text("step,phase,L,gone\n0,1,0.5,7\n1,1,0.25,7\n1,1\n")
    run(tiny(), tmp_path, resume=True)
    rows = curves(tmp_path)
    assert [row["step"] for row in rows] == ["0", "1", "2"] and [row["L"] for row in rows[:2]] == ["0.5", "0.25"]
    assert "gone" not in rows[0] and rows[0]["L_s"] == "" and rows[2]["L_s"] != ""


def test_an_epoch_counts_accumulated_batches():
    def steps(**changes):
        return Schedule.from_config(make_config("paper", "full", epochs=(1, 1), **changes), 1000, 2)

    assert steps(batch_size=4, accumulate=2) == steps(batch_size=8) == Schedule((63, 126), (1.0, 1.0))


def test_fp16_without_a_gpu_is_refused(tmp_path):
    """accelerate would compute in float32 without a word."""
    with pytest.raises(InputError, match="precision: fp16 needs a GPU; on a CPU use bf16, or fp32"):
        run(tiny(precision="fp16"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_second_process_may_not_train_into_the_same_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("rwlib.files.lock.PATIENCE_S", 0.1)
    with only_writer(tmp_path, "run_dir"), pytest.raises(InputError, match="run_dir: another process is writing"):
        run(tiny(), tmp_path)
    assert not list(tmp_path.iterdir())
    run(tiny(), tmp_path)


def test_processes_that_do_not_join_are_refused(tmp_path, monkeypatch):
    """Each would train alone, all of them in the same folder."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("rwlib.training.launch.Accelerator", lambda **_: SimpleNamespace(num_processes=1))
    with pytest.raises(InputError, match=r"the launcher \(WORLD_SIZE\) started 2, accelerate joined 1; start"):
        run(tiny(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_other_settings_on_resume_are_refused_by_name(tmp_path):
    run(tiny(), tmp_path, steps=1)
    other = tiny(lambda_1=0.5, batch_size=3)
    changed = r"\(lambda_1 4e-05 -> 0.5, batch_size 2 -> 3\)"
    with pytest.raises(InputError, match=f"config: .* {changed}; keep them, or .* --init .*generator.safetensors"):
        run(other, tmp_path, resume=True)
    free = tiny(workers=1, checkpoint_every=7, sample_every=3)
    run(free, tmp_path, resume=True, steps=1)
    assert len(curves(tmp_path)) == 1


def test_losses_that_are_read_together_are_those_of_each_step(tmp_path, monkeypatch):
    """As on a GPU, where to read a number is to wait; lazy terms and the second phase change which losses there are."""
    config = tiny(epochs=(5, 4), vgg_every=2, checkpoint_every=7)
    run(config, tmp_path / "one by one")
    monkeypatch.setitem(READ_EVERY, "cpu", 4)
    read, seen = Readout.read, []
    monkeypatch.setattr(Readout, "read", lambda self, stop: seen.append(len(self.steps)) or read(self, stop))
    run(config, tmp_path / "together")
    assert seen == [4, 3, 1, 1]  # after 4 and 8, before the checkpoints after 7 and 9
    assert curves(tmp_path / "together") == curves(tmp_path / "one by one")
    states = [read_checkpoint(tmp_path / x / "training.safetensors")[0] for x in ("one by one", "together")]
    assert all(torch.equal(x, states[1][name]) for name, x in states[0].items())


def test_each_number_that_is_read_keeps_its_name():
    readout = Readout(SimpleNamespace(device=torch.device("cpu"), num_processes=1), PartTimer(torch.device("cpu")))
    wanted = [{"L_r": 1.0, "L_c": 2.0, "L": 3.0}, {"L_r": 4.0, "L": 5.0}, {"L_D": 6.0, "D_gt": 7.0, "L": 8.0}]
    for number, losses in enumerate(wanted):
        row = {"learning_rate": number / 10}
        readout.steps.append(Step(number, 1, {k: torch.tensor(x) for k, x in losses.items()}, [], row))
    steps, stopping = readout.read(stop=True)
    assert stopping and readout.steps == [] and [step.row["learning_rate"] for step in steps] == [0, 0.1, 0.2]
    assert [
        {k: x for k, x in step.row.items() if k in losses} for step, losses in zip(steps, wanted, strict=True)
    ] == wanted


def test_the_loop_reads_numbers_only_where_it_reads_losses(tmp_path, monkeypatch):
    """What else looks like a wait here is none on a GPU: batches are made before they go there, and Adam
    and the moving average count their steps on the CPU."""
    monkeypatch.setattr(sys.modules[correlation_loss.__module__], "SKIPPING", set())
    monkeypatch.setattr("rwlib.training.players.adam", lambda net, *_, **__: torch.optim.SGD(net.parameters(), lr=1e-3))
    monkeypatch.setattr("rwlib.training.loop._Run._loader", lambda run: [batch] * run.last_step)
    monkeypatch.setitem(READ_EVERY, "cpu", 5)
    batch = torch.zeros(2, 3, 16, 16), (torch.rand(2, 1, 16, 16) > 0.3).float()
    names = []
    with Waits() as waits:  # noted after each step, which begins after the one before it was read and written down
        run(tiny(epochs=(6, 6), ema_decay=0.0), tmp_path, stop=lambda: names.append(waits.names[:]))
    assert [len(after) - len(before) for before, after in itertools.pairwise(names)] == [
        0,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        0,
        1,
        0,
    ]
    assert set(names[-1][len(names[0]) :]) == {"tolist"}


@pytest.mark.parametrize("read_every", [1, 5])
def test_a_run_alone_stops_at_once(tmp_path, monkeypatch, read_every):
    monkeypatch.setitem(READ_EVERY, "cpu", read_every)
    asked = iter([False, True])
    run(tiny(epochs=(9, 0)), tmp_path, stop=lambda: next(asked))
    assert len(curves(tmp_path)) == 2 and read_checkpoint(tmp_path / "training.safetensors")[2]["step"] == 2


def test_of_losses_that_are_read_together_the_first_bad_one_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(READ_EVERY, "cpu", 5)
    config = tiny(checkpoint_every=100, learning_rate=1e30, ema_decay=0.0, epochs=(5, 0))
    with pytest.raises(InputError, match="training: step 1, phase 1: "):
        run(config, tmp_path)
    assert not (tmp_path / "training.safetensors").exists() and [row["step"] for row in curves(tmp_path)] == ["0"]


def test_a_loss_that_is_not_finite_stops_the_run_and_leaves_the_last_checkpoint(tmp_path):
    config = tiny(checkpoint_every=1, learning_rate=1e30, ema_decay=0.0, epochs=(3, 0))
    with pytest.raises(InputError, match="training: step 1, phase 1: .*L = (nan|inf).*; lower learning_rate") as caught:
        run(config, tmp_path)
    assert "\n" not in str(caught.value)
    assert read_checkpoint(tmp_path / "training.safetensors")[2]["step"] == 1
    assert load_generator(tmp_path / "generator.safetensors") and len(curves(tmp_path)) == 1
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"init": "none.safetensors"}, "checkpoint: .*none.safetensors does not exist"),
        ({"init": "wide.safetensors"}, "init: .*wide.safetensors has width .*; give --width"),
        ({"steps": 0}, "steps: expected at least 1"),
        ({"config": tiny("paper", precision="fp16")}, "precision: sums overflow fp16"),
        ({"config": tiny(hole_fraction=(0.0, 0.0))}, "hole_fraction: "),
        ({"config": tiny(seed=-1)}, "seed: "),
    ],
)
def test_a_run_that_cannot_start_leaves_no_folder(tmp_path, monkeypatch, change, match):
    monkeypatch.chdir(tmp_path)
    wide = tiny(width=6)
    save_generator("wide.safetensors", RegionWiseGenerator.from_config(wide), wide)
    with pytest.raises(InputError, match=match) as caught:
        run(folder="run", **{"config": tiny()} | change)
    assert "\n" not in str(caught.value) and os.listdir() == ["wide.safetensors"]


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(
        InputError, match=r"run_dir: the folder .*run cannot be written to \(it is a file\); choose another"
    ):
        run(tiny(), tmp_path / "file" / "run")
    with pytest.raises(
        InputError, match=r"run_dir: the folder .*file cannot be written to \(it is a file\); choose another"
    ):
        run(tiny(), tmp_path / "file")
