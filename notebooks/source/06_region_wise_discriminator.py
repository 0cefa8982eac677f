# %% [markdown]
# # 06 · The region-wise discriminator
#
# **Who judges a filling, what may the judge see, and what can go wrong between the two players?** You start with a game
# about a single number, and end as a detective in a museum of failed trainings.
#
# | | |
# |---|---|
# | Time | about 100 minutes to read, solve and play |
# | Exercises | {{exercises}} |
# | The cells alone | {{timings}} |
# | Needs | notebooks 00 to 03; no network connection |

# %% [markdown]
# **Afterwards you can**
#
# - say how two networks teach each other, and why that need not settle;
# - build the input of $D_r$, and say how many pixels one of its scores looks at;
# - compute a spectral norm by power iteration, and say what it bounds;
# - write $\mathcal{L}_a$, eq. (6), for either player with the right sign;
# - name one way in which each of five forms of the loss fails, and write a gradient penalty;
# - tell three broken trainings apart by their curves.

# %%
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from rwlib import masks
from rwlib.checkpoints import load_generator
from rwlib.conventions import compose, image_to_tensor
from rwlib.course import COLORS, check, figure, setup, show_images
from rwlib.course.lessons.one_number import OneNumberGame, draw
from rwlib.course.lessons.receptive import sensitivity
from rwlib.data import Facades
from rwlib.evaluation import mean_fill
from rwlib.inpainting import fill
from rwlib.losses import FORMS, adversarial_loss_discriminator, adversarial_loss_generator, gradient_penalty
from rwlib.networks.discriminator import RegionWiseDiscriminator, layers_for

ctx = setup("06")

# %% [markdown]
# ## Two players, one number
#
# Losses on pixels and on features compare with *one* truth. But a hole has many good fillings. So the paper adds a loss
# that is itself a network: a **discriminator** $D$ gives a score, high for real, low for painted. It learns to tell
# them apart, while the **generator** learns to get high scores.

# %% [markdown]
# Here is the smallest such game. The real "picture" is the number 1. The generator owns one number $\theta$, and
# begins at −1. The discriminator is a straight line, $D(x) = w x + b$: above zero it calls $x$ real. They move in
# turn, each by one step down its own loss.
#
# **Predict.** Where does $\theta$ go: straight to 1 and stays, to 1 and past it, or away?

# %%
game = OneNumberGame()
figure(
    draw(game.states, 40),
    alt="Left: a rising line, the judge; on it the real number and, farther right, the fake. Right: the fake's "
    "path rises from -1 past the real number 1, comes back, and swings around it.",
    caption="Turn 40: the fake has passed the real number, and the judge still rises. Move the slider below.",
)

# %%
game

# %% [markdown]
# The generator never sees the number 1. It only follows the slope of $D$, so it overshoots until $D$ has turned round.
# Then it comes back. Here the swings die out; in section 5 you will see games in which they do not. Two networks that
# train each other have no common loss that falls. That is why their curves are hard to read.

# %%
path = [state.theta for state in game.states]
crossings = sum((a - 1) * (b - 1) < 0 for a, b in zip(path, path[1:], strict=False))
print(f"farthest beyond: {max(path):.2f}; crosses the real number {crossings} times; ends at {path[-1]:.2f}")
assert max(path) > 1.5 and crossings >= 3

# %% [markdown] tags=["sec-3.4"]
# ## 1 · Many small verdicts
#
# The paper's **region-wise discriminator** $D_r$ gives no single verdict. It returns a *map* of scores, "penalizing
# input images at the scale of patches" (section 3.4).

# %% [markdown]
# Six 5×5 convolutions of stride 2, each followed by a leaky ReLU of slope 0.2. (The released program leaves out the
# last leaky ReLU in some of its modes.) The widths are $c, 2c, 4c, 4c, 4c, 4c$ with $c = 64$; here we take a narrow
# one.

# %%
torch.manual_seed(ctx.seed)
D = RegionWiseDiscriminator(width=4).to(ctx.device).eval()
picture, mask = torch.zeros(1, 3, 256, 256, device=ctx.device), torch.ones(1, 1, 256, 256, device=ctx.device)
scores = D(picture, mask)
assert scores.shape == (1, 16, 4, 4), "4c channels, and a 4x4 map of patches"
print("score map of a 256x256 picture:", tuple(scores.shape))
small = picture[..., :64, :64], mask[..., :64, :64]
print("score map of a 64x64 picture:  ", tuple(D(*small).shape))
shallow = RegionWiseDiscriminator(width=4, layers=layers_for(64)).to(ctx.device).eval()
print(f"the same with {layers_for(64)} layers:      ", tuple(shallow(*small).shape))

# %% [markdown]
# Six layers are made for 256 pixels. At 64 they leave a single score: no patches, and nothing region-wise. So rwlib's
# preset `balanced` chooses the number of layers by the picture's size, and always has a 4×4 map. The presets `paper`
# and `release` keep six.

# %% [markdown]
# **Predict.** Neighbouring scores are 64 pixels apart ($2^6$). But how many pixels wide is the square that *one* score
# depends on, its receptive field (notebook 03)?

# %%
# Exercise 6.1: the side of a score's receptive field, in pixels.
### BEGIN SOLUTION
receptive_field_px = 1 + 4 * (1 + 2 + 4 + 8 + 16 + 32)
### END SOLUTION

# %%
check.ex_6_1(receptive_field_px)

# %% [markdown]
# So the word "patch" misleads: at 256 pixels each score can see nearly the whole picture. But it does not look
# everywhere with equal care. We ask one score for its gradient. The mask says that everything is missing, so that $D_r$
# sees the whole picture (section 2 says why).

