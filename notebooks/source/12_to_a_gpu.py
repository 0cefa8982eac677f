# %% [markdown]
# # 12 · From two cores to a GPU
#
# **What does it take to train on real photographs, at the paper's size?** You will prepare a data set, measure steps
# and turn them into hours and money, find out what fits into memory, and learn what to look at after 100 steps, after
# an hour and after a day. Everything here also runs, at a small size, on a CPU.
#
# | | |
# |---|---|
# | Time | about 60 minutes, the long trainings aside |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | notebook 07; a GPU for the commands at its end, but not for the cells |

# %% [markdown]
# **Afterwards you can**
#
# - turn a folder of photographs into a data set with a part that is held out;
# - start, stop and resume `rwlib train` on one GPU, on several, and on a cluster;
# - compute hours and cost from steps that you measured;
# - choose batch, precision and workers by what a run tells you;
# - say what to do when a training diverges.

# %%
import csv
import math
import tempfile
from pathlib import Path

import torch
from matplotlib.figure import Figure
from PIL import Image

from rwlib.config import make_config
from rwlib.conventions import InputError
from rwlib.course import COLORS, check, figure, setup, show_images
from rwlib.course.lessons.tensor_memory import peak_tensor_mb
from rwlib.data import PhotoFolder, TrainingSamples, photos
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.training.loop import train

ctx = setup("12")

# %% [markdown]
# ## 1 · Photographs
#
# Every data set has a script in `data_scripts/`. It tells licence and size before it fetches anything, verifies what it
# gets, and splits off the photographs to validate on. Run it in a terminal, in the project's folder:
#
# | photographs | command |
# |---|---|
# | your own | `python data_scripts/own.py --to data/mine --from FOLDER` |
# | 399 house fronts, CC0 | `python data_scripts/facades.py --to data/facades` |
# | Places2 (24 GB) | `python data_scripts/places.py --to data/places2 --yes` |
# | CelebA-HQ, from an archive that you have | `python data_scripts/celeba_hq.py --to data/celeba-hq --from ARCHIVE` |

# %% [markdown]
# What they leave is a folder of pictures, `train/` and `val/`. So for this notebook we make a very small one, from the
# photographs that rwlib brings along.

# %%
data = Path(tempfile.mkdtemp())
for part in ("train", "val"):
    (data / part).mkdir()
for i, (name, picture) in enumerate(photos().items()):
    Image.fromarray(picture).save(data / ("val" if i % 4 == 3 else "train") / f"{name}.png")
street, held_out = PhotoFolder(data / "train"), PhotoFolder(data / "val")
print(f"{len(street)} photographs to train on, {len(held_out)} held out")

# %% [markdown]
# **Look at what the network gets** before you train for a day: crops that are too close, faces on their side, black
# borders. One picture of the batch tells more than any number:

# %%
side_px = ctx.pick(smoke=32, cpu=64, gpu=256)
samples = TrainingSamples(street, side_px, (0.1, 0.4), "both", seed=0)
batch = [samples[k] for k in range(6)]
show_images(
    {f"sample {k}": torch.where(M.bool(), I_gt, 1.0)[None] for k, (I_gt, M) in enumerate(batch)},
    side_inches=1.4,
    alt="Six crops of photographs with white holes, some blobs, some strokes.",
)

# %% [markdown]
# ## 2 · The command
#
# ```sh
# rwlib train --data data/mine/train --val data/mine/val --run-dir runs/mine --size full --precision bf16
# rwlib train --resume --run-dir runs/mine
# ```
#
# The first line starts a run with the paper's size: 256 pixels, width 32, 20 + 9 epochs. `--size small` is 128 pixels.
# The second line goes on after any interruption, with the run's own settings.

# %% [markdown]
# Ctrl-C, SIGTERM and SIGHUP finish the step, write a checkpoint and end the run. After a power cut at most the steps
# since the last checkpoint are lost. The same from Python, in small:

# %%
n = ctx.pick(smoke=4, cpu=12, gpu=100)
width, batch_size = ctx.pick(smoke=(4, 2), cpu=(16, 4), gpu=(32, 8))
config = make_config(
    "balanced", "tiny", size_px=side_px, width=width, batch_size=batch_size, epochs=(2, 1),
    steps_per_epoch=n, checkpoint_every=3 * n, sample_every=3 * n, precision="fp32",
)  # fmt: skip
run = Path(tempfile.mkdtemp()) / "mine"
train(config, street, run, val=held_out, progress=False)
with open(run / "curves.csv", newline="") as file:
    rows = list(csv.DictReader(file))
