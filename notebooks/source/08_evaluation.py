# %% [markdown]
# # 08 · Evaluation: how much better, and how sure?
#
# **When may you say that one filling is better than another?** Sections 4.1 to 4.3 of the paper answer with two large
# tables. You will build such a table yourself, put intervals on it, add your own network, and then read the paper's
# tables with other eyes.
#
# | | |
# |---|---|
# | Time | about 80 minutes to read, solve and play |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | notebook 00; masks from notebook 01 help |

# %% [markdown]
# **Afterwards you can**
#
# - put a mask into its bucket, and compute $\ell_1$, $\ell_2$ and PSNR as the paper's tables mean them;
# - give a mean its 95 % interval, over photographs and not over rows;
# - compare two methods by *paired* differences;
# - compute a Fréchet distance, name three ways in which it misleads, and say what KID does better;
# - find numbers in a published table that cannot all be right.

# %%
import math

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from rwlib import metrics
from rwlib.checkpoints import load_generator
from rwlib.conventions import compose, image_to_tensor
from rwlib.course import COLORS, check, figure, setup, show_images
from rwlib.data import Facades
from rwlib.evaluation import Method, Protocol, biharmonic_fill, evaluate, evaluation_mask, mean_and_interval, mean_fill
from rwlib.masks import BUCKETS, KINDS, bucket_name, hole_fraction

ctx = setup("08")

# %% [markdown] tags=["sec-4.1"]
# ## 1 · Ten buckets
#
# Tables 2 and 3 sort holes by the share of the picture that is missing, into five rows: 0–10 %, 10–20 %, ... 40–50 %.
# Table 2 is for **contiguous** holes, table 3 for **discontiguous** ones. One fixed mask belongs to each photograph and
# bucket, so every method gets the same task.

# %%
labels = [bucket_name(k) for k in range(len(BUCKETS))]
M_of = {(kind, k): evaluation_mask(64, 0, kind, k, seed=0) for kind in KINDS for k in range(5)}
show_images(
    {f"{kind}\n{labels[k]}": (M.expand(-1, 3, -1, -1) * 2 - 1) * 0.8 for (kind, k), M in M_of.items()},
    columns=5,
    side_inches=1.4,
    alt="Ten masks, what exists light grey, holes dark: one ever larger blob above, ever more scattered strokes below.",
)

# %% [markdown]
# **Predict.** A mask misses exactly 10 % of the pixels. Which bucket is it in?
#
# <details><summary>Answer</summary>
#
# The paper does not say. We follow the usual reading, in which the upper edge belongs to the bucket: (0, 10 %],
# (10, 20 %] and so on. What matters is that somebody decides it, and not the rounding of 0.1.
# </details>


# %%
def my_bucket(M):
    """Exercise 8.1: return the number k of each mask's bucket: 10 k % < missing part ≤ 10 (k + 1) %.

    M: (b, 1, h, w), 1 existing, 0 missing. Result: (b,) of int64; 0 stands for 0–10 %, and 5 for 50–60 %.
    """
    ### BEGIN SOLUTION
    missing = (M == 0).flatten(1).sum(1)
    return (10 * missing - 1).div(M[0].numel(), rounding_mode="floor")
    ### END SOLUTION


# %%
check.ex_8_1(my_bucket)

# %%
for (kind, k), M in M_of.items():
    low, high = BUCKETS[k]
    assert low <= hole_fraction(M).item() <= high + 1e-6, (kind, k)
print("each of the ten masks lies in its bucket")

# %% [markdown] tags=["table-2"]
# ## 2 · What the tables measure
#
# Images on $[0, 1]$, means over pixels and channels, one value for each image:
#
# $$\ell_1 = \overline{|\mathbf{I}_c - \mathbf{I}_g|},\qquad \ell_2 = \overline{(\mathbf{I}_c - \mathbf{I}_g)^2},
# \qquad \mathrm{PSNR} = -10 \log_{10} \ell_2$$
#
# Results are compared as files would be: rounded to 256 values.


# %%
def my_psnr(I_c, I_gt):
    """Exercise 8.2: return each image's PSNR in dB after rounding both images to 8 bits.

    Shapes: (b, 3, h, w) in [-1, 1] → (b,), in the images' dtype.
    """
    ### BEGIN SOLUTION
    a, b = ((I + 1) * 127.5 for I in (I_c, I_gt))
    l2 = ((a.round() - b.round()) / 255).pow(2).flatten(1).mean(1)
    return -10 * torch.log10(l2)
    ### END SOLUTION


