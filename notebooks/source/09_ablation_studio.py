# %% [markdown]
# # 09 · Ablation studio: what does each part contribute?
#
# **Take one thing away, train again, compare.** Section 4.2 of the paper does so five times and shows a picture of
# each (Fig. 4). Here are the six models, live, beside your own network, and with what a picture cannot show: intervals,
# other holes, and trainings of your own.
#
# | | |
# |---|---|
# | Time | about 75 minutes to read, solve and play |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | notebooks 02, 04, 05, 06 for what is taken away; 08 for intervals |

# %% [markdown]
# **Afterwards you can**
#
# - tell an ablation that changes one thing from one that changes several;
# - say why one picture, and one training, prove nothing, and by how much a choice flatters;
# - plan how many photographs and how many trainings a claim needs;
# - read Fig. 4 and its caption critically.

# %%
import math
from dataclasses import fields

import torch
from matplotlib.figure import Figure
from scipy.special import stdtr

from rwlib.ablations import ABLATIONS, ablation_config
from rwlib.config import Config, make_config
from rwlib.course import COLORS, check, figure, setup
from rwlib.evaluation import mean_and_interval
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.widgets.studio.table import Components, components, read_results, summarise_results

ctx = setup("09")

# %% [markdown] tags=["fig-4"]
# ## 1 · Fig. 4, panel by panel
#
# Panel (a) is the input with its hole, (g) the full model. The five in between lack something each:

# %%
for variant in sorted(ABLATIONS.values(), key=lambda variant: variant.panel):
    print(f"({variant.panel}) {variant.title:22} {variant.change}")

# %% [markdown]
# **Predict, and write it down before you go on:** what will you *see* missing in each of (b) to (f)? In which order
# would their PSNR be?
#
# <details><summary>What the paper says it sees (section 4.2.2)</summary>
#
# (b) can hardly infer what fits the existing region; (c) fills from the nearest surroundings alone; (d) has artefacts
# and no semantic content; (e) has the content, with strange artefacts; (f) has fold-like artefacts. No numbers are
# given for any of them.
# </details>

# %% [markdown]
# **Read the caption.** "(d) results of model trained with $\mathcal{L}_c$, $\mathcal{L}_s$ at the networks, (e)
# results of the semantic inferring network, (f) results of model trained without adversarial loss, namely RED."
#
# Of which two panels does the text leave open what was trained? Name their letters, in order.

# %%
# Exercise 9.1: two letters, for instance "bc".
### BEGIN SOLUTION
left_open = "de"
### END SOLUTION

# %%
check.ex_9_1(left_open)

# %% [markdown]
# We made a decision for each: in (d) both losses see $\mathbf{I}_c^{(2)}$; (e) is a training of its own. Somebody who
# decides otherwise makes another Fig. 4, and nobody could say who is right.

# %% [markdown]
# ## 2 · One change at a time
#
# If two things differ, a difference has two possible causes. So let a program say what differs; do not trust memory.


# %%
def my_changed_fields(a, b):
    """Exercise 9.2: return the names of the fields in which two configurations differ, in alphabetical order.

    a, b: `rwlib.config.Config`, a dataclass. Result: list of str.
    """
    ### BEGIN SOLUTION
    return sorted(field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name))
    ### END SOLUTION


# %%
check.ex_9_2(my_changed_fields)

# %%
full = make_config("balanced", "tiny", epochs=(20, 9))  # as the shipped ones were trained: 50 steps per epoch
for name in ABLATIONS:
    other = ablation_config(name, full)
    changed = [f.name for f in fields(Config) if getattr(full, f.name) != getattr(other, f.name)]
    weights = sum(x.numel() for x in RegionWiseGenerator.from_config(other).parameters())
    steps = sum(other.epochs) * other.steps_per_epoch
    print(f"{name:16} {weights:9,} weights, {steps:,} steps; changed: {', '.join(changed) or 'nothing'}")
    assert sum(other.epochs) == sum(full.epochs), "all train equally long"

