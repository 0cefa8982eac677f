r"""What is measured: for each case, rwlib's way and another one, on the same weights and the same data."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from rwlib.bench import straight_port
from rwlib.bench.case import TOLERANCE, Case, Pair, Side, channels_last, image_and_mask, seeded
from rwlib.bench.measure import CPU, MB
from rwlib.bench.rival_cases import RIVALS, rival_pair
from rwlib.bench.rival_steps import rival_step_pair
from rwlib.bench.straight_port import plain_copy
from rwlib.checkpoints import load_generator
from rwlib.config import Config, make_config
from rwlib.evaluation.methods import biharmonic_fill, opencv_fill
from rwlib.inpainting import fill
from rwlib.losses import correlation_loss
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.randomness import Stream, make_generator
from rwlib.system import free_mb
from rwlib.training import setup
from rwlib.training.launch import new_accelerator, prepare
from rwlib.training.step import Batch, training_step
from rwlib.training.update import Updater

TOLERANCE_BF16 = 0.1  # 8 bits in each of 35 layers: 1.4 % off at 64 px, 6 % at 16 px (measured on a CPU)
CORRELATION_CHANNELS = 128  # of VGG's pool 2
NAIVE_MATRICES = 6  # n×n: both f, their difference, its size (4 at the peak, measured), and room to spare


def all_cases(device: torch.device, *, quick: bool = False, full: bool = False) -> Iterator[Case]:
    """Yield every case.

    Args:
        device: where the networks run; CUDA adds bf16 arithmetic.
        quick: small sizes, for a first look.
        full: a training step at batch 8, and forward, backward and training steps of the other methods at batch 4, too.
    """
    runs = 3 if quick else 7
    size_px = 64 if quick else 256
    batches = (1,) if quick else (1, 4)
    step_batches = (1,) if quick else (4, 8) if full else (4,)
    precisions = ("fp32", "bf16") if device.type == "cuda" else ("fp32",)

    for precision in precisions:
        end = f"{size_px}x{size_px} b{{}}" + ("" if precision == "fp32" else f" {precision}")
        options: dict[str, Any] = {"tolerance": TOLERANCE if precision == "fp32" else TOLERANCE_BF16, "runs": runs}

        build = partial(generator_pair, size_px, 1, backward=False, device=device, precision=precision)
        yield Case(f"generator forward {end.format(1)}", build, images=1, **options)
        for b in batches:
            build = partial(generator_pair, size_px, b, backward=True, device=device, precision=precision)
            yield Case(f"generator forward+backward {end.format(b)}", build, images=b, **options)
        for b in step_batches:
            config = make_config("balanced", "full", size_px=size_px, batch_size=b, precision=precision)
            for phase in (1, 2):
                build = partial(step_pair, config, phase, device=device)
                yield Case(f"training step phase {phase} {end.format(b)}", build, images=b, **options)

    for name in ("conv13", "conv14", "conv15"):
        yield Case(
            f"decoder {name} {size_px}x{size_px} b1", partial(layer_pair, name, size_px, device=device), runs=runs
        )

    for name, rival in RIVALS.items():
        build = partial(rival_pair, name, size_px, 1, device=device)
        yield Case(f"{name} forward {size_px}x{size_px} b1", build, images=1, runs=runs)
        if full:  # minutes for EdgeConnect on a CPU
            build = partial(rival_pair, name, size_px, 4, backward=True, device=device)
            options = {"tolerance": rival.gradient_tolerance, "images": 4, "runs": 3}
            yield Case(f"{name} forward+backward {size_px}x{size_px} b4", build, **options)
        if full or quick:
            b = 1 if quick else 4
            build = partial(rival_step_pair, name, size_px, b, device=device)
            # Mean scores nearly cancel, so a rounding is more of them: 2e-4 of CA's L_a (measured).
            yield Case(f"{name} training step {size_px}x{size_px} b{b}", build, tolerance=1e-3, images=b, runs=3)

    for n, b in ((256, 4), (576, 4), (1024, 1)) if quick else ((1024, 4), (2304, 4), (4096, 4), (16384, 1)):
        build = partial(correlation_pair, n, b, device=device)
        yield Case(f"correlation loss n={n} b{b}", build, runs=3 if n > 4096 else runs)

    methods = {"biharmonic": lambda: biharmonic_fill, "telea": lambda: opencv_fill("telea")}
    for name, method in methods.items():
        build = partial(inpaint_pair, size_px, method, device=device)
        yield Case(f"inpaint {size_px}x{size_px} beside {name}", build, tolerance=None, runs=3, optional=True)

    sizes = [(64, 1), (96, 1), (64, 2)] if quick else [(128, 1), (256, 1), (512, 1), (128, 2), (128, 4), (128, 8)]
    for size_px, b in sizes:
        build = partial(generator_pair, size_px, b, backward=False, device=device)
        yield Case(f"growth {size_px}x{size_px} b{b}", build, runs=runs)


def generator_pair(size_px: int, b: int, *, backward: bool, device: torch.device, precision: str = "fp32") -> Pair:
    """Build the released generator (width 32) with random weights; backward to every weight."""
    I_gt, M = image_and_mask(size_px, b, device)
    G = channels_last(seeded(RegionWiseGenerator).to(device))

    def side_of(G: RegionWiseGenerator, forward: Callable[[Tensor, Tensor], Any], I_gt: Tensor) -> Side:
        def call() -> dict[str, Tensor]:
            autocast = torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")
            with autocast, torch.set_grad_enabled(backward):
                out = forward(I_gt, M)
            if not backward:
                return out._asdict()
            # Squares: the gradient of L_r itself is a sign, which rounding may turn.
            loss = (out.I_p1 - I_gt).square().mean() + (out.I_p2 - I_gt).square().mean()
            names, parameters = zip(*G.named_parameters(), strict=True)
            gradients = torch.autograd.grad(loss, parameters)
            return {"I_p1": out.I_p1.detach(), "I_p2": out.I_p2.detach(), **dict(zip(names, gradients, strict=True))}

        return call

    plain = plain_copy(G)
    return Pair(
        side_of(G, G, channels_last(I_gt)),
        side_of(plain, partial(straight_port.generator, plain), I_gt),
    )


def layer_pair(name: str, size_px: int, *, device: torch.device) -> Pair:
    """Build one region-wise decoder layer of the semantic inferring network, without its ELU."""
    layer = channels_last(getattr(seeded(RegionWiseGenerator).to(device).semantic_inferring, name))
    plain = plain_copy(layer)
    skip_channels, scale, upsample = {"conv13": (128, 4, 2), "conv14": (64, 2, 1), "conv15": (64, 2, 2)}[name]
    _, M = image_and_mask(size_px, 1, device)
    random = make_generator(0, Stream.BENCH, 2)
    x, skip, direction = (
        torch.randn(1, c, h, h, generator=random).to(device)
        for c, h in ((128, size_px // scale), (skip_channels, size_px // scale), (128, size_px // scale * upsample))
    )

    def side_of(layer: Any, forward: Callable[[Tensor, Tensor], Tensor], *data: Tensor) -> Side:
        x, skip, direction = data
        inputs = {"x": x.requires_grad_(), "skip": skip.requires_grad_(), **dict(layer.named_parameters())}

        def call() -> dict[str, Tensor]:
            y = forward(x, skip)
            gradients = torch.autograd.grad(y, list(inputs.values()), direction)
            return {"y": y.detach(), **dict(zip(inputs, gradients, strict=True))}

        return call

    return Pair(
        side_of(
            layer, lambda x, skip: layer(x, M, skip=skip), *(channels_last(t.clone()) for t in (x, skip, direction))
        ),
        side_of(
            plain, lambda x, skip: straight_port.region_wise(plain, x, skip, M, upsample=upsample), x, skip, direction
        ),
    )


def correlation_pair(n: int, b: int, *, device: torch.device) -> Pair:
    """Build the correlation loss alone, with the gradient for the first composite's features.

    Features are small whole numbers, so every correlation is exact in float32 and no sign of a difference depends on
    the order of a sum: gradients of an L1 loss can be compared only so.
    """
    h = round(n**0.5)
    shape = (b, CORRELATION_CHANNELS, h, h)
    random = make_generator(0, Stream.BENCH, 3)
    phi_c1, phi_gt = (torch.randint(8, shape, generator=random).float().to(device) for _ in range(2))

    def side_of(loss: Callable[..., Tensor], *phis: Tensor) -> Side:
        phi_c1, phi_gt = phis[0].requires_grad_(), phis[1]

        def call() -> dict[str, Tensor]:
            L_c = loss(phi_c1, phi_gt, reduction="mean")
            return {"L_c": L_c.detach(), "phi_c1": torch.autograd.grad(L_c, phi_c1)[0]}

        return call

    free = torch.cuda.mem_get_info(device)[0] / MB if device.type == "cuda" else free_mb()
    fits = n <= 4096 or NAIVE_MATRICES * 4 * b * n * n / MB < free
    return Pair(
        side_of(correlation_loss, channels_last(phi_c1.clone()), channels_last(phi_gt)),
        side_of(straight_port.correlation_loss, phi_c1, phi_gt) if fits else None,
    )


def step_pair(config: Config, phase: int, *, device: torch.device) -> Pair:
    """Build one iteration of Algorithm 1; each call is the next step of its side's own run."""
    I_gt, M = image_and_mask(config.size_px, config.batch_size, device)
    accelerator = new_accelerator(config, cpu=device.type == "cpu")
    ours = prepare(setup.new_players(config, device), accelerator)
    reference = setup.new_players(replace(config, channels_last=False), device)
    I_ours, u = channels_last(I_gt, config.channels_last), torch.rand(config.batch_size, 1, 1, 1, device=device)

    def our_step() -> dict[str, Tensor]:
        update = Updater(accelerator, config, [Batch(I_ours, M, u)])
        losses = training_step(ours, config, phase, 0, update)
        return {name: x for name, x in losses.items() if name.startswith("L")}  # not the mean scores D_gt, D_p2

    return Pair(our_step, lambda: straight_port.training_step(reference, I_gt, M, config, phase))


def inpaint_pair(size_px: int, method: Callable[[], Any], *, device: torch.device) -> Pair:
    """Build the shipped generator beside another method (on the CPU, where these run); their results differ."""
    I_gt, M = image_and_mask(size_px, 1, CPU)
    G, other = load_generator()[0].to(device), method()
    I_here, M_here = I_gt.to(device), M.to(device)
    return Pair(lambda: {"I_c2": fill(G, I_here, M_here).I_c2}, lambda: {"I_c2": other(I_gt, M)})
