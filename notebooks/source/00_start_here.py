# %% [markdown]
# # 00 · Start here: a hole in a photograph
#
# **Can a program paint what was never in the picture?** You will cut a hole into a picture, fill it in the classical
# way, fill it with a trained network, and then train a network of your own for ten steps.
#
# | | |
# |---|---|
# | Time | about 25 minutes to read, solve and play |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | basic PyTorch; no network connection |

# %% [markdown]
# **Afterwards you can**
#
# - say what inpainting is in the paper's symbols: $\mathbf{I}_g$, $\mathbf{M}$, $\hat{\mathbf{I}}_g$, $\mathbf{I}_c$;
# - tell a contiguous hole from a discontiguous one, and why the paper cares;
# - judge a filling by its error *inside the hole*, and say why that number can mislead;
# - run the training of a region-wise GAN and read its first curve;
# - use the course's exercises: check, hint, solution.

# %%
import csv
import tempfile
from pathlib import Path

import torch
from scipy.ndimage import distance_transform_edt

from rwlib import masks, metrics
from rwlib.checkpoints import load_generator
from rwlib.config import make_config
from rwlib.conventions import compose, image_to_tensor
from rwlib.course import check, setup, show_curves, show_images
from rwlib.data import Facades
from rwlib.evaluation import biharmonic_fill, mean_fill
from rwlib.inpainting import fill
from rwlib.training.loop import train

ctx = setup("00")

# %% [markdown]
# ## How this course works
#
# Run the cells from top to bottom with Shift and Enter. Three kinds of text ask something of you:
#
# - **Predict.** Write down a guess before you go on. Often the answer folds open below the question.
# - **Exercise.** Write the missing lines of a function, or a value in the place of `...`. Then run the **check** below.
# - **What to try.** Suggestions at the end of a notebook.

# %% [markdown]
# A check never stops a notebook. It says *not attempted*, *passed*, or what is wrong. `check.hint("0.1")` gives a hint,
# and then the next one. The folder `notebooks/solutions/` has every notebook solved and run. Later cells use rwlib's
# own functions, so you may leave out any exercise. Try it:


# %%
def share_missing(missing_pixels, all_pixels):
    """Exercise 0.1: return the missing share of a picture, a number from 0 to 1."""
    ### BEGIN SOLUTION
    return missing_pixels / all_pixels
    ### END SOLUTION


# %%
check.ex_0_1(share_missing)

# %% [markdown]
# | | |
# |---|---|
# | how far you are | `rwlib progress` in a terminal; it is kept on your machine and sent nowhere |
# | what you wrote | each function that passes is kept in `my_rwlib/`, and notebook 07 trains a network with them |
# | how much is computed | the tier: `cpu` takes minutes on two cores, `gpu` does more, `smoke` is for tests |
# | to choose the tier | set `RWLIB_TIER=smoke`, say, before you start JupyterLab |
# | how hard an exercise is | the line above it says about how many minutes, and a difficulty from 1 to 3 |

# %% [markdown]
# ## 1 · The picture and the hole
#
# A picture is a tensor $\mathbf{I}_g$ with values in $[-1, 1]$. A mask $\mathbf{M}$ is **1 where the picture exists
# and 0 where it is missing**. This house front is drawn by a program, and rwlib can draw as many as you like.

# %%
source = Facades(seed=0)
I_gt = image_to_tensor(source.center(11, size_px=128))

chance = torch.Generator().manual_seed(11)
M_contiguous = masks.contiguous_mask(128, 128, (0.24, 0.26), generator=chance)[None]
M_discontiguous = masks.discontiguous_mask(128, 128, (0.24, 0.26), generator=chance)[None]
I_gt.shape, M_contiguous.shape


# %% [markdown] tags=["sec-3.1"]
# What the network gets is $\hat{\mathbf{I}}_g = \mathbf{I}_g \odot \mathbf{M}$: the picture with the hole set to
# zero, which is mid-grey. In the pictures below the hole is shown in white.


# %%
def with_white_hole(I, M):
    return compose(I, torch.ones_like(I), M)


show_images(
    {
        "I_g, the picture": I_gt,
        "contiguous hole": with_white_hole(I_gt, M_contiguous),
        "discontiguous hole": with_white_hole(I_gt, M_discontiguous),
    },
    alt="A drawn house front, whole; with one white blob; and with several white strokes and shapes.",
    caption="Both holes miss a quarter of the pixels.",
)

# %% [markdown]
# **Predict.** Both holes are equally large. Which one is harder to fill, and why? Does the number of missing pixels
# matter, or how far a missing pixel is from the nearest existing one?
#
# <details><summary>Answer</summary>
#
# The distance. Inside a thin stroke every pixel has an existing one a few pixels away, which hints at what belongs
# there. In the middle of a blob nothing nearby is known. The paper's title says "large missing areas", and its tables
# keep the two kinds apart.
# </details>

# %%
for name, M in {"contiguous": M_contiguous, "discontiguous": M_discontiguous}.items():
    distance_px = distance_transform_edt(M[0, 0].numpy() == 0).max()
    print(f"{name:14} {masks.hole_fraction(M).item():.3f} missing, up to {distance_px:.0f} px from what exists")


# %% [markdown]
# ## 2 · The classical answer
#
# Before networks there were two families of methods. *Diffusion* continues the colours at the rim as a smooth surface;
# *patch-based* methods copy pieces that fit, from this picture or from others (section 2.1 of the paper). Here are two
# of the first family: the mean colour, and the *biharmonic* equation, which continues values and slopes. Both know this
# one picture and nothing else.


