# %% [markdown]
# # 02 · Region-wise convolution: two sets of filters
#
# **Should a hole be seen with the same filters as a picture?** You will write the paper's equation (1) twice, find
# the second meaning that its text gives it, and make the layer fast.
#
# | | |
# |---|---|
# | Time | about 100 minutes to read, solve and play |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | notebook 00; convolutions in PyTorch |

# %% [markdown]
# **Afterwards you can**
#
# - say what a hole filled with zeros does to a convolution, with a number;
# - write equation (1) with loops and without, and its form "in practice", by channel;
# - predict in which pixels the two differ, and which layers can see what a skip connection carries inside the hole;
# - tell region-wise from partial and from gated convolution;
# - replace an upsampling and a 3×3 convolution by four 2×2 ones, exactly, and then by nine products.

# %%
from itertools import product

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rwlib.conventions import image_to_tensor
from rwlib.course import COLORS, check, figure, setup, show_images
from rwlib.course.lessons.convolutions import upsample_conv2d_phases
from rwlib.data import Facades
from rwlib.masks import contiguous_mask, random_masks, resize_mask
from rwlib.networks.fast.reflect_conv import pad_reflect, reflect_conv2d
from rwlib.networks.region_wise_conv import ChannelSeparatedConv2d, RegionWiseConv2d

ctx = setup("02")

# %% [markdown]
# ## 1 · What a hole does to a convolution
#
# $\hat{\mathbf{I}}_g = \mathbf{I}_g \odot \mathbf{M}$ has zeros in the hole. A convolution does not know that they
# mean "missing": to it they are mid-grey pixels, with an outline.

# %% [markdown]
# **Predict.** A wall has the brightness 0.8 everywhere. Its right half is missing. A 5×5 mean filter slides along. What
# does it give at the last existing column?
#
# <details><summary>Answer</summary>
#
# Its window has five columns: the column itself, two on its left, two on its right. The two on the right are missing
# and count as 0. So the result is three fifths of 0.8, or 0.48: the wall seems to get darker before it ends.
# </details>

# %%
wall = torch.full((1, 1, 24, 24), 0.8, device=ctx.device)
M_half = torch.ones_like(wall)
M_half[..., 12:] = 0
mean_filter, no_bias = torch.full((1, 1, 5, 5), 1 / 25, device=ctx.device), torch.zeros(1, device=ctx.device)

seen = reflect_conv2d(wall * M_half, mean_filter, no_bias)[0, 0, 12]
print("columns 8 to 15:", [round(value, 2) for value in seen[8:16].tolist()])
assert torch.allclose(seen[:10], wall[0, 0, 12, :10]), "far from the hole nothing changes"
assert abs(seen[11].item() - 0.8 * 3 / 5) < 1e-4


# %% [markdown]
# The same happens in a picture with a filter that looks for edges. The hole below has no edge of its own: it was cut at
# random. The paper calls what follows "obvious edge responses surrounding the missing regions". They are strongest
# where the picture is far from grey.


# %%
def edges(I):
    """Return the strength of edges (b, 1, h, w) by Sobel's two filters, on the mean of the colours."""
    across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]], device=I.device)
    sobel = torch.stack([across, across.T])[:, None]
    return reflect_conv2d(I.mean(1, keepdim=True), sobel, torch.zeros(2, device=I.device)).norm(dim=1, keepdim=True)


I_gt = image_to_tensor(Facades(seed=0).center(11, size_px=64)).to(ctx.device)
M = contiguous_mask(64, 64, (0.2, 0.22), generator=torch.Generator().manual_seed(3))[None].to(ctx.device)
I_in = I_gt * M
edge_pictures = {
    name: (edges(I) / 2 - 1).clamp(-1, 1).expand(-1, 3, -1, -1) for name, I in (("whole", I_gt), ("cut", I_in))
}
show_images(
    {"I_in": I_in, "edges of I_g": edge_pictures["whole"], "edges of I_in": edge_pictures["cut"]},
    alt="A house front with a grey hole; its edges; and edges with a black hole, outlined brightly at its lower end.",
)

# %% [markdown]
# ## 2 · Equation (1)
#
# The paper's answer is a second set of filters. Windows of existing locations meet $\mathbf{W}, \mathbf{b}$, windows of
# missing ones $\hat{\mathbf{W}}, \hat{\mathbf{b}}$:

# %% [markdown] tags=["eq-1"]
# $$\mathbf{x}' = \begin{cases} \hat{\mathbf{W}}^\top \mathbf{x} + \hat{\mathbf{b}}, & \mathbf{x} \in \mathbf{X} \odot
# (\mathbf{1} - \mathbf{M}) \\ \mathbf{W}^\top \mathbf{x} + \mathbf{b}, & \mathbf{x} \in \mathbf{X} \odot \mathbf{M}
# \end{cases} \tag{1}$$
#
# $\mathbf{x}$ is the window around one location of the feature map $\mathbf{X}$. We read the condition as: **the
# location of the output decides**. A window is not cut: near the border it sees both regions, with the filters of one.

# %% [markdown]
# **Predict.** A 7×7 map, a 3×3 hole in its middle, 3×3 filters, the border mirrored so that the size stays. How many
# output locations use $\hat{\mathbf{W}}$?

