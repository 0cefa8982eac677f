# %% [markdown]
# # 03 · The semantic inferring network
#
# **How does a pixel in the middle of a hole find out what is around the hole?** You will measure how far the first
# network of Fig. 2 can see, build one step of its decoder, write its loss, and let it learn one photograph by heart.
#
# | | |
# |---|---|
# | Time | about 80 minutes to read, solve and play |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | notebooks 00 and 02; backpropagation |

# %% [markdown]
# **Afterwards you can**
#
# - compute a receptive field, and measure it by gradient;
# - say why layers 7 to 10 are dilated, and what happens without;
# - write one decoder step, and show that a skip connection carries nothing in the hole;
# - write eq. (2), and say what each region of the prediction learns from it;
# - choose an output activation that cannot go silent.

# %%
import functools

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import nn

from rwlib.checkpoints import load_generator
from rwlib.conventions import compose, image_to_tensor
from rwlib.course import COLORS, check, figure, setup, show_images
from rwlib.course.lessons.receptive import conv_stack, reached_side_px, sensitivity
from rwlib.data import Facades, PhotoSet
from rwlib.networks.generator import SemanticInferringNetwork, to_image_range

ctx = setup("03")

# %% [markdown] tags=["sec-3.1"]
# ## 1 · What goes in
#
# The network sees the picture with its hole erased, $\hat{\mathbf{I}}_g = \mathbf{I}_g \odot \mathbf{M}$, and predicts
# a whole picture by an encoder and a decoder:
#
# $$\mathbf{I}_p^{(1)} = \mathbf{D}_s \left(\mathbf{E}_s(\hat{\mathbf{I}}_g) \right)$$

# %% [markdown]
# **Predict.** Erased pixels are 0. Pictures lie in $[-1, 1]$. What could a network confuse if it got these three
# channels alone?
#
# <details><summary>Answer</summary>
#
# 0 is a colour: mid-grey. A missing pixel and a grey one look the same. So the mask goes in as a fourth channel.
# </details>

# %%
side = 8
M = torch.ones(1, 1, side, side)
M[..., 2:6, 2:6] = 0  # 1 existing, 0 missing
I_grey = torch.zeros(1, 3, side, side)
assert torch.equal(I_grey * M, I_grey * 1), "with a hole or without: the same three channels"


# %%
def network_input(I_gt, M):
    """Exercise 3.1: return the four input channels: the picture with its hole erased, then the mask.

    Shapes: I_gt (b, 3, h, w), M (b, 1, h, w), 1 existing → (b, 4, h, w).
    """
    ### BEGIN SOLUTION
    return torch.cat([I_gt * M, M], dim=1)
    ### END SOLUTION


# %%
check.ex_3_1(network_input)

# %% [markdown]
# The worst mistake here is silent. If the true pixels get in, training looks wonderful and the network learns to
# copy. So test it: **put anything into the hole, and nothing may change.**

# %%
shipped, config = load_generator()
shipped = shipped.to(ctx.device)
I_house = image_to_tensor(Facades(seed=0).center(4, size_px=64)).to(ctx.device)
M_house = torch.ones(1, 1, 64, 64, device=ctx.device)
M_house[..., 16:48, 16:48] = 0

I_vandalised = compose(I_house, torch.rand_like(I_house), M_house)
with torch.no_grad():
    one, other = shipped(I_house, M_house).I_p1, shipped(I_vandalised, M_house).I_p1
    leaking = shipped.semantic_inferring(I_vandalised, M_house)  # forgets I_in = I_gt * M
assert torch.equal(one, other), "the generator erases the hole itself"
assert not torch.equal(one, leaking), "without the product, what is in the hole gets through"