# %%
noise = torch.rand(1, 3, 384, 384, generator=ctx.generator).to(ctx.device) * 2 - 1
care = sensitivity(lambda I: D(I, torch.zeros_like(I[:, :1])), noise, row=2, column=2)[0].cpu()
rows, columns = care.sum(1).nonzero().flatten(), care.sum(0).nonzero().flatten()
reach_px = int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)
assert max(reach_px) == 253, "the receptive field, measured"

by_distance = care.sum(0) / care.sum()
middle = int((by_distance.cumsum(0) < 0.5).sum())
assert (columns[0] + columns[-1]) / 2 == 64 * 2 + 63, "the field's middle is the last column of its cell"
share = float(by_distance[middle - 63 : middle + 64].sum())
print(f"reaches {reach_px[0]} x {reach_px[1]} px; the middle 127 columns hold {100 * share:.0f} % of the gradient")

# %%
fig = Figure(figsize=(7, 2.9), layout="constrained")
left, right = fig.subplots(1, 2)
left.imshow(F.avg_pool2d(care[None], 12)[0].sqrt(), cmap="cividis", extent=(0, 384, 384, 0))
left.set(title="how much each pixel moves score (2, 2)", xlabel="column, px", ylabel="row, px")
right.plot(by_distance, color=COLORS[0])
right.vlines([columns[0], columns[-1]], 0, by_distance.max(), color=COLORS[1], linestyle="--", label="253 px wide")
right.axvspan(128, 192, color=COLORS[5], alpha=0.3, label="cell 2 of the map, 64 px")
right.set(title="summed over rows", xlabel="column, px", ylabel="share of the gradient")
right.legend(fontsize=8)
figure(
    fig,
    alt="A square of 253 pixels, bright in its middle and dark at its rim; beside it the same as a hill. Its middle is "
    "at the right edge of the band that marks the cell.",
    caption="An untrained discriminator, 384x384 pixels. Left: square root of the gradient, means of 12x12 pixels.",
)

# %% [markdown]
# Cell 2 of the map covers columns 128 to 191, but its score looks around column 191: half a cell too far to the right,
# and too far down. A stride-2 layer pads one pixel before and two after, and over six layers this adds up. The released
# program does the same, and so do we. The label of section 6 belongs to the cell; the score looks beside it.

# %% [markdown] tags=["sec-3.4"]
# ## 2 · What the judge sees
#
# "Undesired artifacts only exist in inferred regions": so $D_r$ gets $\mathbf{I} \odot (\mathbf{1} - \mathbf{M})$, the
# hole's content alone, and the mask $\mathbf{M}$ as a fourth channel.

# %% [markdown]
# **Predict.** A generator's prediction $\mathbf{I}_p$ covers the whole picture. What would $D_r$ learn to look at if it
# saw all of it?
#
# <details><summary>Answer</summary>
#
# Whatever betrays a fake most cheaply. The existing region is thrown away when $\mathbf{I}_c$ is composed, so a verdict
# about it is a verdict about nothing; and its gradient would pull the generator's weights towards better copies instead
# of better fillings.
# </details>


# %%
def discriminator_input(I, M):
    """Exercise 6.2: return what D_r sees: the hole's content and the mask, (b, 4, h, w).

    Shapes: I (b, 3, h, w), M (b, 1, h, w), 1 existing, 0 missing.
    """
    ### BEGIN SOLUTION
    return torch.cat([I * (1 - M), M], dim=1)
    ### END SOLUTION


# %%
check.ex_6_2(discriminator_input)

# %%
I_gt = image_to_tensor(Facades(seed=0).center(11, size_px=128)).to(ctx.device)
M = masks.contiguous_mask(128, 128, (0.24, 0.26), generator=ctx.generator)[None].to(ctx.device)
I = I_gt.clone().requires_grad_()
(gradient,) = torch.autograd.grad(D(I, M).sum(), I)
exists = M.bool().expand_as(I)
assert (gradient[exists] == 0).all(), "the judge cannot ask for a change of existing pixels"

# %%
size = gradient.abs().sum(1, keepdim=True)
show_images(
    {
        "I_g": I_gt,
        "I_g ⊙ (1 − M)": I_gt * (1 - M),
        "M": (2 * M - 1).expand_as(I_gt),
        "gradient of D": (2 * size / size.max() - 1).expand_as(I_gt),
    },
    alt="A house front; its hole's content on grey; the mask, black in the hole; a gradient, zero outside.",
    caption="Erased pixels are 0, mid-grey. The gradient is black, zero, in the whole existing region.",
    side_inches=1.4,
)

# %% [markdown]
# ## 3 · A leash for the judge: spectral norm
#
# A judge that may grow steep wins by shouting: doubling its last layer doubles every score, and with them its lead, the
# real score minus the fake one. So each weight is divided by its largest singular value,
# $\mathbf{W} / \sigma(\mathbf{W})$, with $\mathbf{W}$ flattened to (out, rest).

# %% [markdown]
# Computing all singular values in each step is expensive. *Power iteration* finds the largest by going back and forth:
#
# $$\mathbf{u} \leftarrow \frac{\mathbf{W}\mathbf{v}}{\|\mathbf{W}\mathbf{v}\|}, \qquad
# \mathbf{v} \leftarrow \frac{\mathbf{W}^\top\mathbf{u}}{\|\mathbf{W}^\top\mathbf{u}\|}, \qquad
# \sigma \approx \mathbf{u}^\top \mathbf{W} \mathbf{v}$$


# %%
def spectral_normalise(W, n):
    """Exercise 6.3: return W divided by its spectral norm, estimated by n power iterations.

    Begin with v, all entries equal, of length 1. Shapes: W (out, in, k, k).
    """
    ### BEGIN SOLUTION
    matrix = W.flatten(1)
    v = F.normalize(matrix.new_ones(matrix.shape[1]), dim=0)
    for _ in range(n):
        u = F.normalize(matrix @ v, dim=0)
        v = F.normalize(matrix.T @ u, dim=0)
    return W / (u @ matrix @ v)
    ### END SOLUTION