# %% [markdown]
# "One thing" is less clear than it sounds. Without the second network the style loss has nothing to see, so it goes
# too. Without region-wise convolutions there are fewer weights. **Equal budget** here means equal steps, photographs
# and holes. It does not mean equal weights or equal time.
#
# <details><summary>Think: how could one make (b) fairer?</summary>
#
# Widen its layers until the number of weights, or of multiplications, is that of the full model. Then the width
# differs: again two things. The honest way is to show both, and to say so.
# </details>
#
# In the studio below, **your own** network of notebook 07 stands beside the six as (own): trained on drawn fronts, with
# a budget of its own.

# %% [markdown] tags=["app"]
# ## 3 · The studio
#
# - **Compare.** Same photograph, same hole, six models. Note which is best; then change the seed ten times.
# - **Table.** Many photographs at once, with intervals and paired differences.
# - **Train now.** Change *one* thing, train for a minute, compare with the run before.

# %% tags=["app"]
from rwlib.course.workshop.system import GENERATOR, MySystem, own_config
from rwlib.data import Facades
from rwlib.widgets import AblationStudio

system = MySystem()
short = own_config(ctx.pick(smoke=16, cpu=64, gpu=64), ctx.pick(smoke=4, cpu=12, gpu=24), steps_per_epoch=4)
_, sentence = system.trained(Facades(seed=0), short, ctx.device)
print(f"{system}\n{sentence}")
AblationStudio(own=system.folder / GENERATOR)

# %% [markdown] tags=["app"]
# **What these models are.** Width 16 instead of 32, pictures of 64 pixels, 1,450 steps of four photographs (20 + 9
# epochs of 50 steps). Their discriminator had six layers, which leaves one single score at 64 pixels; `balanced` takes
# four now. They show how an ablation is done, and what can be told apart at this size. The paper's models are wider,
# see 256 pixels, and were trained far longer.

# %% [markdown]
# ## 4 · One lucky picture
#
# Somebody compares two methods on k pictures and prints the picture with the largest lead. How large is that lead on
# average?


# %%
def my_best_of(values, k):
    """Exercise 9.3: return the largest of k pictures' differences, averaged over all choices of k.

    values: (n,), difference of two methods on each picture; k of them are looked at. Result: a number.
    """
    ### BEGIN SOLUTION
    x, n = values.sort().values, len(values)
    # The i-th smallest is the largest of C(i, k − 1) of all C(n, k) choices.
    return sum(math.comb(i, k - 1) * float(x[i]) for i in range(n)) / math.comb(n, k)
    ### END SOLUTION


# %%
check.ex_9_3(my_best_of)

# %% [markdown]
# Now two methods that *cannot* differ. Take two of our models. For each held-out photograph, toss a coin to decide
# which of them is called A and which B. On average, neither leads. Holes are contiguous, 20–30 %.

# %%
rows = read_results()
chosen = [row for row in rows if (row["kind"], row["bucket"]) == ("contiguous", 2)]


def table_of(variant, rows=chosen, metric="hole_psnr"):
    """Return (trainings, photographs)."""
    own = sorted((row["seed"], row["photo"], row[metric]) for row in rows if row["variant"] == variant)
    return torch.tensor([value for *_, value in own], dtype=torch.float64).view(len({seed for seed, *_ in own}), -1)


x_full = table_of("full")
S, P = x_full.shape
print(f"{S} training(s) of each model, {P} held-out photographs")

# %%
coin = 2.0 * torch.randint(2, (P,), generator=ctx.generator) - 1
lead = coin * (table_of("no_correlation") - x_full)[0]
ks = [k for k in (1, 2, 5, 10, 20, 50) if k <= P]
best = [sum(math.comb(i, k - 1) * v for i, v in enumerate(lead.sort().values.tolist())) / math.comb(P, k) for k in ks]
assert best == sorted(best), "more choice, more flattery"