# %%
# Exercise 2.1: a number.
### BEGIN SOLUTION
outputs_of_the_hole = 9
### END SOLUTION

# %%
check.ex_2_1(outputs_of_the_hole)

# %%
M_small = torch.ones(9, 9)
M_small[3:7, 3:6] = M_small[5:7, 6] = 0
fig = Figure(figsize=(7.5, 3.8), layout="constrained")
left, right = fig.subplots(1, 2)
for axis, title in ((left, "M (hole dark), three windows"), (right, "filters of each output location")):
    axis.imshow(M_small, cmap="gray", vmin=-1, vmax=1)
    axis.set(title=title, xticks=[], yticks=[])
for (i, j), color, style in zip(((1, 1), (4, 2), (5, 4)), COLORS, ("-", "--", ":"), strict=False):
    left.add_patch(Rectangle((j - 1.5, i - 1.5), 3, 3, fill=False, edgecolor=color, linewidth=3, linestyle=style))
    left.text(j, i, r"$W$" if M_small[i, j] else r"$\hat{W}$", ha="center", va="center", fontsize=14)
for i, j in product(range(9), range(9)):
    right.text(j, i, r"$W$" if M_small[i, j] else r"$\hat{W}$", ha="center", va="center")
figure(fig, alt="A grid with a dark hole. The window that overlaps the hole has its centre outside and takes W.")


# %% [markdown]
# **Write it** as it stands: visit each location, cut out its window, choose the filters. `x_pad` is the map with its
# border mirrored, so that every location has a full window.


