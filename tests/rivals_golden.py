"""Weights that are drawn from formulas, and what the programs of other methods made of them.

`data/rivals_golden.npz` holds a small part of the outputs of these programs, unmodified, float32, on one thread:

    pconv_layer_...   NVIDIA/partialconv 610d373
    pconv_unet        naoto0804/pytorch-inpainting-with-partial-conv 8d64e7e, 5 levels
    ca_...            daa233/generative-inpainting-pytorch c6cdaea, ngf 8
    gated_...         nipponjo/deepfillv2-pytorch 4899fd3, cnum 16
    ec_...            knazeri/edge-connect 3142579
    pic_...           lyndonzheng/Pluralistic-Inpainting 034a758

`variables` lists every weight as `program/name shape`, `image` and `mask` are the input of all of them. Of large
outputs every third row and column is kept.
"""

import zlib
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

FILE = Path(__file__).parent / "data" / "rivals_golden.npz"
TOLERANCE = 1e-5


@cache
def golden():
    with np.load(FILE) as arrays:
        return {name: arrays[name] for name in arrays}


def image_and_mask():
    return torch.from_numpy(golden()["image"]), torch.from_numpy(golden()["mask"]).float()


def draw(name, shape):
    """Values of the weight of that name."""
    values = np.random.RandomState((zlib.crc32(name.encode()) + 2019) % 2**32).standard_normal(shape)
    x, last = torch.from_numpy(values.astype(np.float32)), name.split(".")[-1]
    if last == "weight_u":
        return F.normalize(x.flatten(), dim=0)
    if last == "bias":
        return 0.05 * x
    if last in ("gamma", "alpha"):
        return torch.full_like(x, 0.5)
    if last == "running_mean":
        return 0.1 * x
    if last == "running_var":
        return 1 + 0.1 * x.abs()
    if len(shape) == 1:  # scales of normalisations, and the biases of the single partial convolutions
        return 1 + 0.1 * x
    return x / float(np.sqrt(np.prod(shape[1:])))


def weights(program):
    """Return {name: tensor} of a program, for example `pconv_unet`."""
    drawn = {}
    for entry in golden()["variables"].tolist():
        name, shape = entry.split(" ", 1)
        if name.startswith(f"{program}/"):
            shape = tuple(int(n) for n in shape.strip("(),").split(",") if n.strip())
            drawn[name.removeprefix(f"{program}/")] = draw(name, shape)
    return drawn


def assert_golden(name, ours, tolerance=TOLERANCE):
    """Compare with what the program made, to 1e-5 of its largest value or absolutely, whichever is larger."""
    theirs, ours = torch.from_numpy(golden()[name]), ours.detach()
    if theirs.shape != ours.shape:
        ours = ours[..., ::3, ::3]
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


def set_spectral(conv, weight, u, *, iterate=False):
    """Give a layer its weight and the vectors of its spectral norm: v from u, and then u from v if `iterate`."""
    norm = conv.parametrizations.weight[0]
    W = (weight.transpose(0, 1) if norm.dim == 1 else weight).flatten(1)
    v = F.normalize(W.T @ u, dim=0)
    with torch.no_grad():
        conv.parametrizations.weight.original.copy_(weight)
        norm._v.copy_(v)
        norm._u.copy_(F.normalize(W @ v, dim=0) if iterate else u)
