# %% [markdown]
# # 10 · Object removal: what goes, and what comes
#
# **How do you remove something from a photograph, and what do you have afterwards?** Section 4.4 of the paper removes a
# beard, a watermark and a child (Fig. 8). You will do the same with pictures of your own, and with your own network.
# You will measure what helps, and learn to see the traces.
#
# | | |
# |---|---|
# | Time | about 75 minutes to read, solve and play |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | notebook 01; notebook 08 helps |

# %% [markdown]
# **Afterwards you can**
#
# - make a mask from a scribble, and say how wide it should be;
# - remove a known watermark by algebra, and say when inpainting is the better way;
# - choose the scale at which a network works, and soften a border without touching existing pixels;
# - mark what is probably invented, and look for a filled region in a picture that somebody gave you;
# - save a result that says what it is.

# %%
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from rwlib import metrics
from rwlib.checkpoints import load_generator
from rwlib.conventions import compose, image_to_tensor, tensor_to_image
from rwlib.course import COLORS, check, figure, setup, show_images
from rwlib.course.lessons.fills import nearest_distance, nearest_fill
from rwlib.course.lessons.removal import as_file, draw_figure, draw_words, grow, roughness
from rwlib.data import Facades, photos
from rwlib.inpainting import fill, fill_photo
from rwlib.masks import contiguous_mask

ctx = setup("10")
G, config = load_generator()

# %% [markdown] tags=["sec-4.4"]
# ## 1 · Paint over it
#
# Object removal needs nothing new: what should go becomes the hole. Paint over a window, press *Inpaint*, and look at
# the four pictures: two predictions and their composites. Then take a photograph of your own with *Own photo*.

# %%
from rwlib.widgets import HolePainter

side_px = ctx.pick(smoke=64, cpu=128, gpu=128)
I_bg = image_to_tensor(Facades(seed=10).center(2, size_px=side_px))
cover = draw_figure(side_px, side_px)
colour = torch.tensor([0.6, -0.6, -0.7]).view(1, 3, 1, 1)
I_gt = as_file(I_bg * (1 - cover) + colour * cover)
painter = HolePainter(I_gt, mask=(cover < 0.5).float())
painter.inpaint()
painter

# %% [markdown]
# This generator is small and knows house fronts and flowers, of 128 pixels. It fills walls and window rows roughly, and
# faces or cars not at all. That is the first limit: **a network continues what it was trained on.**
#
# The same task for **your own network** of notebook 07. In the painter's menu it stands as `generator.safetensors`:

# %%
from rwlib.course.workshop.system import GENERATOR, MySystem, own_config

system = MySystem()
short = own_config(ctx.pick(smoke=16, cpu=64, gpu=64), ctx.pick(smoke=4, cpu=12, gpu=24), steps_per_epoch=4)
_, sentence = system.trained(Facades(seed=0), short, ctx.device)
print(f"{system}\n{sentence}")
painter.add_checkpoint(system.folder / GENERATOR)

# %%
my_G, my_config = load_generator(system.folder / GENERATOR)
hole = (grow((cover < 0.5).float(), 2)[0, 0] == 0).numpy()
by = {"shipped": (G, config), "yours": (my_G, my_config)}
removed = {name: fill_photo(tensor_to_image(I_gt), hole, *network).image for name, network in by.items()}
show_images(
    {"with the figure": I_gt, **removed, "the truth": I_bg},
    alt="A house front with a red figure; twice without it, with a soft patch in its place; and the true front.",
    caption="The mask is two pixels wider than the figure: the next section says why.",
)

# %% [markdown]
# ## 2 · How wide must the mask be?
#
# The red figure was drawn onto the house front, so here we know what is behind it. Its outline is soft, as in every
# photograph: at the edge a pixel is half figure, half wall.
#
# **Predict.** The mask takes every pixel of which more than half is figure. What happens to the others?
#
# <details><summary>Answer</summary>
#
# They count as existing, so they stay: a reddish rim around a hole that is filled from *that rim*. The network sees red
# next to the hole and continues it inwards.
# </details>