# %%
check.ex_6_3(spectral_normalise)

# %% [markdown]
# **Predict.** Does the estimate approach $\sigma$ from below, from above, or from both sides? `torch` makes only *one*
# iteration a training step: why is that enough?
#
# <details><summary>Answer</summary>
#
# From below: no pair of unit vectors gives more than the largest singular value. One iteration is enough because
# $\mathbf{v}$ is kept from step to step, and the weights move little in between.
# </details>

# %%
W = torch.randn(64, 32, 5, 5, generator=ctx.generator)
matrix = W.flatten(1)
v = F.normalize(matrix.new_ones(matrix.shape[1]), dim=0)
estimates = []
for _ in range(60):
    u = F.normalize(matrix @ v, dim=0)
    v = F.normalize(matrix.T @ u, dim=0)
    estimates.append(float(u @ matrix @ v))

# %%
values = torch.linalg.svdvals(matrix)
assert all(one <= two + 1e-3 for one, two in zip(estimates, estimates[1:], strict=False)), "it only grows"
assert estimates[-1] <= float(values[0]) + 1e-3, "and never beyond the largest singular value"
normalised = torch.linalg.svdvals(matrix / estimates[-1])
print(f"σ by decomposition {values[0]:.3f}, after 1 iteration {estimates[0]:.3f}, after 60 {estimates[-1]:.3f}")

# %%
fig = Figure(figsize=(8, 3), layout="constrained")
left, right = fig.subplots(1, 2)
left.plot(range(1, 61), estimates, color=COLORS[0], marker=".", label="u · W v")
left.axhline(float(values[0]), color=COLORS[1], linestyle="--", label="σ by decomposition")
left.set(title="the estimate", xlabel="power iterations", ylabel="σ")
right.plot(values, color=COLORS[1], linestyle="--", label="W")
right.plot(normalised, color=COLORS[0], marker=".", label="W / σ")
right.set(title="all singular values", xlabel="number", ylabel="value, logarithmic", yscale="log")
left.legend(), right.legend()
figure(
    fig,
    alt="An estimate that climbs to a dashed line from below; 64 singular values, and the same ones shifted down to 1.",
    caption="Random weights of a layer, 64 filters on 32 channels.",
)

# %% [markdown]
# All singular values shrink by the same factor; the largest becomes 1. **Two things stay free.** A filter is slid over
# the picture, so the *convolution* can stretch more than its flattened matrix does; and the *biases* are not touched.
# The next cell measures the first for one random layer. Section 4 shows what comes of both.

# %%
x = torch.randn(1, 32, 32, 32, generator=ctx.generator)
kernel = W / values[0]
for _ in range(ctx.pick(smoke=10, cpu=40, gpu=40)):  # the same back and forth, with the convolution as the matrix
    y = F.normalize(F.conv2d(x, kernel, stride=2, padding=2).flatten(), dim=0).view(1, 64, 16, 16)
    x = F.conv_transpose2d(y, kernel, stride=2, padding=2, output_padding=1)
    stretch = float(x.norm())
    x = x / stretch
print(f"largest stretch of the flattened matrix 1.00, of the convolution {stretch:.2f}")
assert stretch > 1, "normalised as a matrix, it still stretches pictures"

# %% [markdown] tags=["eq-6"]
# ## 4 · Equation (6) and its sign
#
# $$\begin{aligned}\mathcal{L}_a = {}
# & \alpha\, \mathbb{E}(D_r(\mathbf{I}_g \odot (\mathbf{1} - \mathbf{M}), \mathbf{M}))
# \\ & + \mathbb{E}(\mathbf{1} - D_r(\mathbf{I}_p^{(1)} \odot (\mathbf{1} - \mathbf{M}), \mathbf{M})) +
# \mathbb{E}(\mathbf{1} - D_r(\mathbf{I}_p^{(2)} \odot (\mathbf{1} - \mathbf{M}), \mathbf{M})) \end{aligned} \tag{6}$$
#
# The generator descends $\mathcal{L}_a$, the discriminator $-\mathcal{L}_a$ (Algorithm 1). $\alpha = 0.01$.

# %% [markdown]
# **Predict.** Number the three terms of (6) 1, 2, 3. Which of them give the *generator* a gradient?

# %%
# Exercise 6.4: a tuple of numbers, for instance (1, 3).
### BEGIN SOLUTION
terms_with_gradient = (2, 3)
### END SOLUTION

# %%
check.ex_6_4(terms_with_gradient)


# %%
def generator_descends(score_p1, score_p2):
    """Exercise 6.5: return the part of L_a, eq. (6), that moves the generator.

    Shapes: scores of I_p1 and of I_p2 (b, c, h, w) → a scalar.
    """
    ### BEGIN SOLUTION
    return (1 - score_p1).mean() + (1 - score_p2).mean()
    ### END SOLUTION


# %%
check.ex_6_5(generator_descends)


# %%
def discriminator_descends(score_gt, score_p1, score_p2, alpha):
    """Exercise 6.6: return what D_r descends, -L_a of eq. (6).

    Shapes: scores of I_g, I_p1, I_p2 (b, c, h, w) → a scalar. Write L_a over three lines.
    """
    ### BEGIN SOLUTION
    L_a = (
        alpha * score_gt.mean()
        + (1 - score_p1).mean()
        + (1 - score_p2).mean()
    )  # fmt: skip
    return -L_a
    ### END SOLUTION


# %%
check.ex_6_6(discriminator_descends)

# %% [markdown]
# **A bug that runs silently.** The released program writes such sums over several lines, without parentheses. As
# PyTorch, the second line is a statement of its own: `+x` is computed and forgotten.

