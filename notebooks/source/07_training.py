# %% [markdown]
# # 07 · Training: two phases, two players
#
# **How do the parts of notebooks 01 to 06 become a network that fills holes? And how do you notice in time when they
# do not?** At the end you train a network with the functions that you have written.
#
# | | |
# |---|---|
# | Time | about 120 minutes to read, solve and play |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | notebooks 04 to 06: the losses, the discriminator |

# %% [markdown]
# **Afterwards you can**
#
# - write both updates of Algorithm 1, and say which loss sees which picture;
# - say what may run in half precision, and what must not;
# - resume a run so that nobody can tell, and name what a checkpoint must hold for that;
# - tell from curves and pictures which of five common faults a run has;
# - train a network with your own layers, losses and steps.

# %%
import csv
import math
import tempfile
import time
from pathlib import Path

import torch
from matplotlib.figure import Figure

from rwlib.config import make_config
from rwlib.course import COLORS, check, figure, setup, show_images
from rwlib.data import Facades, TrainingSamples, photos
from rwlib.losses import correlation, reconstruction_loss, style_loss
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.training.loop import train
from rwlib.training.schedule import Schedule, batch_numbers

ctx = setup("07")

# %% [markdown] tags=["alg-1"]
# ## 1 · Algorithm 1: when
#
# The paper's training has two phases. In phase one (20 epochs) the generator learns alone. In phase two (9 epochs)
# the discriminator $D_r$ joins:
#
# $$\lambda_3 = \begin{cases} 0 & \text{for the first 20 epochs} \\ 1 & \text{for the 9 that follow} \end{cases}$$
#
# | Algorithm 1 in short | |
# |---|---|
# | every step | draw photographs $\mathbf{I}_g$ and masks $\mathbf{M}$, and let $G$ fill the holes |
# | phase one, lines 3 to 10 | $G$ descends $\mathcal{L}_r$, $\mathcal{L}_c$ and $\mathcal{L}_s$, with their weights |
# | phase two, lines 13 and 14 | $G$ descends these and $\mathcal{L}_a$; then $D_r$ descends $-\mathcal{L}_a$ |

# %% [markdown]
# **Predict.** Why not both from the first step on?
#
# <details><summary>Answer</summary>
#
# At the start the generator fills its holes with grey. A discriminator tells that from photographs at once, whatever
# the generator changes, and so it teaches the generator little. The paper speaks of the "unstabilized character of
# generative models". After phase one the two are better matched.
# </details>


# %%
def lambda_3_at(step, epochs_one, steps_per_epoch):
    """Exercise 7.1: return the λ_3 of a step (0.0 or 1.0); steps count from 0.

    `epochs_one` is the number of epochs of phase one.
    """
    ### BEGIN SOLUTION
    return 0.0 if step < epochs_one * steps_per_epoch else 1.0
    ### END SOLUTION


# %%
check.ex_7_1(lambda_3_at)

# %% [markdown]
# rwlib keeps this in `Schedule`, which depends only on the step, so a resumed run cannot lose its place. The preset
# `balanced` also lowers the learning rate along half a cosine. The paper gives only the *initial* rate, $10^{-4}$.

# %%
balanced = make_config("balanced", "tiny")  # 4 + 2 epochs of 50 steps
schedule = Schedule.from_config(balanced, n_photos=0, n_processes=1)
assert [schedule.phase(step) for step in (0, 199, 200, 299)] == [1, 1, 2, 2]

fig = Figure(figsize=(6, 2.4), layout="constrained")
axis = fig.subplots()
rates = [schedule.learning_rate(step, balanced) for step in range(schedule.total)]
axis.plot(rates, color=COLORS[0], label="balanced: half a cosine")
axis.plot([1e-4] * schedule.total, color=COLORS[1], linestyle="--", label="paper: constant")
axis.axvline(schedule.phase_one, color=COLORS[6], linestyle=":", label="phase two begins")
axis.set(xlabel="step", ylabel="learning rate of Adam")
axis.grid(alpha=0.3)
axis.legend(fontsize=8)
figure(
    fig, alt="The balanced rate falls from 0.0004 towards zero in an S; the paper's stays; phase two is the last third."
)

# %% [markdown] tags=["eq-7"]
# ## 2 · The objective
#
# $$\mathcal{L} = \mathcal{L}_r + \lambda_1 \mathcal{L}_c + \lambda_2 \mathcal{L}_s + \lambda_3 \mathcal{L}_a \tag{7}$$
#
# In phase one $\mathcal{L}_a$ is not computed. Here it is `None` in that phase.


# %%
def my_objective(L_r, L_c, L_s, L_a, lambda_1, lambda_2, lambda_3):
    """Exercise 7.2: return L of equation (7); L_a is None in phase one."""
    ### BEGIN SOLUTION
    L = L_r + lambda_1 * L_c + lambda_2 * L_s
    return L if L_a is None else L + lambda_3 * L_a
    ### END SOLUTION


# %%
check.ex_7_2(my_objective)

# %% [markdown]
# **Predict.** The paper's $\lambda_2 = 10^{-3}$ is a hundred times its $\lambda_1 = 10^{-5}$. Does $\mathcal{L}_s$
# therefore count a hundred times as much as $\mathcal{L}_c$?
#
# <details><summary>Answer</summary>
#
# The weights alone do not say. What counts is weight times gradient, and each loss has its own scale. rwlib's preset
# `balanced` has 4e-5 and 3e-6 for losses that are *means*: with them both had about a fifth of L_r's gradient when we
# measured (LOG.md). With $\lambda_3 = 1$ the adversarial loss would then have had more gradient than L_r: it is 0.03.
# </details>