print(f"{len(rows)} steps; columns: {', '.join(rows[-1])}")

# %% [markdown]
# ## 3 · What to look at
#
# | after | look at | a good sign |
# |---|---|---|
# | 100 steps | `L_r`, `dataloader_wait_s`, memory | `L_r` has fallen; short waits; memory stands still |
# | an hour | `samples/`, the *predictions* more than the composites | structures, in the right places |
# | the switch to phase two | `L_r`, and `D_gt` − `D_p2` | no jump; a gap that is positive and moves slowly |
# | a day | `val_hole_psnr`, and pictures of held-out photographs | it still rises; no pattern in all fillings alike |


# %%
def seconds_per_step(rows):
    """Return the mean of each part of a step in seconds, the first step aside, which warms up."""
    names = ("dataloader_wait_s", "ms_forward", "ms_losses", "ms_discriminator", "ms_backward", "ms_update")
    means = {name: sum(float(row[name] or 0) for row in rows[1:]) / len(rows[1:]) for name in names}
    return {name.removeprefix("ms_"): x / (1000 if name.startswith("ms_") else 1) for name, x in means.items()}


phases = {phase: [row for row in rows if row["phase"] == str(phase)] for phase in (1, 2)}
times = {phase: seconds_per_step(part) for phase, part in phases.items()}
for phase, parts in times.items():
    total = sum(parts.values())
    print(f"phase {phase}: {total:.3f} s per step, {parts['dataloader_wait_s'] / total:.0%} of it waiting for pictures")

# %%
fig = Figure(figsize=(7, 2.2), layout="constrained")
axis = fig.subplots()
for phase, parts in times.items():
    left = 0.0
    for i, (name, seconds) in enumerate(parts.items()):
        label = name.removeprefix("dataloader_").removesuffix("_s") if phase == 1 else None
        style = {"color": COLORS[i], "hatch": ("", "//", "..", "xx", "--", "oo")[i], "edgecolor": (1, 1, 1)}
        axis.barh(f"phase {phase}", seconds, left=left, label=label, **style)
        left += seconds
axis.set(xlabel="seconds per step, on this machine")
axis.legend(fontsize=8, ncols=6, loc="upper center", bbox_to_anchor=(0.5, -0.35))
figure(
    fig, alt="Two stacked bars, the seconds of each part of a step; phase two also has a part for the discriminator."
)

# %% [markdown]
# If the first part is long, the processor waits for pictures: more `--workers`, or tar shards on a network disk. If
# not, only a faster device, fewer pixels or a narrower network help.
#
# ## 4 · Hours and money
#
# Section 3.5 of the paper trains for 20 + 9 epochs, so each photograph goes through the step 29 times:
#
# $$\text{hours} = \frac{\text{photographs} \cdot \text{epochs}}
# {\text{photographs per second} \cdot \text{GPUs} \cdot 3600}$$


# %%
def hours_and_cost(n_photos, epochs, photos_per_second, gpus, price):
    """Exercise 12.1: return the hours that a training takes and what it costs, two numbers.

    `photos_per_second` is what one GPU does; all are equally fast. `price` is for one GPU and one hour.
    """
    ### BEGIN SOLUTION
    hours = n_photos * epochs / (photos_per_second * gpus * 3600)
    return hours, hours * gpus * price
    ### END SOLUTION


# %%
check.ex_12_1(hours_and_cost)

# %% [markdown]
# **Predict.** Twice as many GPUs, each as fast as before. What happens to the hours, and what to the cost?
#
# <details><summary>Answer</summary>
#
# Half the hours, the same cost. In practice GPUs wait for each other a little, so the cost rises somewhat; how much,
# only a measurement with your network and your machine can say.
# </details>