# %% [markdown] tags=["fig-2"]
# ## 2 · Encoder and decoder
#
# Fig. 2 draws the two halves without numbers. These are the released program's layers, $c = 32$; `x4` is the output
# of layer 4, and ‖ stacks channels. An ELU follows each.
#
# | layer | kernel, channels | size of the map |
# |---|---|---|
# | 1 | 5×5, c | h |
# | 2, 3 | 3×3, 2c; the first with stride 2 | h / 2 |
# | 4, 5, 6 | 3×3, 4c; the first with stride 2 | h / 4 |
# | **7 – 10** | 3×3, 4c, **dilation 2, 4, 8, 16** | h / 4 |
# | 11, 12 | [x10 ‖ x6], [x11 ‖ x5] → 4c | h / 4 |
# | 13 | region-wise, ×2: existing [x12 ‖ x4], missing x12 → 4c | h / 2 |
# | 14 | region-wise: existing [x13 ‖ x3], missing x13 → 4c | h / 2 |
# | 15 | region-wise, ×2: existing [x14 ‖ x2], missing x14 → 4c | h |
# | 16, 17, 18 | c; c/2; 3 | h |

# %% [markdown]
# rwlib's network is this table. Its parameters can be counted, and its maps have the sizes of the last column.

# %%
full = SemanticInferringNetwork(width=32)
parameters = sum(p.numel() for p in full.parameters())
assert parameters == 2_830_083

with torch.no_grad():
    maps = shipped.semantic_inferring.encoder(I_house * M_house, M_house)
for name, x in zip(("x1", "x2", "x3", "x4", "x12"), maps, strict=True):
    print(f"{name:4} {tuple(x.shape)}")
print(f"{parameters:,} parameters at width 32; the shipped network has width {config.width}")

# %% [markdown]
# ## 3 · How far does one output see?
#
# The *receptive field* is the square of input pixels that one output depends on. A layer with kernel $k$ and dilation
# $d$ reaches $(k - 1)\, d$ steps farther than the layer before it. After a stride of $s$ every step is $s$ times
# as wide.
#
# <details><summary>As a formula</summary>
#
# $$r = 1 + \sum_i (k_i - 1)\, d_i \prod_{j < i} s_j$$
#
# for kernels $k_i$, strides $s_i$ and dilations $d_i$.
# </details>


# %%
def my_receptive_field(layers):
    """Exercise 3.2: return the side of the receptive field in px; layers are (kernel, stride, dilation).

    For instance [(5, 1, 1), (3, 2, 1), (3, 1, 2)] gives 15.
    """
    ### BEGIN SOLUTION
    side, step = 1, 1
    for kernel, stride, dilation in layers:
        side += (kernel - 1) * dilation * step
        step *= stride
    return side
    ### END SOLUTION


# %%
check.ex_3_2(my_receptive_field)

# %% [markdown]
# A formula can be wrong, and a program can differ from its formula. Autograd decides: **an input pixel is in the
# receptive field if the output's gradient there is not zero.**


# %%
def reached(network, x, row, column):
    """Exercise 3.3: return which pixels of x have a nonzero gradient at the output pixel (row, column).

    Shapes: x (b, c, h, w); network(x) (b, c', h', w'), sum its channels there → bool (b, h, w), any channel of x.
    """
    ### BEGIN SOLUTION
    x = x.detach().clone().requires_grad_()
    network(x)[..., row, column].sum().backward()
    return (x.grad != 0).any(dim=1)
    ### END SOLUTION


# %%
check.ex_3_3(reached)

# %% [markdown]
# Now for the encoder $\mathbf{E}_s$: both ways for its first 1, 2, ..., 12 layers, and the same with dilation 1
# throughout, which costs exactly as many multiplications.


# %%
from rwlib.course.lessons.receptive import receptive_field_px


def encoder_layers(dilations):
    first_six = [(5, 1, 1), (3, 2, 1), (3, 1, 1), (3, 2, 1), (3, 1, 1), (3, 1, 1)]
    return first_six + [(3, 1, d) for d in dilations] + [(3, 1, 1)] * 2


def measure_px(layers):
    stack, x = conv_stack(layers).to(ctx.device), torch.zeros(1, 1, 320, 320, device=ctx.device)
    middle = stack(x).shape[-1] // 2
    return reached_side_px(sensitivity(stack, x, middle, middle))


growth = {}
for name, dilations in {"dilation 2, 4, 8, 16": (2, 4, 8, 16), "dilation 1": (1, 1, 1, 1)}.items():
    prefixes = [encoder_layers(dilations)[:n] for n in range(1, 13)]
    growth[name] = [receptive_field_px(layers) for layers in prefixes], [measure_px(layers) for layers in prefixes]
    assert growth[name][0] == growth[name][1], "formula and gradient agree in every layer"
