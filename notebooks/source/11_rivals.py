# %% [markdown]
# # 11 · Rivals: one hole, seven ways to fill it
#
# **What do other methods do with a hole, and which mistakes does each of them make?** The paper compares itself with
# PConv, CA, EC and PIC. Here they run, with gated convolution and RED beside them: you write the part that makes each
# of them special, predict how it fails, and then look at all of them on the same hole.
#
# | | |
# |---|---|
# | Time | about 90 minutes to read, solve and play |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | notebook 02; 04 to 06 for table 1 |

# %% [markdown]
# **Afterwards you can**
#
# - tell standard, partial, gated and region-wise convolution apart by the numbers that they give;
# - write partial convolution with a mask for each channel, and gated convolution as it is programmed;
# - rebuild a patch by contextual attention, and say what a copy can never do;
# - write the KL term of a method that has several answers;
# - look at a filling and say which kind of method may have made it, and check a printed table against programs.

# %%
import torch
import torch.nn.functional as F
from IPython.display import Markdown
from matplotlib.figure import Figure

from rwlib.conventions import image_to_tensor
from rwlib.course import COLORS, check, figure, setup, show_images
from rwlib.course.lessons.rivals import draw_numbers, four_layers, outline, with_false_edge
from rwlib.data import Facades
from rwlib.masks import contiguous_mask
from rwlib.rivals import PAPERS, TITLES, fresh_rival, load_rivals, missing_rivals

ctx = setup("11")

# %% [markdown]
# ## 1 · The same input through four layers
#
# A map of 8×8 values: a wall of 2 beside a wall of 6, and a 4×4 hole of zeros in its middle. Three layers have the same
# filter, the mean of a 3×3 window. The gate is 0.98 where the picture exists and 0.02 where it does not. The
# region-wise layer has two filters: $\mathbf{W}$ copies its centre, $\hat{\mathbf{W}}$ is three times the mean. All
# were set by hand.

# %%
walls, M_8 = torch.full((1, 1, 8, 8), 2.0), torch.ones(1, 1, 8, 8)
walls[..., 4:] = 6.0
M_8[..., 2:6, 2:6] = 0
x_8 = walls * M_8
layers = four_layers()
results = {"x, the hole is zero": x_8} | {name: layer(x_8, M_8) for name, layer in layers.items()}
figure(
    draw_numbers(results, M_8, top=8),
    alt="Five grids of 8×8 numbers with a 4×4 hole outlined. Standard and gated have smaller numbers around the hole; "
    "partial keeps 2 and 6 up to the hole and one pixel into it; region-wise keeps them outside and refills the rim.",
)

# %% [markdown]
# Follow the fourth row from the left:
#
# - **standard** takes the zeros for dark pixels, and the wall fades before it ends;
# - **partial** divides by the pixels that exist: 2 stays 2, also in the first ring of missing pixels;
# - **gated** multiplies by a number below 1: a gate can close, but it cannot make up for what is missing;
# - **region-wise** leaves the wall alone, and its second filter refills the straight sides. In the corners, where more
#   pixels exist, the fixed factor 3 is too much.

# %%
row = {name: values[0, 0, 3].detach() for name, values in results.items()}
assert torch.allclose(row["partial"][:3], torch.tensor(2.0)) and row["partial"][3] == 0, "right up to the rim, then 0"
assert row["standard"][1] < 2 and (row["gated"] <= row["standard"] + 1e-6)[1:7].all(), "a gate only weakens"
assert torch.equal(row["region-wise"][:2], walls[0, 0, 3, :2]) and row["region-wise"][2] == 2
corner = results["region-wise"][0, 0, 2, 2].item()
print(f"a corner of the hole: partial {results['partial'][0, 0, 2, 2]:.2f}, region-wise {corner:.2f}; the wall is 2")
assert corner > 2

