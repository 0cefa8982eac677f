"""kill -9 before and after calls that change the disk: `resume` ends as if nothing had happened, whatever was killed.

What must be equal: weights and optimisers, generator, best generator, the checkpoints before, curves, sample grids.
"""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from test_training_loop import curves

from rwlib.training.run_folder import read_record

TESTS = Path(__file__).parent
CALLS = ("fsync", "link", "mkdir", "open", "remove", "rename", "replace", "rmdir", "truncate", "unlink", "write")
# Importing torch takes seconds, so one process does it once, and each line that it reads becomes a fork that trains.
NURSERY = f"""
import itertools, json, os, signal, sys, torch
import torch._dynamo, torchvision.utils  # a training loads both, and else each fork would anew
sys.path.insert(0, {str(TESTS)!r})
from test_training_loop import Noise, tiny
from rwlib.training.loop import train

class Held(Noise):
    def __len__(self):
        return 2
    def center(self, index, size_px):
        return self.crop(index, size_px, torch.Generator().manual_seed(index))

def die_at(n):
    calls = itertools.count()
    def dying(call):
        def wrapped(*given, **more):
            for moment in range(2):
                if next(calls) == n:
                    os.kill(os.getpid(), signal.SIGKILL)
                if moment == 0:
                    result = call(*given, **more)
            return result
        return wrapped
    for name in {CALLS}:
        setattr(os, name, dying(getattr(os, name)))
    return calls

for line in sys.stdin:
    folder, n = json.loads(line)
    if not (pid := os.fork()):
        calls = die_at(n)
        config = tiny(epochs=(3, 3), ema_decay=0.5, workers=0, checkpoint_every=2, sample_every=3)
        train(config, Noise(), folder, resume=True, progress=False, val=Held())
        os._exit(min(next(calls) // 10, 200))  # the parent learns about how many there were
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def trained():
    """Yield `trained(folder, n)`: train or go on, and be killed before or after the n-th call; returns the status."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    command = [sys.executable, "-c", NURSERY]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment, cwd=TESTS.parent) as nursery:

        def train(folder: Path, n: int = -1) -> int:
            nursery.stdin.write(json.dumps([str(folder), n]) + "\n")
            nursery.stdin.flush()
            return int(nursery.stdout.readline())

        yield train
        nursery.stdin.close()


def result(folder: Path) -> dict:
    """Return all that a run leaves, but for times."""
    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    tensors = {name: load_file(path) for name, path in files.items() if name.endswith(".safetensors")}
    pictures = {name: path.read_bytes() for name, path in files.items() if name.endswith(".png")}
    return {"files": list(files), "curves": curves(folder), "pictures": pictures, "tensors": tensors,
            "status": read_record(folder)["status"]}  # fmt: skip


def differences(one: dict, other: dict) -> list[str]:
    """Name what is not the same."""
    found = [key for key in ("files", "curves", "pictures", "status") if one[key] != other[key]]
    for name in one["tensors"].keys() & other["tensors"].keys():
        a, b = one["tensors"][name], other["tensors"][name]
        found += [f"{name}: {key}" for key in a if key not in b or not torch.equal(a[key], b[key])]
    return found


@pytest.mark.slow
def test_a_run_that_was_killed_at_any_call_goes_on_to_the_same_end(trained, tmp_path):
    tens = trained(tmp_path / "straight")
    assert tens > 5
    straight = result(tmp_path / "straight")
    assert straight["files"].count("best.safetensors") == 1 and len(straight["pictures"]) == 2
    points = int(os.environ.get("KILL_POINTS", 16))
    moments = range(10 * tens + 10)
    for n in sorted(random.Random(0).sample(moments, points)) if points < len(moments) else moments:
        folder = tmp_path / f"killed_{n}"
        status = trained(folder, n)
        assert status == -signal.SIGKILL or n >= 10 * tens, f"kill point {n}: {status}"
        trained(folder)
        assert (n, differences(straight, result(folder))) == (n, [])