# %%
mean, half_width = mean_and_interval(lead)
fig = Figure(figsize=(6.5, 3), layout="constrained")
axis = fig.subplots()
axis.semilogx(ks, best, color=COLORS[1], marker="o", label="largest lead of k pictures")
axis.axhline(mean, color=COLORS[0], linestyle="--", label=f"mean of all {P}: {mean:+.2f} ± {half_width:.2f} dB")
axis.set(xlabel="pictures to choose from, k", ylabel="lead of A in the hole, dB", xticks=ks, xticklabels=ks)
axis.grid(alpha=0.3)
axis.legend()
figure(fig, alt="A line rises with the number of pictures to choose from; a level dashed line is the mean.")

# %% [markdown]
# The right end of the line is what a figure could show of two methods between which a coin decided. A picture chosen by
# hand shows that a result is possible. It does not show that it is usual.

# %% [markdown]
# ## 5 · How many photographs?
#
# Both methods fill the same holes, so take differences first (exercise 8.6). How many photographs make the half-width
# $1.96\, s / \sqrt{n}$ as small as you wish?


# %%
def my_photos_needed(a, b, half_width):
    """Exercise 9.4: return the smallest n whose half-width of the mean of a − b is at most `half_width`.

    a, b: (m,), PSNR of two methods on the same photographs, to estimate the spread from. Result: a whole number.
    """
    ### BEGIN SOLUTION
    s = float((a - b).std())
    return math.ceil((1.96 * s / half_width) ** 2)
    ### END SOLUTION


# %%
check.ex_9_4(my_photos_needed)

# %%
print("photographs for ± 0.1 dB, from the first training of each:      paired    unpaired")
for name in list(ABLATIONS)[1:]:
    a, b = table_of(name)[0], x_full[0]
    paired, unpaired = (math.ceil(1.96**2 * v / 0.1**2) for v in ((a - b).var().item(), (a.var() + b.var()).item()))
    print(f"{ABLATIONS[name].title:56} {paired:12,} {unpaired:11,}")

# %% [markdown]
# ## 6 · Photographs are not trainings
#
# The interval of exercise 9.4 shrinks to nothing with enough photographs. Then it says: *this trained network* is
# better than *that one*. "Region-wise convolutions are better" is a sentence about trainings that were never made.


# %%
def my_interval_over_trainings(values):
    """Exercise 9.5: return mean and half-width of the 95 % interval over trainings, as two numbers.

    values: (trainings, photographs), float64. `mean_and_interval` may be used.
    """
    ### BEGIN SOLUTION
    return mean_and_interval(values.mean(1))
    ### END SOLUTION


# %%
check.ex_9_5(my_interval_over_trainings)

# %%
print(f"difference to the full model, dB    over {P} photographs (first training)    over {S} training(s)")
for name in list(ABLATIONS)[1:]:
    difference = table_of(name) - x_full
    over_photos, (mean, half_width) = mean_and_interval(difference[0]), mean_and_interval(difference.mean(1))
    texts = ["{:+.2f} ± {:.2f}".format(*over_photos), f"{mean:+.2f} ± {half_width:.2f}".replace("nan", "unknown")]
    print(f"{ABLATIONS[name].title:36} {texts[0]:>24} {texts[1]:>29}")

# %% [markdown]
# Both columns look alike, and mean different things. The right one is about the mean of *all* trainings that one could
# make. It does not predict a fourth training: a single one scatters more than a mean. It rests on three numbers, so
# Student's t is 4.30 there instead of 1.96. From *one* training the half-width would be unknown, not zero.

# %% [markdown]
# **Two sources of chance.** Write a value as mean + luck of the training + difficulty of the photograph + rest. With
# variances $\sigma_a^2$, $\sigma_b^2$, $\sigma_e^2$, what is the standard error of the mean over S trainings, each
# on the same P photographs?


# %%
def my_standard_error(var_training, var_photo, var_rest, trainings, photos):
    """Exercise 9.6: return the standard error of the mean over trainings × photographs, a number."""
    ### BEGIN SOLUTION
    return math.sqrt(var_training / trainings + var_photo / photos + var_rest / (trainings * photos))
    ### END SOLUTION


