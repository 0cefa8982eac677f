"""Every generator that ships: small, in half precision, with a card that names its digest."""

import hashlib
import re

import pytest
import torch
from safetensors import safe_open

from rwlib.checkpoints import SHIPPED, load_generator

FILES = sorted(SHIPPED.glob("*.safetensors"))


def test_there_are_some():
    assert {"facades64"} <= {file.stem for file in FILES}


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