# %%
def my_grow(M, r):
    """Exercise 10.1: return the mask with its hole grown by r pixels to all sides, corners included.

    M: (b, 1, h, w), 1 existing, 0 missing; a pixel is missing afterwards if a missing one is at most r rows and r
    columns away.
    """
    ### BEGIN SOLUTION
    return -F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r)
    ### END SOLUTION


# %%
check.ex_10_1(my_grow)


# %%
def filled(I, M, work_side_px=0):
    """Fill a hole by the network alone; `rwlib inpaint` hides its seams as well (section 5)."""
    hole = (M[0, 0] == 0).numpy()
    image = fill_photo(tensor_to_image(I), hole, G, config, work_side_px=work_side_px, network_only=True).image
    return image_to_tensor(image)


tight = (cover < 0.5).float()
radii = ctx.pick(smoke=(0, 2), cpu=(0, 1, 2, 3, 4, 6, 8), gpu=range(9))
results = {r: filled(I_gt, grow(tight, r)) for r in radii}
around = grow(tight, 8) == 0
for r, I_c in results.items():
    rim = (cover > 0.02) & (grow(tight, r) == 1)
    error = (I_c - I_bg).abs().mean(1, keepdim=True)[around].mean() * 127.5
    print(
        f"grown by {r}: {int(rim.sum()):4} pixels of the rim stay, error around the figure {error:5.2f} levels of 255"
    )

# %%
wide = max(radii)
shown = {"with the figure": I_gt, "grown by 0": results[0], "grown by 2": results[2], f"grown by {wide}": results[wide]}
show_images(
    shown | {"the truth": I_bg},
    alt="A house front with a red figure; filled with a reddish ghost; with a soft patch; with a wide blur; without.",
)

# %% [markdown]
# A mask that is too tight leaves a ghost; one that is too wide throws away wall that was there. Where in the list above
# is the error least? Compare it with the width of the soft edge, one to two pixels. It is not a law: a shadow or a
# reflection reaches further than any outline.

# %% [markdown] tags=["sec-4.4"]
# ## 3 · Watermarks: sometimes nothing has to be invented
#
# A watermark $W$ with opacity $a$ is mixed with the picture $J$, pixel by pixel:
#
# $$I = (1 - a)\,J + a\,W$$
#
# If $W$ and $a$ are known and $a < 1$, then $J$ can be *computed*.


# %%
def my_unmix(I, W, a):
    """Exercise 10.2: return J where a < 1, and 0 where the mark is opaque.

    Shapes: I (b, 3, h, w); W the same or (1, 3, 1, 1); a (b, 1, h, w) in [0, 1].
    """
    ### BEGIN SOLUTION
    return torch.where(a < 1, (I - a * W) / (1 - a).clamp(min=1e-12), 0)
    ### END SOLUTION


# %%
check.ex_10_2(my_unmix)

# %% [markdown]
# **Predict** (exercise 10.3). A file holds whole grey levels, so every value of $I$ is off by up to half a level. By
# how many levels can the recovered $J$ be off where $a$ is 0.5, and where it is 0.9?

# %%
# Exercise 10.3: two numbers, for a = 0.5 and a = 0.9.
### BEGIN SOLUTION
levels_off = [1, 5]
### END SOLUTION

# %%
check.ex_10_3(levels_off)

# %% [markdown]
# Algebra against inpainting: the same words in white across the house front, more and more opaque. Once they are saved
# as a PNG, once as a JPEG, whose losses are magnified as well.

# %%
words = draw_words(side_px, side_px, "SAMPLE")
M_words = 1 - words
opacities = ctx.pick(
    smoke=(0.5, 0.9), cpu=(0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98), gpu=(0.2, 0.4, 0.6, 0.8, 0.9, 0.98)
)
by_algebra = {"PNG": [], "JPEG, quality 90": []}
for found, quality in zip(by_algebra.values(), (0, 90), strict=True):
    for opacity in opacities:
        a = opacity * words
        I_marked = as_file(I_bg * (1 - a) + a, jpeg_quality=quality)
        J = ((I_marked - a) / (1 - a)).clamp(-1, 1)
        found.append(255 * metrics.l1(J, I_bg, M_words).item())
