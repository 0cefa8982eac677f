# %% [markdown]
# # 01 · Holes and masks
#
# **What makes a hole hard, and how do you know that a filling is good?** You will write masks, composites, a classical
# filling and the usual measures, and you will see every one of them fail.
#
# | | |
# |---|---|
# | Time | about 80 minutes to read, solve and play |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | notebook 00 |

# %% [markdown]
# **Afterwards you can**
#
# - write $\hat{\mathbf{I}}_g$ and $\mathbf{I}_c$ from memory, and notice a mask of the wrong polarity;
# - draw a contiguous hole with an exact number of missing pixels, reproducibly;
# - explain the ten rows of the paper's tables: five buckets, two kinds of holes;
# - say what a smooth filling can do and where it breaks;
# - compute PSNR inside a hole, and name three ways in which a good number misleads.

# %%
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from rwlib import masks, metrics
from rwlib.conventions import image_to_tensor
from rwlib.course import COLORS, check, figure, setup, show_images
from rwlib.course.lessons.fills import diffusion_fill, nearest_distance, nearest_fill
from rwlib.data import PhotoSet
from rwlib.evaluation import Method, Protocol, biharmonic_fill, evaluate, mean_fill
from rwlib.networks.vgg import VGGFeatures

ctx = setup("01")

# %% [markdown] tags=["sec-3.1"]
# ## 1 · What the network is given
#
# Pictures have values in $[-1, 1]$. The mask $\mathbf{M}$ is **1 where the picture exists and 0 where it is missing**.
#
# $$\hat{\mathbf{I}}_g = \mathbf{I}_g \odot \mathbf{M}$$

# %%
source = PhotoSet()
side_px = ctx.pick(smoke=64, cpu=128, gpu=192)
I_gt = image_to_tensor(source.center(source.names.index("astronaut"), side_px))
chance = torch.Generator().manual_seed(5)
M = masks.contiguous_mask(side_px, side_px, (0.2, 0.21), generator=chance)[None]
I_in = I_gt * M

assert I_gt.shape[1:] == (3, side_px, side_px) and M.shape[1] == 1, "three channels share one mask"
assert (I_in[(M == 0).expand_as(I_in)] == 0).all()

# %% [markdown]
# **Predict.** A missing pixel has the value 0. Which colour is that? And why does the network get the mask as well,
# when the hole can be seen in $\hat{\mathbf{I}}_g$?
#
# <details><summary>Answer</summary>
#
# Mid-grey: −1 is black, 1 is white. An *existing* pixel may be mid-grey as well, so from the picture alone a hole
# cannot be told from a grey wall. The mask says which is which.
# </details>

# %%
ramp = torch.linspace(-1, 1, side_px).expand(1, 3, side_px, side_px)
grey = (ramp.abs() < 0.05).all(1, keepdim=True)
print(f"existing pixels of the ramp that look like a hole: {int((grey & (M == 1)).sum())}")
assert (grey & (M == 1)).any()
show_images(
    {"I_in of a photograph": I_in, "I_in of a ramp": ramp * M, "M: white exists": M.expand(1, 3, -1, -1) * 2 - 1},
    alt="A portrait and a black-to-white ramp with a grey blob each; the ramp is as grey in its middle; the mask.",
    caption="In the middle of the ramp the hole's edge disappears: there the picture itself is mid-grey.",
)

# %% [markdown] tags=["sec-3.1"]
# Both networks of the paper predict a *whole* picture $\mathbf{I}_p$. Only the hole is taken from it:
#
# $$\mathbf{I}_c = \hat{\mathbf{I}}_g + \mathbf{I}_p \odot (\mathbf{1} - \mathbf{M})$$


# %%
def composite(I_in, I_p, M):
    """Exercise 1.1: return I_c: the picture where it exists, the prediction in the hole.

    Shapes: I_in and I_p (b, 3, h, w), M (b, 1, h, w). I_in is zero in the hole.
    """
    ### BEGIN SOLUTION
    return I_in + I_p * (1 - M)
    ### END SOLUTION


# %%
check.ex_1_1(composite)

# %% [markdown]
# **What goes wrong.** Other programs use the other polarity: 1 is missing. Nothing crashes when the two meet. Let the
# "prediction" be plain white:

# %%
from rwlib.conventions import compose

