"""Exercises of notebook 07: training."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.config import Config
from rwlib.conventions import compose
from rwlib.course.checking.cases import image, mask, rand, randn
from rwlib.course.checking.exercise import Each, Exercise
from rwlib.losses import correlation_loss, reconstruction_loss, style_loss
from rwlib.networks.generator import Outputs


def steps_around_the_switch(rng):
    """The last step of phase one, the first of phase two, and others."""
    for epochs_one, steps_per_epoch in ((20, 100), (4, 50), (1, 7)):
        switch = epochs_one * steps_per_epoch
        for step in (0, epochs_one, steps_per_epoch, switch - 1, switch, switch + 1, 3 * switch):
            yield step, epochs_one, steps_per_epoch


def four_terms(rng):
    """Values of very different size; in phase one there is no L_a."""
    for scale in (1.0, 30.0):
        L_r, L_c, L_s, L_a = (rand(rng, 1, low=0.1, high=scale)[0].requires_grad_() for _ in range(4))
        yield L_r, L_c, L_s, L_a, 0.3, 0.07, 1.5
        yield L_r, L_c, L_s, None, 0.2, 0.05, 0.0


# --- 7.3 the generator's step


class TinyGenerator(nn.Module):
    """Two convolutions in place of two networks; the same outputs as `RegionWiseGenerator`."""

    def __init__(self, rng: torch.Generator) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(4, 3, 3, padding=1).double() for _ in range(2))
        with torch.no_grad():
            for x in self.parameters():
                x.copy_(0.3 * randn(rng, *x.shape))

    def forward(self, I_gt: Tensor, M: Tensor) -> Outputs:
        """Fill the hole."""
        I_p1 = self.first(torch.cat([I_gt * M, M], dim=1)).tanh()
        I_c1 = compose(I_gt, I_p1, M)
        I_p2 = self.second(torch.cat([I_c1, M], dim=1)).tanh()
        return Outputs(I_p1, I_c1, I_p2, compose(I_gt, I_p2, M))


class TinyVGG(nn.Module):
    """Three frozen convolutions with pools in place of VGG."""

    def __init__(self, rng: torch.Generator) -> None:
        super().__init__()
        widths = (3, 4, 5, 6)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(widths, widths[1:], strict=False))
        self.double().requires_grad_(False)
        for x in self.parameters():
            x.copy_(randn(rng, *x.shape))

    def features(self, I: Tensor, pools: int = 3) -> list[Tensor]:
        """Return the first pools."""
        phis = []
        for conv in self.convs[:pools]:
            I = F.max_pool2d(conv(I).relu(), 2)
            phis.append(I)
        return phis

    forward = features  # nothing is checked


GENERATOR_CONFIG = Config(lambda_1=0.004, lambda_2=0.02, lambda_3=0.3, reduction="mean")
"""Weights that give the three terms gradients of like size on the tiny networks, and a λ_3 that is not 1."""

LOSSES = SimpleNamespace(
    L_r=partial(reconstruction_loss, reduction="mean"),
    L_c=partial(correlation_loss, reduction="mean"),
    L_s=partial(style_loss, reduction="mean"),
    L_a=lambda score_p1, score_p2: (1 - score_p1).mean() + (1 - score_p2).mean(),
)
"""The four losses that a step is given."""


def seeds_and_sizes(rng):
    """A seed for the networks, and two batches in turn; at last a small case, on which mistakes are tried."""
    for b, h, w, steps in ((3, 16, 8, 2), (1, 8, 16, 2), (2, 8, 8, 1)):
        network_seed = int(torch.randint(2**31, (1,), generator=rng))
        batches = [(image(rng, b, h, w), mask(rng, b, h, w)) for _ in range(steps)]
        yield network_seed, batches


def two_generator_steps(step: Callable, network_seed: int, batches: list) -> dict[str, Tensor]:
    """Take two steps from the same weights, and return what the learner returned and where the weights went."""
    rng = torch.Generator().manual_seed(network_seed)
    G, vgg = TinyGenerator(rng), TinyVGG(rng)
    opt_G = torch.optim.SGD(G.parameters(), lr=0.1)
    before = torch.cat([x.detach().flatten().clone() for x in G.parameters()])
    L = [step(G, vgg, opt_G, I_gt, M, GENERATOR_CONFIG, LOSSES) for I_gt, M in batches]
    after = torch.cat([x.detach().flatten() for x in G.parameters()])
    return {
        "returned loss": [x.detach() if isinstance(x, Tensor) else x for x in L],
        "change of the weights": after - before,
    }


# --- 7.4 the discriminator's step


class TinyDiscriminator(nn.Module):
    """Two convolutions that take the hole's content and the mask as four channels."""

    def __init__(self, rng: torch.Generator) -> None:
        super().__init__()
        self.convs = nn.Sequential(nn.Conv2d(4, 5, 3, stride=2), nn.LeakyReLU(0.2), nn.Conv2d(5, 1, 3)).double()
        with torch.no_grad():
            for x in self.parameters():
                x.copy_(0.5 * randn(rng, *x.shape))

    def forward(self, x: Tensor) -> Tensor:
        """Score patches."""
        return self.convs(x)


