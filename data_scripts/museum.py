r"""Make the traces of the failure museum (`rwlib.course.lessons.museum`) by real training.

    python data_scripts/museum.py --work runs/museum                    # eight runs, six exhibits
    python data_scripts/museum.py --work runs/museum --only inverted-mask

Two runs are healthy, six have a fault. All have the same seed (0), data and size: 64x64 pixels, width 16, batch 8, Adam
(0.5, 0.9) at 8e-4, bf16, mean losses. `healthy-one` is phase one with L_r alone, 250 steps; the three faults of regions
run beside it. `healthy-two` continues from there with L_a (bce), 120 steps; the three faults of the discriminator run
beside it, from the same weights. A run takes one to one and a half minutes on one CPU core with AMX. Each run keeps its
weights and numbers in the folder `--work`, so that it is not repeated; delete the folder to train anew.

The loop is not that of `rwlib`, which cannot make these runs: four of the faults are changed lines between the forward
pass and the losses, a fifth updates D six times per step, two need a D without spectral normalisation, and the curves
measure regions of I_p1 and I_p2, which the package's step does not hand out. L_c and L_s, and with them VGG, play no
part here.

The texts of an exhibit stand in its JSON file in `rwlib/course/museum/`; this script replaces curves and pictures only.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils.parametrize import remove_parametrizations

from rwlib.conventions import compose, image_to_tensor, tensor_to_image
from rwlib.course.lessons.museum import FOLDER, NAMES
from rwlib.data import Facades, TrainingSamples
from rwlib.files import replacing, write_text
from rwlib.losses import adversarial_loss_discriminator, adversarial_loss_generator
from rwlib.masks import contiguous_mask, label_from_mask
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import Outputs, RegionWiseGenerator

PHASE_ONE = ("healthy-one", "inverted-mask", "wrong-region", "boundary-artefacts")
STEPS = {1: 250, 2: 120}
EVERY, BATCH, SIZE_PX, WIDTH, LEARNING_RATE, LAMBDA_3 = 10, 8, 64, 16, 8e-4, 0.03
RIM_PX = 6
"""Pixels by which the hole is widened in the input, and only in the input, of the exhibit on boundaries."""
EXHIBITS = {
    "inverted-mask": (
        {"I_p1, hole": "hole_p1", "I_p1, existing region": "existing_p1"},
        {"hole in white": "hole", "I_p1": "I_p1", "I_c2": "I_c2", "I_c2, with the right input": "I_c2 without fault"},
    ),
    "wrong-region": (
        {"L_r as reported": "L_r", "I_p2, hole": "hole_p2"},
        {"hole in white": "hole", "I_p1": "I_p1", "I_p2": "I_p2"},
    ),
    "boundary-artefacts": (
        {"jump at the rim, I_c2": "jump", "I_p1, existing region": "existing_p1"},
        {"hole in white": "hole", "I_p1": "I_p1", "I_c2": "I_c2"},
    ),
    "discriminator-too-strong": (
        {"D_gt": "D_gt", "D_p2": "D_p2", "error of I_p2, hole": "hole_p2"},
        {"hole in white": "hole", "I_p2": "I_p2", "I_c2": "I_c2"},
    ),
    "collapse": (
        {"spread of fillings": "spread", "spread of the truth": "spread_gt"},
        {"hole in white": "hole", "I_p2": "I_p2", "I_c2": "I_c2"},
    ),
    "summed-line-bug": (
        {"D_gt": "D_gt", "D_p2": "D_p2", "L_D": "L_D"},
        {"hole in white": "hole", "I_p2": "I_p2", "I_c2": "I_c2"},
    ),
}
"""Labels of an exhibit's curves and pictures -> their names in the run."""


def forward(G: RegionWiseGenerator, I_gt: Tensor, M: Tensor, fault: str) -> Outputs:
    """Run both networks; two faults change what the first one sees."""
    I_in, M_in = I_gt * M, M
    if fault == "inverted-mask":
        I_in = I_gt * (1 - M)
    if fault == "boundary-artefacts":
        M_in = 1 - F.max_pool2d(1 - M, 2 * RIM_PX + 1, stride=1, padding=RIM_PX)
        I_in = I_gt * M_in
    I_p1 = G.semantic_inferring(I_in, M_in)
    I_c1 = compose(I_in, I_p1, M_in) if fault == "boundary-artefacts" else compose(I_gt, I_p1, M)
    I_p2 = G.global_perceiving(I_c1, M_in)
    return Outputs(I_p1, I_c1, I_p2, compose(I_gt, I_p2, M))