# %%
score_gt, score_p1, score_p2 = (torch.randn(2, 16, 4, 4, generator=ctx.generator).requires_grad_() for _ in range(3))
L_a = 0.01 * score_gt.mean()
+(1 - score_p1).mean()  # noqa: B018  this line does nothing
+(1 - score_p2).mean()  # noqa: B018  nor does this one
found = torch.autograd.grad(-L_a, [score_gt, score_p1, score_p2], allow_unused=True)
assert [gradient is None for gradient in found] == [False, True, True]
print("gradient for D's score of: I_g yes, I_p1 none, I_p2 none. No error, no warning.")

# %% [markdown]
# **Another failure, of (6) itself.** We give $D_r$ the *same* picture as ground truth and as both predictions. There is
# nothing to tell apart.
#
# **Predict.** Can $-\mathcal{L}_a$ fall all the same, with all weights under spectral norm?
#
# <details><summary>Answer</summary>
#
# Yes. With equal scores $s$ it is $-\alpha s - 2(1 - s) = (2 - \alpha)\, s - 2$. For $\alpha = 0.01$ a lower $s$ is
# better for every picture alike, and spectral norm does not keep $s$ from falling. Only $\alpha = 2$ rewards nothing.
# </details>


# %%
def judge_equals(alpha, steps, form="critic", only=""):
    """Train a discriminator on pictures that are all the same, or `only` its biases, say; return its losses."""
    torch.manual_seed(ctx.seed)
    D = RegionWiseDiscriminator(width=4).to(ctx.device)
    opt_D = torch.optim.Adam([x for name, x in D.named_parameters() if only in name], lr=1e-2)
    label = masks.label_from_mask(M, 2)
    losses = []
    for _ in range(steps):
        score = D(I_gt, M)
        loss = adversarial_loss_discriminator(score, score, score, label, form=form, alpha=alpha)
        opt_D.zero_grad()
        loss.backward()
        opt_D.step()
        losses.append(float(loss.detach()))
    return losses, D


# %%
steps = ctx.pick(smoke=20, cpu=150, gpu=150)
runaway, D_runaway = judge_equals(0.01, steps)
level, _ = judge_equals(2.0, steps)
bounded, _ = judge_equals(1.0, steps, form="hinge")
assert runaway[-1] < runaway[0] - 0.1, "it falls although there is nothing to learn"
assert max(level) - min(level) < 1e-4, "with alpha = 2 nothing is won"
assert min(bounded) >= 0, "a hinge has a floor"
largest = max(float(torch.linalg.matrix_norm(conv.weight.detach().flatten(1), ord=2)) for conv in D_runaway.convs)
print(f"-L_a from {runaway[0]:.2f} to {runaway[-1]:.2f}; largest singular value of any layer {largest:.2f}")

# %%
fig = Figure(figsize=(6, 2.6), layout="constrained")
axis = fig.subplots()
named = {"critic, α = 0.01": runaway, "critic, α = 2": level, "hinge, α = 1": bounded}
for i, (name, values) in enumerate(named.items()):
    axis.plot(values, color=COLORS[i], linestyle=("-", "--", ":")[i], label=name)
axis.set(xlabel="step", ylabel="loss of D", yscale="symlog")
axis.grid(alpha=0.3)
axis.legend(fontsize=8, loc="center right")
figure(
    fig,
    alt="On a logarithmic axis one curve falls ever further below zero, one is level at minus two, one stays above 0.",
    caption="Three discriminators, each on one picture that is called real and fake at once.",
)

# %% [markdown]
# Every flattened weight kept its norm of 1, and yet the loss fell without end. Which of the two free things did it? We
# train only the biases, then only the weights:

# %%
alone = {
    name: judge_equals(0.01, steps, only=part)[0][-1] for name, part in (("biases", "bias"), ("weights", "weight"))
}
print(f"-L_a after {steps} steps: all {runaway[-1]:.1f}; " + "; ".join(f"{k} only {v:.1f}" for k, v in alone.items()))
assert alone["weights"] < alone["biases"], "sliding filters stretch more than biases shift"

# %% [markdown]
# In 150 steps (tier `cpu`) the weights alone go about half of the way, although each is held to norm 1: the filters
# turn so that the *sliding* convolution stretches as much as it can, and six layers multiply it. Biases alone shift
# little. Together they go furthest.

# %% [markdown]
# ## 5 · Five forms of one idea
#
# The paper prints a critic. Its released program trains with `l1` by default and offers others. $t$ is the hole's share
# of a patch (section 6).
#
# | form | real $s$ costs D | fake $s$ costs D | fake $s$ costs G | how it fails |
# |---|---|---|---|---|
# | `critic`, eq. (6) | $-\alpha s$ | $-(1 - s)$ | $1 - s$ | no floor: scores run away |
# | `l1`, released | $\alpha \lvert s - t \rvert$ | $\lvert s \rvert$ | $\lvert s - t \rvert$ | $s > t$: pulled down |
# | `hinge` | $\alpha \max(0, 1 - s)$ | $\max(0, 1 + s) / 2$ | $-s$ | $-\max(0, s)$ for G is flat if $s < 0$ |
# | `bce` | $\alpha \log(1 + e^{-s})$ | $\log(1 + e^{s}) / 2$ | $\log(1 + e^{-s})$ | $-\log(1 + e^{s})$ for G fades |
# | `wgan-gp` | $-\alpha s$ | $s / 2$ | $-s$ | without its penalty, a critic again |


# %%
def hinge_discriminator(score_gt, score_p1, score_p2, alpha):
    """Exercise 6.7: return the hinge loss of D: the table's row, averaged over patches; the two fakes are added.

    Shapes: scores (b, c, h, w) → a scalar.
    """
    ### BEGIN SOLUTION
    real = F.relu(1 - score_gt).mean()
    fake = F.relu(1 + score_p1).mean() / 2 + F.relu(1 + score_p2).mean() / 2
    return alpha * real + fake
    ### END SOLUTION