assert [formula[-1] for formula, _ in growth.values()] == [287, 79]

# %%
fig = Figure(figsize=(6.5, 3), layout="constrained")
axis = fig.subplots()
styles = zip(growth.items(), COLORS, ("-", "--"), ("o", "s"), strict=False)
for (name, (formula, measured)), color, linestyle, marker in styles:
    axis.plot(range(1, 13), formula, color=color, linestyle=linestyle, label=f"{name}, formula")
    axis.plot(range(1, 13), measured, color=color, linestyle="", marker=marker, label=f"{name}, gradient")
axis.set(xlabel="layers", ylabel="receptive field, px", xticks=range(1, 13))
axis.legend(fontsize=8)
figure(
    fig,
    alt="Two curves over layers 1 to 12, with markers on them. Both reach 31 px at layer 6. With dilation the curve "
    "then climbs steeply to 287 px; without it ends at 79 px.",
    caption="Lines: formula. Markers: gradient. Layers 7 to 10 are dilated.",
)

# %% [markdown]
# **Predict.** A 256×256 picture has a square 128 px hole in its middle. Does any existing pixel reach the hole's
# centre through the encoder: with dilations 2, 4, 8, 16, and with dilation 1?

# %%
# Exercise 3.4: two truth values, (with dilation, without).
### BEGIN SOLUTION
centre_is_reached = (True, False)
### END SOLUTION

# %%
check.ex_3_4(centre_is_reached)

# %% [markdown]
# A picture decides. It shows the gradient of the *whole* network with random weights: how strongly each pixel of
# $\hat{\mathbf{I}}_g$ moves $\mathbf{I}_p^{(1)}$ at the centre. A third variant cuts off layers 7 to 10: their last
# one has zeros for weights.


# %%
def random_network(dilations):
    torch.manual_seed(ctx.seed)
    network = SemanticInferringNetwork(width=4, output="tanh").to(ctx.device)
    encoder = network.encoder
    for layer, d in zip((encoder.conv7, encoder.conv8, encoder.conv9, encoder.conv10), dilations, strict=False):
        layer.dilation = (d, d)
    if not dilations:
        nn.init.zeros_(encoder.conv10.weight)
    return network


M_large = torch.ones(1, 1, 256, 256, device=ctx.device)
M_large[..., 64:192, 64:192] = 0
I_in = (torch.rand(1, 3, 256, 256, generator=ctx.generator) * 2 - 1).to(ctx.device) * M_large

# %%
variants = {"dilation 2, 4, 8, 16": (2, 4, 8, 16), "dilation 1": (1, 1, 1, 1), "layers 7-10 cut off": ()}
fields = {}
for name, dilations in variants.items():
    network = functools.partial(random_network(dilations), M=M_large)
    fields[name] = sensitivity(network, I_in, 128, 128).cpu()
    outside = fields[name] * M_large[:, 0].cpu()
    share = outside.sum() / fields[name].sum()
    print(f"{name:20} {reached_side_px(fields[name]):3} px wide; {share:.1e} of the sensitivity is outside the hole")
    assert (outside.max() > 0) == (name == "dilation 2, 4, 8, 16"), "only with dilation anything is seen at all"

# %%
fig = Figure(figsize=(9, 3.2), layout="constrained")
for axis, (name, field) in zip(fig.subplots(1, 3), fields.items(), strict=True):
    strength = torch.where(field[0] > 0, (field[0] / field.max()).log10(), torch.nan)
    picture = axis.imshow(strength, vmin=-8, vmax=0, cmap="viridis")
    axis.plot([64, 192, 192, 64, 64], [64, 64, 192, 192, 64], color=COLORS[1], linestyle="--")
    axis.set_title(f"{name}: {reached_side_px(field)} px", fontsize=10)
fig.colorbar(picture, ax=fig.axes, label="log10 of |gradient| / largest")
figure(
    fig,
    alt="Three maps of 256 by 256 px with a dashed 128 px square, the hole. With dilation the whole map is coloured, "
    "brightest in the middle, evenly weaker outside the square. With dilation 1 a square inside the hole is coloured, "
    "and without layers 7 to 10 a still smaller one; all the rest is white.",
    caption="White: the gradient is exactly zero. Dashed: the hole. In the two maps on the right its centre sees "
    "nothing but erased pixels.",
)