def two_discriminator_steps(step: Callable, network_seed: int, batches: list) -> dict[str, Tensor]:
    """Take two steps of D on fakes that carry a graph, and see where the gradients went."""
    rng = torch.Generator().manual_seed(network_seed)
    G, D = TinyGenerator(rng), TinyDiscriminator(rng)
    opt_D = torch.optim.SGD(D.parameters(), lr=0.1)
    before = torch.cat([x.detach().flatten().clone() for x in D.parameters()])
    L_a = []
    for I_gt, M in batches:
        out = G(I_gt, M)
        L_a.append(step(D, opt_D, I_gt, out.I_p1, out.I_p2, M, 0.5))
    after = torch.cat([x.detach().flatten() for x in D.parameters()])
    reached = torch.cat([torch.zeros_like(x).flatten() if x.grad is None else x.grad.flatten() for x in G.parameters()])
    return {
        "returned L_a": [x.detach() if isinstance(x, Tensor) else x for x in L_a],
        "change of D's weights": after - before,
        "gradient in G": reached,
    }


# --- 7.13 the generator's step of phase two


def two_steps_with_a_judge(step: Callable, network_seed: int, batches: list) -> dict[str, Tensor]:
    """Take two steps of G that D judges, and see where the weights went and what is left in D."""
    rng = torch.Generator().manual_seed(network_seed)
    G, vgg, D = TinyGenerator(rng), TinyVGG(rng), TinyDiscriminator(rng)
    opt_G = torch.optim.SGD(G.parameters(), lr=0.1)
    before = [torch.cat([x.detach().flatten().clone() for x in P.parameters()]) for P in (G, D)]
    L = [step(G, D, vgg, opt_G, I_gt, M, GENERATOR_CONFIG, LOSSES) for I_gt, M in batches]
    after = [torch.cat([x.detach().flatten() for x in P.parameters()]) for P in (G, D)]
    left = [torch.zeros_like(x).flatten() if x.grad is None else x.grad.flatten() for x in D.parameters()]
    return {
        "L": [x.detach() if isinstance(x, Tensor) else x for x in L],
        "change of G's weights": after[0] - before[0],
        "change of D's weights": after[1] - before[1],
        "gradient left in D": torch.cat(left),
        "D can learn again": all(x.requires_grad for x in D.parameters()),
    }


def averages(rng):
    """Early and late updates, with short and long decay."""
    for n, decay in ((0, 0.999), (1, 0.9), (30, 0.999), (500, 0.9), (20_000, 0.999), (7, 0.3)):
        yield randn(rng, 3, 4), randn(rng, 3, 4), n, decay


# --- predictions with a list of choices

