"""Masks at other sizes: resizing is the released one, labels keep small holes."""

import math

import pytest
import torch
from examples import seeded

from rwlib.conventions import InputError
from rwlib.masks import hole_fraction, label_from_mask, random_masks, resize_mask


def test_hole_fraction():
    M = torch.ones(3, 1, 4, 5)
    M[1, 0, :2, 0] = 0
    M[2] = 0
    assert hole_fraction(M).tolist() == pytest.approx([0, 0.1, 1])
    with pytest.raises(InputError, match="M: expected shape"):
        hole_fraction(M[0])


# --- resizing


def resize_ref(M, h, w):
    """Nearest neighbour with aligned corners, cell by cell."""
    b, _, H, W = M.shape
    out = torch.empty(b, 1, h, w, dtype=M.dtype)
    for i in range(h):
        for j in range(w):
            y = math.floor(i * (H - 1) / (h - 1) + 0.5) if h > 1 else 0
            x = math.floor(j * (W - 1) / (w - 1) + 0.5) if w > 1 else 0
            out[:, 0, i, j] = M[:, 0, y, x]
    return out


@pytest.mark.parametrize(
    "old, new", [((64, 64), (16, 16)), ((64, 48), (4, 3)), ((33, 17), (8, 5)), ((5, 5), (9, 12)), ((9, 7), (1, 1))]
)
def test_resize_mask_equals_loop(old, new):
    M = torch.arange(2 * old[0] * old[1]).reshape(2, 1, *old)
    out = resize_mask(M, new)
    assert torch.equal(out, resize_ref(M, *new)) and out.dtype == torch.int64
    assert torch.equal(out, resize_mask(M.double(), new).long())


def test_resize_mask_keeps_corners_and_size():
    M = torch.rand(1, 1, 256, 256)
    out = resize_mask(M, 64)
    assert torch.equal(out[..., [0, 0, -1, -1], [0, -1, 0, -1]], M[..., [0, 0, -1, -1], [0, -1, 0, -1]])
    assert torch.equal(resize_mask(M, (256, 256)), M)


def test_resize_mask_by_hand():
    # 6 -> 4: sources 0, 5/3, 10/3, 5, rounded 0, 2, 3, 5. 3 -> 5: 0, 0.5, 1, 1.5, 2, halves rounded up.
    assert resize_mask(torch.arange(6).reshape(1, 1, 1, 6), (1, 4)).flatten().tolist() == [0, 2, 3, 5]
    assert resize_mask(torch.arange(3).reshape(1, 1, 1, 3), (1, 5)).flatten().tolist() == [0, 1, 1, 2, 2]


# --- labels


def area_ref(M, h, w):
    """Mean of 1 - M over cells whose ends are floor(i H / h) and ceil((i + 1) H / h)."""
    b, _, H, W = M.shape
    out = torch.empty(b, 1, h, w, dtype=M.dtype)
    for i in range(h):
        for j in range(w):
            rows = slice(i * H // h, -(-(i + 1) * H // h))
            columns = slice(j * W // w, -(-(j + 1) * W // w))
            out[:, 0, i, j] = (1 - M[:, 0, rows, columns]).flatten(1).mean(1)
    return out


@pytest.mark.parametrize("old, new", [((64, 64), (4, 4)), ((33, 17), (4, 5)), ((8, 8), (1, 1))])
def test_label_from_mask_equals_loops(old, new):
    M = random_masks(3, *old, (0.2, 0.5), generator=seeded()).double()
    torch.testing.assert_close(label_from_mask(M, new), area_ref(M, *new))
    assert torch.equal(label_from_mask(M, new, mode="nearest"), 1 - resize_ref(M, *new))


def test_area_label_keeps_small_holes():
    M = torch.ones(1, 1, 64, 64)
    M[..., 24:28, 24:28] = 0  # the nearest label looks at rows and columns 0, 21, 42 and 63
    assert label_from_mask(M, 4, mode="nearest").sum() == 0
    area = label_from_mask(M, 4)
    assert area.sum() == area[0, 0, 1, 1] == 1 / 16


def test_refused_sizes_and_modes():
    M = torch.ones(1, 1, 8, 8)
    for function in (resize_mask, label_from_mask):
        for size in (0, (4, 0), (4, 4, 4), 2.0, "4"):
            with pytest.raises(InputError, match="size: expected one or two whole numbers of at least 1"):
                function(M, size)
        with pytest.raises(InputError, match="M: expected shape"):
            function(M[0], 4)
    with pytest.raises(InputError, match="mode: expected one of area, nearest; got 'linear'"):
        label_from_mask(M, 4, mode="linear")
