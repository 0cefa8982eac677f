"""Augmentation: within its bounds, a function of the generator alone, and off unless it is asked for."""

import numpy as np
import pytest
import torch
from examples import seeded

from rwlib.conventions import InputError
from rwlib.data import PhotoSet, TrainingSamples
from rwlib.data.augment import DEGREES, LIGHT, ROOM, TINT, vary


def plane(n):
    """A picture whose red grows to the right and whose green grows downwards, both by one grey level per pixel."""
    y, x = np.mgrid[:n, :n]
    return np.stack([x + 40, y + 40, np.full((n, n), 100)], axis=2).astype(np.uint8)


def geometry(crop):
    """Return the pixels of the picture that a pixel of the crop spans, and the rotation in degrees, of a `plane`."""
    inner = crop[6:-6, 6:-6, :2].astype(float)
    across = (inner[:, -1] - inner[:, 0]).mean(0) / (inner.shape[1] - 1)
    return float(np.hypot(*across)), float(np.degrees(np.arctan2(across[1], across[0])))


def light_off(monkeypatch):
    monkeypatch.setattr("rwlib.data.augment.LIGHT", 0.0)
    monkeypatch.setattr("rwlib.data.augment.TINT", 0.0)


def test_scale_and_rotation_fill_their_ranges_and_nothing_from_outside_comes_in(monkeypatch):
    light_off(monkeypatch)
    crops = [vary(plane(96), 64, seeded(seed)) for seed in range(200)]
    scales, angles = np.array([geometry(crop) for crop in crops]).T
    assert 0.98 < scales.min() < 1.05 and 1.4 < scales.max() < ROOM + 0.02
    # Grey levels are whole numbers, so an angle is measured to 0.7 degrees.
    assert -DEGREES - 0.7 < angles.min() < -0.8 * DEGREES and 0.8 * DEGREES < angles.max() < DEGREES + 0.7
    assert min(crop[..., :2].min() for crop in crops) > 35  # black corners of a rotation would be 0


def test_without_strength_only_the_window_moves():
    crop = vary(plane(96), 64, seeded(1), 0.0)
    scale, angle = geometry(crop)
    assert abs(angle) < 0.05 and 1 <= scale <= ROOM
    assert (crop[..., 2] == 100).all()
    same = vary(plane(64), 64, seeded(1), 0.0)  # no room: the picture itself
    assert np.array_equal(same, plane(64))


def test_light_and_colours_stay_within_their_bounds():
    grey = np.full((96, 96, 3), 128, np.uint8)
    means = np.array([vary(grey, 64, seeded(seed)).mean((0, 1)) for seed in range(300)])
    darkest, lightest = (255 * (128 / 255) ** (2 ** (sign * LIGHT)) for sign in (1, -1))
    assert darkest * (1 - TINT) - 1 < means.min() < darkest * (1 - TINT) + 6
    assert lightest * (1 + TINT) - 6 < means.max() < lightest * (1 + TINT) + 1
    assert np.ptp(means, axis=1).max() > 128 * TINT  # the three colours change apart from each other


def test_it_depends_on_the_generator_alone():
    first, again = (vary(plane(96), 64, seeded(5)) for _ in range(2))
    assert np.array_equal(first, again) and not np.array_equal(first, vary(plane(96), 64, seeded(6)))
    generator = seeded(5)
    vary(plane(96), 64, generator)
    after = seeded(5)
    torch.rand(8, generator=after, dtype=torch.float64)
    assert torch.equal(torch.rand(1, generator=generator), torch.rand(1, generator=after))


def test_training_samples_are_varied_and_their_holes_are_not():
    plain, varied = (TrainingSamples(PhotoSet(), 32, (0.1, 0.4), "both", 0, augment=x) for x in (0.0, 1.0))
    for k in range(3):
        (I_1, M_1), (I_2, M_2), (again, _) = plain[k], varied[k], varied[k]
        assert torch.equal(M_1, M_2) and torch.equal(I_2, again)
        assert I_2.shape == (3, 32, 32) and not torch.equal(I_1, I_2)


def test_bad_requests():
    with pytest.raises(InputError, match="picture: expected at least 64 pixels"):
        vary(plane(60), 64, seeded(0))
    with pytest.raises(InputError, match="strength: expected 0 to 1, got 1.5"):
        vary(plane(96), 64, seeded(0), 1.5)
