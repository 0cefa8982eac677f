r"""Algorithm 1: training in two phases, on a CPU, one GPU or many.

Read `rwlib.training.step.training_step` first: it is the paper's algorithm. `train` is the frame around it: set up, go
through the steps, write what happens. `rwlib.training.schedule` says when what happens, `rwlib.training.launch` hands
devices and processes to accelerate, `rwlib.training.run_folder` says what a run's folder holds.

Everything random is a function of the seed and the step (`rwlib.data.TrainingSamples`), so a resumed run continues bit
for bit on a CPU.
"""

import contextlib
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from rwlib.checkpoints import read_checkpoint, save_generator
from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.data import TrainingSamples
from rwlib.files import only_writer
from rwlib.training.launch import new_accelerator, start_trackers
from rwlib.training.run_folder import (
    BEST,
    GENERATOR,
    STATE,
    Curves,
    PartTimer,
    leave_signals_to_training,
    newest_state,
    pack_state,
    save_samples,
    save_state,
    signal_watch,
    this_process,
    unpack_state,
    versions,
    write_record,
)
from rwlib.training.schedule import ENDLESS, Schedule, batch_numbers
from rwlib.training.step import memory_format, new_players, prepare, training_step
from rwlib.training.validation import validation_pairs, validation_psnr


def train(
    config: Config,
    source: Any,
    run_dir: str | Path,
    *,
    data_name: str = "",
    val: Any = None,
    resume: bool = False,
    init: str | Path | None = None,
    steps: int | None = None,
    stop: Callable[[], bool] | None = None,
    keep: int = 2,
    trackers: Sequence[Any] = (),
    progress: bool = True,
    about: dict[str, Any] | None = None,
) -> Path:
    """Train a region-wise GAN, Algorithm 1.

    SIGTERM, SIGINT (Ctrl-C) and SIGUSR1 end a run after the current step, with a checkpoint.

    Args:
        config: what to train; saved with the run.
        source: photographs, see `rwlib.data`.
        run_dir: folder of the run; made if missing.
        data_name: what to call the data in `run.json` and the checkpoints.
        val: photographs that are not trained on; at each checkpoint the PSNR in the holes of at most 32 of them goes to
            `curves.csv`, and the best generator so far to `best.safetensors`.
        resume: go on from the newest checkpoint that is whole (start anew if there is none).
        init: a generator's or a run's checkpoint, of the same width, to start from: one trained on smaller crops, say.
        steps: stop after this step even if the schedule goes on; None goes to the end.
        stop: asked after every step; True ends the run with a checkpoint.
        keep: how many of the last checkpoints to keep.
        trackers: `"tensorboard"`, `"wandb"`, or a tracker of accelerate's.
        progress: show a progress bar.
        about: more entries for `run.json`.

    Returns:
        The path of the generator's checkpoint.

    Raises:
        InputError: a run already stands in the folder, or its configuration differs, or the folder cannot be written
            to, or another process trains into it, or `steps` or `keep` is below 1, or a loss is not finite.
    """
    if config.reduction != "mean" and config.precision == "fp16":
        raise InputError("precision: sums overflow fp16 gradients, use bf16 or fp32, or reduction='mean'")
    for name, number, what in (("steps", steps, "step to stop after"), ("keep", keep, "checkpoint")):
        if number is not None and number < 1:
            raise InputError(f"{name}: expected at least 1 {what}, got {number}")
    run_dir = Path(run_dir)
    accelerator = new_accelerator(config, trackers=trackers, run_dir=run_dir)
    with only_writer(run_dir, "run_dir") if accelerator.is_main_process else contextlib.nullcontext():
        return _train(
            accelerator, config, source, run_dir, data_name=data_name, val=val, resume=resume, init=init, steps=steps,
            stop=stop, keep=keep, trackers=trackers, progress=progress, about=about,
        )  # fmt: skip