I_filled = filled(I_bg * M_words, M_words)
by_inpainting = 255 * metrics.l1(I_filled, I_bg, M_words).item()
assert by_algebra["PNG"][0] < by_inpainting

# %%
fig = Figure(figsize=(6.5, 2.9), layout="constrained")
axis = fig.subplots()
for i, (name, found) in enumerate(by_algebra.items()):
    axis.semilogy(opacities, found, color=COLORS[i], marker="os"[i], linestyle=("-", "--")[i], label=f"algebra, {name}")
axis.axhline(by_inpainting, color=COLORS[2], linestyle=":", label="inpainting")
axis.set(xlabel="opacity a of the mark", ylabel="mean error under the\nmark, levels of 255")
axis.grid(alpha=0.3)
axis.legend()
figure(
    fig, alt="Error of algebra rises with opacity: in a PNG it stays below inpainting, in a JPEG it crosses that line."
)

# %% [markdown]
# What can be computed should not be invented. Inpainting is for opaque marks, for unknown ones, and for what lossy
# files have destroyed.

# %%
first_lost = next(
    (a for a, e in zip(opacities, by_algebra["JPEG, quality 90"], strict=True) if e > by_inpainting), None
)
print("JPEG: inpainting is nearer to the truth from this opacity on:", first_lost)
print("PNG: algebra is nearer everywhere:", all(e < by_inpainting for e in by_algebra["PNG"]))

# %% [markdown]
# A machine finds a mark that is always the same: it lays the mark on every place, and takes the one where the
# difference is least.


# %%
def my_find_mark(I, T):
    """Exercise 10.4: return row and column of the upper left corner of the place in I that differs least from T.

    I: (1, 3, h, w), T: (1, 3, k, m), smaller. Difference: the sum of squares over colours and pixels.
    """
    ### BEGIN SOLUTION
    k, m = T.shape[-2:]
    windows = I.unfold(2, k, 1).unfold(3, m, 1)  # (1, 3, h - k + 1, w - m + 1, k, m)
    differences = (windows - T[:, :, None, None]).square().sum((1, 4, 5))[0]
    return divmod(int(differences.argmin()), differences.shape[1])
    ### END SOLUTION


# %%
check.ex_10_4(my_find_mark)

# %%
T = draw_words(12, 40, "(c) me", rows=1).expand(1, 3, -1, -1) * 2 - 1
row, column = side_px - 20, side_px - 48
I_stamped = I_bg.clone()
I_stamped[..., row : row + 12, column : column + 40] = T
windows = I_stamped.unfold(2, 12, 1).unfold(3, 40, 1)
differences = (windows - T[:, :, None, None]).square().sum((1, 4, 5))[0]
assert divmod(int(differences.argmin()), differences.shape[1]) == (row, column)
M_stamp = torch.ones(1, 1, side_px, side_px)
M_stamp[..., row - 1 : row + 13, column - 1 : column + 41] = 0
show_images(
    {"stamped": I_stamped, "found and filled": filled(I_stamped, M_stamp), "the truth": I_bg},
    alt="A house front with a black label; with a soft patch in its place; and without a label.",
)

# %% [markdown]
# Both sides should know how easily this works: a visible mark protects little. It is still a statement by its owner.
# **In many countries it is unlawful to remove another person's watermark.** Here we remove our own.

# %% [markdown]
# ## 4 · At which scale?
#
# The network learned holes in pictures of 64 pixels. rwlib cuts out what surrounds a hole, shrinks it until the hole
# has such a size, fills it, and enlarges the filling.
#
# **Predict.** A photograph of 256 pixels with a large hole is filled at 32 to 256 pixels. Which is the sharpest
# filling, and which is nearest to the truth?
#
# <details><summary>Answer</summary>
#
# Larger scales can draw finer detail, but there the hole is larger than any that the network has seen, and its middle
# out of reach. Smaller scales keep the plan and lose the detail. PSNR prefers blur (notebook 01), so look as well.
# </details>