# %%
check.ex_8_2(my_psnr)

# %% [markdown]
# Some programs call $\sum|a-b| / \sum(a+b)$ "MAE", among them that of EdgeConnect, whose protocol the paper says it
# follows. It equals $\ell_1$ only where the pictures are of medium brightness. Ours is the mean absolute difference,
# here for the hole only.


# %%
def my_hole_l1(I_c, I_gt, M):
    """Exercise 8.3: return each image's mean absolute difference on [0, 1], over the missing pixels alone.

    Shapes: images (b, 3, h, w) in [-1, 1], M (b, 1, h, w) → (b,). I_c is a composite.
    """
    ### BEGIN SOLUTION
    difference = (I_c - I_gt).abs() / 2 * (1 - M)
    return difference.flatten(1).sum(1) / (3 * (1 - M).flatten(1).sum(1))
    ### END SOLUTION


# %%
check.ex_8_3(my_hole_l1)

# %% [markdown]
# **Predict.** SSIM compares means, spreads and correlations in small windows. Three pictures are damaged so that they
# have the *same* PSNR: one is brighter everywhere, one is noisy, one blurred. Which has by far the best SSIM?
#
# <details><summary>Answer</summary>
#
# The brighter one: every edge is where it was, and only the windows' means have moved a little. PSNR cannot tell the
# three apart.
# </details>

# %%
house = 0.6 * image_to_tensor(Facades(seed=8).center(3, size_px=128))  # far from black and white: nothing clips
directions = {
    "brighter": torch.ones_like(house),
    "noise": torch.rand(house.shape, generator=ctx.generator) - 0.5,
    "blur": F.avg_pool2d(F.pad(house, [4] * 4, mode="reflect"), 9, stride=1) - house,
}
pictures, ssim = {"I_g": house}, {}
for name, direction in directions.items():
    damaged = house + direction * (0.11 / direction.pow(2).mean().sqrt())
    assert abs(metrics.psnr(damaged, house).item() - 20 * math.log10(2 / 0.11)) < 1e-3
    ssim[name] = metrics.ssim(damaged, house).item()
    pictures[f"{name}\nPSNR 25.2 dB, SSIM {ssim[name]:.2f}"] = damaged
assert ssim["brighter"] > max(ssim["noise"], ssim["blur"])
show_images(pictures, alt="A house front; the same brighter, full of fine noise, and with blurred edges.")

# %% [markdown]
# ## 3 · A table of our own
#
# The shipped generator against two classical fills, on drawn house fronts. The generator was trained on photographs and
# has never seen a drawn one. There are ten buckets, with one mask for each front and bucket. `I_c1` is the composite of
# the shipped generator's first network alone, `I_c2` that of both. And **your own network** takes part: the one that
# you trained at the end of notebook 07.

# %%
from rwlib.inpainting import fill

G, _ = load_generator()
G = G.to(ctx.device)


def network(I_gt, M):
    return fill(G, I_gt.to(ctx.device), M.to(ctx.device))


first = Method("I_c1", lambda I_gt, M: network(I_gt, M).I_c1.cpu())
second = Method("I_c2", lambda I_gt, M: network(I_gt, M).I_c2.cpu())

# %%
from rwlib.course.workshop.system import MySystem, own_config

system = MySystem()
print(system)
short = own_config(ctx.pick(smoke=16, cpu=64, gpu=64), ctx.pick(smoke=4, cpu=12, gpu=24), steps_per_epoch=4)
my_G, sentence = system.trained(Facades(seed=0), short, ctx.device)
print(sentence)
yours = Method("yours", lambda I_gt, M: fill(my_G, I_gt.to(ctx.device), M.to(ctx.device)).I_c2.cpu())
methods = [Method("mean colour", mean_fill), Method("biharmonic", biharmonic_fill), first, second, yours]

# %%
source = Facades(seed=8)
n = ctx.pick(smoke=3, cpu=32, gpu=200)
buckets = ctx.pick(smoke=(0, 2, 4), cpu=range(5), gpu=range(5))
rows = evaluate(methods, source, Protocol(size_px=64, buckets=buckets, photos=n), progress=False)