def reconstruction_loss(out: Outputs, I_gt: Tensor, M: Tensor, fault: str) -> Tensor:
    """Return L_r, a mean; one fault counts only the existing region."""
    entries = (out.I_p1 - I_gt).abs() + (out.I_p2 - I_gt).abs()
    return (entries * M).mean() if fault == "wrong-region" else entries.mean()


def discriminator_step(
    D: nn.Module, opt_D: torch.optim.Optimizer, I_gt: Tensor, M: Tensor, out: Outputs, fault: str
) -> dict[str, Tensor]:
    """Update D once."""
    with torch.autocast("cpu", torch.bfloat16):
        scores = D(torch.cat([I_gt, out.I_p1.detach(), out.I_p2.detach()]), torch.cat([M, M, M])).float()
    score_gt, score_p1, score_p2 = scores.split(len(M))
    if fault == "summed-line-bug":
        L_D = F.softplus(-score_gt).mean()
        +F.softplus(score_p1).mean() / 2  # noqa: B018 (the bug: a statement of its own, whose value is lost)
        +F.softplus(score_p2).mean() / 2  # noqa: B018
    else:
        label = label_from_mask(M, scores.shape[-2:])
        L_D = adversarial_loss_discriminator(score_gt, score_p1, score_p2, label, form="bce", alpha=1.0)
    opt_D.zero_grad(set_to_none=True)
    L_D.backward()
    opt_D.step()
    return {"L_D": L_D, "D_gt": score_gt.mean(), "D_p2": score_p2.mean()}


def adversarial_loss(D: nn.Module, M: Tensor, out: Outputs) -> Tensor:
    """Return L_a for the generator, through a frozen discriminator."""
    D.eval().requires_grad_(False)
    with torch.autocast("cpu", torch.bfloat16):
        scores = D(torch.cat([out.I_p1, out.I_p2]), torch.cat([M, M])).float()
    D.train().requires_grad_(True)
    return adversarial_loss_generator(*scores.split(len(M)), label_from_mask(M, scores.shape[-2:]), form="bce")


def errors_by_region(out: Outputs, I_gt: Tensor, M: Tensor) -> dict[str, Tensor]:
    """Return errors by region and the jump at the rim of the hole (mean absolute differences, range [-1, 1])."""

    def error(I_p: Tensor, region: Tensor) -> Tensor:
        return ((I_p.float() - I_gt).abs() * region).sum() / (3 * region.sum())

    I_c2 = out.I_c2.float()
    across_x, across_y = M[..., 1:] != M[..., :-1], M[..., 1:, :] != M[..., :-1, :]
    jumps = ((I_c2[..., 1:] - I_c2[..., :-1]).abs() * across_x).sum()
    jumps = jumps + ((I_c2[..., 1:, :] - I_c2[..., :-1, :]).abs() * across_y).sum()
    return {
        "hole_p1": error(out.I_p1, 1 - M), "existing_p1": error(out.I_p1, M), "hole_p2": error(out.I_p2, 1 - M),
        "jump": jumps / (3 * (across_x.sum() + across_y.sum())),
    }  # fmt: skip


def validation_batch() -> tuple[Tensor, Tensor]:
    """Return eight house fronts that no run trains on, and one hole for all of them."""
    I_gt = torch.cat([image_to_tensor(Facades(seed=1).center(k, size_px=SIZE_PX)) for k in range(8)])
    M = contiguous_mask(SIZE_PX, SIZE_PX, (0.26, 0.28), generator=torch.Generator().manual_seed(3))[None]
    return I_gt, M.expand(8, -1, -1, -1)


@torch.no_grad()
def evaluate(G: RegionWiseGenerator, I_gt: Tensor, M: Tensor, fault: str) -> Outputs:
    """Run both networks as in training, without gradients."""
    with torch.autocast("cpu", torch.bfloat16):
        return forward(G, I_gt, M, fault)