# %% tags=["eq-1"]
def region_wise_by_loops(x, M, W, b, W_hat, b_hat):
    """Exercise 2.2: compute equation (1), one output location after the other.

    Shapes: x (n, c, h, w), M (n, 1, h, w), W and W_hat (m, c, k, k), b and b_hat (m,); result (n, m, h, w).
    """
    k = W.shape[-1]
    x_pad = pad_reflect(x, k // 2)
    ### BEGIN SOLUTION
    out = x.new_zeros(len(x), len(W), *x.shape[-2:])
    for n, m, i, j in product(*map(range, out.shape)):
        window = x_pad[n, :, i : i + k, j : j + k]
        exists = M[n, 0, i, j] == 1
        weight, bias = (W[m], b[m]) if exists else (W_hat[m], b_hat[m])
        out[n, m, i, j] = (window * weight).sum() + bias
    return out
    ### END SOLUTION


# %%
check.ex_2_2(region_wise_by_loops)


# %% [markdown]
# **Now without loops.** Convolve the *whole* map with both sets, then let the mask choose. This computes twice as much
# as it keeps, and is still far faster than a loop. `reflect_conv2d(x, W, b)` is a convolution with a mirrored border.


# %% tags=["eq-1"]
def region_wise(x, M, W, b, W_hat, b_hat):
    """Exercise 2.3: compute equation (1) by two convolutions and a mask.

    Shapes: x (n, c, h, w), M (n, 1, h, w), W and W_hat (m, c, k, k), b and b_hat (m,); result (n, m, h, w).
    """
    ### BEGIN SOLUTION
    existing = reflect_conv2d(x, W, b)
    missing = reflect_conv2d(x, W_hat, b_hat)
    return existing * M + missing * (1 - M)
    ### END SOLUTION


# %%
check.ex_2_3(region_wise)

# %% [markdown]
# rwlib's layer is the same, as a module: `existing` holds $\mathbf{W}, \mathbf{b}$ and `missing` holds
# $\hat{\mathbf{W}}, \hat{\mathbf{b}}$. Two properties that follow from (1), checked:

# %% tags=["eq-1"]
layer = RegionWiseConv2d(3, 8, 3).to(ctx.device)
with torch.no_grad():
    before = layer(I_in, M)
    layer.missing.weight += 1  # other filters for the hole
    layer.missing.bias += 1
    after = layer(I_in, M)
exists = M.bool().expand_as(before)
assert torch.equal(before[exists], after[exists]), "existing locations never meet the filters of the hole"
assert not torch.isclose(before[~exists], after[~exists]).all(), "missing ones do"
print("W_hat and b_hat change the hole alone")

# %% [markdown]
# ## 3 · What the second set buys
#
# One set of filters must do two jobs: copy what is there, and guess what is not. We fit one linear 7×7 layer to house
# fronts by least squares, once for both jobs together and once for each.
#
# **Predict.** What do the filters $\mathbf{W}$ that only copy look like? And can $\hat{\mathbf{W}}$ have a weight in
# its centre?
#
# <details><summary>Answer</summary>
#
# $\mathbf{W}$ is a single 1 in the centre. $\hat{\mathbf{W}}$ is used where the centre is missing and zero, so a weight
# there has no effect: the best guess comes from around it.
# </details>


# %%
def windows(I, k=7):
    """Return the windows of (b, c, h, w) as rows, with a one for the bias: (b h w, c k k + 1)."""
    rows = F.unfold(pad_reflect(I, k // 2), k).mT.flatten(0, 1)
    return torch.cat([rows, torch.ones_like(rows[:, :1])], dim=1)


n = ctx.pick(smoke=3, cpu=24, gpu=24)  # houses to fit on, and as many fresh ones
houses = torch.cat([image_to_tensor(Facades(seed=1).center(i, size_px=64)) for i in range(2 * n)])
houses = houses.mean(1, keepdim=True).double()  # grey, and on the CPU: a small problem
holes = random_masks(2 * n, 64, 64, (0.2, 0.4), generator=ctx.generator).double()

x, y = windows(torch.cat([houses * holes, holes], dim=1)), houses.flatten()  # what the paper's network sees: I_in ‖ M
in_hole = holes.flatten() == 0
at_rim = in_hole & (x[:, 49:98].sum(1) > 0)  # missing, but its window sees something
fitted = torch.arange(len(y)) < len(y) // 2


# %%
def fit(rows):
    """Return the filters and the bias that reproduce y best, in the mean square, on some rows."""
    return torch.linalg.lstsq(x[rows], y[rows, None]).solution[:, 0]


regions = {"existing": ~in_hole, "rim": at_rim}
both = fit(fitted & (~in_hole | at_rim))
own = {name: fit(fitted & region) for name, region in regions.items()}
print("root mean square error   one set   two sets")
for houses_of, some in (("fitted", fitted), ("fresh", ~fitted)):
    for name, region in regions.items():
        one, two = ((x[some & region] @ w - y[some & region]).square().mean().sqrt() for w in (both, own[name]))
        print(f"{houses_of:8}{name:14}{one:10.3f}{two:11.3f}")
        assert houses_of == "fresh" or two <= one + 1e-9, "the best for one job cannot be worse at it"

# %% [markdown]
# With two sets the existing part is copied without error, and the rim is guessed better than by the compromise. On the
# fitted houses this *must* be so; that it also holds on fresh ones is measured above. The filters look the part:

# %%
fig = Figure(figsize=(7.5, 2.8), layout="constrained")
axes = fig.subplots(1, 3)
for axis, (title, w) in zip(
    axes,
    {"one set for both": both, "W, existing": own["existing"], r"$\hat{W}$, rim of the hole": own["rim"]}.items(),
    strict=True,
):
    picture = axis.imshow(w[:49].view(7, 7), cmap="PuOr", vmin=-1, vmax=1)
    axis.set(title=title, xticks=[], yticks=[])
fig.colorbar(picture, ax=axes, label="weight on I_in")
figure(
    fig,
    alt="Three 7×7 filters: a strong centre with a weak rest; the centre alone; an empty centre and weights around it.",
)

# %% [markdown]
# **Be fair to one set.** This was a single linear layer. A deep network that sees $\mathbf{M}$ can learn to switch by
# itself, at the cost of some of its units. That two sets are *better* there is an experiment, the paper's Fig. 4(b),
# not a theorem.

# %% [markdown] tags=["sec-3.2"]
# ## 4 · A mask for every map
#
# Inside the network the maps are smaller than the picture. The masks are "resized proportionally as feature maps
# down-sampled through convolution layers". How? The paper does not say. The released program takes the nearest pixel,
# **with aligned corners**: the first and the last row stay first and last.

# %% [markdown]
# **Predict.** 16 rows become 4. `F.interpolate(mode="nearest")` takes row $\lfloor i H / h \rfloor$. Which rows does it
# take? Which should aligned corners take? A hole covers the rows 13 to 15: who sees it?
#
# <details><summary>Answer</summary>
#
# `interpolate` takes 0, 4, 8, 12, and the hole is gone. Aligned corners take 0, 5, 10, 15: the steps are
# $(H - 1)/(h - 1) = 5$ long, and the last row is the last row. They see it.
# </details>


# %%
def my_resize_mask(M, h, w):
    """Exercise 2.4: resize masks (b, 1, H, W) to (b, 1, h, w), the nearest pixel with aligned corners.

    Rows run evenly from row 0 to row H - 1, each rounded to the nearest; columns likewise. h and w are at least 2.
    """
    ### BEGIN SOLUTION
    H, W = M.shape[-2:]
    rows = torch.floor(torch.arange(h, device=M.device) * (H - 1) / (h - 1) + 0.5).long()
    columns = torch.floor(torch.arange(w, device=M.device) * (W - 1) / (w - 1) + 0.5).long()
    return M[:, :, rows][:, :, :, columns]
    ### END SOLUTION


# %%
check.ex_2_4(my_resize_mask)

# %%
M_low = torch.ones(1, 1, 16, 16)
M_low[:, :, 13:] = 0
resized = {"aligned corners": resize_mask(M_low, 4), "floor(i H / h)": F.interpolate(M_low, size=4, mode="nearest")}
assert resized["aligned corners"][0, 0, -1].sum() == 0, "the hole is still there"
assert resized["floor(i H / h)"].min() == 1, "the hole is gone"

many = random_masks(ctx.pick(smoke=4, cpu=40, gpu=40), 256, 256, generator=ctx.generator)
for side in (128, 64, 32):
    differ = resize_mask(many, side) != F.interpolate(many, size=side, mode="nearest")
    at_cut = differ.float().mean().item()
    print(f"256 to {side:3}: the two rules disagree in {at_cut:.1%} of the cells")

# %%
picture_of = {"M, 16 rows": M_low} | resized
fig = Figure(figsize=(7.5, 2.8), layout="constrained")
for axis, (title, mask), rows in zip(
    fig.subplots(1, 3), picture_of.items(), (range(16), (0, 5, 10, 15), (0, 4, 8, 12)), strict=True
):
    axis.imshow(mask[0, 0], cmap="gray", vmin=-1, vmax=1)
    axis.set(title=title, xticks=[], yticks=range(len(rows)), yticklabels=rows, ylabel="row of M")
    axis.tick_params(labelsize=7)
figure(
    fig,
    alt="A mask whose last three rows are missing. With aligned corners the last of four is missing; by floor none.",
    caption="Light exists, dark is missing.",
)

# %% [markdown]
# The two rules pick pixels less than a cell apart, so they disagree only beside the border of a hole. Those are few
# cells, but each of them gets the filters of the other region.

# %% [markdown] tags=["sec-3.2"]
# ## 5 · The second reading: by channel
#
# "In practice, we can accomplish region-wise convolutions through **separating the two types of regions by channel**
# according to masks". So the released program stacks two copies of the map, each with one region set to zero, and
# convolves once, with one bias:
#
# $$\mathbf{x}' = [\mathbf{W} \,\|\, \hat{\mathbf{W}}] * [\mathbf{X} \odot \mathbf{M} \,\|\, \mathbf{X} \odot
# (\mathbf{1} - \mathbf{M})] + \mathbf{b}$$


# %% tags=["sec-3.2"]
def channel_separated(x, M, W, W_hat, b):
    """Exercise 2.5: separate the regions by channel, in one convolution.

    Shapes: x (n, c, h, w), M (n, 1, h, w), W and W_hat (m, c, k, k), b (m,); result (n, m, h, w).
    """
    ### BEGIN SOLUTION
    stacked = torch.cat([x * M, x * (1 - M)], dim=1)
    filters = torch.cat([W, W_hat], dim=1)
    return reflect_conv2d(stacked, filters, b)
    ### END SOLUTION


# %%
check.ex_2_5(channel_separated)

# %% [markdown]
# Now each *input pixel* meets the filter of its own region; the output's location plays no part. Is that the same?
#
# **Predict.** A straight vertical border, the hole on its right. Both readings have the same $\mathbf{W}$ and
# $\hat{\mathbf{W}}$, and both biases are equal. In how many columns do the results differ, for 3×3 and for 5×5 filters?

# %%
# Exercise 2.6: two numbers in a tuple, (for 3×3, for 5×5).
### BEGIN SOLUTION
columns_that_differ = (2, 4)
### END SOLUTION

# %%
check.ex_2_6(columns_that_differ)


# %% tags=["sec-3.2"]
@torch.no_grad()
def difference(kernel_size, b_hat=0.0):
    """Return how far the two readings with the same filters are apart: (h, w)."""
    by_location, by_channel = RegionWiseConv2d(8, 16, kernel_size), ChannelSeparatedConv2d(8, 16, kernel_size)
    filters = [by_location.existing.weight, by_location.missing.weight]
    by_channel.weight.copy_(torch.cat(filters, dim=1))  # all biases begin as 0
    by_location.missing.bias.fill_(b_hat)
    x = torch.randn(1, 8, 64, 64, generator=torch.Generator().manual_seed(0))
    return (by_location(x, M.cpu()) - by_channel(x, M.cpu())).abs().mean(1)[0]


maps = {"3×3": difference(3), "5×5": difference(5), r"3×3, $\hat{b} = b + 1$": difference(3, b_hat=1.0)}
exists_nearby = {k: F.avg_pool2d(pad_reflect(M.cpu(), k // 2), k, stride=1)[0, 0] for k in (3, 5)}
for k, name in ((3, "3×3"), (5, "5×5")):
    straddles = (exists_nearby[k] > 1e-3) & (exists_nearby[k] < 1 - 1e-3)
    assert maps[name][~straddles].max() < 1e-5 < maps[name][straddles].max(), "they differ in the band alone"
    print(f"{name}: {straddles.float().mean():.1%} of the windows see both regions")

# %%
fig = Figure(figsize=(8.5, 2.6), layout="constrained")
axes = fig.subplots(1, 4)
axes[0].imshow(M[0, 0].cpu(), cmap="gray", vmin=-1, vmax=1)
axes[0].set_title("M", fontsize=10)
for axis, (name, values) in zip(axes[1:], maps.items(), strict=True):
    picture = axis.imshow(values, cmap="cividis", vmin=0, vmax=1.5)
    axis.set_title(name, fontsize=10)
for axis in axes:
    axis.set(xticks=[], yticks=[])
fig.colorbar(picture, ax=axes, label="mean absolute difference")
figure(
    fig, alt="A mask; a thin bright band along the hole's border; a wider one; and the band with the whole hole lit up."
)

# %% [markdown]
# The readings differ in a band around the hole, as wide as the filters reach, and in the whole hole once it has a bias
# of its own. Which one is meant? The formula is the first; the released program is the second, and presumably the
# paper's results come from it. rwlib has both (`region_wise="location"` and `"channel"`); the default is by channel.

# %% [markdown]
# **Look at single windows.** Click a pixel, or move with the arrow keys. Find a window in which the readings differ
# most, and one across the border in which they happen to agree. Then give the hole a bias of its own.

# %% tags=["sec-3.2"]
from rwlib.widgets import RegionWiseLens

RegionWiseLens()

# %% [markdown]
# **Predict.** In the first layer of a network $\mathbf{X}$ is $\hat{\mathbf{I}}_g$. What do we gain there if we
# separate the regions by channel?
#
# <details><summary>Answer</summary>
#
# Nothing new. $\hat{\mathbf{I}}_g$ is zero in the hole, so the second copy is zero everywhere and $\hat{\mathbf{W}}$
# never has an effect. By channel, a region-wise layer makes sense only where the hole has features: deep in the
# network. There the released program has its three.
# </details>

# %%
first = ChannelSeparatedConv2d(3, 8, 3).to(ctx.device)
deep_map = torch.randn(1, 3, 64, 64, generator=ctx.generator).to(ctx.device)
with torch.no_grad():
    on_picture, on_features = first(I_in, M), first(deep_map, M)
    first.weight[:, 3:] += 1  # other filters W_hat
    assert torch.equal(on_picture, first(I_in, M)), "the hole of I_in has nothing that W_hat could see"
    assert not torch.allclose(on_features, first(deep_map, M)), "a hole with features has"
print("on I_in, the form by channel is a standard convolution")

# %% [markdown]
# **Skip connections.** In these layers the existing region also gets features of an early layer, $[\mathbf{X} \,\|\,
# \mathbf{skip}]$; the missing region gets only $\mathbf{X}$, because early features know nothing about the hole.
# Who can see the skip's values inside the hole? We change them, and mark every output that notices.


# %% tags=["sec-3.2"]
@torch.no_grad()
def notices(layer, change):
    """Return where the output (h, w) changes if the skip connection does."""
    x, skip = torch.randn(2, 1, 4, 24, 24, generator=torch.Generator().manual_seed(1))
    return (layer(x, M_24, skip + change) - layer(x, M_24, skip)).abs().amax(dim=(0, 1)) > 1e-4


M_24 = resize_mask(M.cpu(), 24)
layers = {"by location": RegionWiseConv2d(4, 8, 3, skip_channels=4)}
layers["by channel"] = ChannelSeparatedConv2d(4, 8, 3, skip_channels=4)
changes = {"skip changed in the hole": 1 - M_24, "skip changed outside": M_24}
noticed = {f"{how}\n{what}": notices(layers[how], changes[what]) for how in layers for what in changes}

exists_24 = M_24[0, 0] == 1
assert not noticed["by channel\nskip changed in the hole"].any(), "by channel nobody sees the hole's skip"
assert noticed["by location\nskip changed in the hole"][exists_24].any(), "by location its neighbours do"
assert not noticed["by location\nskip changed in the hole"][~exists_24].any()

# %%
fig = Figure(figsize=(8.5, 2.7), layout="constrained")
for axis, (title, values) in zip(fig.subplots(1, 4), noticed.items(), strict=True):
    axis.imshow(values, cmap="cividis", vmin=0, vmax=1)
    axis.contour(M_24[0, 0], levels=[0.5], colors=[COLORS[1]], linewidths=2)
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=9)
figure(
    fig,
    alt="By location a ring outside the hole notices the hole's skip. By channel nothing does; a ring inside sees out.",
    caption="Bright: the output changed. The line is the border of the hole.",
)

# %% [markdown]
# So the band has a meaning. By location, existing pixels beside the hole read early features *of the hole*, which are
# noise. By channel no pixel does; in return, missing pixels at the rim can read early features from outside. That is a
# reason to prefer the form by channel, though not one that the paper gives.

# %% [markdown]
# ## 6 · Two neighbours: partial and gated convolution
#
# The paper compares itself with **partial convolution** (Liu et al. 2018). It keeps one set of filters, leaves out
# what is missing, and makes up for it:
#
# $$\mathbf{x}' = \mathbf{W}^\top (\mathbf{x} \odot \mathbf{M}_\mathbf{x})\, \frac{k^2}{\sum \mathbf{M}_\mathbf{x}} +
# \mathbf{b} \;\text{ if } \sum \mathbf{M}_\mathbf{x} > 0, \text{ else } 0$$
#
# $\mathbf{M}_\mathbf{x}$ is the mask in the window. Then the mask grows: it becomes 1 wherever a window found
# something.


# %%
def my_partial_conv(x, M, W, b):
    """Exercise 2.7: return the result of a partial convolution, and the mask after it.

    Shapes: x (n, c, h, w), M (n, 1, h, w), W (m, c, k, k), b (m,); result (n, m, h, w), mask (n, 1, h, w). Use
    `reflect_conv2d(x, W, b)`, on the mask too; a bias that you do not want is `torch.zeros_like(b)`.
    """
    ### BEGIN SOLUTION
    k = W.shape[-1]
    sums = reflect_conv2d(x * M, W, torch.zeros_like(b))
    taps = reflect_conv2d(M, torch.ones_like(W[:1, :1]), torch.zeros_like(b[:1]))
    M_new = (taps > 0.5).to(x.dtype)
    out = sums * k**2 / taps.clamp(min=1) + b.view(1, -1, 1, 1)
    return out * M_new, M_new
    ### END SOLUTION


# %%
check.ex_2_7(my_partial_conv)

# %% [markdown]
# **Gated convolution** (Yu et al. 2019) learns the mask instead. A second convolution makes a gate between 0 and 1 for
# every channel and place: $\varphi(\mathbf{W}^\top \mathbf{x} + \mathbf{b}) \odot
# \operatorname{sigmoid}(\mathbf{W}_g^\top \mathbf{x} + \mathbf{b}_g)$. Below $\varphi$ is left out, and the gate
# reads the mask.


# %%
def gated_conv(x, M, W, b, W_g, b_g):
    """Convolve, and multiply by gates that a second convolution makes from [x ‖ M]."""
    gate = torch.sigmoid(reflect_conv2d(torch.cat([x, M], dim=1), W_g, b_g))
    return reflect_conv2d(x, W, b) * gate


# Gates set by hand: sigmoid(80 M - 40) opens where the picture exists.
W_g, b_g = torch.zeros(1, 2, 5, 5, device=ctx.device), torch.full((1,), -40.0, device=ctx.device)
W_g[0, 1, 2, 2] = 80
W, W_hat = torch.randn(2, 1, 1, 5, 5, generator=ctx.generator).to(ctx.device)
b, b_hat = torch.randn(2, 1, generator=ctx.generator).to(ctx.device)
x = torch.randn(1, 1, 24, 24, generator=ctx.generator).to(ctx.device)

two_gated = gated_conv(x, M_half, W, b, W_g, b_g) + gated_conv(x, M_half, W_hat, b_hat, -W_g, -b_g)
equation_1 = reflect_conv2d(x, W, b) * M_half + reflect_conv2d(x, W_hat, b_hat) * (1 - M_half)
assert torch.allclose(two_gated, equation_1, atol=1e-4)
print("equation (1) is the sum of two gated convolutions whose gates are M and 1 - M")

# %% [markdown]
# **Predict.** The wall of section 1 again, and its mean filter. Which of standard, partial and gated convolution gives
# 0.8 up to the border? Which gives anything but 0 in the hole?
#
# <details><summary>Answer</summary>
#
# Only partial convolution gives 0.8, and it goes on for two columns into the hole, as far as its windows find
# anything. Standard convolution darkens on both sides of the border. Gated with the gate $\mathbf{M}$, it is the same
# outside and 0 in the hole.
# </details>

# %%
from rwlib.course.lessons.convolutions import partial_conv

partial, M_partial = partial_conv(wall * M_half, M_half, mean_filter, no_bias)
gated = gated_conv(wall * M_half, M_half, mean_filter, no_bias, W_g, b_g)
assert torch.allclose(partial[0, 0, 12, :14], wall[0, 0, 12, :14]) and partial[0, 0, 12, 14:].abs().max() == 0

# %%
fig = Figure(figsize=(7, 2.8), layout="constrained")
axis = fig.subplots()
axis.axvspan(11.5, 23.5, color=COLORS[6], alpha=0.1, label="hole")
rows = {"standard": seen, "partial": partial[0, 0, 12], "gated, gate = M": gated[0, 0, 12]}
for (name, row), color, style, marker in zip(rows.items(), COLORS, ("-", "--", ":"), ("o", "s", "^"), strict=False):
    axis.plot(row.cpu(), label=name, color=color, linestyle=style, marker=marker, markersize=4)
axis.set(xlabel="column", ylabel="response", xlim=(4, 20))
axis.legend()
figure(
    fig,
    alt="Standard falls from 0.8 to 0 over five columns; partial stays two columns into the hole; gated ends at it.",
)

# %% [markdown]
# Partial convolution does not darken, and it reaches two columns into the hole. But it forgets which pixels were
# guessed: its mask grows with every layer, until there is no hole left.
#
# **Predict.** A hole 11 pixels wide, 3×3 layers. After how many is its mask all 1?
#
# <details><summary>Answer</summary>
#
# Six. It loses a pixel on each side: 11, 9, 7, 5, 3, 1, gone. From there on the layer is a standard convolution.
# </details>

# %%
M_now = torch.ones(1, 1, 24, 24)
M_now[..., 7:18, 7:18] = 0
ones, zero, history = torch.ones(1, 1, 3, 3), torch.zeros(1), [M_now]
while history[-1].min() == 0:
    history.append(partial_conv(history[-1], history[-1], ones, zero)[1])
assert len(history) - 1 == 6
show_images(
    {f"after {i} layers": (1.6 * history[i] - 1).expand(-1, 3, -1, -1) for i in (0, 2, 4, 6)},
    alt="A black square in light grey, smaller after two layers, smaller still after four, gone after six.",
)

# %% [markdown]
# | | filters | who chooses | mask in later layers |
# |---|---|---|---|
# | standard | one set | – | – |
# | partial | one set, rescaled | $\mathbf{M}$ | grows until the hole is gone |
# | gated | one set, times a gate | learned, for every channel | an input, if at all |
# | region-wise | **two sets** | $\mathbf{M}$ | stays, only resized |

# %% [markdown]
# ## 7 · Enlarging: four small convolutions
#
# Two of the three region-wise layers enlarge their map first: ×2 nearest upsampling, then 3×3 filters. Every pixel then
# stands four times, and a window sees the same pixel again and again. In one row:

# %%
fig = Figure(figsize=(7.5, 2.6), layout="constrained")
axis = fig.subplots()
for i in range(8):
    box = Rectangle((i, 0), 1, 1, facecolor=(COLORS[5], COLORS[4])[i // 2 % 2], edgecolor=COLORS[6], alpha=0.6)
    axis.add_patch(box)
    axis.text(i + 0.5, 0.5, f"$x_{i // 2}$", ha="center", va="center", fontsize=15)
for name, first_tap, style in (("even output 2", 1, "-"), ("odd output 5", 4, "--")):
    axis.add_patch(Rectangle((first_tap, -1.05), 2.95, 0.9, fill=False, linewidth=2, linestyle=style))
    axis.text(first_tap + 1.5, -1.35, name, ha="center", va="center", fontsize=11)
    for u in range(3):
        axis.text(first_tap + u + 0.5, -0.6, f"$w_{u}$", ha="center", va="center", fontsize=15)
axis.set(xlim=(-0.1, 8.1), ylim=(-1.7, 1.1), aspect="equal")
axis.axis("off")
figure(fig, alt="A row x0 x0 x1 x1 x2 x2 x3 x3. An even window meets x0 x1 x1, an odd one x2 x2 x3.")

# %% [markdown]
# Taps that fall on the same pixel can be added before anything is computed:
#
# $$\text{even}(i) = w_0\, x_{i-1} + (w_1 + w_2)\, x_i \qquad \text{odd}(i) = (w_0 + w_1)\, x_i + w_2\, x_{i+1}$$
#
# Over two axes there are four phases, and each is a **2×2** convolution of the *small* map.

# %%
fig = Figure(figsize=(8, 2.6), layout="constrained")
sources = {0: (0, 1, 1), 1: (0, 0, 1)}  # phase → which of two pixels each tap falls on
for axis, (p, q) in zip(fig.subplots(1, 4), product((0, 1), (0, 1)), strict=True):
    for u, v in product(range(3), range(3)):
        pixel = 2 * sources[p][u] + sources[q][v]
        axis.add_patch(Rectangle((v, 2 - u), 1, 1, facecolor=COLORS[2 + pixel], edgecolor=COLORS[6], alpha=0.6))
        axis.text(v + 0.5, 2.5 - u, f"$w_{{{u}{v}}}$\n{'abcd'[pixel]}", ha="center", va="center")
    title = f"{('even', 'odd')[p]} row, {('even', 'odd')[q]} column"
    axis.set(xlim=(-0.1, 3.1), ylim=(-0.1, 3.1), aspect="equal", title=title)
    axis.axis("off")
figure(
    fig,
    alt="Nine taps of a window in four phases; blocks of one, two, two and four taps share the pixels a, b, c, d.",
    caption="Taps with the same letter fall on the same pixel of the small map.",
)


# %%
def my_phase_filters(w):
    """Exercise 2.8: return the 2×2 filters of the four phases, by adding taps that fall on the same pixel.

    w is (o, c, 3, 3); the result (2, 2, o, c, 2, 2): row phase, column phase (0 even, 1 odd), then the filters.
    """
    ### BEGIN SOLUTION
    rows = [
        torch.stack([w[:, :, 0], w[:, :, 1] + w[:, :, 2]], dim=2),
        torch.stack([w[:, :, 0] + w[:, :, 1], w[:, :, 2]], dim=2),
    ]
    even = [torch.stack([r[..., 0], r[..., 1] + r[..., 2]], dim=-1) for r in rows]
    odd = [torch.stack([r[..., 0] + r[..., 1], r[..., 2]], dim=-1) for r in rows]
    return torch.stack([torch.stack(even), torch.stack(odd)], dim=1)
    ### END SOLUTION


# %%
check.ex_2_8(my_phase_filters)

# %% [markdown]
# **Predict.** The plain way mirrors the border of the *enlarged* map: left of $x_0\, x_0\, x_1$ comes what is one step
# right of the border pixel. Which padding of the small map is that?
#
# <details><summary>Answer</summary>
#
# One step right of the first $x_0$ stands the second $x_0$. So the enlarged row begins $x_0 \mid x_0\, x_0\, x_1$: the
# small map is padded by *repeating* its border, not by mirroring it.
# </details>

# %%
from rwlib.networks.fast.upsample_conv import upsample_conv2d, upsample_conv2d_ref

exact = {"dtype": torch.float64, "generator": ctx.generator}
x64, w64, b64 = torch.randn(1, 4, 6, 9, **exact), torch.randn(5, 4, 3, 3, **exact), torch.randn(5, **exact)
plain = upsample_conv2d_ref(x64, w64, b64)  # enlarge, mirror, convolve
assert torch.allclose(upsample_conv2d_phases(x64, w64, b64), plain, atol=1e-12)
assert torch.allclose(upsample_conv2d(x64, w64, b64), plain, atol=1e-12)

mirrored = pad_reflect(F.interpolate(x64, scale_factor=2), 1)
repeated = F.interpolate(F.pad(x64, (1, 1, 1, 1), mode="replicate"), scale_factor=2)[:, :, 1:-1, 1:-1]
assert torch.equal(mirrored, repeated), "mirroring the enlarged map is repeating the small one's border"
print("plain, four phases, and rwlib's layer agree to 1e-12, border included")

# %% [markdown]
# ## 8 · Nine products in place of thirty-six
#
# Count multiplications for one pixel of the small map and one pair of channels. Plain: four outputs, nine taps each,
# 36. Four phases: four outputs, four taps each, 16. It goes on. In one row, four products make two outputs. With the
# steps $d_i = x_{i+1} - x_i$ three are enough:
#
# $$\text{even}(i) = S\, x_i + A\, d_{i-1} \qquad \text{odd}(i) = S\, x_i + C\, d_i$$
#
# $S\, x_i$ is computed once and used twice.


# %%
def steps_and_sum(w):
    """Exercise 2.9: return the three filters A, S, C, in this order.

    w is (o, c, 3), the taps w0, w1, w2 along the last axis; A, S and C are (o, c).
    """
    ### BEGIN SOLUTION
    w0, w1, w2 = w.unbind(-1)
    return -w0, w0 + w1 + w2, w2
    ### END SOLUTION


# %%
check.ex_2_9(steps_and_sum)

# %% [markdown]
# Over two axes that makes three times three, nine products: a quarter of 36. Where the small map is flat all steps
# vanish and $S$ alone remains. At the border the step to the repeated pixel is 0, so it costs nothing.

# %%
from statistics import median

from rwlib.bench.measure import time_ms

counts = {"plain": (2 * 3) ** 2, "four phases": (2 * 2) ** 2, "steps and sum": 3**2}
c, o, side = ctx.pick(smoke=(16, 8, 16), cpu=(128, 64, 64), gpu=(256, 128, 128))
x, w = torch.randn(1, c, side, side).to(ctx.device), torch.randn(o, c, 3, 3).to(ctx.device)
x, b = x.contiguous(memory_format=torch.channels_last), torch.zeros(o, device=ctx.device)
ways = dict(zip(counts, (upsample_conv2d_ref, upsample_conv2d_phases, upsample_conv2d), strict=True))
rounds = ctx.pick(smoke=4, cpu=25, gpu=50)
with torch.inference_mode():
    ms = [{name: time_ms(lambda way=way: way(x, w, b)) for name, way in ways.items()} for _ in range(rounds + 2)][2:]
ratios = {name: [turn["plain"] / turn[name] for turn in ms] for name in ways}
for name in ways:
    print(f"{name:14} {counts[name]:2} products, plain / this way: {median(ratios[name]):.2f} (median of {rounds})")

# %%
fig = Figure(figsize=(7, 2.2), layout="constrained")
axis = fig.subplots()
for i, (name, marker) in enumerate(zip(ways, "os^", strict=True)):
    axis.plot(ratios[name], [i] * rounds, marker=marker, color=COLORS[i], linestyle="", alpha=0.5)
    expected = counts["plain"] / counts[name]
    axis.plot([expected, expected], [i - 0.3, i + 0.3], color=COLORS[6], linestyle="--")
axis.set(yticks=range(3), yticklabels=list(ways), ylim=(2.6, -0.6), xlabel="times as fast as the plain way")
figure(
    fig,
    alt="Dots for the speed of three ways relative to the plain one, and dashed lines at 1, 2.25 and 4.",
    caption=f"{rounds} rounds, the three ways in turn; dashed: what the number of products alone would give.",
)

# %% [markdown]
# The ways were timed in turn, so that a slow moment of the machine hits all three. The dashed lines are what counting
# promises; widely spread dots mean a busy machine. Additions, copies and memory take their share, and a larger one on
# small maps and in the tier `smoke`. The results hold only for this machine, the forward pass and this size.

# %% [markdown]
# ## What to try
#
# - In section 3, give the fit a smaller or larger window (`k`). The index 49:98 picks the mask's taps: change it too.
# - In section 5, set `dilation=2` in both layers of `difference`. How wide is the band now?
# - In the lens, choose *is zero*: the map is then $\hat{\mathbf{I}}_g$. What can $\hat{\mathbf{W}}$ still change?
# - In section 8, make `side` 8 or 256. Where does the gain begin?

# %% [markdown]
# ## Recap
#
# - Zeros in a hole are grey pixels to a convolution: means shift, and the outline looks like an edge.
# - Equation (1): the output's location chooses between $\mathbf{W}, \mathbf{b}$ and
#   $\hat{\mathbf{W}}, \hat{\mathbf{b}}$.
# - By channel, each input pixel meets its own region's filter. The two differ where a window straddles the border, and
#   by a bias.
# - Masks are resized by the nearest pixel with aligned corners.
# - ×2 nearest and 3×3 is four 2×2 convolutions, or nine products.

# %% [markdown] tags=["sec-3.2"]
# ## What the paper leaves open
#
# | The paper | rwlib |
# |---|---|
# | (1): by location, two biases; "in practice": by channel, released with one bias | both; by default by channel |
# | how masks are resized | nearest, aligned corners, as released |
# | what the layer does at the border of the map | mirrors it, as released |
# | which layers are region-wise | three of the first network, as released |
# | "in both generator and discriminator" | in the discriminator none: only its input is masked, as released |

# %% [markdown]
# **Next.** Notebook 03 puts these layers where the released program has them, and builds the whole generator.
