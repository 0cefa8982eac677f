"""What `fill_photo` is made of: regions, pieces, and the smooth continuation."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rwlib.inpainting import MAX_WORK_PIXELS
from rwlib.inpainting.pieces import enlarge, n_levels, pieces, shrink, to_mask, to_pixels, to_tensor
from rwlib.inpainting.regions import THIN_PX, WORK_SHARE, choose_regions, thick_part
from rwlib.inpainting.seams import continue_smoothly


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


# --- seams


def test_smooth_continuation_keeps_what_is_known_and_ignores_the_rest():
    x, known = random(1, 3, 37, 23), (random(1, 1, 37, 23, seed=1) > 0.6).float()
    y = continue_smoothly(x, known)
    inside = known.bool().expand_as(x)
    assert torch.equal(y[inside], x[inside])
    assert torch.equal(continue_smoothly(torch.where(inside, x, 99), known), y)
    low, high = x[inside].min(), x[inside].max()
    assert low <= y.min() and y.max() <= high  # means of means


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (9, 1), (64, 48), (31, 65)])
def test_a_constant_is_continued_as_it_is(size):
    known = torch.zeros(1, 1, *size)
    known[..., 0, 0] = 1
    assert torch.allclose(continue_smoothly(torch.full((1, 2, *size), 0.3), known), torch.tensor(0.3), atol=1e-6)


def test_a_gap_in_a_slope_is_closed_by_the_slope():
    x = torch.arange(64.0).expand(1, 1, 64, 64)
    for gap in (1, 3, 8):
        known = torch.ones(1, 1, 64, 64)
        known[..., 30 : 30 + gap] = 0
        assert (continue_smoothly(x, known) - x).abs().max() < 0.15 * gap


def test_with_few_levels_nothing_reaches_far_into_a_hole():
    known = torch.zeros(1, 1, 64, 64)
    known[..., :8] = 1
    y = continue_smoothly(torch.ones(1, 1, 64, 64), known, levels=2)[0, 0, 32]
    assert (y[:8] == 1).all() and y[8] > 0.7 and (y[9:].diff() <= 1e-6).all() and (y[40:] == 0).all()


# --- regions


def squares(hole, side):
    """Say by a loop which pixels lie in a missing square."""
    thick = np.zeros_like(hole)
    for i in range(hole.shape[0] - side + 1):
        for j in range(hole.shape[1] - side + 1):
            if hole[i : i + side, j : j + side].all():
                thick[i : i + side, j : j + side] = True
    return thick


@pytest.mark.parametrize("seed", range(4))
def test_the_thick_part_is_made_of_squares(seed):
    hole = F.interpolate(random(1, 1, 7, 5, seed=seed), (50, 37), mode="bilinear")[0, 0].numpy() > 0.5
    hole[:, 20:22] = True
    assert np.array_equal(thick_part(hole), squares(hole, THIN_PX + 1))


@pytest.mark.parametrize(("top", "left"), [(0, 0), (300, 500), (960, 1460)])
def test_a_region_holds_its_hole_and_as_much_around_it_as_training_has(top, left):
    hole = np.zeros((1000, 1500), bool)
    hole[top : top + 40, left : left + 40] = True
    (region,) = choose_regions(hole, 64)
    assert hole[region.window].sum() == hole.sum() and region.size == (100, 100)  # 64 px at 12.8 / 20
    assert region.work_size == (64, 64)


def test_holes_that_are_near_share_a_region_and_others_do_not():
    hole = np.zeros((400, 900), bool)
    for left in (100, 130, 700):
        hole[100:120, left : left + 20] = True
    near, far = sorted(choose_regions(hole, 64), key=lambda region: region.left)
    assert hole[near.window].sum() == 800 and hole[far.window].sum() == 400
    assert near.right <= far.left or near.bottom <= far.top


@pytest.mark.parametrize("n", [12, 30])
def test_the_work_has_a_bound_however_many_holes_there_are(n):
    hole = np.zeros((n * 90, n * 90), bool)
    hole.reshape(n, 90, n, 90)[:, 30:42, :, 30:42] = True
    regions = choose_regions(hole, 64)
    assert len(regions) == 1 and hole[regions[0].window].sum() == hole.sum()
    assert np.prod(regions[0].work_size) <= 1.05 * WORK_SHARE * 64**2 <= MAX_WORK_PIXELS


def test_a_scratch_across_a_large_picture_is_no_more_work_than_a_block():
    hole = np.zeros((2000, 3000), bool)
    hole[700:715] = True
    (region,) = choose_regions(hole, 64)
    assert np.prod(region.work_size) <= 1.05 * WORK_SHARE * 64**2


# --- pieces


@pytest.mark.parametrize("levels", [1, 3, 6])
def test_pieces_cover_the_hole_once(levels):
    hole = np.zeros((700, 610), bool)
    hole[10:600, 300:310] = hole[255:257] = hole[690:, 600:] = True
    count = np.zeros(hole.shape, int)
    for piece in pieces(hole, levels):
        count[piece.target] += hole[piece.target]
        rows, columns = piece.source
        assert rows.start % 2**levels == columns.start % 2**levels == 0
        assert np.zeros(hole.shape)[piece.source][piece.inner].shape == hole[piece.target].shape
        for target, source, end in zip(piece.target, piece.source, hole.shape, strict=True):
            assert source.start <= max(0, target.start - 2 ** (levels + 1))
            assert source.stop >= min(end, target.stop + 2 ** (levels + 1))
    assert np.array_equal(count, hole)


@pytest.mark.parametrize("size", [(47, 61), (200, 333), (1, 1), (199, 150)])
def test_shrinking_averages_known_pixels_only(size):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (200, 333, 3), dtype=np.uint8)
    known = rng.random((200, 333)) > 0.4
    I, M = shrink(image, known, size)
    share = F.interpolate(to_mask(known), size, mode="area")
    expected = F.interpolate(to_tensor(image) * to_mask(known), size, mode="area") / share.clamp(min=1e-6)
    seen = (share > 0).expand_as(I)
    assert torch.allclose(I[seen], expected[seen], atol=1e-5)
    if size != (1, 1):
        assert torch.equal(M, (share >= 0.5).float())


@pytest.mark.parametrize("pattern", ["scratch", "grid", "dots", "islands"])
def test_shrinking_never_loses_a_region_altogether(pattern):
    hole = np.zeros((64, 64), bool)
    if pattern == "scratch":
        hole[20] = True  # a row of 64 is a fifth of a row of 12
    elif pattern == "grid":
        hole[::4] = hole[:, ::4] = True
    elif pattern == "dots":
        hole[::2, ::2] = True  # every small pixel covers some
    else:
        hole[:] = True
        hole[::16, ::16] = False
    _, M = shrink(np.zeros((64, 64, 3), np.uint8), ~hole, (12, 12))
    assert 0 < M.mean() < 1


@pytest.mark.parametrize("size", [(13, 17), (200, 333)])
def test_enlarging_a_part_is_a_part_of_enlarging(size):
    x = random(1, 3, *size)
    whole = F.interpolate(x, (200, 333), mode="bicubic", align_corners=False)
    for window in ((slice(0, 200), slice(0, 333)), (slice(30, 151), slice(300, 333)), (slice(0, 1), slice(5, 6))):
        assert torch.allclose(enlarge(x, (200, 333), window), whole[..., window[0], window[1]], atol=1e-5)


def test_pixels_survive_the_way_through_tensors():
    for dtype in (np.uint8, np.uint16):
        image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (9, 7, 3), dtype=dtype)
        assert np.array_equal(to_pixels(to_tensor(image), dtype), image)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_lies_beyond_black_and_white_is_clipped_and_does_not_wrap_around(dtype):
    """A filling that is continued past white, by a seam say, would else become black there."""
    top = np.iinfo(dtype).max
    beyond = torch.tensor([-3.0, -1.01, -1.0, 1.0, 1.01, 3.0]).expand(1, 3, 2, 6).clone()
    assert to_pixels(beyond, dtype)[0, :, 0].tolist() == [0, 0, 0, top, top, top]


def test_the_pyramid_reaches_over_a_pixel_of_the_small_map():
    assert n_levels((64, 64), (64, 64)) == 2 and n_levels((256, 256), (64, 64)) == 4
    assert n_levels((9000, 9000), (64, 64)) == 5  # not beyond