# %%
for preset in ("paper", "balanced"):
    config = make_config(preset, "tiny")
    one = 1 + config.lambda_1 + config.lambda_2  # all terms 1
    two = one + config.lambda_3
    weights = f"λ_1 {config.lambda_1:g}, λ_2 {config.lambda_2:g}, λ_3 {config.lambda_3:g}"
    print(f"{preset:8} {weights}; with all terms 1: L = {one:.6f} in phase one, {two:.6f} in phase two")

# %% [markdown] tags=["alg-1"]
# ## 3 · Phase one: a step of the generator
#
# Which loss sees which picture is half of the paper's idea:
#
# | loss | sees |
# |---|---|
# | $\mathcal{L}_r$ | both predictions, $\mathbf{I}_p^{(1)}$ and $\mathbf{I}_p^{(2)}$ |
# | $\mathcal{L}_c$ | the first composite, $\mathbf{I}_c^{(1)}$ |
# | $\mathcal{L}_s$ | the second composite, $\mathbf{I}_c^{(2)}$ |
# | $\mathcal{L}_a$ | both predictions, inside the hole |

# %% [markdown]
# Write the whole step. The check runs two steps on tiny networks and compares the weights.
#
# | argument | what it is |
# |---|---|
# | `G(I_gt, M)` | returns `.I_p1`, `.I_c1`, `.I_p2`, `.I_c2` |
# | `vgg(I)` | returns the pools $[\Phi_1, \Phi_2, \Phi_3]$ |
# | `losses.L_r(I_p1, I_p2, I_gt)` | eq. (2), from notebook 03 |
# | `losses.L_c(phi_c1, phi_gt)` | eq. (4), of two maps of pool 2 |
# | `losses.L_s(phis_c2, phis_gt)` | eq. (5), of two lists of pools |
# | `config` | has `lambda_1`, `lambda_2` |


# %%
def my_generator_step(G, vgg, opt_G, I_gt, M, config, losses):
    """Exercise 7.3: update G once with L_r, L_c and L_s (lines 3 to 10 of Algorithm 1) and return L.

    `opt_G` is G's optimiser: `zero_grad`, then `backward`, then `step`.
    """
    ### BEGIN SOLUTION
    out = G(I_gt, M)
    phis_gt = vgg(I_gt)
    L_r = losses.L_r(out.I_p1, out.I_p2, I_gt)
    L_c = losses.L_c(vgg(out.I_c1)[1], phis_gt[1])
    L_s = losses.L_s(vgg(out.I_c2), phis_gt)
    L = L_r + config.lambda_1 * L_c + config.lambda_2 * L_s
    opt_G.zero_grad()
    L.backward()
    opt_G.step()
    return L.detach()
    ### END SOLUTION


# %%
check.ex_7_3(my_generator_step)

# %% [markdown]
# **Why composites?** In $\mathbf{I}_c$ the existing pixels are true, so every difference of features comes from the
# hole and its rim. Algorithm 1 says predictions, equations (4) and (5) say composites. rwlib follows the equations.

# %% [markdown] tags=["alg-1"]
# ## 4 · Phase two: the discriminator's step
#
# $D_r$ descends $-\mathcal{L}_a$ of equation (6):
#
# $$\mathcal{L}_a = \alpha\,\mathbb{E}\,D_r(\mathbf{I}_g \odot (\mathbf{1}-\mathbf{M}), \mathbf{M}) + \sum_{k=1}^{2}
# \mathbb{E}\left[1 - D_r(\mathbf{I}_p^{(k)} \odot (\mathbf{1}-\mathbf{M}), \mathbf{M})\right]$$
#
# It must learn *about* the fakes without changing them: `I_p1` and `I_p2` come with a graph that leads back into $G$.


# %%
def my_discriminator_step(D, opt_D, I_gt, I_p1, I_p2, M, alpha):
    """Exercise 7.4: update D once with -L_a of equation (6) and return L_a; no gradient may reach the generator.

    Here D takes (b, 4, h, w): the hole's content I * (1 - M), then M; take the mean of its scores for E.
    """
    ### BEGIN SOLUTION
    real, fake_1, fake_2 = (D(torch.cat([I * (1 - M), M], dim=1)).mean() for I in (I_gt, I_p1.detach(), I_p2.detach()))
    L_a = alpha * real + (1 - fake_1) + (1 - fake_2)
    opt_D.zero_grad()
    (-L_a).backward()
    opt_D.step()
    return L_a.detach()
    ### END SOLUTION


# %%
check.ex_7_4(my_discriminator_step)

# %% [markdown]
# **Predict.** Algorithm 1 updates $G$ (line 13), then $D_r$ (line 14). rwlib updates $D_r$ first, then $G$. Which
# saves a forward pass of the generator, and which lets $G$ hear an up-to-date judge?
#
# <details><summary>Answer</summary>
#
# Both orders can reuse one forward pass of G: its predictions are detached for D. D first has the fresher judge: G's
# gradient goes through a D that has already seen these very fakes. The released program updates both in one call, in
# no defined order.
# </details>

# %% [markdown]
# One more detail. $G$'s term needs a gradient *through* $D_r$, not *for* it. So rwlib freezes $D_r$ for that moment and
# thaws it afterwards. Its power iteration stands still, too.
#
# Now read `rwlib/training/step.py`: `training_step` is Algorithm 1, and the two functions below it are the two updates.

# %% [markdown]
# ## 5 · Precision: what may be half
#
# `bf16` halves the memory of activations, and many GPUs and some CPUs have fast units for it. Whether it helps *here*
# is a question for a stopwatch.