def column(method, kind, k, metric="hole_psnr"):
    """Return one value per photograph, always in the same order."""
    chosen = [row[metric] for row in rows if (row["method"], row["kind"], row["bucket"]) == (method, kind, k)]
    return torch.tensor(chosen, dtype=torch.float64)


len(rows), list(rows[0])

# %% [markdown]
# Look before you count. One front and one hole of each kind, 20–30 % missing:

# %%
I_front, shown = image_to_tensor(source.center(0, size_px=64)), {}
for kind in KINDS:
    M = M_of[kind, 2]
    shown[f"{kind}"] = compose(I_front, torch.ones_like(I_front), M)
    for method in methods:
        I_c = method.fill(I_front, M)
        shown[f"{method.name}\n{metrics.psnr(I_c, I_front, M).item():.1f} dB{' ' if kind == KINDS[1] else ''}"] = I_c
show_images(
    shown,
    columns=6,
    side_inches=1.5,
    alt="A front with a white hole and five fillings of it, twice: a flat colour, a smooth surface, two blurred "
    "continuations that look alike, and what your own network makes.",
    caption="PSNR in the hole. Above a contiguous hole, below a discontiguous one.",
)

# %% [markdown]
# **Predict.** The same filling is measured over the hole and over the whole picture. By how many dB do the two PSNR
# differ if 10 % is missing?
#
# <details><summary>Answer</summary>
#
# By 10: outside the hole there is no error, so $\ell_2$ of the whole is a tenth of the hole's. In general by
# $-10 \log_{10}$ of the missing fraction. Between a hole of 5 % and one of 45 % that alone makes 9.5 dB.
# </details>

# %%
print("I_c2, PSNR in dB          whole picture   hole alone")
for kind in KINDS:
    for k in buckets:
        whole, hole = (column("I_c2", kind, k, metric) for metric in ("psnr", "hole_psnr"))
        assert (whole > hole).all(), "existing pixels are perfect, so the whole picture always looks better"
        print(f"{kind:13} {labels[k]:>8} {whole.mean():16.2f} {hole.mean():12.2f}")

# %% [markdown]
# The column of the whole picture falls much more than that of the hole: mostly it says how much was missing. Judging by
# their size, the numbers in the paper's tables are of the first kind. The figure below is about the hole only.

# %%
fig = Figure(figsize=(8, 3.2), layout="constrained")
axes = fig.subplots(1, 2, sharey=True)
for axis, kind in zip(axes, KINDS, strict=True):
    for i, name in enumerate(("mean colour", "biharmonic", "I_c2", "yours")):
        found = [mean_and_interval(column(name, kind, k)) for k in buckets]
        x = [k + 0.12 * (i - 1.5) for k in buckets]
        style = {"color": COLORS[i], "marker": "so^D"[i], "linestyle": ("--", ":", "-", "-.")[i]}
        axis.errorbar(x, [m for m, _ in found], [h for _, h in found], label=name, capsize=3, **style)
    axis.set(title=f"{kind} holes", xlabel="missing", xticks=list(buckets), xticklabels=[labels[k] for k in buckets])
    axis.grid(alpha=0.3)
axes[0].set_ylabel("PSNR in the hole, dB")
axes[1].legend(fontsize=8, loc="lower left", ncols=2)
figure(fig, alt="PSNR in the hole by bucket, four methods with error bars; mostly the shipped network is on top.")

# %% [markdown]
# In large contiguous holes the biharmonic surface does worse than one flat colour: it continues slopes from the rim,
# and overshoots. In small holes its bar overlaps the shipped network's. Does that mean that they are equally good?

# %% [markdown]
# ## 4 · How sure?
#
# The bars are 95 % intervals of the mean: if one drew other house fronts again and again, 95 % of such intervals would
# hold the mean over *all* fronts. With standard deviation $s$ of $n$ values and Student's $t$:
#
# $$\bar{x} \pm t_{0.975,\,n-1}\; s / \sqrt{n}$$


# %%
from scipy.special import stdtrit


def my_half_width(values):
    """Exercise 8.4: return half the width of the 95 % interval of the mean of `values`, (n,), as a number.

    `scipy.special.stdtrit(degrees_of_freedom, p)` is the quantile p of Student's t.
    """
    ### BEGIN SOLUTION
    n = len(values)
    return float(stdtrit(n - 1, 0.975) * values.std() / math.sqrt(n))
    ### END SOLUTION