# %% [markdown]
# At the outer border PConv and gated convolution pad with zeros, as their programs do. For the partial layer those are
# missing pixels, too, and it makes up for them. For the gated one they are dark pixels.

# %% [markdown]
# **Predict.** Deeper in a network the hole is not empty: earlier layers have put values there. All 16 values of the
# hole change. How many of the 64 outputs notice, in each of the four layers, if their filters are learned and not set
# by hand? The mask is still that of the picture, the filters are 3×3, and the region-wise layer chooses by location.

# %%
# Exercise 11.1: four numbers in a tuple, for (standard, partial, gated, region-wise).
### BEGIN SOLUTION
outputs_that_notice = (36, 0, 36, 36)
### END SOLUTION

# %%
check.ex_11_1(outputs_that_notice)

# %%
general = torch.randn(1, 1, 8, 8, generator=ctx.generator)
changed = general + 5 * (1 - M_8)
noticed = {name: (layer(general, M_8) - layer(changed, M_8)).abs() > 1e-4 for name, layer in layers.items()}
copies_only = noticed.pop("region-wise").sum().item()
print({name: int(where.sum()) for name, where in noticed.items()}, f"region-wise with these filters: {copies_only}")
assert not noticed["partial"].any(), "what is marked as missing is never read"

# %% [markdown]
# The region-wise layer above reports 16: its $\mathbf{W}$ has a weight in the centre alone. With learned filters, which
# have nine weights, 36 notice. That is the difference to PConv: **a partial layer throws away what deeper layers put
# into the hole** until its mask says otherwise. The other three may use it, and region-wise layers use it with filters
# that belong to it.

# %% [markdown]
# ## 2 · PConv: the mask moves
#
# **PConv** (Liu et al., ECCV 2018, arXiv:1804.07723) is a U-Net in which every layer is a partial convolution. It reads
# existing pixels alone, scales up what it found, and then calls every place existing whose window held one existing
# pixel. The hole shrinks from layer to layer until it is gone. It is trained without a discriminator, by pixels, VGG
# features, style and total variation.

# %% [markdown]
# $$\mathbf{x}' = \mathbf{W}^\top (\mathbf{X} \odot \mathbf{M}) \frac{\operatorname{sum}(\mathbf{1})}
# {\operatorname{sum}(\mathbf{M})} + b, \qquad m' = 1 \quad \text{if } \operatorname{sum}(\mathbf{M}) > 0,
# \text{ else both are } 0$$
#
# In notebook 02 the mask had one channel. In the paper it has **as many as X**: where a skip connection joins, its
# channels still have the old hole, and those from below have hardly any. Both sums run over all channels of the window.