# %%
check.ex_9_6(my_standard_error)

# %% [markdown]
# **Predict.** You may measure on ten times as many photographs, or train three times as often. Which of the two makes a
# difference more certain? Below, photographs scatter as measured; the luck of a training, $\sigma_a$, is *assumed*.

# %%
found = (table_of("standard_conv") - x_full)[0].var().item()  # difficulty and rest, which one training cannot separate
fig = Figure(figsize=(8, 3), layout="constrained")
axes = fig.subplots(1, 3, sharey=True)
photos = [10, 30, 100, 300, 1000, 3000]
for axis, luck in zip(axes, (0.0, 0.05, 0.2), strict=True):
    for i, trainings in enumerate((1, 3, 10)):
        errors = [Components(luck**2, 0.0, found).standard_error(trainings, n) for n in photos]
        style = {"color": COLORS[i], "linestyle": ("-", "--", ":")[i], "marker": "os^"[i]}
        axis.loglog(photos, errors, label=f"{trainings}", **style)
    axis.set(title=f"σ_a = {luck:g} dB, assumed", xlabel="photographs")
    axis.grid(alpha=0.3)
axes[0].set_ylabel("standard error, dB")
axes[0].legend(title="trainings")
figure(fig, alt="Standard errors fall with photographs, and become level where the luck of the trainings remains.")

# %% [markdown]
# Where a line is level, further photographs are wasted: the luck of the training remains. Only several trainings can
# tell how large it is here. `components` estimates its variance, as the scatter between trainings minus what
# photographs alone would cause. If that difference is negative it counts as zero:

# %%
if S == 1:
    print("σ_a is unknown: the table holds one training of each model")
for name in list(ABLATIONS)[1:] if S > 1 else ():
    luck = math.sqrt(components(table_of(name) - x_full).trainings)
    text = f"about {luck:.2f} dB" if luck > 0 else "not told apart from zero: photographs alone scatter as much"
    print(f"{ABLATIONS[name].title:24} σ_a {text}")

# %% [markdown]
# From three trainings these are orders of magnitude at best. And "not told apart from zero" is not "zero".

# %% [markdown]
# ## 7 · Many comparisons
#
# Five variants, two kinds of holes, five buckets: 50 comparisons. If *none* of them differed, about 50 · 5 % = 2.5
# would still look clear. Holm's procedure keeps the chance of even one false alarm below 5 %. The smallest p-value must
# be at most 0.05 / n, the next one 0.05 / (n − 1), and so on. It stops at the first that is larger.


# %%
def my_holm(p):
    """Exercise 9.7: return which hypotheses are rejected at 5 % by Holm's procedure.

    p: (n,), p-values. Result: (n,) of bool, in the order of p.
    """
    ### BEGIN SOLUTION
    rejected = torch.zeros(len(p), dtype=torch.bool)
    for step, i in enumerate(p.argsort().tolist()):
        if p[i] > 0.05 / (len(p) - step):
            break
        rejected[i] = True
    return rejected
    ### END SOLUTION


# %%
check.ex_9_7(my_holm)


# %%
def p_value(d):
    """Return the p-value of Student's two-sided test that the mean of d is zero."""
    t = float(d.mean() / d.std() * math.sqrt(len(d)))
    return float(2 * stdtr(len(d) - 1, -abs(t)))


some = ctx.pick(smoke=(0, 2), cpu=range(5), gpu=range(5))
p_photos, p_trainings = [], []
for kind in ("contiguous", "discontiguous"):
    for k in some:
        part = [row for row in rows if (row["kind"], row["bucket"]) == (kind, k)]
        for name in list(ABLATIONS)[1:]:
            d = table_of(name, part) - table_of("full", part)
            p_photos.append(p_value(d[0]))
            if S > 1:
                p_trainings.append(p_value(d.mean(1)))

