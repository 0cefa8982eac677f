"""The page's own filling, in JavaScript, beside `rwlib.inpainting`, in Python: the same pixels for a made-up network.

Needs Node, and nothing from npm; the whole page with the real network is tested in `tests/browser/test_demo.py`.
"""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from test_imports import ROOT

from rwlib.config import Config
from rwlib.data import photos
from rwlib.inpainting import fill_photo
from rwlib.masks import random_mask
from rwlib.networks.generator import Outputs

sys.path.insert(0, str(ROOT / "docs"))
from demo.build import numbers  # noqa: E402

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")

SCRIPT = """
import fs from "node:fs";
import { fillPhoto } from "%s/filling.js";
const [folder, h, w, numbers] = [process.argv[2], +process.argv[3], +process.argv[4], JSON.parse(process.argv[5])];
const rgb = fs.readFileSync(folder + "/rgb"), hole = { h, w, data: new Uint8Array(fs.readFileSync(folder + "/hole")) };
const photo = { h, w, data: new Uint8ClampedArray(4 * h * w) };
for (let i = 0; i < h * w; i++) for (let c = 0; c < 3; c++) photo.data[4 * i + c] = rgb[3 * i + c];
const network = async (I, M, H, W) =>
  I.map((value, i) => {
    const y = Math.floor(i / W) %% H, x = i %% W;
    return 0.5 * I[i - x + ((x + W - 1) %% W)] + 0.1 * M[y * W + x] + 0.6 * y / (H - 1) - 0.3;
  });
const shares = [];
await fillPhoto(photo, hole, numbers, network, (share) => shares.push(share));
fs.writeFileSync(folder + "/out", photo.data);
console.log(JSON.stringify(shares));
"""


class Network:
    """Something that depends on every pixel's neighbour, on the mask and on the place."""

    divisor = 4

    def __call__(self, I, M):
        I_p = 0.5 * torch.roll(I, 1, -1) + 0.1 * M + torch.linspace(-0.3, 0.3, I.shape[-2])[None, None, :, None]
        return Outputs(I_p, I_p, I_p, I_p)


def drawn(h, w, kind, seed, least=0.2):
    generator = torch.Generator().manual_seed(seed)
    return random_mask(h, w, (least, least + 0.1), kind=kind, generator=generator)[0].numpy() == 0


def boxes(h, w, *places):
    hole = np.zeros((h, w), bool)
    for top, left, bottom, right in places:
        hole[top:bottom, left:right] = True
    return hole


HOLES = {
    "contiguous": lambda h, w: drawn(h, w, "contiguous", 1),
    "discontiguous": lambda h, w: drawn(h, w, "discontiguous", 2),
    "thin": lambda h, w: boxes(h, w, (20, 0, 23, w), (0, 30, h, 31)),
    "two regions": lambda h, w: boxes(h, w, (5, 5, 25, 30), (h - 40, w - 40, h - 10, w - 5)),
    "at the border": lambda h, w: boxes(h, w, (0, 0, h // 2, w // 3)),
    "nearly everything": lambda h, w: ~boxes(h, w, (3, 3, 7, 9)),
    "many": lambda h, w: np.kron(np.indices((h // 16 + 1, w // 16 + 1)).sum(0) % 2, np.ones((16, 16)))[:h, :w] > 0,
}


@pytest.mark.slow  # starts Node, and fills photographs
@pytest.mark.parametrize("kind", HOLES)
@pytest.mark.parametrize(("h", "w"), [(131, 98), (300, 451)])
def test_the_page_fills_as_rwlib_does(tmp_path, kind, h, w):
    image, hole = np.array(photos()["chelsea"][:h, :w]), HOLES[kind](h, w)
    (tmp_path / "rgb").write_bytes(image.tobytes())
    (tmp_path / "hole").write_bytes(hole.astype(np.uint8).tobytes())
    (tmp_path / "run.mjs").write_text(SCRIPT % (ROOT / "docs/demo").as_uri(), encoding="utf-8")
    command = ["node", "run.mjs", str(tmp_path), str(h), str(w), json.dumps(numbers())]
    report = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert report.returncode == 0, report.stderr
    filled = np.frombuffer((tmp_path / "out").read_bytes(), np.uint8).reshape(h, w, 4)[..., :3].astype(int)
    expected = fill_photo(image, hole, Network(), Config(size_px=numbers()["TRAINED_PX"])).image.astype(int)
    assert np.array_equal(filled[~hole], image[~hole])
    assert np.abs(filled - expected).max() <= 1 and (filled != expected).mean() < 1e-4
    shares = json.loads(report.stdout)
    assert shares == sorted(shares) and shares[-1:] in ([], [1])