# %%
def fill_all_ways(M, methods):
    filled = {"I_g, missing part white": with_white_hole(I_gt, M)}
    for name, method in methods.items():
        filled[name] = method(I_gt, M)
    return filled


classical = {"mean colour": mean_fill, "biharmonic": biharmonic_fill}
show_images(
    fill_all_ways(M_contiguous, classical),
    alt="The hole filled with one flat colour, and with a smooth gradient without any window.",
)

# %% [markdown]
# ## 3 · A trained network
#
# rwlib ships a small region-wise generator that was trained on photographs of house fronts (its model card is
# `rwlib/weights/facades64.md`). It was trained at 64 pixels and never saw a *drawn* house, and here it has to fill 128
# pixels: expect a plan, not details. It predicts a whole picture $\mathbf{I}_p$; only the hole is taken from it:
#
# $$\mathbf{I}_c = \hat{\mathbf{I}}_g + \mathbf{I}_p \odot (\mathbf{1} - \mathbf{M})$$

# %%
G, config = load_generator()
methods = {**classical, "network, I_c2": lambda I, M: fill(G, I, M).I_c2}
contiguous, discontiguous = fill_all_ways(M_contiguous, methods), fill_all_ways(M_discontiguous, methods)
show_images(
    contiguous | {f"{name} ": picture for name, picture in discontiguous.items()},
    columns=4,
    alt="Both holes, filled with a flat colour and a smooth gradient; the network fills the blob with streaks in the "
    "front's colours, and the strokes with blurred pieces that nearly fit.",
)

# %% [markdown]
# How good is a filling? PSNR compares it with what was really there: ten times the logarithm of one over the mean
# squared error, in decibels. More is better. We look *inside the hole* only; outside, every method is perfect.

# %%
print("PSNR in the hole, dB  contiguous  discontiguous")
for name in methods:
    values = [
        metrics.psnr(way[name], I_gt, M).item()
        for way, M in ((contiguous, M_contiguous), (discontiguous, M_discontiguous))
    ]
    print(f"{name:20} {values[0]:12.1f} {values[1]:14.1f}")

# %% [markdown]
# **Look twice.** A blurred guess often has a better PSNR than a sharp window that is one pixel off. That is why the
# paper adds two losses that compare features instead of pixels, and a third, $\mathcal{L}_a$: a second network, the
# discriminator, judges whether the content of the hole looks real. Notebooks 04 to 06 build them.
#
# Three things must hold for *any* inpainting program. We check them rather than believe them:

# %%
out = fill(G, I_gt, M_contiguous)
exists = M_contiguous.bool().expand_as(I_gt)
assert torch.equal(out.I_c2[exists], I_gt[exists]), "existing pixels must not change"

vandalised = compose(I_gt, torch.rand_like(I_gt) * 2 - 1, M_contiguous)  # other values in the hole
assert torch.equal(fill(G, vandalised, M_contiguous).I_c2, out.I_c2), "the hole must not leak"

assert out.I_c2.min() >= -1 and out.I_c2.max() <= 1, "predictions are pictures"
print("existing pixels kept, nothing leaked, range kept")

# %% [markdown]
# ## 4 · Your own network, for ten steps
#
# `train` is Algorithm 1 of the paper. We give it the smallest size (64 pixels) and ten steps: five of phase one
# (reconstruction, correlation and style losses), five of phase two (the discriminator joins).

# %% tags=["alg-1"]
ten_steps = make_config("balanced", "tiny", epochs=(1, 1), steps_per_epoch=5, ema_decay=0.0)
run = Path(tempfile.mkdtemp())
generator_file = train(ten_steps, source, run, progress=False)

with open(run / "curves.csv", newline="") as file:
    steps = list(csv.DictReader(file))
L_r = [float(step["L_r"]) for step in steps]
show_curves(
    {"L_r, reconstruction loss": L_r},
    alt="The reconstruction loss over ten steps, falling from step to step with some noise.",
    caption="Phase two starts at step 5.",
)

# %%
assert [step["phase"] for step in steps] == ["1"] * 5 + ["2"] * 5
assert sum(L_r[-3:]) < sum(L_r[:3]), "ten steps should already lower the reconstruction loss"

mine, _ = load_generator(generator_file)
show_images(
    {
        "the hole": with_white_hole(I_gt, M_contiguous),
        "yours, ten steps": fill(mine, I_gt, M_contiguous).I_c2,
        "the shipped one": out.I_c2,
        "I_g": I_gt,
    },
    alt="Ten steps give a dull blotch with an orange rim; the shipped network gives dark and light streaks where "
    "windows and wall should be.",
)

# %% [markdown]
# ## What to try
#
# - Another house: change the number in `source.center(...)`. Another hole: change the seed, or the range of fractions.
# - Train longer: `epochs=(4, 2), steps_per_epoch=50` takes a few minutes on a CPU. In a terminal,
#   `rwlib train --size tiny --run-dir runs/first` does the same with a progress bar and sample pictures.
# - A photograph of your own: `rwlib inpaint photo.jpg --mask hole.png -o filled.png`; white is the hole.

# %% [markdown]
# ## Recap
#
# - Inpainting fills $\mathbf{M} = 0$ so that $\mathbf{I}_c$ looks as if nothing had been missing; existing pixels stay.
# - Contiguous holes are harder than scattered ones of the same size, because the middle is far from everything known.
# - Classical methods use this one picture; a network brings what it learned from other pictures.

# %% [markdown]
# **What the paper leaves open.** It gives neither the layers of its generator nor the normalisation of its losses nor
# its batch size. Wherever that is so, rwlib says what it chose and why. Start with the docstring of
# `rwlib/networks/generator.py`.
#
# **Next:** notebook 01 asks what makes a hole hard, and how you know that a filling is good.