# %%
check.ex_6_7(hinge_discriminator)

# %% [markdown]
# The released program lets the generator descend $-\max(0, s)$ instead of $-s$.
#
# **Predict.** Six fake patches have the scores $-4, -3, -2, -0.5, 0.5, 2$. How many of them get a gradient from it?

# %%
# Exercise 6.8: a number.
### BEGIN SOLUTION
patches_with_gradient = 2
### END SOLUTION

# %%
check.ex_6_8(patches_with_gradient)

# %%
s = torch.linspace(-4, 4, 161, requires_grad=True)
label, other = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)
generator_losses = {
    form: sum(adversarial_loss_generator(x.view(1, 1, 1, 1), other, label, form=form) for x in s)
    for form in ("hinge", "bce", "l1")
}
generator_losses["−relu(s), released hinge"] = -F.relu(s).sum()
generator_losses["−log(1 + exp(s))"] = -F.softplus(s).sum()
slopes = {name: torch.autograd.grad(loss, s)[0] for name, loss in generator_losses.items()}
assert (slopes["hinge"] == -1).all() and (slopes["−relu(s), released hinge"][s < 0] == 0).all()
assert (slopes["l1"][s > 1.01] > 0).all(), "l1 pulls a score above the label down"

# %%
fig = Figure(figsize=(7, 3), layout="constrained")
axis = fig.subplots()
for i, ((name, slope), style) in enumerate(zip(slopes.items(), ("-", "-", "-", "--", "--"), strict=True)):
    axis.plot(s.detach(), slope, label=name, color=COLORS[i], linestyle=style, marker="osv^D"[i], markevery=(4 * i, 20))
axis.axhline(0, color=COLORS[6], linewidth=0.8)
axis.set(xlabel="score s of a fake patch, label 1", ylabel="slope of G's loss")
axis.grid(alpha=0.3)
axis.legend(fontsize=8, loc="upper left")
figure(
    fig,
    alt="Slopes over scores from -4 to 4. Hinge is -1 throughout, bce near -1 on the left, both dashed ones near 0.",
    caption="Negative: the generator pushes the score up. On the left it loses, and needs a gradient most.",
)

# %% [markdown]
# **Two players, two pixels.** Both pixels of the real picture are 1. The generator paints $\theta$ and starts at
# $(-1, 0)$; the discriminator is linear, $D(\mathbf{x}) = \mathbf{w}^\top \mathbf{x} + b$. Both take plain gradient
# steps in turn.
#
# **Predict.** Which forms bring $\theta$ to rest at $(1, 1)$? And where does the critic of eq. (6)
# end with its printed $\alpha = 0.01$?

# %%
from rwlib.course.lessons.two_players import BALANCED, play

steps = ctx.pick(smoke=200, cpu=400, gpu=400)
games = {"critic, α = 0.01": play("critic", steps=steps, alpha=0.01)}
games |= {f"{form}, α = {BALANCED[form]:g}": play(form, steps=steps) for form in FORMS}
print("form                distance, last 100 steps   D(real) at the end")
for name, game in games.items():
    late = game["distance"][-100:]
    print(f"{name:19} {min(late):12.2f} to {max(late):.2f} {game['D(real)'][-1]:20.2f}")
as_printed = games["critic, α = 0.01"]
assert as_printed["D(real)"][-1] < -10, "its scores run away"
assert all(max(game["distance"][-100:]) > 0.1 for game in games.values()), "nobody has come to rest"

# %%
fig = Figure(figsize=(7, 4.5), layout="constrained")
grid = fig.subplots(2, 3, sharex=True, sharey=True)
for axis, (name, game) in zip(grid.flat, games.items(), strict=True):
    x, y = game["theta_1"], game["theta_2"]
    axis.plot(x, y, color=COLORS[0], linewidth=1, label="path of θ")
    axis.plot(x[0], y[0], color=COLORS[6], marker="o", linestyle="", label="start")
    axis.plot(x[-1], y[-1], color=COLORS[1], marker="s", linestyle="", label="at the end")
    axis.plot(1, 1, color=COLORS[2], marker="*", markersize=12, linestyle="", label="real picture")
    axis.set(title=name, xlabel="pixel 1", ylabel="pixel 2")
fig.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=4)
figure(
    fig,
    alt="Six paths. Critics and wgan-gp circle, hinge on a smaller ring; l1 and bce come nearest to the star.",
    caption="With α = 0.01 the critic's path goes round (0, 0), not round the real picture.",
)

# %% [markdown]
# None has come to rest: each player's best move changes the other's aim, and the pair goes round. `bce` and `l1` come
# nearest. Does either arrive if we let them play on?

# %%
longer = {form: play(form, steps=ctx.pick(smoke=900, cpu=2000, gpu=2000))["distance"] for form in ("bce", "l1")}
for form, distance in longer.items():
    thirds = [max(part) for part in (distance[-900:-600], distance[-600:-300], distance[-300:])]
    print(f"{form}: largest distance in the last three runs of 300 turns", *(f"{x:.3f}" for x in thirds))

# %% [markdown]
# The path of `bce` goes on shrinking; that of `l1` keeps its size, because its steps are always equally long.
#
# With $\alpha = 0.01$ the critic circles the *wrong* place. $\mathbf{w}$ stands still where
# $\alpha\, \mathbf{x}_{real} = 2\, \theta$, that is at $\theta = 0.005\, \mathbf{x}_{real}$, almost grey. In training
# it is $\mathcal{L}_r$ that holds the pictures where they belong.