# %% [markdown]
# Without dilation, the loss can teach the hole's centre nothing about this picture: its output is the same for
# *every* picture. No training and no width changes that.
#
# **Reach is not use.** In the left map, pixels outside the hole are near $-2$: each moves the centre about a hundredth
# as much as the strongest erased pixel does. Is that different after training? We compare the shipped network with
# three untrained ones of its shape, on the same picture of 64 pixels and the same hole:


# %%
def share_outside(network):
    """Return the part of the centre's sensitivity that lies outside the hole."""
    field = sensitivity(functools.partial(network.to(ctx.device), M=M_house), I_house * M_house, 32, 32)
    return float((field * M_house[:, 0]).sum() / field.sum())


trained, untrained = share_outside(shipped.semantic_inferring), []
for seed in range(3):
    torch.manual_seed(seed)
    untrained.append(share_outside(SemanticInferringNetwork(config.width, output="tanh")))
print(f"outside the hole: trained {trained:.0%}; untrained", *(f"{share:.0%}" for share in untrained))
assert 0 < trained < 0.75, "three quarters of the pixels exist, yet they have less of the say"

# %% [markdown]
# Three quarters of the picture exist, and they have less than their share of the say, trained or not. Section 3.4 says
# it in words: pixels deep inside "only obtain few information depending on the distance between them and the boundary".
# That is where artefacts come from, and why later notebooks add losses that look at the whole.

# %% [markdown]
# ## 4 · Mirrored borders
#
# Every convolution mirrors its input at the border, so that maps keep their size. Layer 10 pads by 16. A 64 px picture
# has 16×16 maps there: the padding is as large as the map, and torch refuses.

# %%
from rwlib.networks.fast.reflect_conv import pad_reflect, reflect_conv2d

x = torch.arange(16.0).view(1, 1, 1, 16)
try:
    F.pad(x, (16, 16, 0, 0), mode="reflect")
except RuntimeError as error:
    print(str(error).split(",")[0])
else:
    raise AssertionError("expected torch to refuse")

# %% [markdown]
# rwlib mirrors what was already mirrored. For three rows that reads ... 2 1 **0 1 2** 1 0 1 2 1 ...


# %%
def mirrored_index(i, n):
    """Exercise 3.5: return which of the rows 0 ... n - 1 stands at row i, any whole number, of a mirrored map.

    The border row itself is not repeated: row -1 is row 1. n is at least 2.
    """
    ### BEGIN SOLUTION
    period = 2 * (n - 1)
    i = i % period
    return min(i, period - i)
    ### END SOLUTION


# %%
check.ex_3_5(mirrored_index)

# %%
padded = pad_reflect(x.expand(1, 1, 16, 16), 20)[0, 0, 0]
assert padded[20:36].equal(x.flatten()) and padded[20 - 16] == 14, "row -16: mirrored twice"
print(" ".join(f"{value:.0f}" for value in padded[:24]), "...")

# %% [markdown]
# **Predict.** At 64 px the outer taps of layer 10 lie 16 rows away, on a map of 16 rows. Which rows do they read?
#
# <details><summary>Answer</summary>
#
# Mirror images: row $i - 16$ is read as row $16 - i$ (for $i > 0$), so nothing new comes from outside. At small
# sizes the dilated layers look at the same picture several times; at the paper's 256 px, maps of 64×64 give them
# something to do.
# </details>

# %% [markdown]
# ## 5 · The decoder, and skip connections that stop at the hole
#
# Layers 13 to 15 are region-wise: existing and missing region are separated *by channel* (section 3.2, notebook 02).
# The skip connection belongs to the existing region only.

# %% [markdown]
# **Predict.** Layer 13 is one convolution. How many input channels does it have at $c = 32$? Its row in the table says
# existing [x12 ‖ x4], missing x12.

# %%
from rwlib.masks import resize_mask
from rwlib.networks.region_wise_conv import ReflectConv2d, upsample_nearest

# Exercise 3.6: a number.
### BEGIN SOLUTION
channels_of_layer_13 = 384
### END SOLUTION