# %%
check.ex_8_4(my_half_width)

# %% [markdown]
# **More masks, more certainty?** Three masks on each front give three times as many rows. But rows of one front share
# its difficulty. What was drawn at random are *fronts*.


# %%
def my_interval(values):
    """Exercise 8.5: return mean and half-width over photographs, as two numbers.

    values: (photographs, masks), float64. `mean_and_interval` may be used.
    """
    ### BEGIN SOLUTION
    return mean_and_interval(values.mean(1))
    ### END SOLUTION


# %%
check.ex_8_5(my_interval)

# %%
repeated = []
for seed in (0, 1, 2):
    protocol = Protocol(size_px=64, seed=seed, kinds=["contiguous"], buckets=[2], photos=n)
    again = evaluate([second], source, protocol, progress=False)
    repeated.append([row["hole_psnr"] for row in again])
values = torch.tensor(repeated, dtype=torch.float64).T  # (photographs, masks)
assert values.shape == (n, 3) and torch.equal(values[:, 0], column("I_c2", "contiguous", 2))
for name, chosen in {"one mask": values[:, 0], "heap of rows": values.flatten(), "per front": values.mean(1)}.items():
    mean, half_width = mean_and_interval(chosen)
    print(f"{name:14} n = {len(chosen):3}   {mean:.2f} ± {half_width:.2f} dB")

# %% [markdown]
# The heap claims to know more than it does. And none of the three says anything about *another training run*: we have
# one trained network. A claim about a method needs several runs with different seeds, because then runs are what was
# drawn at random. Notebook 09 has three of each.

# %% [markdown]
# **Predict.** The intervals of two methods overlap. May their difference still be clear?
#
# <details><summary>Answer</summary>
#
# Yes. Both intervals are wide because some fronts are hard and some are easy, *for both methods*. If one method wins
# by a little on nearly every front, the difference is clear. With $\mathrm{var}(a - b) = \mathrm{var}(a) +
# \mathrm{var}(b) - 2\,\mathrm{cov}(a, b)$, what they share drops out.
# </details>


# %%
def my_paired(a, b):
    """Exercise 8.6: return mean and half-width of how much better a is than b, as two numbers.

    a, b: (n,), PSNR of two methods on the same photographs. `mean_and_interval` may be used.
    """
    ### BEGIN SOLUTION
    return mean_and_interval(a - b)
    ### END SOLUTION


# %%
check.ex_8_6(my_paired)

# %%
pairs_at = {(kind, k): (column("I_c2", kind, k), column("I_c1", kind, k)) for kind in KINDS for k in buckets}
print("                           I_c2           I_c1         I_c2 − I_c1, paired")
for (kind, k), (a, b) in pairs_at.items():
    one, other, both = (mean_and_interval(x) for x in (a, b, a - b))
    text = "   ".join(f"{mean:6.2f} ± {half_width:.2f}" for mean, half_width in (one, other, both))
    print(f"{kind:13} {labels[k]:>8}  {text}")
    covariance = torch.cov(torch.stack([a, b]))[0, 1] * (both[1] / (a - b).std()) ** 2
    assert math.isclose(both[1] ** 2, one[1] ** 2 + other[1] ** 2 - 2 * covariance, rel_tol=1e-6)

# %%
a, b = pairs_at["contiguous", 2]
fig = Figure(figsize=(8, 3), layout="constrained")
left, middle, right = fig.subplots(1, 3, width_ratios=[1, 1.6, 1])
for i, x in enumerate((b, a)):
    left.errorbar([i], *([part] for part in mean_and_interval(x)), color=COLORS[i], marker="so"[i], capsize=6)
for i in range(n):
    middle.plot([0, 1], [b[i], a[i]], color=COLORS[6], alpha=0.4, linewidth=0.8)
right.errorbar([0], *([part] for part in mean_and_interval(a - b)), color=COLORS[2], marker="D", capsize=6)
right.axhline(0, color=COLORS[6], linestyle=":")
left.set(title="two intervals", xlim=(-0.5, 1.5), xticks=[0, 1], xticklabels=["I_c1", "I_c2"], ylabel="hole PSNR, dB")
middle.set(title="each front", xticks=[0, 1], xticklabels=["I_c1", "I_c2"], ylabel="hole PSNR, dB")
right.set(title="paired difference", xlim=(-1, 1), xticks=[0], xticklabels=["I_c2 − I_c1"], ylabel="dB")
figure(
    fig, alt="Two bars side by side; lines that join each front's two values; one bar of the difference beside zero."
)