# %%
centre = [sum(as_printed[name]) / len(as_printed[name]) for name in ("theta_1", "theta_2")]
assert all(abs(x) < 0.5 for x in centre), "round grey, far from (1, 1)"
print(f"mean place of θ with eq. (6) as printed: ({centre[0]:.2f}, {centre[1]:.2f}); real picture: (1, 1)")

# %% [markdown]
# ## 6 · A label for each patch
#
# In `l1` the label is a patch's target. In `hinge`, `bce` and `wgan-gp` it is the weight with which rwlib counts the
# patch. The released program resizes $\mathbf{1} - \mathbf{M}$ to the map by nearest neighbour; rwlib takes the share
# of each cell that is missing.


# %%
def hole_label(M, h, w):
    """Exercise 6.9: return the missing share of each cell of an h x w grid, (b, 1, h, w).

    M is (b, 1, H, W), 1 existing; H is a multiple of h, and W of w.
    """
    ### BEGIN SOLUTION
    return F.adaptive_avg_pool2d(1 - M, (h, w))
    ### END SOLUTION


# %%
check.ex_6_9(hole_label)

# %% [markdown]
# **Predict.** A 4×4 map samples 16 pixels of a 256×256 mask. How many of a hundred holes that miss at most a tenth of
# the picture are hit by none of the 16?

# %%
small = masks.random_masks(
    ctx.pick(smoke=40, cpu=400, gpu=400), 256, 256, (0.01, 0.1), kind="contiguous", generator=ctx.generator
)
nearest, area = (masks.label_from_mask(small, 4, mode) for mode in ("nearest", "area"))
lost = (nearest == 0).flatten(1).all(1)
assert (area.flatten(1).amax(1) > 0).all(), "the mean keeps every hole"
assert torch.allclose(area.mean((1, 2, 3)), masks.hole_fraction(small)), "and its size"
print(f"{lost.sum()} of {len(small)} holes are lost by nearest, {100 * lost.float().mean():.0f} %; none by area")

# %%
k = int(lost.float().argmax())  # the first that is lost
fig = Figure(figsize=(8, 2.8), layout="constrained")
panels = {"M, 1 exists": small[k, 0], "label, nearest": nearest[k, 0], "label, area": area[k, 0]}
for axis, (name, values) in zip(fig.subplots(1, 3), panels.items(), strict=True):
    axis.imshow(values, cmap="gray", vmin=0, vmax=1)
    axis.set(title=name, xticks=[], yticks=[])
    for row, column in torch.cartesian_prod(torch.arange(4), torch.arange(4)).tolist() if len(values) == 4 else []:
        shade = float(values[row, column])
        axis.text(column, row, f"{shade:.2f}", ha="center", va="center", color=COLORS[6 if shade > 0.5 else 4])
figure(
    fig,
    alt="A mask with one small hole; a 4x4 map that is zero everywhere; a 4x4 map whose cells hold the hole's shares.",
    caption="With the label in the middle, this picture has no adversarial signal at all.",
)

# %% [markdown] tags=["sec-3.4"]
# ## 7 · A judge in training
#
# Now with real fakes. The shipped generator fills holes in drawn fronts, and a narrow $D_r$ learns to tell
# $\mathbf{I}_g$ from $\mathbf{I}_p^{(1)}$ and $\mathbf{I}_p^{(2)}$, with the hinge. The generator stands still.

# %%
side_px, count, held_out = ctx.pick(smoke=(128, 6, 2), cpu=(256, 24, 8), gpu=(256, 96, 16))
street, (G, config) = Facades(seed=6), load_generator()
I_gt = torch.cat([image_to_tensor(street.center(k, size_px=side_px)) for k in range(count)])
M = masks.random_masks(count, side_px, side_px, (0.2, 0.4), kind="contiguous", generator=ctx.generator)
filled = [fill(G, I_gt[k : k + 1], M[k : k + 1]) for k in range(count)]
real, M = I_gt.to(ctx.device), M.to(ctx.device)
fake_1, fake_2 = (torch.cat([getattr(x, name) for x in filled]).to(ctx.device) for name in ("I_p1", "I_p2"))
flat = mean_fill(real, M)
print(f"{count - held_out} pictures to train on, {held_out} held out, {side_px} x {side_px} px")

# %%
torch.manual_seed(ctx.seed)
D = RegionWiseDiscriminator(width=8).to(ctx.device)
opt_D = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.9))


def verdicts():
    """Return the scores of all pictures, averaged over channels: kind → (b, 1, h, w)."""
    with torch.no_grad():
        D.eval()
        seen = {"I_g": real, "flat fill": flat, "I_p2, shipped": fake_2}
        return {name: D(I, M).mean(1, keepdim=True).cpu() for name, I in seen.items()}