I_p = torch.ones_like(I_gt)
right, wrong = compose(I_gt, I_p, M), compose(I_gt, I_p, 1 - M)
show_images(
    {"I_c": right, "I_c with 1 − M": wrong},
    alt="Left: a portrait with a white blob. Right: white, and only the blob shows the portrait.",
    caption="An inverted mask keeps the hole's true content and destroys the rest.",
)

# %% [markdown]
# It is dangerous to *train* like that: the network is shown what it should invent, and its loss looks wonderful. One
# assertion guards against it, and every inpainting program should have it:

# %%
exists = (M == 1).expand_as(I_gt)
assert torch.equal(right[exists], I_gt[exists]), "existing pixels must not change"
assert not torch.equal(wrong[exists], I_gt[exists]), "an inverted mask is noticed"

# %% [markdown] tags=["sec-4.1"]
# ## 2 · Ten buckets
#
# The paper's tables 2 and 3 sort holes by their *missing fraction* into five ranges, 0–10 % to 40–50 %, and by kind:
# contiguous or discontiguous. That makes ten buckets, each averaged on its own.


# %%
def missing_fraction(M):
    """Exercise 1.2: return the missing fraction of each image, shape (b,).

    M is (b, 1, h, w), 1 existing, 0 missing.
    """
    ### BEGIN SOLUTION
    return (1 - M).mean((1, 2, 3))
    ### END SOLUTION


# %%
check.ex_1_2(missing_fraction)

# %% tags=["sec-4.1"]
chance = torch.Generator().manual_seed(1)
shown = {}
for kind in ("contiguous", "discontiguous"):
    for low, high in masks.BUCKETS:
        M_bucket = masks.random_mask(64, 64, (max(low, 0.01), high), kind=kind, generator=chance)[None]
        fraction = masks.hole_fraction(M_bucket).item()
        assert low <= fraction <= high, "the fraction that was asked for is met"
        shown[f"{kind[:-6]}. {100 * fraction:.0f} %"] = M_bucket.expand(1, 3, -1, -1) * 2 - 1
show_images(
    shown,
    columns=5,
    side_inches=1.4,
    alt="Upper row: five masks with one black hole each, growing. Lower row: several separate black shapes each.",
    caption="One mask for each bucket; black is missing.",
)

# %% [markdown]
# rwlib draws the *fraction* first and then a hole that meets it exactly. The other way is to draw strokes and to take
# what comes out. That fills the buckets unevenly: section 3.5 trains with 0 to 40 % missing, and the authors' released
# generator of contiguous holes averages 12 %, so most of its holes are small.
#
# Now draw one yourself. One way: begin with one random pixel, and keep a list of pixels that may go next.