def _train(
    accelerator: Accelerator, config: Config, source: Any, run_dir: Path, *, data_name: str, val: Any, resume: bool,
    init: str | Path | None, steps: int | None, stop: Callable[[], bool] | None, keep: int, trackers: Sequence[Any],
    progress: bool, about: dict[str, Any] | None,
) -> Path:  # fmt: skip
    """Train in a folder that nobody else writes to; see `train`."""
    # --- set up
    n_photos = ENDLESS if getattr(source, "unlimited", False) else len(source)
    schedule = Schedule.from_config(config, n_photos, accelerator.num_processes)
    main = accelerator.is_main_process
    if (run_dir / STATE).exists() and not resume:
        raise InputError(f"run_dir: {run_dir} already holds a run; give --resume to go on, or choose another folder")

    players = bare = new_players(config, accelerator.device, init=init)
    first_step = 0
    if resume and (found := newest_state(run_dir, discard=accelerator.is_main_process)):
        file, tensors, saved, remarks = found
        unpack_state(players, config, file, tensors, saved, accelerator.scaler)
        first_step = int(remarks["step"])
        del tensors, found
    players = prepare(players, accelerator)
    shown_G = bare.ema.module if bare.ema else bare.G

    last_step = schedule.total if steps is None else min(steps, schedule.total)
    samples = TrainingSamples(source, config.size_px, config.hole_fraction, config.mask_kind, config.seed)
    images_a_step = config.batch_size * config.accumulate
    place = (accelerator.process_index, accelerator.num_processes)
    loader = DataLoader(
        samples,
        batch_sampler=list(batch_numbers(first_step, last_step, images_a_step, *place)),
        num_workers=config.workers,
        worker_init_fn=leave_signals_to_training,
        generator=torch.Generator(),  # otherwise each start of a run draws from the global one
        pin_memory=accelerator.device.type == "cuda",
    )
    remarks = {"data": data_name, "seed": config.seed, "total_steps": schedule.total, **versions()}
    shown = [samples[k] for k in range(4)]
    shown = tuple(torch.stack(tensors).to(accelerator.device) for tensors in zip(*shown, strict=True))
    held_out = list(validation_pairs(val, config)) if val is not None and main else []
    best = _best_so_far(run_dir) if resume else -math.inf
    curves = None
    if main:
        try:  # only now that nothing else can be wrong
            (run_dir / "samples").mkdir(parents=True, exist_ok=True)
            for left_over in run_dir.rglob(".*.part*"):  # by a process that was killed while it wrote
                left_over.unlink()
            run = {"config": json.loads(config.to_json()), **remarks, "processes": accelerator.num_processes}
            write_record(run_dir, **run, **(about or {}), **this_process(), status="running")
            curves = Curves(run_dir / "curves.csv", first_step)
        except OSError as error:
            raise InputError(f"run_dir: cannot write to {run_dir} ({error.strerror}); choose another folder") from None
    if trackers:
        start_trackers(accelerator, config, run_dir, goes_on=first_step > 0)

    def save(done: int) -> dict[str, float]:
        """Write a checkpoint, and measure on held-out photographs where there are any."""
        nonlocal best
        tensors = pack_state(players._replace(G=bare.G, D=bare.D), accelerator.scaler)
        save_state(run_dir, tensors, config, {**remarks, "step": done}, keep)
        save_generator(run_dir / GENERATOR, shown_G, config, about={**remarks, "step": done})
        if not held_out:
            return {}
        score = validation_psnr(shown_G, held_out, accelerator.device)
        if score > best:
            best = score
            save_generator(run_dir / BEST, shown_G, config, about={**remarks, "step": done, "val_hole_psnr": score})
        return {"val_hole_psnr": score}

    # --- Algorithm 1, line 1: while iterations t < T_train
    timer, status = PartTimer(accelerator.device), "failed"
    bar = tqdm(initial=first_step, total=last_step, disable=not (progress and main), unit="step", dynamic_ncols=True)
    try:
        with signal_watch() as signal_came:
            ready = time.perf_counter()
            for step, (I_gt, M) in enumerate(loader, first_step):
                dataloader_wait = time.perf_counter() - ready
                I_gt = I_gt.to(accelerator.device, non_blocking=True, memory_format=memory_format(config))
                M = M.to(accelerator.device, non_blocking=True)
                learning_rate = schedule.learning_rate(step, config)
                for group in players.opt_G.param_groups + players.opt_D.param_groups:
                    group["lr"] = learning_rate
                phase = schedule.phase(step)
                losses = training_step(players, I_gt, M, config, phase, accelerator, step, timer)
                why = signal_came() or ("asked to stop" if stop is not None and stop() else "")
                values, stopping = _agree(losses, bool(why), accelerator)
                if not all(map(math.isfinite, values.values())):
                    numbers = next(batch_numbers(step, step + 1, images_a_step, *place))
                    raise InputError(_not_finite(losses, step, phase, [samples.name(k) for k in numbers], run_dir))
                done = step + 1
                if main:
                    row = {"step": step, "phase": phase, **values, "learning_rate": learning_rate}
                    row |= {"dataloader_wait_s": dataloader_wait, **timer.read()}
                    if done % config.sample_every == 0 or done == last_step:
                        save_samples(shown_G, *shown, run_dir / "samples" / f"step_{done:06d}.png")
                    if done % config.checkpoint_every == 0 or done == last_step or stopping:
                        row |= save(done)
                    curves.write(row)
                    bar.set_postfix(
                        {k: f"{v:.3g}" for k, v in values.items()} | {"wait": f"{1000 * dataloader_wait:.0f}ms"}
                    )
                    bar.update()
                if trackers:
                    score = {k: row[k] for k in ("val_hole_psnr",) if main and k in row}
                    accelerator.log(values | score | {"learning_rate": learning_rate}, step=step)
                if stopping:
                    status = "stopped"
                    if main and done < last_step and (progress or signal_came()):
                        tqdm.write(f"stopped after step {done} of {schedule.total} ({why or 'another process'})")
                    break
                ready = time.perf_counter()
            else:
                status = "finished" if last_step == schedule.total else "stopped"
    finally:
        bar.close()
        if main:
            curves.close()
            with contextlib.suppress(OSError):
                write_record(run_dir, status=status)
    accelerator.wait_for_everyone()
    if trackers:
        accelerator.end_training()
    return run_dir / GENERATOR