def run(name: str, work: Path) -> dict:
    """Train one run, or load it if it is there.

    Returns:
        `curves`: name -> values; `pictures`: name -> uint8 tensor of four pictures side by side; `G`: the weights.
    """
    file = work / f"{name}.pt"
    if file.exists():
        return torch.load(file, weights_only=True)
    phase = 1 if name in PHASE_ONE else 2
    torch.manual_seed(0)
    G, D = RegionWiseGenerator(WIDTH, output="tanh"), RegionWiseDiscriminator(WIDTH)
    G, D = G.to(memory_format=torch.channels_last), D.to(memory_format=torch.channels_last)
    is_strong = name == "discriminator-too-strong"
    if name in ("discriminator-too-strong", "collapse"):  # both without spectral normalisation
        for conv in D.convs:
            remove_parametrizations(conv, "weight")
    if phase == 2:
        G.load_state_dict(run("healthy-one", work)["G"])
    opt_G, opt_D = (torch.optim.Adam(x.parameters(), lr=LEARNING_RATE, betas=(0.5, 0.9)) for x in (G, D))
    samples = TrainingSamples(Facades(seed=0), SIZE_PX, (0.1, 0.4), "both", seed=phase)
    I_val, M_val = validation_batch()
    hole_weights = (1 - M_val[:1]) / (3 * (1 - M_val[:1]).sum())
    rows, curves = [], {}
    for step in range(STEPS[phase]):
        batch = [samples[k] for k in range(BATCH * step, BATCH * (step + 1))]
        I_gt, M = (torch.stack(x).contiguous(memory_format=torch.channels_last) for x in zip(*batch, strict=True))
        with torch.autocast("cpu", torch.bfloat16):
            out = forward(G, I_gt, M, name)
        L = L_r = reconstruction_loss(out, I_gt, M, name)
        row = {"L_r": L_r, **errors_by_region(out, I_gt, M)}
        if phase == 2:
            for _ in range(6 if is_strong else 1):
                row |= discriminator_step(D, opt_D, I_gt, M, out, name)
            L_a = adversarial_loss(D, M, out)
            L = L_a if name == "collapse" else L_r + (10 if is_strong else 1) * LAMBDA_3 * L_a
        opt_G.zero_grad(set_to_none=True)
        L.backward()
        opt_G.step()
        rows.append({key: float(value.detach()) for key, value in row.items()})
        if (step + 1) % EVERY == 0:
            means = {key: float(np.mean([row[key] for row in rows[-EVERY:]])) for key in row}
            I_p2 = evaluate(G, I_val, M_val, name).I_p2.float()
            for key, I in (("spread", I_p2), ("spread_gt", I_val)):
                means[key] = float((I.std(dim=0, keepdim=True) * hole_weights).sum())
            for key, value in means.items():
                curves.setdefault(key, []).append(value)
            print(name, step + 1, {key: round(value, 3) for key, value in means.items()}, flush=True)
    out, without_fault = (evaluate(G, I_val, M_val, fault) for fault in (name, ""))
    images = {
        "hole": compose(I_val, torch.ones_like(I_val), M_val), "I_p1": out.I_p1, "I_p2": out.I_p2, "I_c2": out.I_c2,
        "I_c2 without fault": without_fault.I_c2,
    }  # fmt: skip
    arrays = {key: np.concatenate([tensor_to_image(I) for I in x[:4]], axis=1) for key, x in images.items()}
    pictures = {key: torch.from_numpy(x) for key, x in arrays.items()}  # tensors, so that torch.load runs no code
    trace = {"curves": curves, "pictures": pictures, "G": G.state_dict()}
    work.mkdir(parents=True, exist_ok=True)
    with replacing(file) as opened:
        torch.save(trace, opened)
    return trace


def write(name: str, work: Path) -> None:
    """Write an exhibit's curves and pictures from its run and the healthy one beside it."""
    file = FOLDER / f"{name}.json"
    faulty, healthy = run(name, work), run("healthy-one" if name in PHASE_ONE else "healthy-two", work)
    curves, pictures = {}, {}
    curve_names, picture_names = EXHIBITS[name]
    for label, key in curve_names.items():
        curves[label] = [round(x, 4) for x in faulty["curves"][key]]
        if key != "spread_gt":  # the same for both
            curves[f"{label}, healthy"] = [round(x, 4) for x in healthy["curves"][key]]
    for label, key in picture_names.items():
        pictures[label] = faulty["pictures"][key].numpy()
    pictures["I_c2, healthy"] = healthy["pictures"]["I_c2"].numpy()
    exhibit = json.loads(file.read_text(encoding="utf-8"))
    exhibit |= {"curves": curves, "pictures": list(pictures), "every": EVERY}
    write_text(file, json.dumps(exhibit, indent=1) + "\n")
    sheet = Image.fromarray(np.concatenate(list(pictures.values()))).quantize(256, dither=Image.Dither.NONE)
    with replacing(FOLDER / f"{name}.png") as opened:
        sheet.save(opened, "PNG", optimize=True)  # 256 colours: a third of the bytes


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for the runs; what is there is not repeated")
    parser.add_argument("--only", nargs="*", choices=NAMES, default=NAMES, help="only these exhibits")
    options = parser.parse_args()
    for name in options.only:
        write(name, options.work)


if __name__ == "__main__":
    main()