# %%
check.ex_3_6(channels_of_layer_13)


# %%
def decoder_step(x, skip, M, weight, bias):
    """Exercise 3.7: return layer 13: separate x by region, skip to the existing one, upsample by 2, convolve, ELU.

    The stack of channels is x in the existing region, skip in the existing region, x in the hole.

    Shapes: x (b, c, h, w), skip (b, s, h, w), M (b, 1, H, W), weight (o, 2c + s, 3, 3), bias (o,) → (b, o, 2h, 2w).
    Use `resize_mask(M, size)`, `upsample_nearest(x, 2)`, `reflect_conv2d(x, weight, bias)` and `F.elu`.
    """
    ### BEGIN SOLUTION
    M = resize_mask(M, x.shape[-2:])
    regions = torch.cat([x * M, skip * M, x * (1 - M)], dim=1)
    return F.elu(reflect_conv2d(upsample_nearest(regions, 2), weight, bias))
    ### END SOLUTION


# %%
check.ex_3_7(decoder_step)

# %% [markdown]
# **Why must the skip stop?** `x2`, `x3` and `x4` see only 7, 11 and 15 px. A few pixels inside the hole they see zeros
# and nothing else. Compare two houses with the same hole, well inside it:

# %%
I_other_house = image_to_tensor(Facades(seed=0).center(11, size_px=64)).to(ctx.device)
with torch.no_grad():
    other_maps = shipped.semantic_inferring.encoder(I_other_house * M_house, M_house)
inside = {"x2": slice(10, 23), "x3": slice(11, 22), "x4": slice(6, 11), "x12": slice(6, 11)}
by_name = dict(zip(("x1", "x2", "x3", "x4", "x12"), zip(maps, other_maps, strict=True), strict=True))
for name, rows in inside.items():
    one, other = (x[..., rows, rows] for x in by_name[name])
    apart, uneven = (one - other).abs().max().item(), one.std(dim=(2, 3)).max().item()
    print(f"{name:4} differs between the houses by {apart:.5f}, within the hole by {uneven:.5f}")
    assert (max(apart, uneven) < 1e-4) == (name != "x12"), "skips are one constant in the hole; x12 is not"

# %%
fig = Figure(figsize=(9, 2.6), layout="constrained")
axes = fig.subplots(1, 4)
axes[0].imshow(((compose(I_house, torch.ones_like(I_house), M_house)[0] + 1) / 2).clamp(0, 1).permute(1, 2, 0).cpu())
axes[0].set_title("input, hole white", fontsize=10)
for axis, name in zip(axes[1:], ("x2", "x4", "x12"), strict=True):
    axis.imshow(by_name[name][0][0].abs().mean(0).cpu(), cmap="viridis")
    axis.set_title(f"|{name}|, mean over channels", fontsize=10)
figure(
    fig,
    alt="A house with a white square hole, and three maps of it. In x2 and x4 the hole is one flat square with a sharp "
    "rim. In x12 the hole's place is darkest in the middle, uneven, with a soft rim.",
    caption="In the hole, x2 and x4 are one constant: they know its outline, nothing more. x12 varies there.",
)

# %% [markdown]
# **Break it on purpose.** We let the skips of the *shipped* network reach the hole. It was not trained that way, so
# this says what the skip would inject, not how well such a network could learn.


# %%
import copy

from rwlib import metrics


def forward_with_leak(layer, x, M, skip):
    M = resize_mask(M, x.shape[-2:])
    return ReflectConv2d.forward(layer, torch.cat([x * M, skip, x * (1 - M)], dim=1))


leaky = copy.deepcopy(shipped.semantic_inferring)
for layer in (leaky.conv13, leaky.conv14, leaky.conv15):
    layer.forward = functools.partial(forward_with_leak, layer)
with torch.no_grad():
    I_p1 = {"skips stop at the hole": shipped.semantic_inferring(I_house * M_house, M_house)}
    I_p1["skips leak into it"] = leaky(I_house * M_house, M_house)
psnr = {name: metrics.psnr(I, I_house, M_house).item() for name, I in I_p1.items()}
assert psnr["skips leak into it"] < psnr["skips stop at the hole"]