BUGS = (
    "the gradients are erased before the step",
    "the gradients are never erased",
    "the features carry no gradient",
    "the fakes are detached in the generator's loss",
    "the discriminator stays frozen",
    "the optimiser holds the wrong network",
)
"""What exercises 7.5 to 7.7 choose from."""

FAULTS = (
    "the loss counts the existing region alone",
    "the loss counts the hole alone",
    "the first network sees the hole instead of the rest",
    "the input's hole is wider than the one that is filled",
    "the learning rate is too high",
    "nothing is wrong",
)
"""What exercises 7.10 to 7.12 choose from."""

EXERCISES = [
    Exercise(
        number="7.1",
        title="the phase switch",
        cases=steps_around_the_switch,
        mistakes={
            "Off by one: phase one has the steps 0 to n − 1, so step n is already phase two's first.": "< -> <=",
            "`step` counts steps, `epochs_one` counts epochs: 20 steps are not 20 epochs.": (
                "epochs_one * steps_per_epoch -> epochs_one"
            ),
            "The other way round: phase one is without the adversarial loss.": "< -> >=",
            "One epoch too early: the epoch of a step is step // steps_per_epoch, and epochs count from 0.": (
                "step < epochs_one * steps_per_epoch -> step // steps_per_epoch + 1 < epochs_one"
            ),
            "λ_3 changes once and stays: `==` switches it on for a single epoch or step.": (
                "step < epochs_one * steps_per_epoch -> step // steps_per_epoch != epochs_one"
            ),
            "Epochs times steps per epoch are the steps of phase one; their sum is nothing.": (
                "epochs_one * steps_per_epoch -> epochs_one + steps_per_epoch"
            ),
            "λ_3 jumps from 0 to 1 between two steps; it does not grow little by little.": (
                "0.0 if step < epochs_one * steps_per_epoch else 1.0 -> min(1.0, step / (epochs_one * steps_per_epoch))"
            ),
            "`step` counts over the whole training, not within an epoch: compare it with all the steps of phase one.": (
                "step < epochs_one * steps_per_epoch -> step % steps_per_epoch < epochs_one"
            ),
            "One epoch late: after epochs_one epochs, of numbers 0 to epochs_one − 1, phase two begins.": (
                "step < epochs_one * steps_per_epoch -> step // steps_per_epoch <= epochs_one"
            ),
            "Phase two never comes: its λ_3 is 1.0.": "else 1.0 -> else 0.0",
        },
        hints=(
            "How many steps has phase one in all?",
            "Steps count from 0: with 7 steps in phase one, step 6 is its last. Compare with `<`.",
        ),
    ),
    Exercise(
        number="7.2",
        title="equation (7)",
        cases=four_terms,
        mistakes={
            "λ_1 and λ_2 are exchanged: λ_1 weighs the correlation loss L_c, λ_2 the style loss L_s.": (
                "lambda_1 * L_c + lambda_2 * L_s -> lambda_2 * L_c + lambda_1 * L_s"
            ),
            "The generator descends L_a, so it is added. −L_a is what the discriminator descends.": (
                "L + lambda_3 -> L - lambda_3"
            ),
            "λ_3 is missing: L_a enters with its weight, too.": "lambda_3 * L_a -> L_a",
            "In phase one nobody computes L_a: it is None, and 0 · None is an error. Ask for it before you add it.": (
                "L if L_a is None else L -> L"
            ),
            "Phase two loses its style loss: all four terms count there.": "else L -> else L_r + lambda_1 * L_c",
            "L_r has no weight: only L_c is multiplied by λ_1.": "L_r + lambda_1 * L_c -> lambda_1 * (L_r + L_c)",
            "L_a is left out: in phase two it is added, with λ_3.": "L if L_a is None else L + lambda_3 * L_a -> L",
            "In phase one L_a is None, and the other three terms still count: return their sum.": (
                "return L if L_a is None -> return 0 * L if L_a is None"
            ),
            "The terms are added, not averaged.": (
                "return L if L_a is None else L + lambda_3 * L_a -> return (L if L_a is None else L + lambda_3 * "
                "L_a) / 4"
            ),
        },
        hints=(
            "L_r has no weight, the other three have one each.",
            "Begin with the three terms of phase one; add λ_3 L_a only `if L_a is not None`.",
        ),
    ),
    Exercise(
        number="7.3",
        title="a step of phase one",
        cases=seeds_and_sizes,
        call=two_generator_steps,
        mistakes={
            "zero_grad is missing: the second step goes along its own gradient plus the first step's.": (
                "opt_G.zero_grad() -> pass"
            ),
            "L_c looks at the prediction. Equation (4) takes the first *composite*, I_c1.": "I_c1 -> I_p1",
            "L_s looks at the prediction. Equation (5) takes the second *composite* I_c2.": "I_c2 -> I_p2",
            "λ_1 and λ_2 are exchanged: λ_1 belongs to L_c, λ_2 to L_s.": (
                "lambda_1 * L_c -> lambda_2 * L_c",
                "lambda_2 * L_s -> lambda_1 * L_s",
            ),
            "L_r looks at the composites, which never err where the image exists. Take both predictions, eq. (2).": (
                "out.I_p1, out.I_p2 -> out.I_c1, out.I_c2"
            ),
            "L_c and L_s have changed partners: L_c takes I_c1, L_s takes I_c2.": (
                "I_c1)[1] -> I_c2)[1]",
                "I_c2), -> I_c1),",
            ),
            "L_c and L_s are on the same network: L_c takes I_c1, and only L_s takes I_c2.": "I_c1 -> I_c2",
            "L_r counts the second prediction only: equation (2) adds both, or the first network has no teacher.": (
                "I_p1 -> I_p2"
            ),
            "L_s looks at the first composite: it belongs to the second network, I_c2.": (
                "vgg(out.I_c2) -> vgg(out.I_c1)"
            ),
            "λ_1 is missing before L_c.": "config.lambda_1 * L_c -> L_c",
            "λ_2 is missing before L_s.": "config.lambda_2 * L_s -> L_s",
            "The weights do not move: `backward` is missing, or a `zero_grad` between `backward` and `step` erases "
            "what `step` needs.": ("opt_G.zero_grad()\n    L.backward() -> L.backward()\n    opt_G.zero_grad()"),
            "L_s has no gradient: the features of I_c2 were computed under `no_grad`, or detached. Only those of the "
            "ground truth may be.": Each("vgg(out.I_c2) -> [phi.detach() for phi in vgg(out.I_c2)]"),
            "L_c has no gradient: the features of I_c1 were computed under `no_grad`, or detached. Only those of the "
            "ground truth may be.": Each("vgg(out.I_c1)[1] -> vgg(out.I_c1)[1].detach()"),
            "L_c takes another pool: pool 2 has index 1.": Each(
                ("I_c1)[1] -> I_c1)[2]", "phis_gt[1] -> phis_gt[2]"),
                ("I_c1)[1] -> I_c1)[0]", "phis_gt[1] -> phis_gt[0]"),
            ),
        },
        hints=(
            "L_r sees `out.I_p1` and `out.I_p2`, L_c pool 2 of `out.I_c1`, L_s all pools of `out.I_c2`.",
            "`correlation_loss(vgg(out.I_c1)[1], vgg(I_gt)[1], reduction=config.reduction)`: pool 2 has index 1.",
            "After L: `opt_G.zero_grad()`, `L.backward()`, `opt_G.step()`.",
        ),
    ),
    Exercise(
        number="7.4",
        title="the discriminator's step",
        cases=seeds_and_sizes,
        call=two_discriminator_steps,
        mistakes={
            "The fakes are not detached: D's weights are right, but a gradient runs on into the generator, "
            "which would learn to be caught.": "I_p1.detach(), I_p2.detach() -> I_p1, I_p2",
            "D is updated with the generator's loss: it descends L_a and learns to praise fakes. Descend −L_a.": (
                "-L_a -> L_a"
            ),
            "D sees whole pictures: only the hole's content, I ⊙ (1 − M), is judged (section 3.4).": "I * (1 - M) -> I",
            "D sees the existing region, I ⊙ M: that is where nothing was inferred. It judges I ⊙ (1 − M).": (
                "I * (1 - M) -> I * M"
            ),
            "The fourth channel is 1 − M. Section 3.4 gives D the mask M itself.": ", M] -> , 1 - M]",
            "α stands at the fakes: equation (6) weighs the *real* term with it.": (
                "alpha * real + (1 - fake_1) + (1 - fake_2) -> real + alpha * (1 - fake_1) + alpha * (1 - fake_2)"
            ),
            "zero_grad is missing: the second step still carries the first one's gradient.": (
                "opt_D.zero_grad() -> pass"
            ),
            "α is missing: it weighs the real term.": "alpha * real -> real",
            "The update is right, but what comes back is −L_a; return L_a.": (
                "return L_a.detach() -> return -L_a.detach()"
            ),
            "One of the two fakes is missing: D judges both predictions.": Each(
                " + (1 - fake_2) ->", "+ (1 - fake_1) ->"
            ),
            "The weights do not move: `backward` is missing, or a `zero_grad` between `backward` and `step` erases "
            "what `step` needs.": (
                "opt_D.zero_grad()\n    (-L_a).backward() -> (-L_a).backward()\n    opt_D.zero_grad()"
            ),
        },
        hints=(
            "What D gets is `torch.cat([I * (1 - M), M], dim=1)`, for three pictures; two of them are detached.",
            "`L_a = alpha * real + (1 - fake_1) + (1 - fake_2)`, of mean scores; then `(-L_a).backward()`.",
        ),
    ),
    Exercise(
        number="7.5",
        title="loop A",
        choices=BUGS,
        mistakes={
            "Then the steps would grow, and the loss would move. This one stands still.": BUGS[1],
            "Loop A has no features at all: look at what happens between `backward` and `step`.": BUGS[2],
            "There is no discriminator in loop A: only three calls can be in the wrong order.": BUGS[4],
            "Right network, check the line: `Adam(G.parameters())`. Look at the order of the calls.": BUGS[5],
            "Loop A has no discriminator, and no fakes: only three calls can be in the wrong order.": BUGS[3],
        },
        hints=(
            "The loss is exactly the same in every step: what does Adam do with gradients that are zero?",
            "Read the three lines with `opt_G` and `backward` in order. What does `step` find?",
        ),
    ),
    Exercise(
        number="7.6",
        title="loop B",
        choices=BUGS,
        mistakes={
            "The loss L falls, so steps are taken.": BUGS[0],
            "`zero_grad` is called once a step, before `backward`: that is right.": BUGS[1],
            "There is no discriminator in loop B: only L_r and L_s.": BUGS[3],
            "The optimiser holds G, and L_r does fall. Which term gives no gradient?": BUGS[5],
            "There is no discriminator in loop B that could be frozen: only L_r and L_s.": BUGS[4],
        },
        hints=(
            "The gradient of λ_2 L_s is zero although L_s is not. Where was the graph cut?",
            "`torch.no_grad()` is right for the ground truth. For what else is it used here?",
        ),
    ),
    Exercise(
        number="7.7",
        title="loop C",
        choices=BUGS,
        mistakes={
            "The generator's loss takes `I_p2` as it is. And then G would be the one that does not learn.": BUGS[3],
            "`zero_grad` comes before `backward` for both players.": BUGS[1],
            "Nobody calls `requires_grad_(False)` here, and D's gradients are there. Who would apply them?": BUGS[4],
            "For both players the order is zero_grad, backward, step. Whose parameters does `step` change?": BUGS[0],
            "There are no features in loop C: no VGG, no style loss. Whose parameters does `opt_D` hold?": BUGS[2],
        },
        hints=(
            "D has a gradient, and `opt_D.step()` is called. What does `opt_D` change?",
            "Read the first two lines letter by letter.",
        ),
    ),
    Exercise(
        number="7.8",
        title="the moving average",
        cases=averages,
        mistakes={
            "No warm-up: with decay 0.999 the average would keep a third of the random start after 1,000 steps.": (
                "min(decay, (1 + n) / (10 + n)) -> decay"
            ),
            "The larger of the two: take the *smaller*, so that early averages forget quickly.": "min -> max",
            "The decay belongs to the average, 1 − decay to the new weights; yours are exchanged.": (
                "d * average + (1 - d) * weights -> (1 - d) * average + d * weights"
            ),
            "The warm-up never ends: its own limit is 1, so `decay` must bound it.": (
                "min(decay, (1 + n) / (10 + n)) -> (1 + n) / (10 + n)"
            ),
            "Off by one: with n = 0 updates before this one the decay is 1/10.": (
                "(1 + n) / (10 + n) -> (2 + n) / (11 + n)"
            ),
            "Brackets are missing: 1 + n is divided by the whole of 10 + n.": (
                "(1 + n) / (10 + n) -> (1 + n) / 10 + n"
            ),
            "The 1 is missing: with n = 0 updates before this one, d is 1/10, not 0.": (
                "(1 + n) / (10 + n) -> n / (10 + n)"
            ),
            "The two weights must add up to one, d and 1 − d, or the average grows.": Each(
                "(1 - d) * weights -> weights", "d * average -> average"
            ),
            "Half and half, whatever n and `decay`: the weights are d and 1 − d.": (
                "d * average + (1 - d) * weights -> (average + weights) / 2"
            ),
        },
        hints=(
            "First the number: `d = min(decay, (1 + n) / (10 + n))`.",
            "Then the mixture: d of the old average, 1 − d of the weights.",
        ),
    ),
    Exercise(
        number="7.9",
        title="a resumed run without its optimiser",
        mistakes={
            "Not yet: step 5's loss is computed *before* its update, with the weights of the checkpoint and the same "
            "batch. It is the update that goes another way.": 5,
            "Adam without its two moments takes another step 5, so the weights differ from then on, for good.": 10,
            "The checkpoint stands after five finished steps: 0 to 4 are in it, and are the same.": 4,
            "Later than it is: step 5 itself goes another way, so the very next loss differs.": Each(
                7, when=lambda answer: 7 <= answer <= 9
            ),
            "Steps 0 to 4 are done: nothing that happens afterwards changes their losses.": Each(
                0, when=lambda answer: answer < 4
            ),
            "There are ten steps, 0 to 9; answer 10 if none differs.": Each(11, when=lambda answer: answer > 10),
        },
        hints=(
            "Which comes first within a step: the loss or the update?",
            "Steps 0 to 4 are in the checkpoint. Step 5 starts from equal weights and an equal batch.",
        ),
    ),
    Exercise(
        number="7.10",
        title="exhibit 1",
        choices=FAULTS,
        mistakes={
            "Then the hole would be the region that is never learned. Here it is learned best.": FAULTS[0],
            "Close: the hole is learned and the rest is not. But I_p1 draws each house's own windows inside the hole. "
            "How could it know them?": FAULTS[1],
            "A wider hole would make the hole harder. Here it is easier than in the healthy run.": FAULTS[3],
            "The curves fall smoothly. Compare the two regions instead.": FAULTS[4],
            "An error in the hole far below the healthy one is no success: nobody can know what is missing.": FAULTS[5],
        },
        hints=(
            "Which region has the smaller error in the healthy run, and which here?",
            "Good at the hole, bad at what exists: what would a network have to see for that?",
        ),
    ),
    Exercise(
        number="7.11",
        title="exhibit 2",
        choices=FAULTS,
        mistakes={
            "Then the hole would be filled well and the existing region badly. It is the other way round.": FAULTS[1],
            "Then the hole would be easy and the existing region hard. It is the other way round.": FAULTS[2],
            "Then the blur would reach beyond the white hole. Here predictions are sharp right up to it.": FAULTS[3],
            "One bump, soon gone, and the reported loss ends below the healthy one.": FAULTS[4],
            "The reported loss is fine. The hole is not: look at the pictures.": FAULTS[5],
        },
        hints=(
            "The reported loss falls and the error in the hole does not. What does the reported loss not see?",
            "Which pixels of I_p1 and I_p2 can be anything without a penalty?",
        ),
    ),
    Exercise(
        number="7.12",
        title="exhibit 3",
        choices=FAULTS,
        mistakes={
            "Then the predictions would be sharp right up to the rim. Here they are blurred beyond it.": FAULTS[0],
            "Then the far corners of I_p1 would be wrong, too. They are reproduced.": FAULTS[1],
            "Then I_p1 would know what is inside the hole. Here it knows least there.": FAULTS[2],
            "The curves fall smoothly. Compare the white hole with the blurred part of I_p1.": FAULTS[4],
            "The jump at the rim stays far above the healthy run's, and above the truth's.": FAULTS[5],
        },
        hints=(
            "Lay the white hole over I_p1. Where does the blur begin: at its rim, or before?",
            "Which pixels would tell the network how to continue a line? Does it see them?",
        ),
    ),
    Exercise(
        number="7.13",
        title="the generator's step of phase two",
        cases=seeds_and_sizes,
        call=two_steps_with_a_judge,
        mistakes={
            "D learns here: its weights got a gradient, which its own next step would find unless it clears it. "
            "Freeze D for this moment, `D.requires_grad_(False)`.": ("D.requires_grad_(False) -> pass"),
            "D stays frozen: thaw it after the step, `D.requires_grad_(True)`, or it never learns again.": (
                "D.requires_grad_(True) -> pass"
            ),
            "The fakes are detached: then L_a tells G nothing. That is right in D's step, not here.": (
                "(out.I_p1, out.I_p2)) -> (out.I_p1.detach(), out.I_p2.detach()))"
            ),
            "λ_3 is missing: L_a enters with its weight, too.": "config.lambda_3 * losses -> losses",
            "L_a is subtracted. The generator descends L_a; −L_a is what D descends.": (
                "+ config.lambda_3 * -> - config.lambda_3 *"
            ),
            "D judges the existing region, where nothing was inferred. It sees I ⊙ (1 − M).": (
                "[I * (1 - M), M] -> [I * M, M]"
            ),
            "D judges whole pictures: what it sees is the hole's content, I ⊙ (1 − M).": ("[I * (1 - M), M] -> [I, M]"),
            "D's fourth channel is the mask M itself, not 1 − M.": "(1 - M), M] -> (1 - M), 1 - M]",
            "L_a is missing: this is still the step of phase one.": (
                " + config.lambda_3 * losses.L_a(*scores) -> + 0 * losses.L_a(*scores)"
            ),
            "Only the second prediction is judged, twice: both networks paint.": (
                "(out.I_p1, out.I_p2)) -> (out.I_p2, out.I_p2))"
            ),
            "zero_grad is missing: the second step goes along its own gradient plus the first step's.": (
                "opt_G.zero_grad() -> pass"
            ),
        },
        hints=(
            "Begin with your step of 7.3. Then let D judge both predictions, not detached, and add λ_3 L_a.",
            "`D.requires_grad_(False)` before D is asked, `D.requires_grad_(True)` after `opt_G.step()`.",
            "`D(torch.cat([I * (1 - M), M], dim=1))` for `out.I_p1` and `out.I_p2`; then `losses.L_a(*scores)`.",
        ),
    ),
]