# %%
def my_contiguous_mask(height, width, missing, generator):
    """Exercise 1.3: return a mask (1, height, width) with one connected hole of exactly `missing` pixels.

    Float values 0 and 1. The hole may be connected at corners. All randomness comes from `generator`.
    """
    ### BEGIN SOLUTION
    M = torch.ones(1, height, width)
    y, x = (int(torch.randint(n, (), generator=generator)) for n in (height, width))
    rim = [(y, x)]
    while missing:
        y, x = rim.pop(int(torch.randint(len(rim), (), generator=generator)))
        if 0 <= y < height and 0 <= x < width and M[0, y, x] == 1:
            M[0, y, x] = 0
            missing -= 1
            rim += [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
    return M
    ### END SOLUTION


# %%
check.ex_1_3(my_contiguous_mask)

# %% [markdown]
# **Paint one by hand.** *Draw* makes random holes of either kind and of any size; *Inpaint* fills what you painted.
# Keys work, too: the arrows move the brush, and the space bar paints. Afterwards `painter.M` is your mask.

# %%
from rwlib.widgets import HolePainter

painter = HolePainter(I_gt, mask=M)
assert torch.equal(painter.M, M), "the widget keeps a mask as it is"
painter

# %% [markdown]
# ## 3 · Why the kind matters
#
# Two holes may miss equally many pixels and differ in how far these are from anything known.
#
# **Predict** (exercise 1.4). One hole is a square of 31×31 pixels, another a long line, 3 pixels wide. From the pixel
# in the middle of each, how many pixels is it to the *nearest* existing one?

# %%
# Exercise 1.4: two whole numbers, for the square and for the line, for instance [7, 3].
### BEGIN SOLUTION
distances_px = [16, 2]
### END SOLUTION

# %%
check.ex_1_4(distances_px)

# %% tags=["sec-4.1"]
far_px = ctx.pick(smoke=64, cpu=128, gpu=128)
chance = torch.Generator().manual_seed(3)
M_kind, distance = {}, {}
for kind in ("contiguous", "discontiguous"):
    M_kind[kind] = masks.random_mask(far_px, far_px, (0.249, 0.251), kind=kind, generator=chance)[None]
    distance[kind] = nearest_distance(M_kind[kind])[0, 0]

fig = Figure(figsize=(6.5, 2.9), layout="constrained")
axes = fig.subplots(1, 2)
for axis, (kind, values) in zip(axes, distance.items(), strict=True):
    shown = axis.imshow(values, cmap="viridis", vmin=0, vmax=max(d.max() for d in distance.values()))
    axis.set(title=f"{kind}: up to {values.max():.0f} px", xticks=[], yticks=[])
fig.colorbar(shown, ax=axes, label="distance to what exists, px")
figure(fig, alt="Two distance maps: one blob, bright in its middle; several small shapes, all dark.")

# %% [markdown]
# Two masks prove little. So we draw many of each kind, with 25 % missing, and ask what share of the missing pixels lies
# farther from an existing one than a given distance.

# %% tags=["sec-4.1"]
chance = torch.Generator().manual_seed(4)
draws = ctx.pick(smoke=10, cpu=100, gpu=200)
limits_px = torch.arange(0, far_px // 4)
fig = Figure(figsize=(6, 2.8), layout="constrained")
axis = fig.subplots()
deep = {}
for kind, color, line in zip(M_kind, COLORS, ("-", "--"), strict=False):
    M_many = masks.random_masks(draws, far_px, far_px, (0.249, 0.251), kind=kind, generator=chance)
    d = nearest_distance(M_many)[M_many == 0]
    deep[kind] = d.mean().item()
    axis.plot(limits_px, [100 * (d > limit).float().mean() for limit in limits_px], line, color=color, label=kind)
axis.set(xlabel="distance to what exists, px", ylabel="missing pixels\nthat are farther, %")
axis.legend()
figure(fig, alt="Two falling curves that begin at 100 %; the one of contiguous holes falls much more slowly.")

# %%
for kind, mean_px in deep.items():
    print(f"{kind:14} a missing pixel is on average {mean_px:.1f} px from what exists")
assert deep["contiguous"] > deep["discontiguous"], "the same fraction, but further away"

# %% [markdown]
# That is the paper's subject. A convolution must reach across this distance before it sees anything real: notebook 03
# counts how far its dilated layers reach, and notebook 04 looks for help at *any* distance.

# %% [markdown]
# ## 4 · Classical fills
#
# One of the oldest ideas comes from heat. Hold the existing pixels fixed and let their colours flow into the hole,
# until each missing pixel is the mean of its four neighbours. That solves $\Delta I = 0$, the Laplace equation. Each
# step is
#
# $$I_{y,x} \leftarrow \tfrac14 \left(I_{y-1,x} + I_{y+1,x} + I_{y,x-1} + I_{y,x+1}\right)
# \quad\text{where } M_{y,x}=0$$
#
# for all missing pixels at once. At the image's border the missing neighbour is the pixel itself
# (`F.pad(..., mode="replicate")`).


# %%
def diffuse(I_in, M, steps):
    """Exercise 1.5: take `steps` steps of diffusion; existing pixels keep their values throughout.

    I_in is (b, 3, h, w) and zero in the hole, M (b, 1, h, w).
    """
    ### BEGIN SOLUTION
    I = I_in
    for _ in range(steps):
        P = F.pad(I, (1, 1, 1, 1), mode="replicate")
        mean = (P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4
        I = I_in + mean * (1 - M)
    return I
    ### END SOLUTION


# %%
check.ex_1_5(diffuse)

# %% [markdown]
# **Predict.** The hole begins mid-grey. After 5 steps, how far has colour come from the rim? Does a hole twice as wide
# need twice as many steps?
#
# <details><summary>Answer</summary>
#
# Five pixels: one per step. But to *settle* takes about the square of the width: twice as wide, four times the steps. A
# stack of small convolutions has the same trouble.
# </details>

# %%
I_in = I_gt * M
stages = {f"{steps} steps": diffusion_fill(I_in, M, steps) for steps in (5, 50, 500)}
show_images(
    {"I_in": I_in, **stages},
    alt="A portrait with a grey blob; colour grows inwards from the rim, until the blob is a smooth surface.",
)

# %%
reached = (stages["5 steps"] != 0).any(1, keepdim=True) & (M == 0)
assert reached.any() and not (reached & (nearest_distance(M) > 5)).any(), "colour moves one pixel a step"
now, next_one = stages["500 steps"], diffusion_fill(stages["500 steps"], M, 1)
print(f"largest change in step 501: {(next_one - now).abs().max():.1e}")

# %% [markdown]
# Four fills, without any learning. *Mean*: one colour. *Nearest*: the nearest existing pixel's colour. *Diffusion*: as
# above. *Biharmonic*: $\Delta^2 I = 0$, which also continues slopes from the rim. First 5 % missing, then 40 %, both
# contiguous.


# %%
def laplace(I_gt, M):
    return diffusion_fill(I_gt * M, M, ctx.pick(smoke=100, cpu=2000, gpu=4000))


fills = {"mean": mean_fill, "nearest": nearest_fill, "diffusion": laplace, "biharmonic": biharmonic_fill}
chance = torch.Generator().manual_seed(8)
small, large = (masks.contiguous_mask(side_px, side_px, (f, f + 0.001), generator=chance)[None] for f in (0.05, 0.4))
results = {"5 %": (small, {}), "40 %": (large, {})}
for M_size, filled in results.values():
    for name, fill in fills.items():
        filled[name] = fill(I_gt, M_size)
        assert torch.equal(filled[name] * M_size, I_gt * M_size), f"{name} changed an existing pixel"

# %%
shown = {}
for size, (M_size, filled) in results.items():
    shown[f"{size} missing"] = compose(I_gt, torch.ones_like(I_gt), M_size)
    for name, I_c in filled.items():
        shown[f"{name}, {metrics.psnr(I_c, I_gt, M_size).item():.1f} dB{' ' if size == '5 %' else ''}"] = I_c
show_images(
    shown,
    columns=5,
    side_inches=1.75,
    alt="Portrait with a hole over flag and shoulder, above, and over the face, below. Filled with one brown, with "
    "flat facets, and with two blurs. No fill draws a face.",
    caption="PSNR inside the hole.",
)

# %% [markdown]
# Above, diffusion and biharmonic nearly pass at a glance. Below, no fill knows about faces: two blurs, and facets with
# false edges. The biharmonic equation continues slopes, and a slope beside a black collar soon leads below black,
# out of $[-1, 1]$; rwlib clips it.

# %%
for size, (M_size, filled) in results.items():
    ends = (filled["biharmonic"].abs() == 1).float().sum((1, 2, 3)) / 3
    before = ((I_gt * M_size).abs() == 1).float().sum((1, 2, 3)) / 3
    share = (ends - before) / (M_size == 0).sum()
    print(f"{size:4} missing: {100 * share.item():.1f} % of the biharmonic fill's values are clipped")

# %% [markdown]
# One photograph is an anecdote. Here are all eight, all ten buckets, and three fills:

# %%
table_px = ctx.pick(smoke=32, cpu=64, gpu=128)
protocol = Protocol(size_px=table_px, photos=ctx.pick(smoke=2, cpu=8, gpu=8))
methods = [Method("mean", mean_fill), Method("nearest", nearest_fill), Method("diffusion", laplace)]
rows = evaluate(methods, source, protocol, progress=False)


def averages(method, kind, metric):
    chosen = [[r[metric] for r in rows if (r["method"], r["kind"], r["bucket"]) == (method, kind, b)] for b in range(5)]
    return torch.tensor(chosen).mean(1)


# %%
fig = Figure(figsize=(6.5, 3), layout="constrained")
axes = fig.subplots(1, 2, sharey=True)
for axis, kind in zip(axes, ("contiguous", "discontiguous"), strict=True):
    for name, color, marker in zip(("mean", "nearest", "diffusion"), COLORS, "os^", strict=False):
        axis.plot(range(5), averages(name, kind, "hole_psnr"), color=color, marker=marker, label=name)
    axis.set(title=kind, xlabel="missing, %", xticks=range(5), xticklabels=["1–10", "–20", "–30", "–40", "–50"])
    axis.grid(alpha=0.3)
axes[0].set(ylabel="PSNR in the hole, dB")
axes[0].legend()
figure(
    fig,
    alt="PSNR in the hole against the bucket. Diffusion is highest throughout; it falls by 3 dB for contiguous holes "
    "and by less than 2 dB for discontiguous ones. Mean and nearest cross.",
    caption="Mean over eight photographs of 64 px in the tier cpu: read the trend, not the digits.",
)

# %%
for name in ("mean", "nearest", "diffusion"):
    far, near = (averages(name, kind, "hole_psnr")[-1].item() for kind in ("contiguous", "discontiguous"))
    print(f"{name:9} 40–50 % missing: contiguous {far:.1f} dB, discontiguous {near:.1f} dB")

# %% [markdown]
# Large holes are easier in pieces, most of all for the fills that continue what is at the rim: something real is near.
# This is the bar that a network has to clear, and for discontiguous holes it is higher. (In the tier smoke two
# photographs are too few to show it.)

# %% [markdown] tags=["table-2"]
# ## 5 · A number for a filling
#
# The paper reports $\ell_1$, $\ell_2$, PSNR and SSIM (and FID: notebook 08). With both pictures on $[0, 1]$:
#
# $$\text{PSNR} = -10 \log_{10} \ell_2, \qquad \ell_2 = \text{mean of } (I_c - I_g)^2$$
#
# 10 dB more is a tenth of the squared error. *Over which pixels* the mean runs, the paper does not say.


# %%
def hole_psnr(I, I_gt, M):
    """Exercise 1.6: return each image's PSNR over its missing pixels alone, in dB, shape (b,).

    Images (b, 3, h, w) have values in [-1, 1]; PSNR is defined for [0, 1]. M is (b, 1, h, w).
    """
    ### BEGIN SOLUTION
    squares = ((I - I_gt) / 2) ** 2 * (1 - M)
    l2 = squares.sum((1, 2, 3)) / (3 * (1 - M).sum((1, 2, 3)))
    return -10 * torch.log10(l2)
    ### END SOLUTION


# %%
check.ex_1_6(hole_psnr)

# %% [markdown]
# ## 6 · First trap: the existing pixels
#
# **Predict** (exercise 1.7). Every missing pixel is wrong by 0.1 on $[0, 1]$: a squared error of 0.01, 20 dB. The hole
# takes 10 %, 1 % and 0.1 % of the image. What is the PSNR of the *whole* composite?

# %%
# Exercise 1.7: three numbers, in dB, for 10 %, 1 % and 0.1 %.
### BEGIN SOLUTION
whole_psnr = [30, 40, 50]
### END SOLUTION

# %%
check.ex_1_7(whole_psnr)

# %% tags=["table-2"]
chance = torch.Generator().manual_seed(2)
fractions, whole, inside = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5), [], []
G = torch.full((1, 3, 128, 128), 0.5)
for f in fractions:
    M_f = masks.contiguous_mask(128, 128, (f * 0.95, f), generator=chance)[None]
    I_c = compose(G, G - 0.2, M_f)  # 0.2 on [-1, 1] is 0.1 on [0, 1]
    whole.append(metrics.psnr(I_c, G).item())
    inside.append(metrics.psnr(I_c, G, M_f).item())
assert all(abs(value - 20) < 1e-3 for value in inside) and whole == sorted(whole, reverse=True)

# %%
fig = Figure(figsize=(6, 2.7), layout="constrained")
axis = fig.subplots()
axis.plot([100 * f for f in fractions], whole, color=COLORS[1], marker="s", label="whole image")
axis.plot([100 * f for f in fractions], inside, color=COLORS[0], marker="o", linestyle="--", label="inside the hole")
axis.set(xscale="log", xticks=(0.1, 1, 10), xticklabels=("0.1", "1", "10"), xlabel="missing, %", ylabel="PSNR, dB")
axis.grid(alpha=0.3)
axis.legend()
figure(
    fig,
    alt="PSNR of the whole image falls in a straight line from about 50 dB at 0.1 % to 23 dB at 50 %; inside the hole "
    "it is 20 dB throughout.",
    caption="The filling is equally bad everywhere.",
)

# %% [markdown]
# $$\text{PSNR}_\text{whole} = \text{PSNR}_\text{hole} - 10 \log_{10}(\text{missing fraction})$$
#
# As the hole shrinks, the number goes to infinity, whatever the filling. So the bucket "0–10 %" depends on how many
# *tiny* holes it holds. rwlib starts it at 1 %, and reports the hole's own PSNR beside the other.

# %% [markdown]
# ## 7 · Second trap: when to average
#
# **Predict** (exercise 1.8). Two images have squared errors 0.01 and 0.0001. What is the mean of their two PSNRs? And
# the PSNR of their mean squared error? One of the two is what a library gives you for a batch.

# %%
# Exercise 1.8: two numbers, in dB: mean of the PSNRs, PSNR of the mean error. Whole numbers suffice.
### BEGIN SOLUTION
two_averages = [30, 23]
### END SOLUTION

# %%
check.ex_1_8(two_averages)

# %%
l2 = torch.tensor([r["l2"] for r in rows if r["method"] == "diffusion"])
per_image = -10 * torch.log10(l2)
print("PSNR averaged image by image:  ", f"{per_image.mean():.2f} dB")
for batch in (2, 5, 10, len(l2)):
    pooled = torch.stack([-10 * torch.log10(part.mean()) for part in l2.split(batch)]).mean()
    print(f"errors pooled in batches of {batch:2}: {pooled:.2f} dB")
    assert pooled < per_image.mean(), "the logarithm is concave, so pooling never gives more"

# %% [markdown]
# The composites are the same, and yet the result falls with the *batch size of the evaluation*. Some libraries pool by
# default. In rwlib every metric returns one value per image, and `mean_and_interval` averages at the end.

# %% [markdown] tags=["table-2"]
# ## 8 · Third trap: blur wins
#
# **Predict** (exercise 1.9). The truth is stripes: one pixel black (0), one white (1), and so on. Guess A is plain
# grey, 0.5. Guess B is the right stripes, but one pixel to the side. What are their mean squared errors?

# %%
# Exercise 1.9: two numbers: mean squared error of grey, and of the shifted stripes.
### BEGIN SOLUTION
grey_and_stripes = [0.25, 1.0]
### END SOLUTION

# %%
check.ex_1_9(grey_and_stripes)

# %% [markdown]
# Now a real photograph. Suppose a network knows *what* belongs into the hole, but not exactly *where*: up to 2 pixels
# to any side. It can commit to one of the 25 places, or paint the mean of all 25, which is a blur.


# %%
def two_guesses(I_gt, r=2):
    """Return the picture shifted by (r, -r), and the mean of all shifts up to r."""
    shifts = range(-r, r + 1)
    return I_gt.roll((r, -r), (2, 3)), torch.stack([I_gt.roll((y, x), (2, 3)) for y in shifts for x in shifts]).mean(0)


I_grass = image_to_tensor(source.center(source.names.index("grass"), 96))
M_square = torch.ones(1, 1, 96, 96)
M_square[..., 24:72, 24:72] = 0
sharp, blurred = (compose(I_grass, guess, M_square) for guess in two_guesses(I_grass))

# %%
measures = {"PSNR": metrics.psnr, "l1": metrics.l1, "SSIM": metrics.ssim}
for name, measure in measures.items():
    a, b = (measure(I_c, I_grass, M_square).item() for I_c in (sharp, blurred))
    print(f"{name:5} in the hole: sharp, shifted {a:6.3f}   blurred {b:6.3f}")
    assert (b < a) if name == "l1" else (b > a), "blur wins"
show_images(
    {"I_g": I_grass, "sharp, shifted by 2 px": sharp, "blurred": blurred},
    side_inches=2.6,
    alt="Grass; the same with a square in its middle that looks just as real; and with a square that is out of focus.",
)

# %% [markdown]
# Look for the square in the middle picture: it hardly shows. The blurred one is obvious, and wins in **all three**
# measures. SSIM was meant to see structure, but it too compares place by place.
#
# The paper says so of its own metrics (4.1): they "may assign favorable scores to perceptually inaccurate results".

# %% [markdown]
# **Predict.** Why does the mean of all guesses win? Think of the *expected* squared error of a painter who does not
# know which of 25 pictures is true.
#
# <details><summary>Answer</summary>
#
# The number $x$ that minimises the expected $(x - I)^2$ is the mean of $I$: blur is the *best* answer. For
# $|x - I|$ it is the median, hardly sharper. So a network trained on $\mathcal{L}_r$ alone learns to blur where it is
# unsure. That is why the paper adds $\mathcal{L}_c$, $\mathcal{L}_s$ and $\mathcal{L}_a$.
# </details>

# %%
places = torch.stack([I_grass.roll((y, x), (2, 3)) for y in range(-2, 3) for x in range(-2, 3)])
mean, median = places.mean(0), places.median(0).values
guesses = {"one of the 25": I_grass[0], "their median": median, "their mean": mean}
for name, guess in guesses.items():
    l2, l1 = (guess - places).div(2).square().mean().item(), (guess - places).div(2).abs().mean().item()
    print(f"{name:14} expected l2 {l2:.4f}, expected l1 {l1:.4f}")
best_l2, best_l1 = (mean - places).square().mean(), (median - places).abs().mean()
assert all(best_l2 <= (guess - places).square().mean() + 1e-6 for guess in guesses.values())
assert all(best_l1 <= (guess - places).abs().mean() + 1e-6 for guess in guesses.values())

# %% [markdown]
# Is there a measure that prefers the sharp guess? The paper points to *deep features*. VGG-19 has pooling layers, each
# of which sums up a larger neighbourhood than the one before. We compare its first three, and count over all eight
# photographs who wins. The photographs are cut to 96 pixels; VGG sees them at that size, and then enlarged to 224.

# %%
wins, pictures = {name: 0 for name in measures}, [image_to_tensor(source.center(i, 96)) for i in range(len(source))]
for I in pictures:
    a, b = (compose(I, guess, M_square) for guess in two_guesses(I))
    for name, measure in measures.items():
        sign = -1 if name == "l1" else 1
        wins[name] += int(sign * measure(a, I, M_square) > sign * measure(b, I, M_square))
for size_px in (0, 224):  # 0: as it is
    vgg = VGGFeatures("bundled", size_px=size_px).to(ctx.device)
    for I in pictures:
        with torch.no_grad():
            three = [vgg(x.to(ctx.device)) for x in (*(compose(I, guess, M_square) for guess in two_guesses(I)), I)]
        for p, (phi_a, phi_b, phi) in enumerate(zip(*three, strict=True), 1):
            name = f"VGG pool {p}, {size_px or 96} px"
            wins[name] = wins.get(name, 0) + int((phi_a - phi).abs().mean() < (phi_b - phi).abs().mean())

# %%
print(*(f"{name:18} prefers the sharp guess in {n} of {len(source)} photographs" for name, n in wins.items()), sep="\n")
assert wins["VGG pool 3, 96 px"] > max(wins[name] for name in measures), "deep features forgive a small shift"

# %% [markdown]
# The classical measures take the blur's side every time. Deep features forgive a small shift, the deeper the more. But
# the answer depends on the layer, and on a detail that is easily left out: the size at which the network sees the
# picture. So they are better, and no referee either. **No single number decides.** Report several, and look at the
# pictures.

# %% [markdown]
# ## Recap
#
# - $\mathbf{M}$ is 1 where the image exists; $\mathbf{I}_c$ keeps these pixels bit for bit. Assert it.
# - At equal missing fraction, contiguous holes are harder: their pixels are farther from anything real.
# - Smooth fills are hard to beat on small or thin holes, and draw nothing new in large ones.
# - PSNR of the whole image measures the hole's size; pooling makes it depend on the batch; and blur wins.

# %% [markdown]
# ## What the paper leaves open
#
# | The paper does not say | rwlib |
# |---|---|
# | how masks are drawn | the fraction is drawn first, and met exactly |
# | the smallest hole in "0–10 %" | 1 % |
# | metrics over the image or the hole | both, side by side |
# | whether composites are measured, or rounded | composites, rounded to 8 bits |
# | how PSNR is averaged | per image first |
# | SSIM's window and range | Gaussian 11×11, σ 1.5, range 1, per channel |

# %% [markdown]
# So the numbers of different papers can rarely be compared. Compare methods within *one* protocol.
#
# **Next**, notebook 02: convolutions that treat the hole and its surroundings with different filters.