# %%
I_white = compose(I_house, torch.ones_like(I_house), M_house)
show_images(
    {"input, hole white": I_white} | {f"{name}: {psnr[name]:.1f} dB": I for name, I in I_p1.items()} | {"I_g": I_house},
    alt="A drawn house with a square hole; the shipped network's blurred prediction; "
    "the same with glaring green, red and black specks along the hole's rim, from leaking skips; the truth.",
    caption="Predictions I_p1 of the first network; the number is the PSNR inside the hole.",
)

# %% [markdown] tags=["eq-2"]
# ## 6 · The reconstruction loss
#
# $$\mathcal{L}_r = \left\| \mathbf{I}_p^{(1)} - \mathbf{I}_g \right\|_1 +
# \left\| \mathbf{I}_p^{(2)} - \mathbf{I}_g \right\|_1. \tag{2}$$
#
# It runs over both *predictions* and all pixels. The paper's reason: a network should also understand what it sees.

# %% [markdown]
# **Predict.** Composites $\mathbf{I}_c$ are the results in the end. What would eq. (2) measure with composites in
# place of predictions?
#
# <details><summary>Answer</summary>
#
# Only the hole. $\mathbf{I}_c$ equals $\mathbf{I}_g$ where the image exists, so differences are zero there, whatever
# the network paints. $\mathbf{I}_c - \mathbf{I}_g = (\mathbf{I}_p - \mathbf{I}_g) \odot (\mathbf{1} - \mathbf{M})$.
# </details>