# %%
photo = photos()["brick"][:256, :256].copy()
large_px = ctx.pick(smoke=96, cpu=256, gpu=256)
photo = photo[:large_px, :large_px]
M_large = contiguous_mask(large_px, large_px, (0.12, 0.121), generator=torch.Generator().manual_seed(3))[None]
I_brick = image_to_tensor(photo)
scales = [s for s in (32, 64, 128, 256) if s <= large_px]
by_scale = {s: filled(I_brick, M_large, work_side_px=s) for s in scales}


def detail(I):
    """Return how much neighbouring pixels differ in the hole, away from its border."""
    inner = (nearest_distance(M_large) > 2)[..., 1:]
    return (I[..., 1:] - I[..., :-1]).abs().mean(1, keepdim=True)[inner].mean().item()


# %%
shown = {"hole": compose(I_brick, torch.ones_like(I_brick), M_large)}
for s, I_c in by_scale.items():
    share = 100 * detail(I_c) / detail(I_brick)
    shown[f"at {s} px: {metrics.psnr(I_c, I_brick, M_large).item():.1f} dB,\ndetail {share:.0f} %"] = I_c
show_images(
    shown | {"the truth": I_brick},
    columns=3,
    alt="A brick wall with a white hole; filled at several scales, from smooth to detailed; and the truth.",
    caption="PSNR inside the hole; detail: differences of neighbouring pixels, compared with the truth.",
)

# %% [markdown]
# Read the titles: from scale to scale PSNR moves little, and the detail much. But is it the *right* detail? The joints
# go nowhere, and a grey photograph has become slightly coloured. No scale makes up for what was not learned.

# %% [markdown]
# ## 5 · The border
#
# A filling rarely meets its surroundings exactly. The obvious remedy blurs across the border, and with it **existing**
# pixels: then nobody can say any more what was measured and what was made up. A softer border fits inside the hole:
#
# $$I_c = (1 - w)\,I_{\text{near}} + w\,I_p,\qquad w = \min(d / r, 1)$$
#
# with $d$ the distance to the nearest existing pixel, and $I_{\text{near}}$ that pixel's colour.


# %%
def my_feather(I_p, near, d, r):
    """Exercise 10.5: return the mixture above.

    Shapes: I_p and near (b, 3, h, w), d (b, 1, h, w) in pixels, 0 where the picture exists; r a number of pixels.
    """
    ### BEGIN SOLUTION
    weight = (d / r).clamp(max=1)
    return near + weight * (I_p - near)
    ### END SOLUTION


# %%
check.ex_10_5(my_feather)

# %%
M = grow(tight, 2)
d, near = nearest_distance(M), nearest_fill(I_gt, M)
I_p = results[2]
for r in (1, 2, 4, 8):
    I_soft = torch.lerp(near, I_p, (d / r).clamp(max=1).expand_as(I_p))
    assert torch.equal(I_soft[(M == 1).expand_as(I_soft)], I_gt[(M == 1).expand_as(I_gt)]), "existing pixels changed"
    edge = (d == 1) & (M == 0)
    step = (I_soft - near).abs().mean(1, keepdim=True)[edge].mean() * 127.5
    print(f"border of {r} px: first step {step:5.2f} levels, {metrics.psnr(I_soft, I_bg, M).item():.2f} dB in the hole")

# %% [markdown]
# The first step at the border shrinks with the width, and costs a little PSNR. Around the figure it looks like this:

# %%
around_px = [slice(int(x.min()) - 4, int(x.max()) + 5) for x in (M[0, 0] == 0).nonzero().T]
crops = {"hard edge": I_p, **{f"{r} px": torch.lerp(near, I_p, (d / r).clamp(max=1).expand_as(I_p)) for r in (4, 8)}}
show_images(
    {name: I[..., around_px[0], around_px[1]] for name, I in {**crops, "the truth": I_bg}.items()},
    alt="The filled place, enlarged: with a visible outline, with softer ones as the border gets wider, and the truth.",
    caption="Soft borders inside the hole. Outside it not one pixel differs.",
)

