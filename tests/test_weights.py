"""Every generator that ships: small, in half precision, with a card that names its digest."""

import hashlib
import re

import pytest
import torch
from safetensors import safe_open

from rwlib.checkpoints import load_generator
from rwlib.shipped import SHIPPED

FILES = sorted(SHIPPED.glob("*.safetensors"))
RIVALS = sorted((SHIPPED / "rivals").glob("*.safetensors"))


def test_there_are_some():
    assert {"facades64", "facades128", "general128"} <= {file.stem for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_has_its_card_and_can_be_used(file):
    card = file.with_suffix(".md").read_text(encoding="utf-8")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in card
    pictures = re.findall(r"\]\(([^)/]+\.png)\)", card)
    assert pictures and all((SHIPPED / name).is_file() for name in pictures)
    assert file.stat().st_size <= 8_000_000
    with safe_open(file, framework="pt") as opened:
        assert {opened.get_tensor(name).dtype for name in opened.keys()} == {torch.float16}  # noqa: SIM118
    G, config = load_generator(file)
    assert f"{sum(x.numel() for x in G.parameters()):,} parameters" in card and f"width {config.width}" in card
    with torch.no_grad():
        I_c2 = G(torch.zeros(1, 3, 64, 64), torch.ones(1, 1, 64, 64)).I_c2
    assert torch.equal(I_c2, torch.zeros_like(I_c2))  # nothing is missing, nothing changes


@pytest.mark.parametrize("file", RIVALS, ids=lambda file: file.stem)
def test_each_rival_has_its_line_in_the_card_and_can_be_used(file):
    card = (SHIPPED / "rivals" / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in card.splitlines() if line.startswith(f"| `{file.stem}` |")]
    assert hashlib.sha256(file.read_bytes()).hexdigest() in line
    assert file.stat().st_size <= 4_000_000
    with safe_open(file, framework="pt") as opened:
        dtypes = {opened.get_tensor(name).dtype for name in opened.keys()}  # noqa: SIM118
    assert torch.float16 in dtypes and torch.float32 not in dtypes
    G, config = load_generator(file)
    assert f"{sum(x.numel() for x in G.parameters()):,}" in line and (config.size_px, config.batch_size) == (64, 4)
    assert " + ".join(f"{n:,}" for n in config.epochs) in line
    assert sum(config.epochs) == 500  # one budget for all
    I_gt, M = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1, torch.ones(1, 1, 64, 64)
    assert torch.equal(G.fill(I_gt, M), I_gt)  # nothing is missing, nothing changes
    M[..., 16:32, 16:32] = 0
    I_c = G.fill(I_gt, M)
    assert I_c.isfinite().all() and not torch.equal(I_c, I_gt)
    assert torch.equal(I_c[..., :16, :], I_gt[..., :16, :])


def test_all_weights_stay_small():
    assert sum(file.stat().st_size for file in SHIPPED.rglob("*.safetensors")) <= 60_000_000
