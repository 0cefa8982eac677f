"""Two real processes that talk through gloo: they equal one, and a resumed run of two equals an uninterrupted one.

They are compared in float64, because Adam magnifies float32's rounding: what remains can only be another algorithm.
"""

import dataclasses
import json
import socket
import time
from pathlib import Path

import pytest
import torch
from conftest import PATIENCE_S
from safetensors.torch import load_file
from test_training_loop import curves, tiny

TESTS = Path(__file__).parent
START = """
import json, sys
sys.path[:0] = [sys.argv[2]]
import torch
import rwlib.training.loop
from rwlib.config import Config
from rwlib.training.run_folder import read_record
from test_training_loop import Noise
"""
DOUBLE = """
torch.Tensor.float = torch.Tensor.double  # also where the losses ask for float32
import dataclasses
from rwlib.training.methods import METHODS
def in_double(method):
    def new_players(config):
        made = method.new_players(config)
        for network in made:
            if isinstance(network, torch.nn.Module):
                network.double()
        return made
    def training_step(players, config, phase, number, update):
        for part in update.parts:
            part.I_gt, part.M, part.u = part.I_gt.double(), part.M.double(), part.u.double()
            part.normal = lambda *shape, normal=part.normal: normal(*shape).double()
        return method.training_step(players, config, phase, number, update)
    return dataclasses.replace(method, new_players=new_players, training_step=training_step)
METHODS |= {name: in_double(method) for name, method in METHODS.items()}
rwlib.training.loop.save_samples = lambda *args: None
"""
TRAIN = """
for folder, config, stops in json.loads(sys.argv[1]):
    for stop in stops:
        rwlib.training.loop.train(Config.from_dict(config), Noise(), folder, progress=False, resume=True, steps=stop)
"""


def together(nursery, code, arguments, processes, folder):
    """Start processes that find each other; return their numbers and the files that they print to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    env = {"ACCELERATE_USE_CPU": "true"}
    if processes > 1:
        env |= {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    started = {}
    for rank in range(processes):
        own = {"RANK": str(rank), "LOCAL_RANK": str(rank)} if processes > 1 else {}
        printed = folder / f"printed-{processes}-{rank}.txt"
        started[nursery.start(code, *arguments, env=env | own, printed=printed)] = printed
    return started


def launch(nursery, code, runs, processes):
    """Train `runs`, (folder, configuration, steps to stop at), in so many processes together."""
    asked = json.dumps([(str(folder), dataclasses.asdict(config), stops) for folder, config, stops in runs])
    runs[0][0].parent.mkdir(parents=True, exist_ok=True)
    started = together(nursery, code, [asked, str(TESTS)], processes, runs[0][0].parent)
    for pid, printed in started.items():
        assert nursery.wait(pid) == 0, printed.read_text()


def largest_difference(one, other):
    """Return the largest difference between two runs' states, in units of values above 1, and where it is."""
    one, other = (load_file(folder / "training.safetensors") for folder in (one, other))
    assert one.keys() == other.keys()
    return max(
        (float(((x.double() - other[name].double()) / x.double().abs().clamp(min=1)).abs().max()), name)
        for name, x in one.items()
        if x.numel()
    )


@pytest.mark.slow
def test_two_processes_equal_one_at_double_the_batch_after_twenty_steps_of_each_phase(nursery, tmp_path):
    config = tiny(size_px=32, batch_size=1, epochs=(20, 20), ema_decay=0.9)
    accumulating = dataclasses.replace(config, batch_size=1, accumulate=2, epochs=(3, 3))
    short = {"size_px": 32, "batch_size": 1, "epochs": (2, 2)}
    configs = {
        "long": config,
        "accumulating": accumulating,
        "critic": tiny("balanced", adversarial="critic", **short),
        "paper": tiny("paper", region_wise="location", **short),
        "penalty": tiny("balanced", adversarial="wgan-gp", **short),
    }
    launch(nursery, START + DOUBLE + TRAIN, [(tmp_path / "two" / name, x, [None]) for name, x in configs.items()], 2)
    whole = {"accumulating": {"batch_size": 4, "accumulate": 1}}
    doubled = {name: dataclasses.replace(x, **whole.get(name, {"batch_size": 2})) for name, x in configs.items()}
    launch(nursery, START + DOUBLE + TRAIN, [(tmp_path / "one" / name, x, [None]) for name, x in doubled.items()], 1)
    for name, config in configs.items():
        folder, other = (tmp_path / number / name for number in ("one", "two"))
        steps = sum(config.epochs)
        assert json.loads((other / "run.json").read_text())["processes"] == 2
        difference, where = largest_difference(folder, other)
        assert difference < 1e-5, f"{name}: {where}"
        rows, others = curves(folder), curves(other)
        assert len(rows) == len(others) == steps
        for a, b in zip(rows, others, strict=True):  # rank 0 writes the means over all processes
            a, b = ({k: float(v) for k, v in row.items() if v} for row in (a, b))
            assert a == pytest.approx(b, rel=1e-4, abs=1e-6)
    moved = load_file(tmp_path / "one" / "long" / "training.safetensors")
    torch.manual_seed(0)
    assert not any(torch.equal(moved[name], moved[f"ema.module.{name[2:]}"]) for name in moved if name[:2] == "G.")