# %% [markdown]
# The two intervals on the left nearly coincide, and yet the difference is clear of zero. **Clear is not large.** The
# second network changes PSNR by a small part of a decibel, and in large holes downwards; it was trained with the style
# loss, which PSNR does not reward. And is your network behind the shipped one? Pairs, again:

# %%
for kind in KINDS:
    print(kind, end=": ")
    for k in buckets:
        mean, half_width = mean_and_interval(column("yours", kind, k) - column("I_c2", kind, k))
        print(f"{labels[k]} {mean:+.2f} ± {half_width:.2f}", end="   ")
    print("dB, yours − I_c2")

# %% [markdown]
# ## 5 · The Fréchet distance
#
# FID describes two *sets* of pictures by mean and covariance of 2,048 Inception features, and measures how far these
# two Gaussians are apart:
#
# $$d^2 = \|\mu_1 - \mu_2\|^2 + \mathrm{tr}\left(\Sigma_1 + \Sigma_2 - 2\,(\Sigma_1 \Sigma_2)^{1/2}\right)$$


# %%
def my_frechet(mu_1, S_1, mu_2, S_2):
    """Exercise 8.7: return d² of two Gaussians; means (d,), covariances (d, d).

    The root is that of a matrix: R R = S_1 S_2. Its trace is the sum of its eigenvalues.
    """
    ### BEGIN SOLUTION
    roots = torch.linalg.eigvals(S_1 @ S_2).real.clamp(min=0).sqrt()
    return ((mu_1 - mu_2) ** 2).sum() + S_1.trace() + S_2.trace() - 2 * roots.sum()
    ### END SOLUTION


# %%
check.ex_8_7(my_frechet)

# %% [markdown]
# **Pitfall one: too few pictures.** The test set of Paris StreetView has 100 images (section 4.1). What is the highest
# possible rank of the covariance of 100 rows of 2,048 features?

# %%
# Exercise 8.8: a number.
### BEGIN SOLUTION
highest_rank = 99
### END SOLUTION

# %%
check.ex_8_8(highest_rank)

# %% [markdown]
# **Predict.** Two samples of N pictures come from the *same* source; the true distance is 0. What does the measured
# one do when N falls: `"rises"`, `"falls"` or `"stays"`?

# %%
# Exercise 8.9: one of the three words.
### BEGIN SOLUTION
when_N_falls = "rises"
### END SOLUTION

# %%
check.ex_8_9(when_N_falls)

# %% [markdown]
# Inception's weights are not in this package. So here we take the bundled VGG-19: its third pool, averaged over all
# positions, 256 features. We call the result **Fréchet distance on VGG features**. It is not FID, and its numbers can
# be compared with each other only. (`rwlib evaluate` computes FID itself if you give it Inception's weights.)

# %%
from rwlib.course.lessons.frechet import distance_of_samples, picture_features
from rwlib.networks.vgg import VGGFeatures

total = ctx.pick(smoke=64, cpu=640, gpu=4096)
fronts = torch.cat([image_to_tensor(source.center(i, size_px=64)) for i in range(total)])
vgg = VGGFeatures("bundled", size_px=0).to(ctx.device)
x = picture_features(vgg, fronts)
assert x.shape == (total, 256)


# %%
def two_samples(rows_wanted):
    """Return the distance of two disjoint samples of the same pictures, mean of three draws."""
    orders = [torch.randperm(total, generator=ctx.generator) for _ in range(3)]
    pairs = [(x[o[:rows_wanted]], x[o[rows_wanted : 2 * rows_wanted]]) for o in orders]
    return sum(distance_of_samples(*pair) for pair in pairs) / len(pairs)


def two_gaussian_samples(rows_wanted):
    """The same with rows from a Gaussian that has the covariance of all features."""
    noise = torch.randn(2, rows_wanted, total, generator=ctx.generator) / math.sqrt(total - 1)
    return distance_of_samples(*(noise @ (x - x.mean(0))))


