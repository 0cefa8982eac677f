"""One part of the first hour on a GPU; `gpu_hour.sh` calls this file once per part and says what the parts are.

    python data_scripts/gpu_hour.py speed --out runs/gpu --photographs data/facades

Every measurement is a row of `results.csv`, written as soon as it is known. A row that stands there is not measured
again, so a part that was stopped goes on where it was.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import _gpu_hour as measurements
import torch
from _gpu_hour import Hour, Row

from rwlib.config import make_config
from rwlib.errors import InputError
from rwlib.files import write_text

PARTS = ("doctor", "correctness", "speed", "waits", "processes", "training", "report")
CHECKPOINT_MINUTES = 5


def doctor(hour: Hour) -> int:
    """Let `rwlib doctor` say what this machine has, in `doctor.txt`."""
    done = subprocess.run([sys.executable, "-m", "rwlib.commands.doctor"], capture_output=True, text=True)
    print(done.stdout + done.stderr, end="")
    write_text(hour.out / "doctor.txt", done.stdout + done.stderr, "out")
    return done.returncode


def rows(measure: Callable[[Hour], Iterator[tuple[str, Callable[[], Row]]]]) -> Callable[[Hour], int]:
    """Turn a list of measurements into a part: do those that have no row yet, as long as there is time."""

    def part(hour: Hour) -> int:
        for name, measurement in measure(hour):
            if name in hour.results:
                continue
            if time.monotonic() > hour.ends:
                print("the time of this part is over; call it again to go on")
                return 1
            try:
                row = measurement()
            except (RuntimeError, ValueError) as error:  # out of memory, a compiler that gives up: a result, too
                row = Row(error=f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}")
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
            hour.add(name, row)
        return 0

    return part


def processes(hour: Hour) -> int:
    """Train a few steps in one process and in two, with NCCL on GPUs, and compare the weights."""
    name = "two processes"
    if name in hour.results:
        return 0
    if hour.device.type == "cuda" and torch.cuda.device_count() < 2:
        hour.add(name, Row(error="not measured: one GPU"))
        return 0
    common = ["--data", str(hour.photographs / "train"), "--size", "tiny", "--workers", "0", "--precision", "fp32"]
    common += ["--steps-per-epoch", "4", "--epochs", "1", "1", "--checkpoint-every", "8", "--sample-every", "8"]
    if hour.toy:
        common += ["--vgg", "random", "--size-px", "16", "--width", "4", "--discriminator-width", "4"]
    folders = {n: hour.out / f"processes-{n}" for n in (1, 2)}
    for n, folder in folders.items():
        launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(n), "-m"] if n > 1 else []
        words = ["train", "--run-dir", str(folder), *common, "--batch-size", str(4 // n)]
        if not (folder / "generator.safetensors").exists():
            again = ["--resume"] if (folder / "training.safetensors").exists() else []
            subprocess.run([sys.executable, "-m", *launcher, "rwlib", *words, *again], check=True)
    hour.add(name, measurements.difference_of(*folders.values()))
    return 0


def training(hour: Hour) -> int:
    """Train on the photographs, with a checkpoint every five minutes; SIGTERM stops it with one, too."""
    folder = hour.out / "training"
    size_px, batch_size, width = (32, 2, 4) if hour.toy else (hour.size_px, hour.batch_size, 32)
    if (folder / "run.json").exists():
        words = ["--resume"]
    else:
        step_s = hour.seconds_per_step(size_px, batch_size)
        every = max(1, min(5000, round(60 * CHECKPOINT_MINUTES / step_s)))
        words = ["--data", str(hour.photographs / "train"), "--val", str(hour.photographs / "val")]
        words += ["--size", "full", "--size-px", str(size_px), "--batch-size", str(batch_size), "--width", str(width)]
        words += ["--checkpoint-every", str(every), "--sample-every", str(every), "--lambda-3", "0.01"]
        words += ["--hole-fraction", "0.02", "0.5", "--vgg-every", "4"]
        # Enough for many hours; the schedule's end is where the learning rate is lowest.
        words += [
            "--steps-per-epoch",
            "4" if hour.toy else "1000",
            "--epochs",
            *(("1", "1") if hour.toy else ("24", "8")),
        ]
        words += ["--workers", "0"] if hour.toy else ["--workers", "8"]
        if hour.toy:
            words += ["--vgg", "random", "--discriminator-width", "4"]
    process = subprocess.Popen([sys.executable, "-m", "rwlib", "train", "--run-dir", str(folder), *words])

    def stop(*_: object) -> None:
        process.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    try:
        status = process.wait(timeout=max(1.0, hour.ends - time.monotonic()))
    except subprocess.TimeoutExpired:
        stop()
        status = process.wait()
    if status == 0:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        print(f"training: {record['status']}")
    return status


def report(hour: Hour) -> int:
    """Write everything into `report.md`."""
    text = measurements.report(hour)
    write_text(hour.out / "report.md", text, "out")
    print(text)
    return 0


def main(words: Sequence[str] | None = None) -> int:
    """Do one part; return the exit status: 1 when it has to be called again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--photographs", type=Path, required=True, help="folder with train and val")
    parser.add_argument("--seconds", type=float, default=570, help="how long the part may take")
    parser.add_argument("--size-px", type=int, default=256, help="side of the training crops")
    parser.add_argument("--batch-size", type=int, default=16, help="of the training")
    parser.add_argument("--toy", action="store_true", help="toy size, for a test on any machine")
    asked = parser.parse_args(words)
    try:
        make_config("balanced", "full", size_px=asked.size_px, batch_size=asked.batch_size)  # refuses nonsense
        hour = Hour(asked.out, asked.photographs, asked.seconds, asked.size_px, asked.batch_size, asked.toy)
        return {
            "doctor": doctor,
            "correctness": rows(measurements.correctness),
            "speed": rows(measurements.speed),
            "waits": rows(measurements.waits),
            "processes": processes,
            "training": training,
            "report": report,
        }[asked.part](hour)
    except (InputError, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