before, label = verdicts(), masks.label_from_mask(M, -(-side_px // 64)).cpu()

# %%
losses = []
for _ in range(ctx.pick(smoke=10, cpu=200, gpu=400)):
    k = torch.randint(count - held_out, (4,), generator=ctx.generator).to(ctx.device)
    scores = D.train()(torch.cat([real[k], fake_1[k], fake_2[k]]), M[k].repeat(3, 1, 1, 1))
    patches = masks.label_from_mask(M[k], scores.shape[-2:])
    loss = adversarial_loss_discriminator(*scores.split(4), patches, form="hinge", alpha=1.0)
    opt_D.zero_grad()
    loss.backward()
    opt_D.step()
    losses.append(float(loss.detach()))
after = verdicts()
print(f"loss of D: first {losses[0]:.2f}, last ten on average {sum(losses[-10:]) / 10:.2f}")

# %%
seen, new = slice(0, count - held_out), slice(count - held_out, count)
print("mean score in the hole      before    after, trained on    after, held out")
for name in after:
    of = {"before": (before, seen), "seen": (after, seen), "new": (after, new)}
    b, s, n = (float((score[name][k] * label[k]).sum() / label[k].sum()) for score, k in of.values())
    print(f"{name:26} {b:7.2f} {s:20.2f} {n:18.2f}")

# %%
k = count - 1  # held out
show_images(
    {
        "I_g": real[k : k + 1],
        "flat fill": flat[k : k + 1],
        "shipped, I_c2": compose(real, fake_2, M)[k : k + 1],
    },
    alt="A drawn house front that D has never seen, its hole filled with one colour, and the generator's filling.",
    side_inches=1.4,
)

# %%
fig = Figure(figsize=(7, 4.2), layout="constrained")
grid = fig.subplots(2, 3)
for row, when, scores in zip(grid, ("before", "after"), (before, after), strict=True):
    largest = max(float(score[k].abs().max()) for score in scores.values())
    for axis, (name, score) in zip(row, scores.items(), strict=True):
        axis.imshow(score[k, 0], cmap="PuOr", vmin=-largest, vmax=largest)
        axis.set(title=f"{name}, {when}", xticks=[], yticks=[])
        for i, j in label[k, 0].nonzero().tolist():
            text = f"{score[k, 0, i, j]:.2f}"
            axis.text(j, i, text, ha="center", va="center", fontsize=8, backgroundcolor=(1, 1, 1, 0.7))
figure(
    fig,
    alt="Score maps over one hole, before and after training, of the ground truth, a flat fill and the generator.",
    caption="Mean over channels, one held-out picture. Numbers: cells that touch the hole. Each row has its own scale.",
)

# %% [markdown]
# Before training, every score is about the same, whatever it looks at. After 200 steps (tier `cpu`) the ground truth
# has a much higher mean than either filling, and it is higher on pictures trained on than on new ones. Yet in the map
# above only some cells of the real hole are called real: a mean hides such things.

# %% [markdown]
# $D_r$ never saw a flat fill in training, and scores it like the shipped generator's blur. It learned what this
# generator lacks, not what a house is.

# %% [markdown]
# **Over its shoulder.** In a real training both players move. This recording has ten moments of one: 64 px, photographs
# of façades, 150 steps without $D_r$ and 300 with it. It was made with six layers, so in training each picture had one
# score; the maps are $D_r$ on 256 px. Go through it with the slider.
#
# **Predict.** At its first steps, does $D_r$ call the fakes fake? And where in the hole does it look?
#
# <details><summary>Answer</summary>
#
# Ten steps after its start it calls everything real, the second fake most of all. Then real gets ahead, falls behind
# $\mathbf{I}_p^{(2)}$ once more, and ends ahead by 0.05, which is little for a mean of 32 held-out patches. It looks at
# edges and lettering: the quarter of the hole with most contrast moves its verdict several times as much as the quarter
# with least.
# </details>

# %%
from rwlib.widgets import CriticView

CriticView()

# %% [markdown]
# ## 8 · The failure museum
#
# Three trainings that went wrong, each beside a healthy one with the same seed: short runs on drawn fronts at 64
# pixels, with `bce`, from the second phase of training, in which $D_r$ takes part (notebook 07). Read curves and
# pictures, then choose. The hole is the oval that you can make out in $\mathbf{I}_c^{(2)}$.
#
# | | diagnosis |
# |---|---|
# | a | D calls everything real: the fake terms of its loss are lost |
# | b | D is too strong: what it asks for cannot be had |
# | c | nothing ties the filling to its house any more |
# | d | the mask is the other way round |
# | e | nothing is wrong |


# %%
from dataclasses import replace

from IPython.display import HTML

from rwlib.course.lessons.museum import exhibit, show_exhibit


def two_pictures(shown):
    """Return an exhibit with two of its pictures."""
    return replace(shown, pictures={name: shown.pictures[name] for name in ("I_c2", "I_c2, healthy")})


def answer(shown):
    """Fold an exhibit's diagnosis away."""
    text = f"{shown.diagnosis}<br><b>Clue.</b> {shown.clue}<br><b>How it was made.</b> {shown.how}"
    return HTML(f"<details><summary>Open after your diagnosis</summary>{text}</details>")


# %% [markdown]
# **Exhibit A.** Watch the gap between D's scores of real and of fake.

# %%
judge = exhibit("A")
show_exhibit(
    two_pictures(judge),
    alt="Scores of real rise, scores of fakes fall below zero, the hole's error a little above the healthy one. "
    "Pictures: fillings with a reddish and greenish weave, above plain blurred healthy ones.",
)

# %%
# Exercise 6.10: one letter, for instance "e".
### BEGIN SOLUTION
diagnosis_A = "b"
### END SOLUTION

# %%
check.ex_6_10(diagnosis_A)

# %%
answer(judge)

# %% [markdown]
# **Exhibit B.** The spread is the standard deviation over eight houses with the same hole.

# %%
weave = exhibit("B")
show_exhibit(
    two_pictures(weave),
    alt="The spread swings up and down and ends low; the healthy one stays at 0.2 to 0.3; the truth's is level. "
    "Pictures: the same violet weave in four different fronts.",
)

# %%
# Exercise 6.11: one letter, for instance "e".
### BEGIN SOLUTION
diagnosis_B = "c"
### END SOLUTION

# %%
check.ex_6_11(diagnosis_B)

# %%
answer(weave)

# %% [markdown]
# **Exhibit C.** A loss of zero sounds like success.

# %%
praise = exhibit("C")
show_exhibit(
    two_pictures(praise),
    alt="Scores of real and of fake climb together, the healthy ones stay near zero; the loss falls to zero. "
    "Pictures: blurred fillings, much like the healthy ones below them.",
)

# %%
# Exercise 6.12: one letter, for instance "e".
### BEGIN SOLUTION
diagnosis_C = "a"
### END SOLUTION

# %%
check.ex_6_12(diagnosis_C)

# %%
answer(praise)

# %% [markdown]
# Exhibit C is the dangerous one: its pictures look like the healthy run's. Only the two scores, drawn beside each
# other, tell.

# %%
gap = {name: [r - f for r, f in zip(praise.curves[f"D_gt{name}"], praise.curves[f"D_p2{name}"], strict=True)]
       for name in ("", ", healthy")}  # fmt: skip
last = {name: sum(values[-3:]) / 3 for name, values in gap.items()}
level = sum(praise.curves["D_gt"][-3:]) / 3
assert last[""] < 0.05 * level and judge.curves["D_p2"][-1] < 0 < judge.curves["D_gt"][-1]
print(f"exhibit C: D(real) {level:.1f}, gap {last['']:.2f}; healthy gap {last[', healthy']:.2f}")

# %% [markdown]
# ## 9 · A leash that is learned: the gradient penalty
#
# Spectral norm bounds layers. **WGAN-GP** asks for the slope itself: where $D$ is asked, the length of its gradient
# should be one. With a mixture $\mathbf{I}$ of a real picture and a fake,
#
# $$\mathbb{E}\left[\left(\left\|\nabla_{\mathbf{I}}\, \overline{D(\mathbf{I}, \mathbf{M})}\right\|_2 -
# 1\right)^2\right]$$
#
# is added to the loss of $D$, ten times as strong. The bar is the mean over a picture's scores.


# %%
def my_gradient_penalty(D, I, M):
    """Exercise 6.13: return the gradient penalty of D at the pictures I, a scalar that D's weights can descend.

    Shapes: I (b, 3, h, w), M (b, 1, h, w); D(I, M) gives scores (b, c, h', w'). Each picture has its own gradient and
    its own length. `torch.autograd.grad(..., create_graph=True)` gives a gradient that can be differentiated again.
    """
    ### BEGIN SOLUTION
    I = I.detach().requires_grad_()
    scores = D(I, M).mean(dim=(1, 2, 3))
    (gradient,) = torch.autograd.grad(scores.sum(), I, create_graph=True)
    length = gradient.square().sum(dim=(1, 2, 3)).sqrt()
    return (length - 1).square().mean()
    ### END SOLUTION


# %%
check.ex_6_13(my_gradient_penalty)

# %% [markdown]
# **Predict.** In the game of two pixels the critic `wgan-gp` circles with its penalty. What happens without it: do the
# circles grow, shrink, or stay? And how large does the lead of $D$ become?

# %%
turns = ctx.pick(smoke=100, cpu=400, gpu=400)
penalties = {weight: play("wgan-gp", penalty=weight, steps=turns) for weight in (0.0, 10.0)}
for weight, game in penalties.items():
    lead = [abs(r - f) for r, f in zip(game["D(real)"], game["D(fake)"], strict=True)]
    print(
        f"penalty × {weight:4}: largest lead {max(lead):.1f}, largest distance late {max(game['distance'][-100:]):.2f}"
    )
I_mix = (torch.rand(2, 3, 64, 64, generator=ctx.generator) * 2 - 1).to(ctx.device).requires_grad_()
M_mix = torch.zeros(2, 1, 64, 64, device=ctx.device)
penalty = gradient_penalty(shallow(I_mix, M_mix), I_mix, M_mix).item()
print(f"penalty of an untrained D: {penalty:.3f} (1: no slope at all)")

# %%
fig = Figure(figsize=(6.6, 3), layout="constrained")
for axis, (weight, game) in zip(fig.subplots(1, 2, sharex=True, sharey=True), penalties.items(), strict=True):
    axis.plot(game["theta_1"], game["theta_2"], color=COLORS[0], linewidth=1, label="path of θ")
    axis.plot(1, 1, color=COLORS[2], marker="*", markersize=12, linestyle="", label="real picture")
    axis.set(title=f"penalty × {weight:g}", xlabel="pixel 1", ylabel="pixel 2", aspect="equal")
    axis.legend(fontsize=8)
figure(fig, alt="Two paths round a star: without the penalty one closed loop, with it turning loops that come nearer.")

# %% [markdown]
# Without the penalty the same loop goes on for ever. With it the loops turn and come nearer, and the lead of $D$ stays
# smaller: its slope is held near 1. That costs a second backward pass through $D_r$ in every step.

# %% [markdown]
# ## What to try
#
# - `play("critic", spectral=True)`: how does this leash compare with the penalty?
# - Section 7 with `form="bce"`, or with `D` at width 32. Does the gap on held-out pictures grow, too?
# - Train `D` without the mask's channel. How would it tell a hole that is filled with mid-grey from no hole?

# %% [markdown]
# ## Recap
#
# - $D_r$ sees the hole's content and $\mathbf{M}$, and cannot ask for a change of existing pixels.
# - With six layers a score looks at 253 pixels, and neighbouring scores are 64 apart. Smaller pictures need fewer
#   layers.
# - Spectral norm bounds each flattened weight, but neither the convolution itself nor the bias.
# - The generator descends terms 2 and 3 of (6); the discriminator descends $-\mathcal{L}_a$.
# - A sum over several lines needs parentheses; a hinge generator descends $-s$, not $-\max(0, s)$.

# %% [markdown]
# **What the paper leaves open.**
#
# | The paper | rwlib |
# |---|---|
# | region-wise convolutions "in both generator and discriminator" | as released: a masked input, plain convolutions |
# | (6) is a critic without a floor, $\alpha = 0.01$ | as printed in the preset `paper`; `release`: `l1` |
# | | `balanced`, with which we train: `hinge`, $\alpha = 1$ |
# | E over what | patches, channels and batch; the last three forms weigh patches by the hole's share |
# | the label's size | the mean over each cell; nearest by option |
# | who moves first | D, then G (Algorithm 1 has G first) |
#
# **Next:** notebook 07 puts all losses together and trains.