# %%
N_real = [N for N in (8, 16, 32, 64, 128, 256, 512, 1024, 2048) if 2 * N <= total]
N_gauss = [8 * 2**i for i in range(ctx.pick(smoke=6, cpu=10, gpu=11))]
real, gauss = [two_samples(N) for N in N_real], [two_gaussian_samples(N) for N in N_gauss]
assert real[0] > 2 * real[-1] > 0 and gauss[0] > 2 * gauss[-1] > 0, "the fewer, the farther apart"
fig = Figure(figsize=(6.5, 3), layout="constrained")
axis = fig.subplots()
axis.loglog(N_real, real, color=COLORS[0], marker="o", label="two samples of drawn fronts")
axis.loglog(N_gauss, gauss, color=COLORS[1], marker="x", linestyle="--", label="two samples of one Gaussian")
axis.axvline(257, color=COLORS[6], linestyle=":", label="N = 257: below it singular")
axis.set(xlabel="pictures in each sample, N", ylabel="Fréchet distance\non VGG features (true: 0)")
axis.grid(alpha=0.3)
axis.legend()
figure(fig, alt="Two falling lines: the more pictures, the nearer to zero is the distance of equal sources.")

# %% [markdown]
# Both curves would be at zero if the estimate were right on average. It is **biased**: compare it at equal N only, and
# say what N was. Nothing jumps at the dotted line; below it the covariance has directions in which nothing was seen.
# For FID that line is at 2,049 pictures.

# %% [markdown]
# **KID**, the kernel distance of Bińkowski et al. (2018), has no such bias. It compares all pairs of pictures by
# $k(a, b) = (a \cdot b / d + 1)^3$: how alike pictures of one set are, and how alike pictures of both. Its estimate is
# right on average for any N, so it can also fall below zero.
#
# **Predict.** What does its curve look like: falling, level around zero with a spread, or rising?

# %%
from rwlib.evaluation.kernel import kernel_distance

draws = {N: [] for N in N_real}
for N, values in draws.items():
    for _ in range(ctx.pick(smoke=5, cpu=20, gpu=50)):
        order = torch.randperm(total, generator=ctx.generator)
        values.append(kernel_distance(x[order[:N]], x[order[N : 2 * N]]))