# %% [markdown]
# The assertion above is the point: if existing pixels have any error, an evaluation is not about inpainting any more
# (notebook 08). `rwlib inpaint` goes another way to the same end: what the prediction misses at existing pixels is
# continued smoothly into the hole and added.

# %% [markdown]
# ## 6 · What is invented?
#
# All of it. But not all of it is equally arbitrary. A house front is as likely as its mirror image, so ask the network
# twice: the second time about the mirrored picture.


# %%
def my_fill_mirrored(fill, I, M):
    """Exercise 10.6: fill the picture mirrored left to right, and return the result the right way round.

    `fill(I, M)` returns a filled picture (b, 3, h, w); I is (b, 3, h, w), M (b, 1, h, w).
    """
    ### BEGIN SOLUTION
    return fill(I.flip(3), M.flip(3)).flip(3)
    ### END SOLUTION


# %%
check.ex_10_6(my_fill_mirrored)

# %%
fronts = ctx.pick(smoke=2, cpu=12, gpu=60)
source = Facades(seed=11)
disagreement, error = [], []
for i in range(fronts):
    I = image_to_tensor(source.center(i, size_px=64))
    M = contiguous_mask(64, 64, (0.2, 0.3), generator=ctx.generator)[None]
    first = fill(G, I, M).I_c2
    second = fill(G, I.flip(3), M.flip(3)).I_c2.flip(3)
    hole = M[0, 0] == 0
    disagreement.append((first - second).abs().mean(1)[0][hole])
    error.append((first - I).abs().mean(1)[0][hole])
d_all, e_all = 127.5 * torch.cat(disagreement), 127.5 * torch.cat(error)

# %%
edges = d_all.quantile(torch.linspace(0, 1, 6))
print("where the two opinions differ by    the error is, levels of 255")
for low, high in zip(edges[:-1], edges[1:], strict=True):
    here = (d_all >= low) & (d_all <= high)
    print(f"{low:10.1f} to {high:5.1f} {e_all[here].mean():20.1f}")
between = torch.stack([(first - second).abs().mean(1), (first - I).abs().mean(1)])
scaled = [(4 * x - 1).clamp(-1, 1)[None].expand(1, 3, -1, -1) for x in between]
show_images(
    {"hole": compose(I, torch.ones_like(I), M), "filled": first, "they differ": scaled[0], "it is wrong": scaled[1]},
    alt="A front with a hole; filled; where two fillings differ, white; and where the filling is wrong, white.",
)

# %% [markdown]
# Where the opinions differ most, the error is larger, but where they agree it is far from nothing. So this is a warning
# light, and a weak one: two opinions of *one* network share what it never learned. **Agreement is no proof.** Other
# networks give more opinions; notebook 09 has six.

# %%
agree, differ = (e_all[part].mean() for part in (d_all <= edges[1], d_all >= edges[-2]))
print(f"error where they agree best {agree:.0f} levels, where they differ most {differ:.0f}")
assert ctx.tier == "smoke" or differ > agree > 5

# %% [markdown]
# ## 7 · The other side: finding a filled region
#
# A camera adds noise to every pixel. A network cannot predict noise, so it paints the mean. So look for places that are
# too smooth.