# %%
def my_mask_update(M, k, stride):
    """Exercise 11.2: return the mask after a partial convolution: 1 where the window holds an existing value.

    M: (b, c, h, w), a mask for each channel, 1 existing. Windows have k × k places (k odd) and all channels; outputs
    lie `stride` apart; k // 2 zeros pad each border. Result: (b, 1, h', w'), of the dtype of M.
    """
    ### BEGIN SOLUTION
    window = M.new_ones(1, M.shape[1], k, k)
    count = F.conv2d(M, window, stride=stride, padding=k // 2)
    return (count > 0.5).to(M.dtype)
    ### END SOLUTION


# %%
check.ex_11_2(my_mask_update)


# %%
def my_partial_conv_by_channel(x, M, W, b, stride):
    """Exercise 11.3: return the result of a partial convolution whose mask has a channel for each channel of x.

    Shapes: x and M (n, c, h, w), W (o, c, k, k), b (o,); result (n, o, h', w'). k // 2 zeros pad each border; they are
    missing. Where a window holds nothing, the result is 0.
    """
    ### BEGIN SOLUTION
    k = W.shape[-1]
    sums = F.conv2d(x * M, W, stride=stride, padding=k // 2)
    count = F.conv2d(M, torch.ones_like(W[:1]), stride=stride, padding=k // 2)
    whole = W[0].numel()
    out = sums * whole / count.clamp(min=1) + b.view(1, -1, 1, 1)
    return out * (count > 0.5)
    ### END SOLUTION


# %%
check.ex_11_3(my_partial_conv_by_channel)

# %% [markdown]
# Now the trained networks, small ones for 64 pixels. All were trained on the same photographs of house fronts, for the
# number of steps below; EC's are those of its three stages together. They meet a front here that rwlib draws, which is
# none of the photographs. A method whose weights are not there is left out, and named:

# %%
trained = load_rivals()
networks = {name: trained.get(name) or fresh_rival(name) for name in TITLES}
for name, rival in trained.items():
    print(f"{PAPERS[name]:36} {rival.weights:10,} weights, {rival.steps:,} steps of {rival.config.batch_size}")
for name in missing_rivals():
    print(f"{PAPERS[name]:36} left out: its weights are not here")

# %%
I_gt = image_to_tensor(Facades(seed=0).center(7, size_px=64))
M = contiguous_mask(64, 64, (0.22, 0.26), generator=torch.Generator().manual_seed(30))[None]
masks, features = [M], [I_gt * M]
with torch.no_grad():
    for block in networks["pconv"].G.encoder:
        after = block(features[-1], masks[-1])
        features, masks = [*features, after[0]], [*masks, after[1]]
assert masks[-1].min() == 1, "no hole is left"

# %%
show_images(
    {
        f"{'M' if i == 0 else f'layer {i}'}, {m.shape[-1]} px": 1.6 * m.expand(-1, 3, -1, -1) - 1
        for i, m in enumerate(masks)
    },
    side_inches=1.5,
    alt="A mask with a dark hole at 64×64, and after each layer of the encoder: smaller, and soon without a hole.",
    caption="PConv's encoder. Light exists, dark is missing.",
)

# %% [markdown]
# Nothing was learned here: the mask moves by rule. Once it is all 1, the layer is a standard convolution and cannot
# know which of its values were guessed. **A region-wise layer differs in two ways**: its mask is only resized, so that
# it says to the end what exists, and the hole has filters of its own instead of a factor.

# %% [markdown]
# ## 3 · Gated convolution: the mask is learned
#
# **Gated convolution** (Yu et al., ICCV 2019, arXiv:1806.03589) lets a second set of filters say, for every channel and
# place, how much of the first one's result passes. The hole's mask is only one more channel of the input. Otherwise the
# network is that of CA, the next section, with a discriminator of patches and a hinge loss.
#
# $$\mathbf{x}' = \varphi(\mathbf{W}_f * \mathbf{x} + \mathbf{b}_f) \odot \sigma(\mathbf{W}_g * \mathbf{x} +
# \mathbf{b}_g)$$


# %%
def my_gated_conv(x, W, b):
    """Exercise 11.4: return a gated convolution, in one convolution with twice the channels.

    Shapes: x (n, c, h, w), W (2 o, c, k, k) and b (2 o,), the features' filters first, then the gates'; result
    (n, o, h, w). k // 2 zeros pad each border. φ is the ELU.
    """
    ### BEGIN SOLUTION
    both = F.conv2d(x, W, b, padding=W.shape[-1] // 2)
    feature, gating = both.chunk(2, dim=1)
    return F.elu(feature) * torch.sigmoid(gating)
    ### END SOLUTION


# %%
check.ex_11_4(my_gated_conv)

# %% [markdown]
# What did the gates learn? Below are four gates of the first layer, those that differ most between existing and missing
# places.

# %%
from rwlib.networks.layers.gated_conv import GatedConv2d

layer = networks["gated"].G.coarse[0]
assert isinstance(layer, GatedConv2d)
seen = torch.cat([I_gt * M, torch.ones_like(M), 1 - M], dim=1)
with torch.no_grad():
    both = F.conv2d(seen, layer.weight, layer.bias, layer.stride, layer.padding, layer.dilation)
gates = both.chunk(2, dim=1)[1].sigmoid()[0]
hole = M[0, 0] == 0
gap = (gates[:, hole].mean(1) - gates[:, ~hole].mean(1)).abs()
print(f"gates of the first layer: {len(gates)}; mean {gates.mean():.2f}; largest difference of regions {gap.max():.2f}")

# %%
fig = Figure(figsize=(8, 2.3), layout="constrained")
axes = fig.subplots(1, 4)
for axis, channel in zip(axes, gap.argsort(descending=True).tolist(), strict=False):
    picture = axis.imshow(gates[channel], cmap="cividis", vmin=0, vmax=1)
    outline(axis, M)
    axis.set(title=f"gate {channel}", xticks=[], yticks=[])
fig.colorbar(picture, ax=axes, label="how much passes")
figure(
    fig,
    alt="Four maps of gates with the hole outlined: each has one level in the hole and others outside, with traces of "
    "the picture.",
    caption=networks["gated"].note,
)

# %% [markdown]
# A gate is soft: it never closes fully, each channel has its own, and it follows the picture as well as the hole. A
# region-wise layer is told by $\mathbf{M}$ which filters apply. Its choice is exact and the same for all channels, and
# it can give the hole other features, not only more or less of the same. (Two gated layers can together imitate it:
# notebook 02.)

# %% [markdown]
# ## 4 · CA: look for it elsewhere
#
# **CA** (Yu et al., CVPR 2018, arXiv:1801.07892) has two networks. The first makes a coarse guess. One branch of the
# second then looks, for each patch of the guess, for existing patches that resemble it, and rebuilds the patch from
# them. Two critics judge the whole picture and the hole's box.
#
# $$a_i = \operatorname{softmax}_i \left( \lambda \left\langle \frac{\mathbf{f}_p}{\|\mathbf{f}_p\|},
# \frac{\mathbf{f}_i}{\|\mathbf{f}_i\|} \right\rangle \right) \text{ over existing } i, \qquad \mathbf{y}_p = \sum_i
# a_i \mathbf{f}_i$$


# %%
def my_attention(patches, exists, p, scale):
    """Exercise 11.5: rebuild patch number p of each picture as a weighted mean of its existing patches.

    patches: (b, n, d), a patch in each row; exists: (b, n) of bool; p: a number; scale: λ. Weights are the softmax of
    λ times the cosine, over existing patches alone. Result: (b, d).
    """
    ### BEGIN SOLUTION
    rows = F.normalize(patches, dim=2)
    cosine = (rows * rows[:, p : p + 1]).sum(2)
    logits = (scale * cosine).masked_fill(~exists, -torch.inf)
    a = logits.softmax(dim=1)
    return (a[:, :, None] * patches).sum(1)
    ### END SOLUTION


# %%
check.ex_11_5(my_attention)

# %% [markdown]
# **Predict.** The hole hides the only red door of a grey house. The coarse guess shows something reddish there. What
# does the attention put in its place?
#
# <details><summary>Answer</summary>
#
# Grey wall. It is a mean of existing patches with weights that add up to 1, and none of them is red. What does not
# exist elsewhere in the picture cannot be copied; the other branch has to invent it.
# </details>

# %%
from rwlib.networks.layers.contextual_attention import attention, existing_patches

ca = networks["ca"].G
with torch.no_grad():
    out = ca(I_gt, M)
    seen = torch.cat([out.I_c1, torch.ones_like(M), 1 - M], dim=1)
    a = attention(ca.refinement.before_attention(seen), M)  # (1, 8, 8, 8, 8)
exists = existing_patches(M, (8, 8))[0, 0]
i, j = (int(places.float().median()) for places in (~exists).nonzero(as_tuple=True))
weights = a[0, i, j]
assert abs(weights.sum().item() - 1) < 1e-4 and weights[~exists].max() == 0
print(f"place ({i}, {j}): the strongest existing place gives {weights.max():.0%} of the mean")

# %%
fig = Figure(figsize=(7, 2.7), layout="constrained")
left, right = fig.subplots(1, 2)
left.imshow((out.I_c1[0].permute(1, 2, 0) + 1) / 2)
left.plot(8 * j + 3.5, 8 * i + 3.5, marker="x", color=COLORS[1], markersize=10, markeredgewidth=3)
left.set(title="I_c1, the coarse guess", xticks=[], yticks=[])
picture = right.imshow(weights, cmap="cividis", vmin=0)
right.plot(j, i, marker="x", color=COLORS[1], markersize=10, markeredgewidth=3)
right.set(title="where the place × takes from", xticks=[], yticks=[])
fig.colorbar(picture, ax=right, label="weight")
figure(
    fig,
    alt="A house front with a coarsely filled hole and a cross in it; beside it a map of 8×8 weights, zero around the "
    "cross and highest in one or a few existing places.",
    caption=networks["ca"].note,
)

# %% [markdown]
# The map has 8×8 places at 64 pixels. With weights on many of them the mean is a blur. With all the weight on one, as
# here, it is a copy, right or wrong.

# %% [markdown]
# ## 5 · EC: lines first
#
# **EC** (EdgeConnect; Nazeri et al., ICCV workshops 2019, arXiv:1901.00212) draws before it paints. Canny's edges of
# the existing region are given, an edge network continues them into the hole, and a completion network paints between
# them. The two are trained one after the other, each with a discriminator.
#
# **Predict.** Somebody erases the edges that were guessed in the hole, and draws one false line in their place. Does
# the painting follow?

# %%
ec = networks["ec"].G
with torch.no_grad():
    guessed = ec(I_gt, M)
    C_empty, C_false = guessed.C_c * M, with_false_edge(guessed.C_c, M)
    I_empty, I_false = (I_gt * M + ec.complete(I_gt * M, M, C) * (1 - M) for C in (C_empty, C_false))
pairs = {"the guessed edges are erased": (guessed.I_c, I_empty), "then the false line is drawn": (I_empty, I_false)}
for words, (before, after) in pairs.items():
    moved = (after - before).abs().mean(1, keepdim=True)[M == 0].mean().item() * 127.5
    print(f"{words}: the hole changes by {moved:.1f} levels of 255 on average")

# %%
show_images(
    {"edges, guessed": (2 * guessed.C_c - 1).expand(-1, 3, -1, -1), "painted": guessed.I_c,
     "a false line instead": (2 * C_false - 1).expand(-1, 3, -1, -1), "painted after it": I_false},
    side_inches=1.9,
    alt="Edges of a house front, guessed ones in the hole, and the painting after them; the same edges outside, "
    "one straight line in the hole, and the painting after those.",
    caption=networks["ec"].note,
)  # fmt: skip

# %% [markdown]
# The completion network was taught that edges are true. How far it obeys can be seen above and in the printed numbers.
# Look at the first two pictures, too: after few steps of training the edge network draws upright lines where no house
# has any, and the painter follows.

# %% [markdown]
# ## 6 · PIC: several answers
#
# **PIC** (Zheng et al., CVPR 2019, arXiv:1903.04227) does not want *the* filling but several. A code $\mathbf{z}$ says
# what the hole holds. In training it comes from the hidden content itself, $q$; in use it is drawn from what the
# surroundings allow, $p$. A Kullback–Leibler term keeps both together, and the prior is the wider the larger the hole
# is:
#
# $$\mathrm{KL}(q \,\|\, p) = \log\frac{\sigma_p}{\sigma_q} + \frac{\sigma_q^2 + (\mu_q - \mu_p)^2}{2\,\sigma_p^2} -
# \frac{1}{2}$$


# %%
def my_kl(mu_q, sigma_q, mu_p, sigma_p):
    """Exercise 11.6: return KL(N(mu_q, sigma_q²) ‖ N(mu_p, sigma_p²)), averaged over all values: a scalar.

    Shapes: (b, c, h, w) each; both sigmas are positive.
    """
    ### BEGIN SOLUTION
    spread = torch.log(sigma_p / sigma_q)
    squares = sigma_q**2 + (mu_q - mu_p) ** 2
    return (spread + squares / (2 * sigma_p**2) - 0.5).mean()
    ### END SOLUTION


# %%
check.ex_11_6(my_kl)

# %%
from rwlib.losses import hole_prior_sigma, kl_normal

one = torch.ones(1, 1, 1, 1)
assert kl_normal(0 * one, one, 0.0, 1.0) == 0 < kl_normal(0 * one, one, 0.0, 2.0), "zero for equal ones alone"
for percent in (5, 20, 40, 70):
    M_some = torch.ones(1, 1, 100, 1)
    M_some[:, :, :percent] = 0
    print(f"{percent:2} % missing: sigma of the prior {hole_prior_sigma(M_some).item():.2f}")

# %%
pic = networks["pic"].G
n = ctx.pick(smoke=3, cpu=16, gpu=16)
generator = torch.Generator().manual_seed(0)
answers = torch.cat([pic.fill(I_gt, M, generator) for _ in range(n)])
spread = answers.std(0).mean(0)  # (h, w)
assert spread[M[0, 0] == 1].max() < 1e-6, "existing pixels are the same in every answer"
print(f"from answer to answer a missing pixel moves by {127.5 * spread[M[0, 0] == 0].mean():.1f} levels of 255")
show_images(
    {"the mean code": pic.fill(I_gt, M)} | {f"answer {k + 1}": answers[k : k + 1] for k in range(3)},
    side_inches=1.9,
    alt="A house front with its hole filled four times, alike in the large and different in detail if at all.",
    caption=networks["pic"].note,
)

# %% [markdown]
# Few steps of training give answers that are close together: the decoder has hardly learned to listen to $\mathbf{z}$.
# The printed number says how close. Which of several answers should enter a table of errors? The paper does not say how
# it chose PIC's.

# %% [markdown]
# ## 7 · RED, and the region-wise model
#
# **RED** (Ma et al., IJCAI 2019) is the authors' earlier model: region-wise convolutions, $\mathcal{L}_c$ and
# $\mathcal{L}_s$, no discriminator. **The region-wise model** adds $\mathcal{L}_a$. Neither copies patches, draws lines
# or rolls dice; the hole has filters of its own, and a correlation loss asks that distant places fit each other.

# %% [markdown]
# **Predict** (exercise 11.7). Which trace is to be expected of which method, and for which reason?
#
# | | what can be seen | the reason |
# |---|---|---|
# | **a** | a crisp line where none belongs, with colours that follow it | the painter trusts what was drawn before |
# | **b** | fillings that differ each time, each more or less plausible | a code is drawn at random |
# | **c** | pieces of the surroundings, also where they do not belong | it can only mix what exists |
# | **d** | flat or wrong colours inside a large hole | guesses count as existing, no discriminator asks for more |
# | **e** | pixels that are left empty | their windows held nothing |

# %%
# Exercise 11.7: four letters, for PConv, CA, EC and PIC in this order, for instance "abcd".
### BEGIN SOLUTION
traces = "dcab"
### END SOLUTION

# %%
check.ex_11_7(traces)

# %% [markdown]
# ## 8 · All of them on one hole
#
# Now look. Two holes in the same front: one of a quarter of the picture, and one of a twentieth.

# %%
M_less = contiguous_mask(64, 64, (0.05, 0.06), generator=torch.Generator().manual_seed(14))[None]
shown = {}
for words, mask in (("large", M), ("small", M_less)):
    shown[f"{words} hole"] = torch.where(mask.bool(), I_gt, 1.0)
    for name, rival in trained.items():
        shown[f"{TITLES[name]}{'' if words == 'large' else ' '}"] = rival.G.fill(I_gt, mask)
exists = M.bool().expand_as(I_gt)
large = list(shown.values())[1 : 1 + len(trained)]
assert all(torch.equal(I[exists], I_gt[exists]) for I in large), "existing pixels stay"

# %%
show_images(
    shown,
    columns=len(trained) + 1,
    side_inches=1.35,
    alt="Two rows: a house front with a white hole, large above and small below, and each method's filling of it.",
    caption="One front, two holes. Steps and weights of each method stand in section 2.",
)

# %% [markdown]
# <details><summary>What the paper says it sees (section 4.3.1)</summary>
#
# CA distorts. PConv and EC are blurry and do not fit their surroundings. EC does well in scattered holes and draws
# wrong edges in large ones. PIC is good at faces, and fails on streets.
# </details>
#
# Which traces of exercise 11.7 do you find, and which not? After so few steps one sees an unfinished training first:
# specks in one method, stripes in another, blur in a third, and discriminators that hardly matter yet. What a method is
# known for shows after days on a GPU. An equal number of steps is no equal number of weights, nor of seconds, nor does
# each method get equally far with it.

# %% [markdown]
# **Your own hole.** Paint it once, press *Fill*, and all of them fill it. Under each picture stand the seconds of a
# forward pass, the fastest of three, and the number of weights. The slider goes through PIC's answers.

# %%
from rwlib.widgets import RivalGallery

RivalGallery(mask=M, photo=I_gt)

# %% [markdown] tags=["table-1"]
# ## 9 · Table 1, from the programs
#
# Table 1 of the paper says which kinds of losses PConv, EC, PIC and its own model have. A kind counts below if one of
# its losses has a weight above zero in the method's own configuration.
#
# **Predict.** In which row does the printed table disagree with the program?
#
# <details><summary>Answer</summary>
#
# PIC's. Its reconstructive path compares scores of a discriminator for reconstruction and truth, which is feature
# matching, and the table prints a dash.
# </details>

# %% tags=["table-1"]
from rwlib.evaluation.loss_kinds import PRINTED, disagreements, loss_table

found = disagreements()
for name, (more, less) in found.items():
    print(f"{name}: in the program and not printed {sorted(more)}, printed and not in the program {sorted(less)}")
assert set(found) <= set(PRINTED)
Markdown(loss_table())

# %% [markdown]
# "(printed: –)" marks a cell in which the paper prints something else. Rows that it does not print, CA, gated and RED,
# stand without such a mark.

# %% [markdown]
# ## Recap
#
# | | who says what is missing | how the hole gets content | what goes wrong |
# |---|---|---|---|
# | PConv | a mask that grows by rule | rescaled sums | guesses count as pictures; flat middles |
# | Gated | gates that are learned | like everything else | a gate weakens, it does not replace |
# | CA | the mask, in the softmax | mixed from existing patches | copies in the wrong place |
# | EC | the mask, beside edges | lines, then colours | a wrong line is obeyed |
# | PIC | the mask, in the encoder | a code drawn at random | which answer is meant? |
# | RED, region-wise | the mask, in the filters | filters of its own | notebooks 03 to 09 |

# %% [markdown]
# **What the paper leaves open**
#
# | not said | here |
# |---|---|
# | how its PConv was trained (CA, EC and PIC are published models) | all are trained by us, in small |
# | which of PIC's answers enters the tables | the widget shows them; `rwlib evaluate` takes the mean code's |
# | whether those models were trained on such holes; CA's was on rectangles | the same photographs for all |

# %% [markdown]
# **What comes next.** `rwlib train --model pconv` (or `ca`, `gated`, `ec`, `pic`) trains a rival on photographs of
# yours, and `rwlib evaluate` puts several checkpoints into one table. Notebook 12 says what that takes in hours.