# %%
measured = {phase: config.batch_size / sum(parts.values()) for phase, parts in times.items()}
sets = {"399 house fronts": 339, "Paris StreetView": 14_900, "CelebA-HQ": 28_000, "Places2": 1_803_460}
print(f"at {side_px} px and width {config.width}, on this machine (measured over {n} to {2 * n} steps):")
for name, count in sets.items():
    hours = sum(count * epochs / measured[phase] / 3600 for phase, epochs in ((1, 20), (2, 9)))
    print(f"{name:18} {count:9,} photographs to train on, 20 + 9 epochs: {hours:10,.1f} hours")

# %% [markdown]
# These are hours of *this* machine at *this* size: no other number can be had from it. On your GPU, run 100 steps at
# the size that you want, divide, and only then decide: `rwlib train ... --size full --stop-after 100`. TRAINING.md
# lists what has been measured so far, and on which device.

# %% [markdown]
# ## 5 · Memory
#
# Activations wait in memory for the backward pass. So memory is a fixed part (weights, optimiser) plus a part for each
# image of the batch. Measure one image and two, and you know the rest:


# %%
def largest_batch(mb_of_one, mb_of_two, mb_free):
    """Exercise 12.2: return the largest batch that fits into `mb_free`, a whole number, 0 if none does.

    `mb_of_one` and `mb_of_two` are the memory of a step with one image and with two.
    """
    ### BEGIN SOLUTION
    per_image = mb_of_two - mb_of_one
    fixed = mb_of_one - per_image
    return max(0, int((mb_free - fixed) // per_image))
    ### END SOLUTION


# %%
check.ex_12_2(largest_batch)


# %%
def step_of(batch_size, side, width):
    """Return a function: forward and backward of the generator."""
    G = RegionWiseGenerator(width, output="tanh").to(ctx.device)
    I_gt, M = (torch.zeros(batch_size, c, side, side, device=ctx.device) for c in (3, 1))
    return lambda: G(I_gt, M).I_p2.abs().mean().backward()


sides = ctx.pick(smoke=(16, 32), cpu=(32, 64, 128), gpu=(64, 128, 256))
mb = {side: [peak_tensor_mb(step_of(b, side, config.width)) for b in (1, 2, 3)] for side in sides}
for side, (one, two, three) in mb.items():
    line = 2 * two - one
    print(f"{side:3} px: one image {one:7.1f} MB, two {two:7.1f}, three {three:7.1f}; by the line {line:7.1f}")
    assert abs(three - line) < 0.1 * three, "a straight line"

# %% [markdown]
# Twice the side takes about four times the memory per image. (Counted are the generator's tensors alone; VGG, the
# losses and the discriminator come on top. On a GPU `torch.cuda.max_memory_allocated()` counts everything.) If a batch
# does not fit, `--batch-size 4 --accumulate 2` has the gradients of eight images and the memory of four.
#
# ## 6 · Precision
#
# | `--precision` | what happens |
# |---|---|
# | `auto` | a few steps are timed at the start in float32 and bf16, and the faster one is taken |
# | `bf16` | half the memory for activations; the range of float32, so no scaling is needed |
# | `fp16` | a smaller range; gradients are scaled. Losses that are sums overflow and are refused |
# | `fp32` | for comparisons, and where bf16 is slow |
#
# Gram matrices, and the losses on them, are float32 in all four (notebook 07).

# %% [markdown]
# ## 7 · Several GPUs, and a cluster
#
# ```sh
# accelerate launch --num_processes 8 -m rwlib train --data ... --run-dir runs/places --size full --precision bf16
# torchrun --nproc_per_node 8 -m rwlib train --data ... --run-dir runs/places --size full --precision bf16
# ```
#
# `--batch-size` counts per process, so eight GPUs with 8 each see 64 photographs per step, and an epoch has an eighth
# of the steps. The learning rate stays as it is: that is for you to choose.

# %% [markdown]
# On a cluster a job ends when its time is over. TRAINING.md has a script for SLURM: the job is warned two minutes
# before, stops with a checkpoint, is queued again and goes on. It was tried with processes on CPUs; nothing is measured
# on several GPUs yet.
#
# Start at a small size and go on at a larger one: `--init runs/small/generator.safetensors --size full`. The layers are
# the same, so the weights fit if `--width` is the same.

# %% [markdown]
# ## 8 · When it diverges
#
# rwlib stops a run as soon as a loss is not finite. It names the step, the term and the photographs, and leaves the
# last good checkpoint. Here is a learning rate that is far too high:

# %%
too_fast = make_config(
    "balanced", "tiny", size_px=32, width=4, discriminator_width=4, batch_size=2, vgg="random", output="elu_clip",
    epochs=(1, 1), steps_per_epoch=20, learning_rate=1e12, precision="fp32", ema_decay=0.0,
)  # fmt: skip
try:
    train(too_fast, street, Path(tempfile.mkdtemp()), progress=False)
except InputError as error:
    print(str(error).split(" on ")[0].replace(str(data), "data"))
else:
    print("this time it stayed finite")

# %% [markdown]
# | what you see | try, in this order |
# |---|---|
# | nan or inf after hours, `fp16` | `bf16`; if it stays, half the learning rate from the last checkpoint |
# | nan in the first steps | a tenth of the learning rate, `--warm-up 500`; look at the photographs that are named |
# | `L_r` jumps when phase two begins | a smaller `--lambda-3`; a slower judge, `--discriminator-rate 0.5` |
# | the gap `D_gt` − `D_p2` only grows | `--r1-gamma`, or a slower judge |
# | all fillings show one pattern | stop; more phase one first, then a smaller `--lambda-3` |
# | blurred fillings, nothing else wrong | patience; more photographs; then the weights λ₁, λ₂ |

# %% [markdown]
# **Predict** (exercise 12.3). Four runs, five remedies. Which remedy belongs to which run? Write four letters.
#
# | run | what its owner sees |
# |---|---|
# | 1 | a step takes 1.2 s, and `dataloader_wait_s` is 0.9 |
# | 2 | `L_r` triples in the first steps of phase two |
# | 3 | CUDA is out of memory in the first step |
# | 4 | after three hours in `fp16`, a loss is nan |
#
# **a** the same gradients from smaller parts, `--accumulate` · **b** more `--workers`, or shards · **c** a smaller
# `--lambda-3` · **d** `--precision bf16` · **e** a narrower network

# %%
# Exercise 12.3: four letters, for the runs 1 to 4, for instance "abcd".
### BEGIN SOLUTION
remedies = "bcad"
### END SOLUTION

# %%
check.ex_12_3(remedies)

# %% [markdown]
# ## 9 · This course on a GPU
#
# `RWLIB_TIER=gpu jupyter lab` makes the cells larger where it pays. Without a setting, a machine with a GPU takes this
# tier by itself.
#
# | notebook | what the tier `gpu` does |
# |---|---|
# | 07 | ten times as many steps of the run in section 6; your own system at 128 px, width 24, 4,500 steps |
# | 08 | 200 fronts in place of 32, up to 4,096 for the Fréchet distance |
# | 09 | the same models; the trainings of the studio run on the GPU |
#
# How long they take there is printed by their first cell once somebody has measured it.

# %% [markdown]
# **Your own system** goes the same way. It needs a source of photographs and a size:
#
# ```python
# from rwlib.course.workshop.system import MySystem, own_config
# from rwlib.data import PhotoFolder
#
# config = own_config(128, width=32, batch_size=8, epochs=(20, 9), steps_per_epoch=500)
# MySystem().train(PhotoFolder("data/mine/train"), config, "cuda")
# ```

# %%
from rwlib.course.workshop.system import MySystem, own_config

mine = MySystem()
print(mine)
own = own_config(16, width=4, batch_size=2, epochs=(1, 1), steps_per_epoch=3, vgg="random")
done = mine.train(street, own, ctx.device) if ctx.tier == "smoke" else MySystem(mine.parts, run).train(street, own)
print(f"{len(done.losses)} steps on photographs, all finite: {all(map(math.isfinite, done.losses))}")

# %% [markdown]
# ## Recap
#
# - Look at what the network gets, then at 100 steps, then at pictures, then at held-out numbers.
# - Hours are photographs times epochs, over what *your* machine does per second. Measure it at your size.
# - Memory is a straight line in the batch; `--accumulate` trades it for time.
# - A run that diverges says where. Go back to its last checkpoint, and change one thing.

# %% [markdown]
# **What the paper leaves open**
#
# | not said | rwlib |
# |---|---|
# | the batch size, the device, and how long a training took | batch 8; hours by a formula from measured steps |
# | precision | float32 for Gram matrices; networks as you choose |
# | when to stop | a fixed number of steps; the best generator on held-out photographs is kept as well |