# %%
for what, p in (("photographs, first training", p_photos), ("trainings", p_trainings)):
    n, alone = len(p), sum(x <= 0.05 for x in p)
    kept = 0
    for step, x in enumerate(sorted(p)):
        if x > 0.05 / (n - step):
            break
        kept += 1
    if p:
        print(f"tested over {what:28} {n} comparisons, {alone:2} with p ≤ 5 %, {kept:2} left after Holm")
    assert kept <= alone

# %% [markdown]
# The first line is about six particular networks, the second about the methods. Many differences pass alone; few
# survive Holm over trainings. Three trainings are too few for fifty questions. Ask fewer questions, or train more
# often.

# %% [markdown]
# ## 8 · What can be said
#
# All buckets together: the difference to the full model in the hole, mean ± 95 % interval over trainings. That is ten
# comparisons, so Holm applies here as well:

# %%
found = {}
for kind in ("contiguous", "discontiguous"):
    part = [row for row in rows if row["kind"] == kind]
    for name in list(ABLATIONS)[1:]:
        d = (table_of(name, part) - table_of("full", part)).mean(1)
        found[kind, name] = p_value(d) if S > 1 else math.nan
kept, left = set(), len(found)
for key in sorted(found, key=found.get):
    if not found[key] <= 0.05 / left:
        break
    kept.add(key)
    left -= 1

# %%
for kind in ("contiguous", "discontiguous"):
    lines, unit = summarise_results([row for row in rows if row["kind"] == kind])
    first = lines.pop("full")
    print(f"{kind} holes, intervals over {unit}: full model {first.mean:.2f} ± {first.half_width:.2f} dB")
    for name, line in lines.items():
        p = found[kind, name]
        text = f"{line.difference:+.2f} ± {line.difference_half_width:.2f} dB, p = {p:.4f}"
        said = "clear, after Holm too" if (kind, name) in kept else "clear alone, not after Holm" if p <= 0.05 else ""
        print(f"   {ABLATIONS[name].title:24} {text:>30}   {said or 'not told apart from zero'}")
if S == 1:
    print("One training of each: a sentence about these six networks, and about no method.")

# %% [markdown]
# Only what survives Holm may be said of the methods: without $\mathcal{L}_a$ PSNR in large holes is *higher*, and the
# first network alone is behind in scattered ones. The lead of the standard convolution in scattered holes is a lead of
# these trainings; for a sentence about the method there would have to be more of them.
#
# All this is about small, short trainings. The paper shows pictures of large, long ones, and no numbers: neither
# refutes the other.

# %% [markdown]
# "Not told apart" is not "equal": a wide interval holds zero and much else. And PSNR is not the eye: the adversarial
# loss and the style loss are there for the looks, which PSNR does not reward (notebook 08). Compare by eye in the
# studio, with seeds that you did not choose.

# %% [markdown]
# ## Recap
#
# - Change one thing; let a program say what differs; keep steps, photographs, holes and seeds.
# - Pairs first, then intervals: over photographs for a network, over trainings for a method.
# - A chosen picture flatters, and so does a chosen comparison. Say from how many it was chosen, or correct for it.

# %% [markdown]
# **What the paper leaves open**
#
# | not said in section 4.2 | here |
# |---|---|
# | any number for the variants | PSNR, SSIM and ℓ1 in the hole, for every photograph |
# | how many trainings | three of each; with one, no claim about a method |
# | how the pictures of Fig. 4 were chosen | yours, by seed |
# | (d): at which network both losses are | at the second, $\mathbf{I}_c^{(2)}$ |
# | (e): trained alone, or the full model's first half | trained alone; λ₁ doubled, as $\mathcal{L}_r$ counts twice |
# | weights and budget of (b) | fewer weights, the same steps |

# %% [markdown]
# **What comes next.** Notebook 10 takes the full model to photographs of your own. To make the table of this
# notebook yourself, with more trainings, run `data_scripts/ablations.py`.