# %%
def seconds_a_pass(precision, side, width, batch, repeats=2):
    G = RegionWiseGenerator(width).to(ctx.device, memory_format=torch.channels_last)
    I_gt, M = torch.zeros(batch, 3, side, side, device=ctx.device), torch.ones(batch, 1, side, side, device=ctx.device)
    seconds = []
    for _ in range(repeats + 1):  # the first one warms up
        start = time.perf_counter()
        with torch.autocast(ctx.device.type, torch.bfloat16, enabled=precision == "bf16"):
            out = G(I_gt, M)
        (out.I_p1.float().mean() + out.I_p2.float().mean()).backward()
        if ctx.device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


# %%
side = ctx.pick(smoke=32, cpu=64, gpu=256)
seconds = {precision: seconds_a_pass(precision, side, 16, 4) for precision in ("fp32", "bf16")}
faster = min(seconds, key=seconds.get)
for precision, value in seconds.items():
    print(f"{precision}: {1000 * value:.0f} ms forward and backward, generator of width 16, 4 pictures of {side} px")
print("faster here:", faster)

# %% [markdown]
# **Predict.** The largest number in half precision (fp16) is 65,504. A correlation $f_{ij}$ is a sum of 128 products
# of VGG activations, and these reach several hundred. Does it fit?
#
# <details><summary>Answer</summary>
#
# Hardly: 128 products of 150 by 150 are 2.9 million already. The next cell counts.
# </details>

# %%
from rwlib.conventions import image_to_tensor
from rwlib.networks.vgg import VGGFeatures

vgg = VGGFeatures("bundled", size_px=0).to(ctx.device)
photo = image_to_tensor(photos()["chelsea"][:128, :128]).to(ctx.device)
with torch.no_grad():
    f = correlation(vgg(photo, pools=2)[1])
too_large = f.half().isinf().float().mean().item()
print(f"largest f_ij: {f.max().item():.3g}; largest half: {torch.finfo(torch.float16).max:.0f}")
print(f"share of all f_ij that are infinite in half precision: {too_large:.0%}")
assert f.max() > torch.finfo(torch.float16).max and too_large > 0

# %% [markdown]
# bf16 has the range of float32, but only eight significant bits: neighbouring numbers differ by up to one part in 128.
# $\mathcal{L}_c$ and $\mathcal{L}_s$ are *differences* of such numbers, and a small difference drowns.

# %%
spacing = torch.finfo(torch.bfloat16).eps * 2 ** math.floor(math.log2(f.max().item()))
slightly_more = f + 0.2 * spacing  # every correlation a little larger
exact = (slightly_more - f).abs().mean().item()
in_bf16 = (slightly_more.bfloat16() - f.bfloat16()).float()[f == f.max()].mean().item()
print(f"next to the largest f_ij the numbers of bf16 are {spacing:.0f} apart")
print(f"true difference {exact:.0f}; in bf16 at the largest f_ij: {in_bf16:.0f}")
assert in_bf16 == 0 or in_bf16 >= 2 * exact

# %% [markdown]
# So rwlib's rule: networks may run in bf16; **Gram matrices, and every loss on them, are float32 always**.
# `correlation` and `gram` switch autocast off around themselves.

# %%
with torch.autocast(ctx.device.type, torch.bfloat16), torch.no_grad():
    phis = vgg(photo[..., :32, :32])  # few pixels: bf16 is slow on many CPUs
    L_s = style_loss(phis, [phi.roll(1, dims=1) for phi in phis])
assert phis[1].dtype == torch.bfloat16 and L_s.dtype == torch.float32
phis[1].dtype, correlation(phis[1]).dtype, L_s.dtype

# %% [markdown] tags=["alg-1"]
# ## 6 · A run of your own
#
# Two thirds of phase one, one third of phase two, drawn house fronts, the faster of the two precisions. In tier
# `cpu` this takes one to two minutes. While it runs: which of the curves do you expect to fall, and which not?

# %%
n = ctx.pick(smoke=3, cpu=30, gpu=300)
config = make_config(
    "balanced", "tiny", size_px=ctx.pick(smoke=32, cpu=64, gpu=64), batch_size=ctx.pick(smoke=2, cpu=4, gpu=8),
    width=ctx.pick(smoke=8, cpu=16, gpu=24), epochs=(2, 1), steps_per_epoch=n, precision=faster,
    hole_fraction=(0.1, 0.4), sample_every=3 * n, checkpoint_every=3 * n,
)  # fmt: skip
run = Path(tempfile.mkdtemp())
start = time.perf_counter()
train(config, Facades(seed=0), run, progress=False)
minutes = (time.perf_counter() - start) / 60
print(f"{3 * n} steps in {minutes:.1f} min; the run's folder: {sorted(file.name for file in run.iterdir())}")

# %% [markdown]
# `curves.csv` has one row per step. Single steps are noisy, because every batch has other houses and other holes. We
# average over a tenth of the run.

# %%
with open(run / "curves.csv", newline="") as file:
    rows = list(csv.DictReader(file))
print(", ".join(rows[0]))
assert [row["phase"] for row in rows] == ["1"] * 2 * n + ["2"] * n
assert rows[0]["L_a"] == "" and rows[-1]["L_a"] != "", "phase one has no adversarial loss"


