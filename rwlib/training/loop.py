r"""The loop of Algorithm 1: training in two phases, on a CPU, one GPU or many.

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
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader
from tqdm import tqdm

from rwlib.checkpoints import save_generator
from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.data import PhotoSource, TrainingSamples
from rwlib.files import only_writer
from rwlib.training import contents, state
from rwlib.training.bar import progress_bar
from rwlib.training.curves import Curves
from rwlib.training.launch import new_accelerator, prepare, start_trackers
from rwlib.training.methods import METHODS
from rwlib.training.options import Options
from rwlib.training.parts import parts_of
from rwlib.training.players import optimisers_of
from rwlib.training.run_folder import BEST, GENERATOR, OLDER, STATE, save_samples, this_process, versions, write_record
from rwlib.training.schedule import Schedule, batch_numbers, count_photos
from rwlib.training.setup import new_players
from rwlib.training.signals import signal_watch
from rwlib.training.timer import PartTimer
from rwlib.training.together import ends_with_the_others
from rwlib.training.update import Readout, Step, Updater, not_finite
from rwlib.training.validation import validation_pairs, validation_psnr
from rwlib.training.workers import Batches, leave_signals_to_training


def train(config: Config, source: PhotoSource, run_dir: str | Path, **options: Any) -> Path:
    """Train a region-wise GAN, Algorithm 1, or one of its rivals.

    SIGTERM, SIGHUP, SIGINT (Ctrl-C), SIGUSR1 and SIGXCPU end a run after the current step, with a checkpoint.

    Args:
        config: what to train; saved with the run.
        source: photographs, see `rwlib.data`.
        run_dir: folder of the run; made if missing.
        options: fields of `Options`, for example `resume=True`.

    Returns:
        The path of the generator's checkpoint.

    Raises:
        InputError: a run already stands in the folder, or its configuration differs, or the folder cannot be written
            to, or another process trains into it, or `steps` or `keep` is below 1, or a loss is not finite.
    """
    if config.reduction != "mean" and config.precision == "fp16":
        raise InputError("precision: sums overflow fp16 gradients, use bf16 or fp32, or reduction='mean'")
    run_options, run_dir = Options(**options), Path(run_dir)
    accelerator = new_accelerator(config, trackers=run_options.trackers, run_dir=run_dir, goes_on=run_options.resume)
    lock = only_writer(run_dir, "run_dir") if accelerator.is_main_process else contextlib.nullcontext()
    with ends_with_the_others(run_dir), lock:
        return _Run(accelerator, config, source, run_dir, run_options).go()


class _Run:
    """A training in a folder that nobody else writes to."""

    def __init__(
        self, accelerator: Accelerator, config: Config, source: PhotoSource, run_dir: Path, options: Options
    ) -> None:  # fmt: skip
        self.accelerator, self.config, self.run_dir, self.options = accelerator, config, run_dir, options
        self.main = accelerator.is_main_process
        self.schedule = Schedule.from_config(config, count_photos(source), accelerator.num_processes)
        total = self.schedule.total
        self.last_step = total if options.steps is None else min(options.steps, total)
        if not options.resume and (left := [x for x in (STATE, OLDER, BEST, GENERATOR) if (run_dir / x).exists()]):
            raise InputError(
                f"run_dir: {run_dir} already holds a run ({left[0]}); give --resume to go on, or choose another folder"
            )

        # Networks and optimisers, as they were at the newest checkpoint.
        self.method = METHODS[config.model]
        self.bare = new_players(config, accelerator.device, init=options.init)
        self.first_step, self.came_from = 0, None
        if options.resume and (newest := state.newest_state(run_dir)):
            self.came_from, tensors, saved, about = newest
            contents.unpack_state(self.bare, config, self.came_from, tensors, saved, accelerator.scaler)
            self.first_step = state.step_of(self.came_from, about)
        self.players = prepare(self.bare, accelerator)
        self.exported_G = self.bare.ema.module if self.bare.ema else self.method.generator(self.bare)
        self.best = state.best_so_far(run_dir) if options.resume else -math.inf

        # Data: which samples a step learns from follows from its number.
        self.samples = TrainingSamples(
            source, config.size_px, config.hole_fraction, config.mask_kind, config.seed, augment=config.augment
        )
        self.place = (accelerator.process_index, accelerator.num_processes)
        preview = [torch.stack(x) for x in zip(*(self.samples[k] for k in range(4)), strict=True)]
        self.preview = [x.to(accelerator.device) for x in preview]
        self.held_out = list(validation_pairs(options.val, config)) if options.val is not None and self.main else []
        self.about = {"data": options.data_name, "seed": config.seed, "total_steps": total, **versions()}

    def go(self) -> Path:
        """Go through the steps: Algorithm 1, line 1."""
        config, accelerator, timer = self.config, self.accelerator, PartTimer(self.accelerator.device)
        timer.watch(self.bare)
        readout = Readout(accelerator, timer)
        curves, status = self._open_folder(), "failed"
        bar = progress_bar(self.first_step, self.last_step, shown=self.options.progress and self.main)
        try:
            with signal_watch() as signal_came, Batches(self._loader()) as batches:
                ready = time.perf_counter()
                for step, (I_gt, M) in enumerate(batches, self.first_step):
                    dataloader_wait_s = time.perf_counter() - ready

                    # The step itself.
                    phase, learning_rate = self.schedule.phase(step), self.schedule.learning_rate(step, config)
                    for name, optimiser in optimisers_of(self.bare).items():
                        for group in optimiser.param_groups:
                            group["lr"] = learning_rate * (config.discriminator_rate if name[:5] == "opt_D" else 1)
                    parts = parts_of(I_gt, M, config, step, accelerator.device, *self.place)
                    updater = Updater(accelerator, config, parts, timer.mark)
                    timer.start()
                    losses = self.method.training_step(self.players, config, phase, step, updater)

                    # Do all processes go on?
                    stop, done = self.options.stop, step + 1
                    why = signal_came() or ("asked to stop" if stop is not None and stop() else "")
                    row = {"learning_rate": learning_rate, "dataloader_wait_s": dataloader_wait_s}
                    readout.steps.append(Step(step, phase, losses, timer.take(), row))
                    saving = done % config.checkpoint_every == 0 or done == self.last_step
                    due = readout.due(done, saving=saving, stop=bool(why))
                    steps, stopping = readout.read(bool(why)) if due else ([], False)
                    for i, past in enumerate(steps):
                        if not all(map(math.isfinite, past.row.values())):
                            for good in steps[:i] if self.main else []:
                                curves.write(good.row)
                            raise not_finite(past, self._photos(past.number), self.run_dir / STATE)

                    # What is left of it. The state comes last: whatever a kill loses, `resume` makes again.
                    if self.main:
                        if done % config.sample_every == 0 or done == self.last_step:
                            save_samples(
                                self.exported_G, *self.preview, self.run_dir / "samples" / f"step_{done:06d}.png"
                            )
                        saving |= stopping
                        if saving:
                            steps[-1].row |= self._validate(done)
                        for past in steps:
                            curves.write(past.row)
                        if saving:
                            curves.sync()
                            self._save(done)
                        if steps:
                            shown = {k: f"{steps[-1].row[k]:.3g}" for k in losses}
                            bar.set_postfix(shown | {"wait": f"{1000 * dataloader_wait_s:.0f}ms"})
                        bar.update()
                    if self.options.trackers:
                        tracked = {*self.method.losses, "val_hole_psnr", "learning_rate"}
                        for past in steps:
                            accelerator.log({k: x for k, x in past.row.items() if k in tracked}, step=past.number)
                    if stopping:
                        status = "finished" if done == self.schedule.total else "stopped"
                        if self.main and done < self.last_step and (self.options.progress or signal_came()):
                            tqdm.write(f"stopped after step {done} of {self.schedule.total} ({why or 'other process'})")
                        break
                    ready = time.perf_counter()
                else:
                    status = "finished" if self.last_step == self.schedule.total else "stopped"
        finally:
            bar.close()
            if self.main:
                curves.close()
                with contextlib.suppress(InputError):  # a full disk: what ended the run is what counts
                    write_record(self.run_dir, status=status)
        accelerator.wait_for_everyone()
        if self.options.trackers:
            accelerator.end_training()
        return self.run_dir / GENERATOR

    def _loader(self) -> DataLoader:
        n_images = self.config.batch_size * self.config.accumulate
        return DataLoader(
            self.samples,
            batch_sampler=batch_numbers(self.first_step, self.last_step, n_images, *self.place),
            num_workers=self.config.workers,
            worker_init_fn=leave_signals_to_training,
            generator=torch.Generator(),  # otherwise each start of a run draws from the global one
            pin_memory=self.accelerator.device.type == "cuda",
        )

    def _open_folder(self) -> Curves | None:
        """Make the folder and say in `run.json` what happens there, only now that nothing else can be wrong."""
        curves = None
        self.accelerator.wait_for_everyone()  # all have read the checkpoint
        if self.main:
            try:
                (self.run_dir / "samples").mkdir(parents=True, exist_ok=True)
                state.tidy(self.run_dir, self.came_from, self.options.keep)
                precision = self.accelerator.mixed_precision
                record = {"config": json.loads(self.config.to_json()), **self.about}
                record |= {"processes": self.accelerator.num_processes, **(self.options.about or {}), **this_process()}
                record["precision"] = "fp32" if precision == "no" else precision
                curves = Curves(self.run_dir / "curves.csv", self.first_step, self.method.losses)
                write_record(self.run_dir, **record, status="running")
            except OSError as error:
                reason = f"cannot write to {self.run_dir} ({error.strerror})"
                raise InputError(f"run_dir: {reason}; choose another folder") from None
        if self.options.trackers:
            start_trackers(self.accelerator, self.config, self.run_dir, goes_on=self.first_step > 0)
        return curves

    def _validate(self, done: int) -> dict[str, float]:
        """Measure on held-out photographs, where there are any, and keep the generator if it is the best so far."""
        if not self.held_out:
            return {}
        score = validation_psnr(self.exported_G, self.held_out, self.accelerator.device)
        if score > self.best:
            self.best = score
            about = {**self.about, "step": done, "val_hole_psnr": score}
            save_generator(self.run_dir / BEST, self.exported_G, self.config, about=about)
        return {"val_hole_psnr": score}

    def _save(self, done: int) -> None:
        about = {**self.about, "step": done}
        tensors = contents.pack_state(self.bare, self.accelerator.scaler)
        state.refuse_not_finite(tensors, done)
        save_generator(self.run_dir / GENERATOR, self.exported_G, self.config, about=about)
        state.save_state(self.run_dir, tensors, self.config, about, self.options.keep)

    def _photos(self, step: int) -> list[str]:
        """Name the photographs that this process learns from at a step."""
        n_images = self.config.batch_size * self.config.accumulate
        return [self.samples.name(k) for k in next(batch_numbers(step, step + 1, n_images, *self.place))]