@pytest.mark.slow
def test_a_resumed_run_of_two_processes_with_workers_equals_an_uninterrupted_one_bit_for_bit(nursery, tmp_path):
    config = tiny(size_px=32, epochs=(3, 3), ema_decay=0.5, workers=1)
    runs = [(tmp_path / "straight", config, [None]), (tmp_path / "resumed", config, [2, 5, None])]
    launch(nursery, START + TRAIN, runs, 2)
    assert largest_difference(tmp_path / "straight", tmp_path / "resumed")[0] == 0
    assert curves(tmp_path / "straight") == curves(tmp_path / "resumed") and len(curves(tmp_path / "resumed")) == 6


@pytest.mark.slow
def test_one_process_asked_to_stop_stops_both_and_one_with_nan_ends_both(nursery, tmp_path):
    stop = """
import os
rank = int(os.environ["RANK"])
config = Config.from_dict(json.loads(sys.argv[1])[0][1])
steps = iter(range(9))
rwlib.training.loop.train(config, Noise(), sys.argv[3], progress=False, stop=lambda: rank == 1 and next(steps) == 1)
assert read_record(sys.argv[3])["status"] == "stopped"
class Poisoned(Noise):
    def crop(self, *args):
        return super().crop(*args)
import dataclasses
from rwlib.training.methods import METHODS
method = METHODS["region-wise"]
def poisoned(*args):
    losses = method.training_step(*args)
    return losses | {"L_r": losses["L_r"] * (float("nan") if rank == 1 else 1)}
METHODS["region-wise"] = dataclasses.replace(method, training_step=poisoned)
try:
    rwlib.training.loop.train(config, Noise(), sys.argv[3] + "-nan", progress=False)
except ValueError as error:
    assert "step 0" in str(error) and ("L_r = nan on" in str(error)) == (rank == 1), error
else:
    raise AssertionError("it went on")
"""
    config = tiny(size_px=32, epochs=(9, 0))
    code = START + stop.replace("sys.argv[3]", repr(str(tmp_path / "run")))
    launch(nursery, code, [(tmp_path, config, [])], 2)
    assert len(curves(tmp_path / "run")) == 2 and not (tmp_path / "run-nan" / "training.safetensors").exists()


FAIL = """
import os, pathlib, time
def fail(*args, **kwargs):
    pathlib.Path(sys.argv[1]).write_text(str(time.time()))
    raise rwlib.training.loop.InputError("checkpoint: cannot write there (No space left on device); free some space")
if os.environ["RANK"] == {rank!r}:
    {where} = fail
from rwlib.commands.terminal import guarded
config = Config.from_dict({config!r})
sys.exit(guarded(lambda: rwlib.training.loop.train(config, Noise(), {folder!r}, progress=False) and None))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rank", "where"),
    [
        (0, "rwlib.training.loop.save_generator"),  # a full disk: the first process alone writes
        (0, "rwlib.training.loop.Curves"),  # before the first step
        (1, "Noise.crop"),
    ],
)
def test_when_one_process_fails_all_end_with_a_line_each(nursery, tmp_path, rank, where):
    """Without the launcher, which would end the others after a while."""
    config = dataclasses.asdict(tiny(epochs=(400, 1), checkpoint_every=2, workers=0))
    code = START + FAIL.format(rank=str(rank), where=where, config=config, folder=str(tmp_path / "run"))
    failed, ended, printed = tmp_path / "failed", {}, {}
    started = list(together(nursery, code, [str(failed), str(TESTS)], 2, tmp_path).items())
    for r in (1 - rank, rank):
        pid, file = started[r]
        assert nursery.wait(pid) == 2, file.read_text()
        printed[r] = file.read_text()
        ended[r] = time.time() - float(failed.read_text())
    lines = {r: [line for line in text.splitlines() if line.startswith("rwlib: ")] for r, text in printed.items()}
    assert lines[1 - rank] == [f"rwlib: processes: process {rank} failed, so this one ends, too"]
    assert len(lines[rank]) == 1 and "No space left" in lines[rank][0]
    assert not any("Traceback" in text for text in printed.values()), printed
    assert max(ended.values()) < PATIENCE_S / 4  # seconds on a quiet machine; without it one waits for ever
    record = tmp_path / "run" / "run.json"
    assert not record.exists() or json.loads(record.read_text())["status"] == "failed"