def smooth(name):
    values = [float(row[name]) for row in rows if row[name]]
    window = max(1, len(values) // 10)
    return [
        sum(values[max(0, i - window) : i + 1]) / len(values[max(0, i - window) : i + 1]) for i in range(len(values))
    ]


# %%
fig = Figure(figsize=(9, 2.8), layout="constrained")
left, right = fig.subplots(1, 2)
for i, (name, style) in enumerate({"L_r": "-", "L_c": "--", "L_s": ":"}.items()):
    values = smooth(name)
    left.plot([x / values[0] for x in values], label=name, color=COLORS[i], linestyle=style)
left.axvline(2 * n, color=COLORS[6], linestyle="-.", linewidth=1, label="phase two begins")
left.set(xlabel="step", ylabel="loss, relative to the first step", ylim=(0, None))
for i, (name, style) in enumerate({"D_gt": "-", "D_p2": "--", "L_D": ":"}.items()):
    right.plot(range(2 * n, 3 * n), smooth(name), label=name, color=COLORS[i], linestyle=style)
right.set(xlabel="step of phase two", ylabel="score, or loss")
left.legend(fontsize=8), right.legend(fontsize=8)
figure(fig, alt="Left: L_r falls, L_c and L_s go up and down. Right: L_D, and the mean scores of real and fake.")

# %% [markdown]
# Read in this order:
#
# 1. **Is everything finite, and does $\mathcal{L}_r$ fall?** If it stands exactly still, nothing is updated. A run this
#    short says nothing about $\mathcal{L}_c$ and $\mathcal{L}_s$.
# 2. **At the switch?** A jump of $\mathcal{L}_r$ says: $\lambda_3$ too large.
# 3. **The gap `D_gt` − `D_p2`.** Positive and slowly moving is healthy. If it is too small to see (the next cell
#    prints it), $D_r$ knows nothing yet; the hinge loss of scores that are all zero is 2.
# 4. **`dataloader_wait_s`.** If the waits are long, add `workers`.

# %%
L_r = [float(row["L_r"]) for row in rows]
waited_s = sum(float(row["dataloader_wait_s"]) for row in rows)
assert all(map(math.isfinite, L_r)) and sum(L_r[-n:]) < sum(L_r[:n]), "the reconstruction loss should fall"
gap = [float(row["D_gt"]) - float(row["D_p2"]) for row in rows if row["D_gt"]]
print(f"L_r: mean of the first third {sum(L_r[:n]) / n:.3f}, of the last {sum(L_r[-n:]) / n:.3f}")
print(
    "at the end, relative to the first step:",
    *(f"{x} {smooth(x)[-1] / smooth(x)[0]:.2f}" for x in ("L_r", "L_c", "L_s")),
)
print(f"D_gt - D_p2 at the switch {gap[0]:.3f}, at the end {gap[-1]:.3f}")
print(f"waited for data {waited_s:.1f} s of {60 * minutes:.0f} s")

# %% [markdown]
# The run also drew a grid: $\hat{\mathbf{I}}_g$ with a white hole, $\mathbf{I}_p^{(1)}$, $\mathbf{I}_c^{(1)}$,
# $\mathbf{I}_p^{(2)}$, $\mathbf{I}_c^{(2)}$, $\mathbf{I}_g$. Look at the *predictions*: composites flatter, because
# most of their pixels are true.

# %%
import numpy as np
from PIL import Image

sheet = np.array(Image.open(run / "samples" / f"step_{3 * n:06d}.png").convert("RGB"))
show_images(
    {"I_in, I_p1, I_c1, I_p2, I_c2, I_g": sheet},
    side_inches=4.6,
    alt="Four rows of six pictures: hole, first prediction and composite, second prediction and composite, truth.",
    caption="After so few steps the fillings are blurs. The shipped network took thousands of steps.",
)

# %% [markdown]
# **Watch it.** The monitor shows a run's folder: this one has ended, but the monitor follows one that is under way just
# as well. Which part of a step takes longest, in phase one and in phase two?
#
# `TrainingMonitor(config=config, source=Facades(seed=1))` has a *Start* button: it trains in the background while the
# notebook stays usable. *Stop* it and *Resume*: do the curves show where?

# %%
from rwlib.widgets import TrainingMonitor

TrainingMonitor(run)

# %% [markdown]
# ## 7 · Three broken loops
#
# Each of these runs without an error, and each is broken in one place. Choose from this list:
#
# - the gradients are erased before the step
# - the gradients are never erased
# - the features carry no gradient
# - the fakes are detached in the generator's loss
# - the discriminator stays frozen
# - the optimiser holds the wrong network

# %%
from rwlib.networks.discriminator import RegionWiseDiscriminator

I_gt, M = (torch.stack(x).to(ctx.device) for x in zip(
    *(TrainingSamples(Facades(seed=0), 32, (0.2, 0.3), "both", seed=0)[k] for k in range(2)), strict=True
))  # fmt: skip


def tiny_networks():
    torch.manual_seed(0)
    return RegionWiseGenerator(4).to(ctx.device), RegionWiseDiscriminator(4).to(ctx.device)


# %%
def loop_a(G, steps=4):
    opt_G = torch.optim.Adam(G.parameters(), lr=1e-2)
    losses = []
    for _ in range(steps):
        out = G(I_gt, M)
        L = reconstruction_loss(out.I_p1, out.I_p2, I_gt, reduction="mean")
        L.backward()
        opt_G.zero_grad()
        opt_G.step()
        losses.append(L.item())
    return losses


losses = loop_a(tiny_networks()[0])
print("loop A:", [f"{L:.6f}" for L in losses])

# %% [markdown]
# **Loop A.** What is wrong? Put a line of the list between quotes.

# %%
# Exercise 7.5: the bug of loop A, a line of the list.
### BEGIN SOLUTION
bug_a = "the gradients are erased before the step"
### END SOLUTION

# %%
check.ex_7_5(bug_a)


# %%
def loop_b(G, lambda_2, steps=4):
    opt_G = torch.optim.Adam(G.parameters(), lr=1e-2)
    losses = []
    for _ in range(steps):
        out = G(I_gt, M)
        with torch.no_grad():
            phis_c2, phis_gt = vgg(out.I_c2), vgg(I_gt)
        L_r = reconstruction_loss(out.I_p1, out.I_p2, I_gt, reduction="mean")
        L = L_r + lambda_2 * style_loss(phis_c2, phis_gt, reduction="mean")
        opt_G.zero_grad()
        L.backward()
        opt_G.step()
        losses.append(L_r.item())
    return losses


# %%
for lambda_2 in (0.0, 1e-3):
    print(f"loop B, λ_2 = {lambda_2:5}: L_r =", [f"{L_r:.6f}" for L_r in loop_b(tiny_networks()[0], lambda_2)])

# %% [markdown]
# **Loop B.** $\mathcal{L}_r$ falls, but a weight that should change everything changes nothing: both runs are the
# same to the last digit.

# %%
# Exercise 7.6: the bug of loop B, a line of the list.
### BEGIN SOLUTION
bug_b = "the features carry no gradient"
### END SOLUTION

# %%
check.ex_7_6(bug_b)


# %%
def loop_c(G, D, steps=4):
    opt_G = torch.optim.Adam(G.parameters(), lr=1e-3)
    opt_D = torch.optim.Adam(G.parameters(), lr=1e-3)
    for _ in range(steps):
        I_p2 = G(I_gt, M).I_p2
        L_D = D(I_p2.detach(), M).mean() - D(I_gt, M).mean()
        opt_D.zero_grad()
        L_D.backward()
        opt_D.step()
        L = (I_p2 - I_gt).abs().mean() - 0.1 * D(I_p2, M).mean()
        opt_G.zero_grad()
        L.backward()
        opt_G.step()


# %%
G, D = tiny_networks()
before = {name: torch.cat([x.detach().flatten() for x in P.parameters()]) for name, P in {"G": G, "D": D}.items()}
loop_c(G, D)
for name, P in {"G": G, "D": D}.items():
    moved = (torch.cat([x.detach().flatten() for x in P.parameters()]) - before[name]).abs().max().item()
    print(f"loop C: largest change of a weight of {name}: {moved:.6f}")

# %% [markdown]
# **Loop C.** The discriminator's loss has a gradient, `backward` and `step` are called, and its weights do not move.

# %%
# Exercise 7.7: the bug of loop C, a line of the list.
### BEGIN SOLUTION
bug_c = "the optimiser holds the wrong network"
### END SOLUTION

# %%
check.ex_7_7(bug_c)

# %%
assert len(set(losses)) == 1, "loop A: the loss stands exactly still"
assert loop_b(tiny_networks()[0], 0.0) == loop_b(tiny_networks()[0], 1e-3), "loop B: λ_2 has no effect"
assert moved == 0.0, "loop C: D never moves"

# %% [markdown]
# **The habit behind all three**: before a long run, take one step and ask of every network whether its weights
# moved, and of every weight λ whether the result depends on it.

# %% [markdown]
# ## 8 · A moving average of the weights
#
# Late in training the weights wander around a good place, and their average lies closer to it. After $n$ earlier
# updates,
#
# $$d = \min\left(\text{decay}, \frac{1+n}{10+n}\right), \qquad \bar\theta \leftarrow d\,\bar\theta + (1-d)\,\theta$$
#
# The fraction is a *warm-up*. The paper has no moving average; rwlib exports it.


# %%
def my_average(average, weights, n, decay):
    """Exercise 7.8: return the new average, given the old one, the weights, and n earlier updates."""
    ### BEGIN SOLUTION
    d = min(decay, (1 + n) / (10 + n))
    return d * average + (1 - d) * weights
    ### END SOLUTION


# %%
check.ex_7_8(my_average)

# %% [markdown]
# **Predict.** Without the warm-up, decay 0.999: how much of the *random* start is left in the average after 1,000
# steps?
#
# <details><summary>Answer</summary>
#
# $0.999^{1000} = 0.37$: more than a third. With the warm-up, next to nothing is left after ten.
# </details>

# %%
left_without, left_with = [1.0], [1.0]
for k in range(1000):
    left_without.append(left_without[-1] * 0.999)
    left_with.append(left_with[-1] * min(0.999, (1 + k) / (10 + k)))
assert left_without[-1] > 1 / 3 and left_with[10] < 1e-4

fig = Figure(figsize=(6, 2.4), layout="constrained")
axis = fig.subplots()
axis.plot(left_without, color=COLORS[1], linestyle="--", label="decay 0.999 alone")
axis.plot(left_with, color=COLORS[0], label="with warm-up")
axis.set(xlabel="updates", ylabel="share of the random start")
axis.grid(alpha=0.3)
axis.legend()
figure(fig, alt="Without warm-up the share falls slowly from 1 to 0.37; with it, it is at zero almost at once.")

# %% [markdown]
# ## 9 · Checkpoint and resume
#
# A long run will be interrupted. What must be on the disk so that the rest is the same as if nothing had happened?
# The released program restores $G$ alone: neither $D_r$ nor the two optimisers.

# %%
import shutil

from rwlib.checkpoints import read_checkpoint, write_checkpoint

source = Facades(seed=0)
small = make_config(
    "balanced", "tiny", size_px=32, width=4, discriminator_width=4, batch_size=2, vgg="random", epochs=(2, 1),
    steps_per_epoch=5, checkpoint_every=5, sample_every=100,
)  # fmt: skip
whole, broken_off, no_optimiser = (Path(tempfile.mkdtemp()) for _ in range(3))
train(small, source, whole, steps=10, progress=False)
train(small, source, broken_off, steps=5, progress=False)  # the power fails
shutil.copytree(broken_off, no_optimiser, dirs_exist_ok=True)
_ = train(small, source, broken_off, steps=10, resume=True, progress=False)

# %%
tensors, saved_config, about = read_checkpoint(whole / "training.safetensors")
resumed, _, _ = read_checkpoint(broken_off / "training.safetensors")
names = sorted({name.split(".")[0] for name in tensors})
equal = all(torch.equal(tensors[name], resumed[name]) for name in tensors if name != "rng.cuda")
print(f"{len(tensors)} tensors of {', '.join(names)}, after step {about['step']}; equal bit for bit: {equal}")
assert equal or torch.cuda.is_available(), "on a CPU a resumed run is the same run"

# %% [markdown]
# On a CPU every bit agrees. On a GPU some sums run in an order that changes from run to run; there we promise only
# the same data in the same order.
#
# **Predict.** In the checkpoint of step 5 (steps 0 to 4 are done) we set the optimisers' state to zero, as if Adam
# began anew, and go on. Which is the first step whose *loss* differs from the uninterrupted run's? Answer 10 if none
# of the ten does.

# %%
# Exercise 7.9: the number of the first step whose loss L differs.
### BEGIN SOLUTION
first_difference = 6
### END SOLUTION

# %%
check.ex_7_9(first_difference)

# %%
file = no_optimiser / "training.safetensors"
tensors, saved_config, about = read_checkpoint(file)
forgotten = {name: torch.zeros_like(x) if name.startswith("opt_") else x for name, x in tensors.items()}
write_checkpoint(file, forgotten, kind="training", config=saved_config, about=about)
train(small, source, no_optimiser, steps=10, resume=True, progress=False)


def losses_of(run):
    with open(run / "curves.csv", newline="") as file:
        return [float(row["L"]) for row in csv.DictReader(file)]


differing = [i for i, (a, b) in enumerate(zip(losses_of(whole), losses_of(no_optimiser), strict=True)) if a != b]
print("steps whose loss differs:", differing)
assert torch.cuda.is_available() or differing[0] == 6

# %% [markdown]
# Nothing warned. Such a run trains on, a little differently, and no figure shows it. That is why rwlib's test
# compares *bits*, and why a checkpoint holds $G$, $D_r$, the average, both optimisers, the step, and the state of
# the random numbers.

# %% [markdown]
# ## 10 · Order of data, and several GPUs
#
# Sample $k$ of a run (photograph, crop, flip, hole) depends only on the seed and on $k$. The number of workers has no
# influence, nor has anything that was drawn before.

# %%
samples = TrainingSamples(Facades(seed=0), 32, (0.1, 0.4), "both", seed=5)
first = samples[1234]
_ = samples[7]  # something else in between
again = samples[1234]
other_run = TrainingSamples(Facades(seed=0), 32, (0.1, 0.4), "both", seed=6)[1234]
assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
assert not torch.equal(first[1], other_run[1]), "another seed gives other holes"

# %% [markdown]
# In a terminal, `accelerate launch --num_processes 4 -m rwlib train ...` starts four processes, one per GPU. Each
# takes its share of every step's samples, and gradients are averaged. This cell shows the shares of one process and of
# two.

# %%
for rank, n_processes, batch_size in ((0, 1, 8), (0, 2, 4), (1, 2, 4)):
    shares = [list(numbers) for numbers in batch_numbers(0, 2, batch_size, rank, n_processes)]
    print(f"process {rank} of {n_processes}: {shares}")

both = [[k for rank in (0, 1) for k in list(batch_numbers(0, 2, 4, rank, 2))[step]] for step in (0, 1)]
assert both == [list(numbers) for numbers in batch_numbers(0, 2, 8, 0, 1)]

# %% [markdown]
# In a notebook, accelerate's `notebook_launcher` does this. For one process it just calls a function.
#
# **For more**, it forks this Python. A fork cannot use a GPU that its parent has used. On a CPU it *waits forever* for
# threads that its parent had: in a trial two processes hung after a single convolution. So restart the kernel, run the
# first code cell, write down the number of your GPUs, and run this cell.

# %%
from accelerate import notebook_launcher

N_PROCESSES = 1  # in a fresh kernel: the number of your GPUs


def ten_steps(folder):
    config = make_config(
        "balanced", "tiny", size_px=32, width=4, discriminator_width=4, batch_size=2, vgg="random", epochs=(2, 1),
        steps_per_epoch=5, checkpoint_every=5, sample_every=100,
    )  # fmt: skip
    train(config, Facades(seed=0), folder, steps=10, progress=False)


launched = Path(tempfile.mkdtemp())
free_port = {"rdzv_backend": "c10d", "rdzv_endpoint": "localhost:0"}
notebook_launcher(ten_steps, (launched,), num_processes=N_PROCESSES, **free_port)

# %%
tensors, _, _ = read_checkpoint(whole / "training.safetensors")
by_launcher, _, about = read_checkpoint(launched / "training.safetensors")
equal = all(torch.equal(tensors[name], by_launcher[name]) for name in tensors if name != "rng.cuda")
print(f"step {about['step']}; the same as without the launcher, bit for bit: {equal}")
assert equal or N_PROCESSES > 1 or torch.cuda.is_available()

# %% [markdown]
# **Predict.** Paris StreetView has 14,900 photographs to train on. With `batch_size` 8 and four GPUs, how many steps
# make an epoch? And what happens to the learning rate?
#
# <details><summary>Answer</summary>
#
# `batch_size` counts per process: 32 pictures per step, so ceil(14,900 / 32) = 466 steps. rwlib does not change the
# learning rate; for the same run as on one GPU, set `batch_size` to 2. That two processes equal one at twice the batch
# is tested on CPUs (`test_two_processes_equal_one_at_double_the_batch`), and not measured on several GPUs.
# </details>

# %%
on_one, on_four = (Schedule.from_config(make_config("paper", "full"), 14_900, n) for n in (1, 4))
assert on_four.total == 29 * math.ceil(14_900 / 32)
print(f"29 epochs: {on_one.total} steps of 8 pictures, or {on_four.total} of 32")

# %% [markdown]
# ## 11 · From smoke to 29 epochs
#
# What would the paper's schedule cost on *this* machine? We measured our own run. The rest is **extrapolated** by
# counting multiply-adds: 61.8 billion for one picture forward through the generator (256 px, width 32), 14.6 billion
# through VGG. A backward pass costs about twice a forward one; VGG's weights need none. The last row is not
# extrapolated: TRAINING.md measured such a step on two cores, in bf16.

# %%
measured_s = 60 * minutes / (3 * n)


def multiply_adds(size_px, width, batch_size):
    """Billions per step of phase one, without the discriminator."""
    generator, vgg = 3 * 61.8 * (width / 32) ** 2, 4 * 14.6
    return batch_size * (size_px / 256) ** 2 * (generator + vgg)


def extrapolated_s(*shape):
    return measured_s * multiply_adds(*shape) / multiply_adds(config.size_px, config.width, config.batch_size)


# %%
table = {
    "this notebook's": (3 * n, measured_s, "measured"),
    "size tiny, 6 epochs": (300, extrapolated_s(64, 16, 8), "extrapolated"),
    "size small, 5,000 steps": (5000, extrapolated_s(128, 24, 8), "extrapolated"),
    "the paper's, Paris, 29 epochs": (on_one.total, extrapolated_s(256, 32, 8), "extrapolated"),
    "the same, TRAINING.md": (on_one.total, 8 * 1.27, "measured there, one picture at a time"),
}
print(f"{'run':31}{'steps':>6} {'s per step':>11} {'hours':>7}")
for name, (steps, seconds_each, kind) in table.items():
    print(f"{name:31}{steps:6} {seconds_each:11.2f} {steps * seconds_each / 3600:7.1f}  {kind}")

# %% [markdown]
# The last two rows are the same training. Where they disagree, size is not the only reason: batch, precision and
# processor may differ, too. So measure the step that you want to repeat, at its own size.
#
# What helps, in this order: fewer pixels, a narrower network, a GPU, and starting small and going on at a larger size
# (`--init`). rwlib's shipped generator was trained at 64 pixels on two CPU cores. Notebook 12 goes to a GPU.

# %% [markdown]
# ## 12 · The failure museum
#
# Three runs went wrong. Each stands beside a healthy one with the same seed and data: 64 pixels, width 16,
# $\mathcal{L}_r$ alone, 250 steps. You see what its owner saw. Choose from this list:
#
# - the loss counts the existing region alone
# - the loss counts the hole alone
# - the first network sees the hole instead of the rest
# - the input's hole is wider than the one that is filled
# - the learning rate is too high
# - nothing is wrong

# %% [markdown]
# **Exhibit 1.** Its owner is proud: the error in the hole has never been so low.

# %%
from rwlib.course.lessons.museum import exhibit, show_exhibit

one = exhibit("1")
show_exhibit(
    one,
    alt="Curves: the hole's error falls far below the healthy run's, the existing region's stays far above. Pictures: "
    "I_p1 shows balconies inside the hole and grey streaks around it.",
)

# %%
# Exercise 7.10: what is wrong with exhibit 1, a line of the list.
### BEGIN SOLUTION
fault_1 = "the first network sees the hole instead of the rest"
### END SOLUTION

# %%
check.ex_7_10(fault_1)

# %% [markdown]
# **Exhibit 2.** The reported loss is less than half of the healthy run's.

# %%
two = exhibit("2")
show_exhibit(
    two,
    alt="Curves: the reported loss falls below the healthy run's, the hole's error stays above. Pictures: the same "
    "beige weave fills the hole of all four houses; around it the predictions are sharp.",
)

# %%
# Exercise 7.11: what is wrong with exhibit 2, a line of the list.
### BEGIN SOLUTION
fault_2 = "the loss counts the existing region alone"
### END SOLUTION

# %%
check.ex_7_11(fault_2)

# %% [markdown]
# **Exhibit 3.** Every filling has a hard edge.

# %%
three = exhibit("3")
show_exhibit(
    three,
    alt="Curves: the jump at the rim and the error in the existing region stay far above the healthy run's. Pictures: "
    "the blur in I_p1 is wider than the white hole; in I_c2 the filling ends in a hard edge.",
)

# %%
# Exercise 7.12: what is wrong with exhibit 3, a line of the list.
### BEGIN SOLUTION
fault_3 = "the input's hole is wider than the one that is filled"
### END SOLUTION

# %%
check.ex_7_12(fault_3)

# %% [markdown]
# The museum's cards. Run the next cell once you have made up your mind:

# %%
for shown in (one, two, three):
    print(f"{shown.title}\n  was:  {shown.diagnosis}\n  clue: {shown.clue}\n  how:  {shown.how}\n")

# %% [markdown] tags=["alg-1"]
# ## 13 · Your own system
#
# One step of Algorithm 1 is still unwritten: the generator's in phase two. It is your step of 7.3 with one more loss:
# $D_r$ judges both predictions inside the hole, and $\lambda_3 \mathcal{L}_a$ is added. As in 7.4, `D` takes four
# channels. `losses.L_a(score_p1, score_p2)` is the part of eq. (6) that the generator descends.


# %% tags=["alg-1"]
def my_generator_step_two(G, D, vgg, opt_G, I_gt, M, config, losses):
    """Exercise 7.13: update G once with all four losses (line 13 of Algorithm 1) and return L.

    D judges and does not learn: leave no gradient in it, and leave it able to learn.
    """
    ### BEGIN SOLUTION
    out, phis_gt = G(I_gt, M), vgg(I_gt)
    L = losses.L_r(out.I_p1, out.I_p2, I_gt) + config.lambda_1 * losses.L_c(vgg(out.I_c1)[1], phis_gt[1])
    L = L + config.lambda_2 * losses.L_s(vgg(out.I_c2), phis_gt)
    D.requires_grad_(False)
    scores = (D(torch.cat([I * (1 - M), M], dim=1)) for I in (out.I_p1, out.I_p2))
    L = L + config.lambda_3 * losses.L_a(*scores)
    opt_G.zero_grad()
    L.backward()
    opt_G.step()
    D.requires_grad_(True)
    return L.detach()
    ### END SOLUTION


# %%
check.ex_7_13(my_generator_step_two)

# %% [markdown]
# Every function that passed its check stands in the folder `my_rwlib/` beside your notebooks, one file per notebook:
# a package that you can read, change and import. `MySystem` puts it together. It checks each function once more, and
# whatever is not there yet comes from rwlib.

# %%
from rwlib.course.workshop.system import MySystem, own_config

mine = MySystem()
mine

# %% [markdown]
# Your losses are sums, as printed in the paper, so `own_config` turns the weights of `balanced` into weights for sums.
# The discriminator has $\alpha = 2$: at that value eq. (6) rewards no verdict that is the same for all pictures.

# %%
n_own = ctx.pick(smoke=2, cpu=20, gpu=1500)
own = own_config(
    size_px=ctx.pick(smoke=16, cpu=64, gpu=128), width=ctx.pick(smoke=4, cpu=12, gpu=24), batch_size=4,
    epochs=(2, 1), steps_per_epoch=n_own, hole_fraction=(0.1, 0.4),
)  # fmt: skip
done = mine.train(Facades(seed=0), own, ctx.device)

# %%
first, last = (sum(part) / len(part) for part in (done.losses[:n_own], done.losses[n_own : 2 * n_own]))
print(f"{len(done.losses)} steps in {done.seconds:.0f} s; mean L: first epoch {first:,.0f}, second {last:,.0f}")
assert all(map(math.isfinite, done.losses)) and (ctx.tier == "smoke" or last < first), "your system learns"

# %%
from rwlib.conventions import compose
from rwlib.inpainting import fill

I_own, M_own = (x[None] for x in TrainingSamples(Facades(seed=7), own.size_px, (0.2, 0.3), "contiguous", seed=1)[3])
out = fill(done.G, I_own, M_own)
show_images(
    {"the hole": compose(I_own, torch.ones_like(I_own), M_own), "I_c1": out.I_c1, "I_c2": out.I_c2, "I_g": I_own},
    alt="A drawn house front with a white hole; two fillings of it, blurred; and the front.",
    caption=f"Your network on a front that it has never seen, after {len(done.losses)} steps.",
)

# %% [markdown]
# The generator lies in `my_rwlib/generator.safetensors`, in rwlib's own format:
# `rwlib inpaint photo.jpg --checkpoint my_rwlib/generator.safetensors` fills holes with it. Notebook 08 measures it
# beside the shipped one, 09 shows it in the studio, and 10 removes an object with it. Train it longer before you judge
# it.

# %% [markdown]
# ## Recap
#
# - Phase one: $\mathcal{L}_r$ on predictions, $\mathcal{L}_c$ on $\mathbf{I}_c^{(1)}$, $\mathcal{L}_s$ on
#   $\mathbf{I}_c^{(2)}$. Phase two adds $\mathcal{L}_a$; $D_r$ learns from detached fakes.
# - Networks may be bf16; Gram matrices are float32.
# - A resumed run is the same run only if optimisers, $D_r$ and the data's order come back too.
# - A falling curve says that something is minimised. Pictures, and errors *by region*, say what.
# - Your own functions make a system that trains; a test of rwlib holds its losses against rwlib's, bit for bit.

# %% [markdown]
# **What the paper leaves open**
#
# | the paper | rwlib |
# |---|---|
# | batch size not given (8 in the released program) | 8 |
# | $G$, then $D_r$ in Algorithm 1 | $D_r$, then $G$, from one forward pass |
# | $\mathcal{L}_c$, $\mathcal{L}_s$ on predictions (Algorithm 1) or composites (eqs. 4, 5) | composites |
# | Adam's decay rates not given (0.5, 0.9 in the released program) | 0.5, 0.9 |
# | "until the loss is convergent": no criterion | a fixed number of steps |
# | which weights fit losses that are sums, and which fit means | presets `paper`, `release`, `balanced` |

# %% [markdown]
# **Next:** notebook 08 asks how good the result is, and how sure one can be: tables, intervals and paired differences.
