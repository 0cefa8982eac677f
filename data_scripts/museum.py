r"""Make the traces of the failure museum (`rwlib.course.lessons.museum`) by real training.

    python data_scripts/museum.py --work runs/museum                    # eight runs, six exhibits
    python data_scripts/museum.py --work runs/museum --only inverted-mask

Two runs are healthy, six have a fault. All have the same seed (0), data and size: 64x64 pixels, width 16, batch 8, Adam
(0.5, 0.9) at 8e-4, bf16, mean losses. `healthy-one` is phase one with L_r alone, 250 steps; the three faults of regions
run beside it. `healthy-two` goes on from there with L_a (bce), 120 steps; the three faults of the discriminator run
beside it, from the same weights. About one to one and a half minutes a run on one CPU core with AMX. Each run keeps its
weights and numbers in the folder `--work`, so that it is not repeated; delete the folder to train anew.
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
from rwlib.losses import adversarial_loss_discriminator, adversarial_loss_generator
from rwlib.masks import contiguous_mask, label_from_mask
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import Outputs, RegionWiseGenerator

PHASE_ONE = ("healthy-one", "inverted-mask", "wrong-region", "boundary-artefacts")
PHASE_TWO = ("healthy-two", "discriminator-too-strong", "collapse", "summed-line-bug")
STEPS = {1: 250, 2: 120}
EVERY, BATCH, SIZE_PX, WIDTH, RATE, LAMBDA_3 = 10, 8, 64, 16, 8e-4, 0.03
RIM_PX = 6
"""By how much the hole is widened in the input, and in the input alone, of the exhibit on boundaries."""


def forward(G: RegionWiseGenerator, I_gt: Tensor, M: Tensor, fault: str) -> Outputs:
    """Go through both networks; two faults change what the first one sees."""
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


def reconstruction(out: Outputs, I_gt: Tensor, M: Tensor, fault: str) -> Tensor:
    """Return L_r, a mean; one fault counts the existing region alone."""
    entries = (out.I_p1 - I_gt).abs() + (out.I_p2 - I_gt).abs()
    return (entries * M).mean() if fault == "wrong-region" else entries.mean()


def lower_discriminator_loss(D: nn.Module, opt_D: torch.optim.Optimizer, I_gt, M, out, fault) -> dict[str, Tensor]:
    """Update D once."""
    with torch.autocast("cpu", torch.bfloat16):
        scores = D(torch.cat([I_gt, out.I_p1.detach(), out.I_p2.detach()]), torch.cat([M, M, M])).float()
    score_gt, score_p1, score_p2 = scores.split(len(M))
    label = label_from_mask(M, scores.shape[-2:])
    if fault == "summed-line-bug":
        L_D = F.softplus(-score_gt).mean()
        +F.softplus(score_p1).mean() / 2  # noqa: B018 (the bug: a statement of its own, whose value is lost)
        +F.softplus(score_p2).mean() / 2  # noqa: B018
    else:
        L_D = adversarial_loss_discriminator(score_gt, score_p1, score_p2, label, form="bce", alpha=1.0)
    opt_D.zero_grad(set_to_none=True)
    L_D.backward()
    opt_D.step()
    return {"L_D": L_D, "D_gt": score_gt.mean(), "D_p2": score_p2.mean()}


def generator_loss(D: nn.Module, M: Tensor, out: Outputs) -> Tensor:
    """Return L_a for the generator, through a discriminator that stands still."""
    D.eval().requires_grad_(False)
    with torch.autocast("cpu", torch.bfloat16):
        score_p1, score_p2 = D(torch.cat([out.I_p1, out.I_p2]), torch.cat([M, M])).float().split(len(M))
    D.train().requires_grad_(True)
    return adversarial_loss_generator(score_p1, score_p2, label_from_mask(M, score_p1.shape[-2:]), form="bce")


def numbers(out: Outputs, I_gt: Tensor, M: Tensor) -> dict[str, Tensor]:
    """Return errors by region and the jump at the rim of the hole (mean absolute differences, range [-1, 1])."""

    def error(I_p: Tensor, where: Tensor) -> Tensor:
        return ((I_p.float() - I_gt).abs() * where).sum() / (3 * where.sum())

    def jump(I: Tensor) -> Tensor:
        across_x, across_y = M[..., 1:] != M[..., :-1], M[..., 1:, :] != M[..., :-1, :]
        total = ((I[..., 1:] - I[..., :-1]).abs() * across_x).sum()
        total = total + ((I[..., 1:, :] - I[..., :-1, :]).abs() * across_y).sum()
        return total / (3 * (across_x.sum() + across_y.sum()))

    return {
        "hole_p1": error(out.I_p1, 1 - M), "existing_p1": error(out.I_p1, M),
        "hole_p2": error(out.I_p2, 1 - M), "existing_p2": error(out.I_p2, M),
        "jump": jump(out.I_c2.float()), "jump_gt": jump(I_gt),
    }  # fmt: skip


def panel() -> tuple[Tensor, Tensor]:
    """Return eight house fronts that no run trains on, and one hole for all of them."""
    I_gt = torch.cat([image_to_tensor(Facades(seed=1).center(k, size_px=SIZE_PX)) for k in range(8)])
    M = contiguous_mask(SIZE_PX, SIZE_PX, (0.26, 0.28), generator=torch.Generator().manual_seed(3))[None]
    return I_gt, M.expand(8, -1, -1, -1)


def run(name: str, work: Path) -> dict:
    """Train one run, or load it if it is there.

    Returns:
        `curves`: name → values; `pictures`: name → uint8 tensor of four pictures side by side; `G`: the weights.
    """
    file = work / f"{name}.pt"
    if file.exists():
        return torch.load(file, weights_only=True)
    phase = 1 if name in PHASE_ONE else 2
    torch.manual_seed(0)
    G, D = RegionWiseGenerator(WIDTH, output="tanh"), RegionWiseDiscriminator(WIDTH)
    G, D = G.to(memory_format=torch.channels_last), D.to(memory_format=torch.channels_last)
    strong = name == "discriminator-too-strong"
    if name in ("discriminator-too-strong", "collapse"):  # both without spectral normalisation
        for conv in D.convs:
            remove_parametrizations(conv, "weight")
    if phase == 2:
        G.load_state_dict(run("healthy-one", work)["G"])
    opt_G = torch.optim.Adam(G.parameters(), lr=RATE, betas=(0.5, 0.9))
    opt_D = torch.optim.Adam(D.parameters(), lr=RATE, betas=(0.5, 0.9))
    samples = TrainingSamples(Facades(seed=0), SIZE_PX, (0.1, 0.4), "both", seed=phase)
    I_panel, M_panel = panel()
    rows, curves = [], {}
    for step in range(STEPS[phase]):
        batch = [samples[k] for k in range(BATCH * step, BATCH * (step + 1))]
        I_gt, M = (torch.stack(x).contiguous(memory_format=torch.channels_last) for x in zip(*batch, strict=True))
        with torch.autocast("cpu", torch.bfloat16):
            out = forward(G, I_gt, M, name)
        L = L_r = reconstruction(out, I_gt, M, name)
        row = {"L_r": L_r, **numbers(out, I_gt, M)}
        if phase == 2:
            for _ in range(6 if strong else 1):
                row |= lower_discriminator_loss(D, opt_D, I_gt, M, out, name)
            L_a = generator_loss(D, M, out)
            (gradient,) = torch.autograd.grad(L_a, out.I_p2, retain_graph=True)
            row |= {"L_a": L_a, "gradient of L_a": gradient.float().norm() / len(M)}
            L = L_a if name == "collapse" else L_r + (10 if strong else 1) * LAMBDA_3 * L_a
        opt_G.zero_grad(set_to_none=True)
        L.backward()
        opt_G.step()
        rows.append({key: float(value.detach()) for key, value in row.items()})
        if (step + 1) % EVERY == 0:
            for key in rows[0]:
                curves.setdefault(key, []).append(float(np.mean([row[key] for row in rows[-EVERY:]])))
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                I_p2 = forward(G, I_panel, M_panel, name).I_p2.float()
            where = (1 - M_panel[:1]) / (3 * (1 - M_panel[:1]).sum())
            curves.setdefault("spread", []).append(float((I_p2.std(dim=0, keepdim=True) * where).sum()))
            curves.setdefault("spread_gt", []).append(float((I_panel.std(dim=0, keepdim=True) * where).sum()))
            print(name, step + 1, {k: round(v[-1], 3) for k, v in curves.items()}, flush=True)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        seen = forward(G, I_panel, M_panel, name)
        used = forward(G, I_panel, M_panel, "")
    white = torch.ones_like(I_panel)
    found = {
        "I_g": I_panel, "hole": compose(I_panel, white, M_panel), "I_in seen": I_panel * (1 - M_panel),
        "I_p1": seen.I_p1, "I_p2": seen.I_p2, "I_c2": seen.I_c2, "I_c2 used": used.I_c2,
    }  # fmt: skip
    arrays = {key: np.concatenate([tensor_to_image(I) for I in x[:4]], axis=1) for key, x in found.items()}
    pictures = {key: torch.from_numpy(x) for key, x in arrays.items()}  # tensors, so that torch.load runs no code
    trace = {"curves": curves, "pictures": pictures, "G": G.state_dict()}
    work.mkdir(parents=True, exist_ok=True)
    torch.save(trace, file)
    return trace


EXHIBITS = {
    "inverted-mask": {
        "title": "A loss as never before",
        "curves": {"I_p1, hole": "hole_p1", "I_p1, existing region": "existing_p1"},
        "pictures": {
            "hole in white": "hole",
            "I_p1": "I_p1",
            "I_c2": "I_c2",
            "I_c2, with the right input": "I_c2 used",
        },
        "question": "The error in the hole is far below the healthy run's. Why is that no reason to be glad?",
        "diagnosis": "The mask was upside down in one line, I_in = I_gt * (1 - M): the first network saw the hole's "
        "content and nothing else. Composite and losses were right.",
        "clue": "An error in the hole smaller than in the existing region: nobody can know the missing part better "
        "than the part in view. I_p1 even shows each house's own balconies there. With the right input, the hole turns "
        "into a beige weave.",
        "how": "250 steps with L_r alone; the first network's input is I_gt * (1 - M).",
    },
    "wrong-region": {
        "title": "The loss falls, the hole does not care",
        "curves": {"L_r as reported": "L_r", "I_p2, hole": "hole_p2"},
        "pictures": {"hole in white": "hole", "I_p1": "I_p1", "I_p2": "I_p2"},
        "question": "The reported loss is lower than the healthy run's. What does it not see?",
        "diagnosis": "L_r was multiplied by M, ((I_p - I_gt).abs() * M).mean(): nothing asked for a good hole.",
        "clue": "The error in the hole stays near 0.25, while the reported loss falls. The hole holds "
        " the same beige weave in all four houses: nothing there ever had a gradient.",
        "how": "250 steps with L_r alone, counted in the existing region.",
    },
    "boundary-artefacts": {
        "title": "A seam",
        "curves": {"jump at the rim, I_c2": "jump", "I_p1, existing region": "existing_p1"},
        "pictures": {"hole in white": "hole", "I_p1": "I_p1", "I_c2": "I_c2"},
        "question": "Every filling has a hard edge. The loss is L_r on whole predictions, as it should be. Why?",
        "diagnosis": "The input was masked with a hole 6 pixels wider on every side than the hole that the composite "
        "fills (a dilated mask in one place, the plain one in the other). The network guesses the strip, the composite "
        "throws that guess away and sets its own hard edge.",
        "clue": "In I_p1 the blur reaches beyond the white hole. The jump across the rim stays far above the healthy "
        "run's, and the error in the existing region, too, for the strip counts as existing.",
        "how": "250 steps with L_r alone; both networks see the mask with its hole widened by 6 pixels.",
    },
    "discriminator-too-strong": {
        "title": "A judge who wins",
        "curves": {"D_gt": "D_gt", "D_p2": "D_p2", "error of I_p2, hole": "hole_p2"},
        "pictures": {"hole in white": "hole", "I_p2": "I_p2", "I_c2": "I_c2"},
        "question": "Phase two has begun, and the error in the hole rises above where phase one had left it. Why?",
        "diagnosis": "The discriminator is too strong: six updates for each one of the generator, no spectral "
        "normalisation, and ten times the weight lambda_3. What it asks for cannot be had, and L_r is overruled.",
        "clue": "The gap D_gt - D_p2 is many times the healthy run's and D_p2 falls below zero, while the error in the "
        "hole is above the healthy one.",
        "how": "From the weights of phase one; six updates of D a step, D without spectral normalisation, lambda_3 0.3 "
        "in place of 0.03. A first try with 0.03, four updates and four times the learning rate pulled the scores "
        "apart, and hardly moved the error.",
    },
    "collapse": {
        "title": "One filling for all",
        "curves": {"spread of fillings": "spread", "spread of the truth": "spread_gt"},
        "pictures": {"hole in white": "hole", "I_p2": "I_p2", "I_c2": "I_c2"},
        "question": "Four houses, four surroundings. What do their fillings have in common, and what number says so?",
        "diagnosis": "Collapse: the fillings no longer depend on the house. The line L = L_r + lambda_3 * L_a had lost "
        "its L_r, so only the discriminator taught, and one filling is as good for L_a as four.",
        "clue": "The same violet weave in every hole. The spread, the standard deviation over eight houses with one "
        "hole, ends at a quarter of the truth's, after wild swings; the healthy run's stays high.",
        "how": "Provoked: from the weights of phase one, L_a alone, and D without spectral normalisation. D's scores "
        "stayed at zero (it learned nothing), so this is a generator adrift under an empty judge, not the chase from "
        "mode to mode that textbooks show.",
    },
    "summed-line-bug": {
        "title": "The discriminator's loss is zero",
        "curves": {"D_gt": "D_gt", "D_p2": "D_p2", "L_D": "L_D"},
        "pictures": {"hole in white": "hole", "I_p2": "I_p2", "I_c2": "I_c2"},
        "question": "The discriminator's loss reached zero in a few dozen steps. Can it tell real from fake?",
        "diagnosis": "Two lines of its loss begin with + outside parentheses: Python takes each for a statement of its "
        "own and throws its value away. Only the real term is left, and calling everything real minimises it.",
        "clue": "D_gt and D_p2 rise together, to nearly the same value: there is no gap. L_a is zero, too: the "
        "generator is praised whatever it makes, and learns from L_r alone.",
        "how": "From the weights of phase one; the discriminator's loss as three lines without parentheses.",
    },
}
"""What each exhibit shows of its run, and its texts."""


def write(name: str, work: Path) -> None:
    """Write an exhibit's JSON and PNG from its run and the healthy one beside it."""
    saved = dict(EXHIBITS[name])
    ill, well = run(name, work), run("healthy-one" if name in PHASE_ONE else "healthy-two", work)
    curves = {}
    for shown, key in saved.pop("curves").items():
        curves[shown] = [round(x, 4) for x in ill["curves"][key]]
        if not key.endswith("_gt") or key.startswith("D"):
            curves[f"{shown}, healthy"] = [round(x, 4) for x in well["curves"][key]]
    pictures = {}
    for shown, key in saved.pop("pictures").items():
        pictures[shown] = ill["pictures"][key].numpy()
    pictures["I_c2, healthy"] = well["pictures"]["I_c2"].numpy()
    saved |= {"curves": curves, "pictures": list(pictures), "every": EVERY}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")
    sheet = Image.fromarray(np.concatenate(list(pictures.values()))).quantize(256, dither=Image.Dither.NONE)
    sheet.save(FOLDER / f"{name}.png", optimize=True)  # 256 colours: a third of the bytes


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for the runs; what is there is not repeated")
    parser.add_argument("--only", nargs="*", choices=NAMES, default=NAMES, help="these exhibits alone")
    asked = parser.parse_args()
    for name in asked.only:
        write(name, asked.work)


if __name__ == "__main__":
    main()