# %%
def my_roughness(I, k):
    """Exercise 10.7: return how rough the picture is around each pixel, (b, 1, h, w).

    The size of the difference between a pixel and the mean of its four neighbours (the border is repeated), averaged
    over the colours and over a window of k by k pixels (at the border: over its part inside). k is odd.
    """
    ### BEGIN SOLUTION
    P = F.pad(I, (1, 1, 1, 1), mode="replicate")
    mean = (P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4
    x = (I - mean).abs().mean(1, keepdim=True)
    return F.avg_pool2d(x, k, stride=1, padding=k // 2, count_include_pad=False)
    ### END SOLUTION


# %%
check.ex_10_7(my_roughness)


# %%
def found_share(I_c, M):
    """Return how often a missing pixel is smoother than an existing one: 0.5 is guessing, 1 finds every one."""
    values = roughness(I_c, 9)[0, 0]
    missing, existing = values[M[0, 0] == 0], values[M[0, 0] == 1].sort().values
    return 1 - torch.searchsorted(existing, missing).float().mean().item() / len(existing)


traces, shown = {}, {}
for name in ctx.pick(smoke=("grass",), cpu=("grass", "brick", "chelsea"), gpu=("grass", "brick", "chelsea")):
    I = image_to_tensor(photos()[name][:large_px, :large_px].copy())
    I_c = filled(I, M_large, work_side_px=min(96, large_px))
    smooth, rough = (roughness(I_c, 9)[M_large == exists].mean() for exists in (0, 1))
    noise = torch.randn(I.shape, generator=ctx.generator) * (rough**2 - smooth**2).clamp(min=0).sqrt() / 0.9
    traces[name] = found_share(I_c, M_large), found_share(I_c + noise * (1 - M_large), M_large)
    shown[name], shown[f"{name}: roughness"] = I_c, (roughness(I_c, 9) * 12 - 1).clamp(-1, 1).expand(1, 3, -1, -1)

# %%
for name, (plain, hidden) in traces.items():
    print(f"{name:8} missing smoother than existing: {100 * plain:3.0f} % of pairs; with noise {100 * hidden:3.0f} %")
show_images(
    shown,
    columns=2,
    side_inches=1.7,
    alt="Photographs with a filled region, and maps of their roughness in which the region is dark.",
)

# %% [markdown]
# 50 % would be guessing. How clearly the region stands out depends on the picture: brick has smooth stretches of its
# own, so there the detector does worse than on grass and on the cat's fur. The last column shows how little it takes to
# hide the region: noise of the right strength in the hole. Detectors and forgers take turns; a missing trace proves
# nothing.

# %% [markdown]
# ## 8 · Say what it is
#
# `painter.save` writes the picture, its mask beside it, and a note into the picture's header.

# %%
import json
import tempfile
from pathlib import Path

from PIL import Image

with tempfile.TemporaryDirectory() as folder:
    picture, mask = painter.save(Path(folder) / "without.png")
    print(json.dumps(json.loads(Image.open(picture).text["Comment"]), indent=1, ensure_ascii=False))
    Image.open(picture).save(Path(folder) / "again.jpg")
    left = {key for key in Image.open(Path(folder) / "again.jpg").info if key in ("Comment", "Title", "Software")}
    print(f"after saving as JPEG: {len(left)} of the notes are left")
assert not left

# %% [markdown]
# A note in the header is a courtesy and no proof: the next program drops it. So say it in words, too, wherever the
# picture is shown:
#
# - **what was there is not known**; the filling is a guess, and never evidence;
# - which region was filled, and by what;
# - nothing that changes what a picture says about people, events or goods;
# - other people's pictures and marks: only with their permission.

# %% [markdown]
# **With the authors' own weights.** They are not part of rwlib, and need a network connection once:
# `data_scripts/RELEASE.md` says where they are. Then
#
# ```sh
# python data_scripts/convert_release.py models/celeba -o faces.safetensors
# ```
#
# and `HolePainter("portrait.jpg", checkpoint="faces.safetensors")` tries to remove a beard as in Fig. 8.

# %% [markdown]
# ## Recap
#
# - Make the mask a little wider than the object: too tight leaves a ghost, too wide invents more than it must.
# - What can be computed need not be invented: a known transparent mark comes off by algebra.
# - Soften inside the hole, never outside it.
# - Where opinions differ, something is invented; where they agree, it may be as well.

# %% [markdown]
# ## What the paper leaves open
#
# | not said | rwlib |
# |---|---|
# | who drew the masks of Fig. 8, and how wide | by hand here; exercise 10.1 measures the width |
# | the size of the pictures and of the holes | the working scale follows the hole |
# | how many attempts each example took | – |
# | any measure of removal: section 4.4 has three pictures, "very natural and harmonious" | known backgrounds |
#
# **Next**: your own photographs. `rwlib inpaint PHOTO --mask MASK -o OUT.png` does it without a notebook. And notebook
# 12 takes your network to real data and a GPU.