# %%
def my_reconstruction_loss(I_p1, I_p2, I_gt, M):
    """Exercise 3.8: return L_r of eq. (2): a sum over an image's entries, a mean over the batch. M may be of no use.

    Shapes: images (b, 3, h, w), M (b, 1, h, w) → scalar.
    """
    ### BEGIN SOLUTION
    return ((I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()) / len(I_gt)
    ### END SOLUTION


# %%
check.ex_3_8(my_reconstruction_loss)

# %%
from rwlib.losses.reconstruction import reconstruction_loss

I_p1 = torch.zeros_like(I_house).requires_grad_()
of_predictions = torch.autograd.grad(reconstruction_loss(I_p1, I_house, I_house), I_p1)[0]
of_composites = torch.autograd.grad(reconstruction_loss(compose(I_house, I_p1, M_house), I_house, I_house), I_p1)[0]
assert torch.equal(of_composites, of_predictions * (1 - M_house)), "composites: no gradient where the image exists"
print(f"entries with a gradient: {(of_predictions != 0).sum()} by eq. (2), {(of_composites != 0).sum()} by composites")

# %% [markdown]
# ## 7 · One photograph by heart
#
# A network that cannot overfit one picture has a bug. So train on one photograph with one hole: by eq. (2)'s first
# term, then the same network by the *existing region only*, then by the *hole only* (the composites' loss).

# %%
size_px = ctx.pick(smoke=32, cpu=64, gpu=256)
width, steps = ctx.pick(smoke=(4, 40), cpu=(16, 300), gpu=(32, 1000))
I_gt = image_to_tensor(PhotoSet().center(2, size_px)).to(ctx.device)
M = torch.ones(1, 1, size_px, size_px, device=ctx.device)
M[..., size_px // 4 : 3 * size_px // 4, size_px // 4 : 3 * size_px // 4] = 0
whole = torch.ones_like(M)


def mean_error(I_p1, region):
    return float(((I_p1 - I_gt).detach().abs() * region).sum() / (3 * region.sum()))


# %%
def overfit(region):
    torch.manual_seed(ctx.seed)  # the same weights at the start
    network = SemanticInferringNetwork(width, output="tanh").to(ctx.device)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.5, 0.9))
    errors, pictures = [], {}
    for step in range(steps + 1):
        I_p1 = network(I_gt * M, M)
        errors.append((mean_error(I_p1, M), mean_error(I_p1, 1 - M)))
        if step in (0, steps // 30, steps // 6, steps):
            pictures[f"step {step}"] = I_p1.detach()
        optimiser.zero_grad()
        ((I_p1 - I_gt).abs() * region).mean().backward()  # eq. (2), first term, as a mean
        optimiser.step()
    return network, errors, pictures


# %%
runs = {"eq. (2), all pixels": overfit(whole), "existing region only": overfit(M), "hole only": overfit(1 - M)}
print("mean |I_p1 - I_g| after training    existing   hole")
for name, (_, errors, _) in runs.items():
    print(f"{name:34} {errors[-1][0]:9.3f} {errors[-1][1]:6.3f}")

_, by_equation_2, pictures = runs["eq. (2), all pixels"]
assert min(map(sum, by_equation_2)) < sum(by_equation_2[0]), "the loss falls"

# %%
show_images(
    pictures | {"I_g": I_gt},
    alt="The prediction at four moments of training, and the photograph. At first the hole is a flat square in a blur "
    "of colours; at the end nothing tells it from the photograph of a cat.",
    caption="I_p1 by eq. (2), all pixels.",
)

# %%
fig = Figure(figsize=(8, 2.8), layout="constrained")
for place, (axis, title) in enumerate(zip(fig.subplots(1, 2, sharey=True), ("existing region", "hole"), strict=True)):
    for (name, (_, errors, _)), color, linestyle in zip(runs.items(), COLORS, ("-", "--", ":"), strict=False):
        axis.plot([error[place] for error in errors], color=color, linestyle=linestyle, label=name)
    axis.set(xlabel="step", title=f"error in the {title}", yscale="log")
    axis.grid(alpha=0.3)
axis.legend(fontsize=8)
fig.axes[0].set_ylabel("mean |I_p1 - I_g|")
figure(
    fig,
    alt="Error over training steps, in the existing region and in the hole. Each region's error falls where the loss "
    "looks at that region, and stays high where it does not.",
    caption="A loss teaches the region that it looks at, and little else.",
)

# %% [markdown]
# In the stored run, eq. (2) is also the faster one in the existing region. That is one seed on one photograph: a
# question, not a result.
#
# **Predict.** The network of the *existing region only* copies what it sees. What does it put into the hole?
#
# <details><summary>Answer</summary>
#
# No loss looks there, so its output in the hole has no gradient. It is whatever the filters of the missing region make
# of the features, steered only by windows that straddle the border. See below.
# </details>

# %%
I_white = compose(I_gt, torch.ones_like(I_gt), M)
show_images(
    {"input, hole white": I_white} | {name: pictures[f"step {steps}"] for name, (_, _, pictures) in runs.items()},
    alt="The cat with a white square hole, then three predictions: the whole cat; the cat with a flat brown "
    "patch and a glaring rim in place of the hole; and an eye and a nose, sharp, amid coloured streaks.",
    caption="Predictions I_p1 after training by three losses.",
)

# %% [markdown]
# The composite of "hole only" would look fine: existing pixels replace the strange surroundings. And one memorised
# picture says nothing about the paper's claim that reconstruction helps inference. That needs many pictures (not
# measured here).
#
# And what did it learn? **One picture, not inpainting.** Give it another photograph:

# %%
I_coffee = image_to_tensor(PhotoSet().center(3, size_px)).to(ctx.device)
with torch.no_grad():
    I_p1 = runs["eq. (2), all pixels"][0](I_coffee * M, M)
show_images(
    {
        "input, hole white": compose(I_coffee, torch.ones_like(I_coffee), M),
        "I_p1": I_p1,
        "I_c1": compose(I_coffee, I_p1, M),
        "I_g": I_coffee,
    },
    alt="A cup of coffee with a square hole; a dull prediction of cup and saucer, a patch in the cat's colours and "
    "a dark spot where its eye was; the same patch in the composite; the cup.",
    caption="A network that was trained on the cat alone, on a photograph that it has never seen.",
)

# %% [markdown]
# ## 8 · The last activation
#
# The paper does not say how values get into $[-1, 1]$. The released program clips an ELU. `to_image_range` also has a
# plain clip and tanh.
#
# **Predict.** Which of `"elu_clip"`, `"clip"`, `"tanh"` have a nonzero slope at $x = 1.5$, and which at $x = -3$?

# %%
# Exercise 3.9: two sets of names, (at 1.5, at -3), for instance ({"clip"}, {"clip", "tanh"}).
### BEGIN SOLUTION
with_slope = ({"tanh"}, {"elu_clip", "tanh"})
### END SOLUTION

# %%
check.ex_3_9(with_slope)

# %%
fig = Figure(figsize=(8, 2.8), layout="constrained")
values, slopes = fig.subplots(1, 2)
for output, color, linestyle in zip(("elu_clip", "clip", "tanh"), COLORS, ("-", "--", ":"), strict=False):
    x = torch.linspace(-4, 3, 701).requires_grad_()
    y = to_image_range(x, output)
    values.plot(x.detach(), y.detach(), color=color, linestyle=linestyle, linewidth=2, label=output)
    slopes.plot(x.detach(), torch.autograd.grad(y.sum(), x)[0], color=color, linestyle=linestyle, linewidth=2)
values.set(xlabel="x, output of layer 18", ylabel="value", title="activation")
slopes.set(xlabel="x, output of layer 18", ylabel="slope", title="its gradient")
values.legend(fontsize=8)
figure(
    fig,
    alt="Left: three curves from -1 to 1; the ELU bends slowly towards -1, the clip has two corners, tanh has none. "
    "Right: their slopes. Above 1 only tanh's is not zero; below -1 those of the ELU and of tanh are not.",
)

# %% [markdown]
# A flat activation silences a pixel. If all pixels are above 1, the network is dead. Let us start layer 18 at 3
# everywhere, and ask how strongly $\mathcal{L}_r$ pulls at it.

# %%
for output in ("elu_clip", "clip", "tanh"):
    torch.manual_seed(ctx.seed)
    network = SemanticInferringNetwork(4, output=output).to(ctx.device)
    nn.init.zeros_(network.conv18.weight)
    nn.init.constant_(network.conv18.bias, 3.0)
    I_p1 = network(I_house * M_house, M_house)
    reconstruction_loss(I_p1, I_house, I_house).backward()
    pull = network.conv18.bias.grad.norm().item()
    print(f"{output:9} I_p1 = {I_p1.max().item():.3f}; gradient of L_r at layer 18's bias {pull:.3g}")
    assert (pull > 0) == (output == "tanh"), "a clip above 1 can never come back"

# %% [markdown]
# Real outputs start near 0, so this seldom happens to a whole picture, but it can happen to single bright pixels. The
# ELU has a second cost: it reaches $-1$, black, only as $x \to -\infty$.

# %%
from rwlib.config import make_config

dark = torch.tensor([-0.9, -0.99, -0.999])
for y in dark:
    print(f"for {y:.3f}: elu needs x = {torch.log1p(y):.1f}, tanh {torch.atanh(y):.1f}")
assert torch.allclose(F.elu(torch.log1p(dark)), dark, atol=1e-5)
assert make_config("paper").output == "elu_clip" and make_config("balanced").output == config.output == "tanh"

# %% [markdown]
# ## What to try
#
# - Dilations (2, 4, 8, 8), or a hole of 224 px: is the centre still reached? First by formula, then by gradient.
# - `overfit` with `region_wise="none"`, where skips reach the hole and both regions share filters.
# - Square the error in `overfit`: how do edges look after the same number of steps?

# %% [markdown]
# ## Recap
#
# - The input is $\mathbf{I}_g \odot \mathbf{M}$ and $\mathbf{M}$; whatever is in the hole must not change the output.
# - Layers 7 to 10 widen the encoder's receptive field from 79 to 287 px at no cost. Reach is not yet use.
# - Skip connections are constant in the hole, so they stop at its border.
# - $\mathcal{L}_r$ compares predictions, everywhere. Composites would train only the hole.

# %% [markdown]
# ## What the paper leaves open
#
# | question | rwlib |
# |---|---|
# | layers, widths, dilations | the released program's table, above |
# | "the smallest feature map is 128×128" (section 3.3) | 64×64 at 256 px: two strides of 2, as released |
# | the last activation | `elu_clip` as released; the preset `balanced` takes tanh |
# | $\lVert \cdot \rVert_1$: sum or mean, and over the batch | a sum per image, a mean over images |
# | padding | mirrored, as often as it takes |

# %% [markdown]
# **Next.** $\mathcal{L}_r$ treats each pixel on its own. Notebook 04 asks how two places of a picture belong together:
# the correlation loss.