other_scale = kernel_distance(x[: total // 2], picture_features(vgg, fronts[total // 2 :] * 0.9))

# %%
fig = Figure(figsize=(6.5, 2.8), layout="constrained")
axis = fig.subplots()
spread = torch.tensor([values for values in draws.values()])
axis.errorbar(
    N_real, spread.mean(1), spread.std(1), color=COLORS[2], marker="D", capsize=4, label="KID, mean and spread"
)
axis.axhline(0, color=COLORS[6], linestyle=":", label="true: 0")
axis.axhline(other_scale, color=COLORS[1], linestyle="--", label="fronts of 90 % contrast")
axis.set(xscale="log", xlabel="pictures in each sample, N", ylabel="KID on VGG features")
axis.legend(fontsize=8)
figure(fig, alt="Points on the zero line with bars that shrink as N grows; a dashed line for slightly paler fronts.")

# %% [markdown]
# Level: with few pictures KID is uncertain, but not wrong on average. So give KID beside FID, with its spread, above
# all for small test sets. The paper's table has only FID.

# %% [markdown]
# **Pitfall two: composites.** The existing part of $\mathbf{I}_c$ *is* the original. Whether the paper's FID is one of
# composites is not said.
#
# **Predict.** Fill holes of 0–10 % with one flat colour. Is the set of results nearer to the originals than another
# set of genuine fronts is?

# %%
N = ctx.pick(smoke=16, cpu=128, gpu=1024)
I_gt, x_gt = fronts[:N], x[:N]
floor = distance_of_samples(x_gt, x[N : 2 * N])
distances = {"flat colour, composite": [], "network, composite I_c2": [], "network, all of I_p2": []}
some = ctx.pick(smoke=(0, 4), cpu=(0, 2, 4), gpu=range(5))
for k in some:
    M = torch.cat([evaluation_mask(64, i, "contiguous", k, seed=0) for i in range(N)])
    I_p2 = torch.cat([network(*part).I_p2.cpu() for part in zip(I_gt.split(16), M.split(16), strict=True)])
    for name, I in zip(distances, (mean_fill(I_gt, M), compose(I_gt, I_p2, M), I_p2), strict=True):
        distances[name].append(distance_of_samples(picture_features(vgg, I), x_gt))
assert max(distances[name][0] for name in list(distances)[:2]) < floor, "small holes: nearer than other originals"

# %%
fig = Figure(figsize=(6.5, 3), layout="constrained")
axis = fig.subplots()
for i, (name, found) in enumerate(distances.items()):
    axis.semilogy(list(some), found, label=name, color=COLORS[i], marker="s^o"[i], linestyle=("--", "-", ":")[i])
axis.axhline(floor, color=COLORS[6], linestyle="-.", label="other genuine fronts")
axis.set(xticks=list(some), xticklabels=[labels[k] for k in some], xlabel="missing, contiguous")
axis.set_ylabel("Fréchet distance\non VGG features")
axis.grid(alpha=0.3)
axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
figure(fig, alt="Distance by bucket, with a level line for genuine fronts; composites of small holes lie far below it.")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Yes. A flat blotch in each picture scores better than other genuine fronts do, because both sets show the *same*
# houses. So a low FID of composites does not mean "looks real". Between methods, at equal masks and equal N, it may
# still rank.
# </details>
#
# **Pitfall three: resizing.** Features need pictures of a fixed size, and libraries shrink them in different ways. Here
# are the same pictures, shrunk in two ways. Compare their distance with that of two different samples of as many
# fronts, in the figure of pitfall one.

# %%
some = ctx.pick(smoke=8, cpu=64, gpu=256)
large = torch.cat([image_to_tensor(source.center(i, size_px=128)) for i in range(some)])
ways = [F.interpolate(large, size=48, mode="bilinear", antialias=smooth).clamp(-1, 1) for smooth in (True, False)]
resized = [picture_features(vgg, I) for I in ways]
distance = distance_of_samples(*resized)
assert distance > 100 * abs(distance_of_samples(resized[0], resized[0])), "not a rounding error"
print(f"same {some} pictures, shrunk with and without averaging: {distance:.4f} (0 would be right)")
rough, smooth_one = (F.interpolate(I[:1], size=96, mode="nearest") for I in reversed(ways))
show_images(
    {"with averaging": smooth_one, "without": rough},
    alt="The same front, shrunk to 48 pixels in two ways: soft, and with jagged edges.",
)

# %% [markdown] tags=["table-2"]
# ## 6 · Reading tables 2 and 3
#
# Here are some rows as printed; each list runs over the five buckets. "Ours" is the paper's method, CA is Contextual
# Attention, EC is EdgeConnect. $\ell_1$ and $\ell_2$ are in $10^{-3}$.

# %%
PAPER = {
    "table 2, Paris, PSNR, EC": [30.02, 27.60, 25.91, 24.73, 23.64],
    "table 2, Paris, PSNR, ours": [30.26, 27.41, 25.46, 24.27, 23.20],
    "table 3, Paris, PSNR, EC": [37.63, 30.93, 28.34, 26.44, 25.03],
    "table 3, Paris, PSNR, ours": [49.73, 32.19, 29.09, 27.70, 26.21],
    "table 3, Paris, l1, EC": [2.39, 7.60, 12.91, 19.20, 25.81],
    "table 3, Paris, l1, ours": [7.69, 11.75, 16.43, 20.21, 25.24],
    "table 3, Paris, l2, ours": [0.27, 0.89, 1.64, 2.28, 3.15],
    "table 3, CelebA-HQ, l1, CA": [11.03, 20.72, 30.79, 20.57, 27.56],
    "table 3, CelebA-HQ, FID, CA": [1.26, 8.73, 20.35, 36.53, 57.60],
    "table 3, Places2, FID, CA": [1.26, 8.73, 20.35, 36.53, 57.60],
}

# %% [markdown]
# **Predict.** Two of these rows cannot both be right, one row is odd by itself, and in two places the rows disagree
# about who wins. Find them before you open the answer.
#
# <details><summary>Answer</summary>
#
# - CA's FID is the same on two data sets, in all five buckets: a column was copied.
# - CA's $\ell_1$ on CelebA-HQ *falls* from 30.79 to 20.57 while the holes grow.
# - Paris, 0–10 %: "ours" leads by 12 dB in PSNR, with three times the $\ell_1$ of EC.
# - Table 2, Paris: EC has the better PSNR in four of five buckets.
# </details>

# %%
assert PAPER["table 3, CelebA-HQ, FID, CA"] == PAPER["table 3, Places2, FID, CA"]
assert PAPER["table 3, CelebA-HQ, l1, CA"][3] < PAPER["table 3, CelebA-HQ, l1, CA"][2]
assert PAPER["table 3, Paris, PSNR, ours"][0] - PAPER["table 3, Paris, PSNR, EC"][0] > 12
assert PAPER["table 3, Paris, l1, ours"][0] > 3 * PAPER["table 3, Paris, l1, EC"][0]
lead = [ec > ours for ec, ours in zip(*(PAPER[f"table 2, Paris, PSNR, {m}"] for m in ("EC", "ours")), strict=True)]
assert sum(lead) == 4
print("EC leads in table 2, Paris, PSNR:", [label for label, wins in zip(labels, lead, strict=True) if wins])

# %% [markdown]
# One row can be checked by arithmetic. Which PSNR, in dB, belongs to an $\ell_2$ of $0.27 \cdot 10^{-3}$, the paper's
# own in table 3, Paris, 0–10 %?

# %%
# Exercise 8.10: a number, to a tenth of a decibel.
### BEGIN SOLUTION
psnr_of_l2 = 35.7
### END SOLUTION

# %%
check.ex_8_10(psnr_of_l2)

# %% [markdown]
# The table prints 49.73. That is possible, but only as a mean over very unequal images: a *mean of PSNRs* is never
# below the PSNR of the mean $\ell_2$, and a few nearly empty holes with 80 dB lift it far. rwlib's first bucket
# therefore begins at 1 %. Here is the same gap for all buckets, and for our network:

# %%
print("PSNR minus −10 log10(mean l2), dB, discontiguous holes\n            paper, Paris     our I_c2")
for k in buckets:
    paper = PAPER["table 3, Paris, PSNR, ours"][k] + 10 * math.log10(PAPER["table 3, Paris, l2, ours"][k] * 1e-3)
    mean_psnr = column("I_c2", "discontiguous", k, "psnr").mean()
    gap = (mean_psnr + 10 * column("I_c2", "discontiguous", k, "l2").mean().log10()).item()
    assert gap >= -1e-6, "the mean of logarithms is on one side of the logarithm of the mean"
    print(f"{labels[k]:>10} {paper:14.2f} {gap:12.2f}")

# %% [markdown]
# **Ours beside theirs.** Whole picture, PSNR in dB. Do not subtract these columns: the pictures differ (drawn fronts,
# not Paris), and so do size (64 pixels, not 256), masks and training. Only the shape can be compared.

# %%
print("             table 2, ours    our I_c2   |   table 3, ours    our I_c2")
print("                contiguous  contiguous   |   discontiguous  discontiguous")
for k in buckets:
    printed = [PAPER[f"table {t}, Paris, PSNR, ours"][k] for t in (2, 3)]
    mine = [mean_and_interval(column("I_c2", kind, k, "psnr")) for kind in KINDS]
    sides = [f"{p:10.2f}  {m:6.2f} ± {h:.2f}" for p, (m, h) in zip(printed, mine, strict=True)]
    print(f"{labels[k]:>10}   " + "   |   ".join(sides))

# %% [markdown]
# ## Recap
#
# - Contiguous and discontiguous holes are different tasks; keep them and the buckets apart, with one fixed mask each.
# - First one value per image, then mean and interval over *photographs*; compare methods by paired differences.
# - Whole-image numbers mostly say how much was missing; look into the hole.
# - A Fréchet distance depends on N, on the features and on resizing, and composites deflate it. KID does not depend on
#   N.

# %% [markdown]
# **What the paper leaves open**
#
# | not said | rwlib |
# |---|---|
# | how many images, masks and training runs; no intervals | 95 % interval over photographs, n printed |
# | to which bucket an edge belongs; the smallest hole | fractions are drawn between both edges; from 1 % on |
# | window and data range of SSIM | Gaussian, 11 pixels, σ 1.5, range 1, per colour |
# | $\ell_1$: a mean, or a ratio of sums | mean absolute difference on $[0, 1]$ |
# | how many pictures FID saw, at which size; composites or predictions | FID, KID: N, features and sets named |

# %% [markdown]
# **What comes next.** Run it on photographs of your own: `rwlib evaluate --data FOLDER --out RESULTS` writes every row,
# both tables and a plot, and goes on where it was interrupted; `--beside-paper paris` prints the paper's figures
# beside. The model card `rwlib/weights/facades64.md` has such a table for held-out photographs.