def _agree(losses: dict[str, Tensor], stop: bool, accelerator: Accelerator) -> tuple[dict[str, float], bool]:
    """Return the losses' means over all processes, and whether one of them wants to stop, in one exchange."""
    numbers = torch.stack(
        [*(x.float().reshape(()) for x in losses.values()), torch.tensor(float(stop)).to(_any(losses))]
    )
    if accelerator.num_processes > 1:
        numbers = accelerator.reduce(numbers, "mean")
    *means, stops = numbers.tolist()
    return dict(zip(losses, means, strict=True)), stops > 0


def _any(losses: dict[str, Tensor]) -> torch.device:
    return next(iter(losses.values())).device


def _not_finite(losses: dict[str, Tensor], step: int, phase: int, photos: list[str], run_dir: Path) -> str:
    """Say which term of which step is not finite, on which photographs, and what is left."""
    bad = ", ".join(f"{name} = {float(x)}" for name, x in losses.items() if not x.isfinite())
    bad = f"{bad} on {', '.join(photos)}" if bad else "a loss of another process is not finite"
    left = f"; {run_dir / STATE} is the last good checkpoint" if (run_dir / STATE).exists() else ""
    return f"training: step {step}, phase {phase}: {bad}; lower learning_rate, or use bf16 or fp32{left}"


def _best_so_far(run_dir: Path) -> float:
    try:
        return float(read_checkpoint(run_dir / BEST, kind="generator")[2]["val_hole_psnr"])
    except (InputError, KeyError):
        return -math.inf
