import importlib
import io
import pickle
import socket
import warnings
from importlib import metadata

import numpy as np
import pytest
import torch
from examples import plain, save, seeded
from PIL import Image
from torch.utils.data import DataLoader

from rwlib.conventions import InputError
from rwlib.data import (
    Facades,
    PhotoFolder,
    PhotoSet,
    TrainingSamples,
    facades,
    open_source,
    photos,
    render_facade,
)
from rwlib.data.views import center_view, random_view

facades_module = importlib.import_module("rwlib.data.facades")  # `rwlib.data.facades` itself is the function
canvas_module = importlib.import_module("rwlib.data.facades.canvas")


def ramp(h, w):
    """A photograph whose red is x and whose green is y, in pixels (so at most 256 px), blue constant."""
    y, x = np.mgrid[:h, :w]
    return np.stack([x, y, np.full((h, w), 90)], axis=2).astype(np.uint8)


def window(crop):
    """Return (left, top, side) in photograph pixels and whether it is flipped, of a crop of a ramp."""
    inner = crop[4:-4, 4:-4].astype(float)
    n = len(inner) - 1
    step_x, step_y = (inner[:, -1, 0] - inner[:, 0, 0]).mean() / n, (inner[-1, :, 1] - inner[0, :, 1]).mean() / n
    left = crop[..., 0].mean() - abs(step_x) * len(crop) / 2
    return left, crop[..., 1].mean() - step_y * len(crop) / 2, step_y * len(crop), step_x < 0


@pytest.fixture
def folder(tmp_path):
    """Five readable photographs of different shapes."""
    rng = np.random.default_rng(0)
    for i, shape in enumerate([(90, 120), (120, 90), (70, 70), (64, 200), (150, 80)]):
        low = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
        save(tmp_path / f"{i}.png", Image.fromarray(low).resize(shape[::-1], Image.Resampling.BICUBIC))
    return tmp_path


# --- the two views of a photograph


@pytest.mark.parametrize(
    ("shape", "sides"),
    [((200, 250), (100, 200)), ((250, 200), (100, 200)), ((60, 200), (50, 60)), ((30, 90), (30, 30))],
)
def test_random_view_scales_within_its_range_and_reaches_every_place(shape, sides):
    h, w = shape
    windows = [window(random_view(ramp(h, w), 50, seeded(i))) for i in range(200)]
    left, top, side, flipped = np.array(windows).T
    assert side.min() > sides[0] - 2 and side.max() < sides[1] + 2
    assert side.max() - side.min() > 0.9 * (sides[1] - sides[0]) - 1
    assert left.min() > -2 and (left + side).max() < w + 2
    assert top.min() > -2 and (top + side).max() < h + 2
    assert left.min() < 0.1 * w and (left + side).max() > 0.9 * w
    assert top.min() < 0.1 * h and (top + side).max() > 0.9 * h
    assert 70 < flipped.sum() < 130


def test_random_view_min_scale():
    sides = [window(random_view(ramp(200, 250), 50, seeded(i), min_scale=2.0))[2] for i in range(20)]
    assert min(sides) > 98 and max(sides) < 102


def test_random_view_depends_on_its_generator_alone_and_draws_the_same_amount_for_all_shapes():
    generators = [seeded(3) for _ in range(3)]
    crops = [
        random_view(ramp(*shape), 32, g) for shape, g in zip([(90, 90), (90, 90), (20, 200)], generators, strict=True)
    ]
    assert (crops[0] == crops[1]).all() and (crops[0] != random_view(ramp(90, 90), 32, seeded(4))).any()
    assert len({int(torch.randint(2**40, (), generator=g)) for g in generators}) == 1


def test_flip_mirrors_the_same_crop(monkeypatch):
    module = importlib.import_module("rwlib.data.views")
    views = {}
    for u_flip in (0.2, 0.8):
        monkeypatch.setattr(module, "four_uniforms", lambda _, u=u_flip: [0.3, 0.4, 0.7, u])
        views[u_flip] = random_view(ramp(100, 150), 40, seeded())
        assert views[u_flip].flags.c_contiguous
    assert (views[0.2] == views[0.8][:, ::-1]).all() and (views[0.2] != views[0.8]).any()


@pytest.mark.parametrize("shape", [(200, 250), (250, 200), (30, 90)])
def test_center_view_is_the_middle(shape):
    left, top, side, flipped = window(center_view(ramp(*shape), 40))
    assert abs(side - min(shape)) < 2 and not flipped
    assert abs(left - (shape[1] - min(shape)) / 2) < 2 and abs(top - (shape[0] - min(shape)) / 2) < 2


@pytest.mark.parametrize("shape", [(128, 128), (400, 400), (1024, 700)])
def test_shrinking_does_not_alias(shape):
    y, x = np.mgrid[: shape[0], : shape[1]]
    board = np.repeat(((x + y) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)
    assert np.abs(center_view(board, 50).astype(float) - 127.5).max() < 24


@pytest.mark.parametrize("bad", [None, 3, np.random.default_rng(0)])
def test_a_generator_is_asked_for(folder, bad):
    for source in (PhotoFolder(folder), PhotoSet(), Facades()):
        with pytest.raises(InputError, match="generator: expected a torch.Generator"):
            source.crop(0, 16, bad)


# --- PhotoFolder


def test_folder_finds_images_recursively_in_order(tmp_path):
    for name in ["b/2.PNG", "b/10.jpg", "a.JPEG", "c/d/e.webp", "z.bmp", "y.TIF", "x.tiff"]:
        save(tmp_path / name, plain("red"))
    for name in ["notes.txt", ".hidden.jpg", "b/._2.PNG", ".thumbnails/1.png"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"not an image")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source = PhotoFolder(tmp_path)
    assert source.names == ["a.JPEG", "b/10.jpg", "b/2.PNG", "c/d/e.webp", "x.tiff", "y.TIF", "z.bmp"]
    assert len(source) == 7
    for i in range(7):
        assert np.abs(source.center(i, 16).astype(int) - [255, 0, 0]).max() < 6
        assert np.abs(source.crop(i, 16, seeded()).astype(int) - [255, 0, 0]).max() < 6


def test_folder_crops_and_is_deterministic(folder):
    first, second = PhotoFolder(folder), PhotoFolder(str(folder), cache_mb=0)
    for i in range(len(first)):
        for size_px in (16, 33):
            for seed in (0, 1):
                crop = first.crop(i, size_px, seeded(seed))
                assert crop.shape == (size_px, size_px, 3) and crop.dtype == np.uint8
                assert (crop == second.crop(i, size_px, seeded(seed))).all()
                assert (crop == first.crop(i, size_px, seeded(seed))).all()
            assert (first.center(i, size_px) == second.center(i, size_px)).all()
    assert (first.crop(0, 16, seeded(0)) != first.crop(0, 16, seeded(1))).any()


def test_crop_of_a_folder_shows_what_random_view_shows(tmp_path):
    save(tmp_path / "a.png", ramp(200, 250))
    source = PhotoFolder(tmp_path)  # keeps a copy of min side 64, from which it cuts
    for seed in range(8):
        got, expected = window(source.crop(0, 32, seeded(seed))), window(random_view(ramp(200, 250), 32, seeded(seed)))
        assert np.allclose(got, expected, atol=3)
    sides = [window(PhotoFolder(tmp_path, min_scale=2).crop(0, 32, seeded(i)))[2] for i in range(10)]
    assert min(sides) > 97 and max(sides) < 103


def test_cache_keeps_small_copies_within_its_bound(tmp_path):
    for i in range(4):
        save(tmp_path / f"{i}.jpg", plain((50 * i, 0, 0), (800, 640)))
    source = PhotoFolder(tmp_path)
    for i in range(4):
        source.crop(i, 32, seeded())
    assert [copy.shape for copy in source._copies.values()] == [(64, 80, 3)] * 4
    source.crop(0, 64, seeded())
    assert [copy.shape for copy in source._copies.values()] == [(128, 160, 3)]

    small = PhotoFolder(tmp_path, cache_mb=2.5 * 64 * 80 * 3 / 2**20)
    for _ in range(2):
        for i in range(4):
            assert abs(int(small.crop(i, 32, seeded())[0, 0, 0]) - 50 * i) < 3
            assert sum(copy.nbytes for copy in small._copies.values()) == small._copies_bytes <= small.cache_mb * 2**20
    assert len(small._copies) == 2


def test_a_copy_is_not_read_twice(folder, monkeypatch):
    source = PhotoFolder(folder)
    crop = source.crop(0, 16, seeded())
    monkeypatch.setattr(importlib.import_module("rwlib.data.photo_files"), "read_photo", None)
    assert (source.crop(0, 16, seeded()) == crop).all()


def test_pickling_leaves_the_copies_behind(folder):
    source = PhotoFolder(folder)
    crop = source.crop(0, 16, seeded())
    other = pickle.loads(pickle.dumps(source))
    assert source._copies and not other._copies and other._copies_bytes == 0
    assert (other.crop(0, 16, seeded()) == crop).all()


def truncated_jpeg():
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()[: len(buffer.getvalue()) // 2]


def test_files_with_a_bad_header_are_reported_once_and_skipped(folder):
    (folder / "0.jpg").write_bytes(b"")
    (folder / "9.jpg").write_text("I am a text file")
    (folder / "95.png").write_bytes(b"\x89PNG\r\n\x1a\n1234")
    with pytest.warns(UserWarning) as caught:
        source = PhotoFolder(folder, max_bad_share=0.375)
    assert len(caught) == 1 and len(source) == 5 and not {"0.jpg", "9.jpg", "95.png"} & set(source.names)
    text = str(caught[0].message)
    assert "3 of 8 images" in text and "are skipped" in text
    assert "0.jpg (is an empty file)" in text and "9.jpg (is not an image" in text and "95.png" in text


def test_many_bad_files_are_counted_but_not_all_named(folder):
    for i in range(9):
        (folder / f"bad{i}.jpg").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"9 of 14 images .* bad4.jpg \(is an empty file\) and 4 more$"):
        PhotoFolder(folder, max_bad_share=1)


def test_a_truncated_photo_is_replaced_and_reported_once(folder):
    (folder / "2a.jpg").write_bytes(truncated_jpeg())
    (folder / "2b.jpg").write_bytes(truncated_jpeg())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source = PhotoFolder(folder, max_bad_share=0.3)
    assert len(source) == 7 and source.names[3:5] == ["2a.jpg", "2b.jpg"] and source.damaged == []
    with pytest.warns(UserWarning, match="damaged and is skipped: 2[ab].jpg") as caught:
        crops = [source.crop(i, 16, seeded()) for i in (3, 4)]
    assert len(caught) == 2 and source.damaged == ["2a.jpg", "2b.jpg"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        others = [[(crop == source.crop(i, 16, seeded())).all() for i in (0, 1, 2, 5, 6)] for crop in crops]
        assert [sum(row) for row in others] == [1, 1] and others[0] != others[1]  # neighbours, two replacements
        assert (source.crop(3, 16, seeded()) == crops[0]).all()
        assert (source.center(3, 16) == source.center([0, 1, 2, 5, 6][others[0].index(True)], 16)).all()


def test_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(InputError, match="directory: .* does not exist"):
        PhotoFolder(tmp_path / "none")
    with pytest.raises(InputError, match="directory: no images"):
        PhotoFolder(tmp_path)
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="directory: .* is a file"):
        PhotoFolder(tmp_path / "a.jpg")
    with pytest.raises(InputError, match=r"directory: none of the 1 images .* a.jpg \(is an empty file\)"):
        PhotoFolder(tmp_path)
    (tmp_path / "a.jpg").write_bytes(truncated_jpeg())
    source = PhotoFolder(tmp_path, max_bad_share=1)
    with pytest.warns(UserWarning, match="damaged"), pytest.raises(InputError, match="pixels of none of the 1 images"):
        source.crop(0, 16, seeded())


@pytest.mark.parametrize(
    "options",
    [
        {"min_scale": 0.5},
        {"min_scale": 2.1},
        {"cache_mb": -1},
        {"cache_mb": float("nan")},
        {"max_bad_share": -0.1},
        {"max_bad_share": 1.1},
    ],
)
def test_folder_options_are_checked(folder, options):
    with pytest.raises(InputError, match=f"{next(iter(options))}: expected"):
        PhotoFolder(folder, **options)


def test_requests_are_checked(folder):
    for source in (PhotoFolder(folder), PhotoSet(), Facades()):
        for index in (-1, len(source)):
            with pytest.raises(InputError, match=f"index: expected 0 to {len(source) - 1}, got {index}"):
                source.crop(index, 16, seeded())
            with pytest.raises(InputError, match="index: expected"):
                source.center(index, 16)
        for ask in (lambda s: s.crop(0, 0, seeded()), lambda s: s.center(0, 0)):
            with pytest.raises(InputError, match="size_px: expected at least"):
                ask(source)


# --- PhotoSet


def test_photos_come_from_the_wheel_without_a_network(monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    pictures = photos()
    assert list(pictures) == ["astronaut", "brick", "chelsea", "coffee", "grass", "gravel", "hubble", "rocket"]
    inside = {file.stem for file in metadata.files("scikit-image") if file.parent.as_posix() == "skimage/data"}
    for name, picture in pictures.items():
        assert ("hubble_deep_field" if name == "hubble" else name) in inside
        assert (
            picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3 and min(picture.shape[:2]) >= 300
        )
        assert (picture[..., 0] == picture[..., 1]).all() == (name in ("brick", "grass", "gravel"))


def test_photo_set_is_a_source():
    source = PhotoSet()
    assert len(source) == 8 and source.names[0] == "astronaut"
    for i in range(8):
        crop = source.crop(i, 24, seeded(i))
        assert crop.shape == (24, 24, 3) and crop.dtype == np.uint8
        assert (crop == source.crop(i, 24, seeded(i))).all() and (crop != source.crop(i, 24, seeded(i + 1))).any()
        assert (source.center(i, 24) == source.center(i, 24)).all()
    assert (source.center(0, 300) == center_view(photos()["astronaut"], 300)).all()


# --- facades


def test_stripes_equal_their_slow_twin():
    for start, period, width in [(0, 4, 1), (1.3, 2.7, 0.4), (-5.2, 0.6, 0.2), (3, 100, 30), (0, 2, 5)]:
        fine = (np.arange(40 * 1000) + 0.5) / 1000  # 1000 samples a pixel
        slow = (((fine - start) % period) < width).reshape(40, 1000).mean(axis=1)
        assert np.abs(canvas_module.stripes(40, start, period, width) - slow).max() < 0.01


def test_smooth_noise_has_its_scale_and_statistics():
    noise = canvas_module.smooth_noise(np.random.default_rng(0), 300, 400, 10, 20)
    assert noise.shape == (300, 400) and noise.dtype == np.float32
    assert abs(noise.mean()) < 0.1 and 0.5 < noise.std() < 0.9
    down, across = np.abs(np.diff(noise, axis=0)).mean(), np.abs(np.diff(noise, axis=1)).mean()
    assert 1.6 < down / across < 2.4


def test_facades_are_deterministic_and_all_different():
    pictures = [render_facade(i, 48) for i in range(12)]
    for i, picture in enumerate(pictures):
        assert picture.shape == (48, 48, 3) and picture.dtype == np.uint8
        assert picture.std() > 12 and len(np.unique(picture)) > 60
        assert (render_facade(i, 48) == picture).all()
        for other in pictures[:i]:
            assert np.abs(picture.astype(float) - other).mean() > 8
    walls = np.array([np.median(picture.reshape(-1, 3), axis=0) for picture in pictures])
    assert walls.std(axis=0).min() > 15  # light and dark, warm and cool


def correlation(a, b):
    return np.corrcoef(a.astype(float).mean(axis=2).ravel(), b.astype(float).mean(axis=2).ravel())[0, 1]


def shrink(picture, size_px):
    return np.asarray(Image.fromarray(picture).resize((size_px, size_px), Image.Resampling.BOX))


def test_a_facade_is_the_same_house_at_every_size_and_in_every_view():
    small = [shrink(render_facade(seed, 96), 24) for seed in range(4)]
    for seed in range(4):
        large = render_facade(seed, 192)
        alike = [correlation(shrink(large, 24), picture) for picture in small]
        assert alike.pop(seed) > 0.9 and max(alike) < 0.6
        # Twice as close to the upper right corner: that quarter of the picture, apart from the camera's tilt.
        near = render_facade(seed, 96, zoom=2, pan=(1, 1))
        quarters = {(x, y): large[96 - 96 * y : 192 - 96 * y, 96 * x : 96 * x + 96] for x in (0, 1) for y in (0, 1)}
        likeness = {place: correlation(shrink(part, 24), shrink(near, 24)) for place, part in quarters.items()}
        assert max(likeness, key=likeness.get) == (1, 1)


def test_walls_have_their_colour_and_a_grain():
    kinds = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        sun, house = facades_module.Sun(rng), facades_module.House(rng, 0.0, (0, 0, 255))
        kinds.add(house.wall)
        canvas = canvas_module.Canvas(128, 0.0, house.floors[1], 8.0)
        facades_module.paint_house(canvas, sun, house, rng)
        paint = np.asarray(canvas.paint).astype(float)
        near = np.abs(paint - house.color).max(axis=2) < 40
        assert near.mean() > 0.2 and paint[near].std(axis=0).min() > 4
    assert kinds == {"ashlar", "plaster", "brick"}


def test_facades_repeat():
    # Windows come in rows: shifted by the right amount a front looks like itself, unlike a picture of noise.
    strengths = []
    for seed in range(8):
        picture = render_facade(seed, 64).astype(float).mean(axis=2)
        picture -= picture.mean()
        spectrum = np.abs(np.fft.fft2(picture)) ** 2
        auto = np.fft.ifft2(spectrum).real / picture.size / picture.var()
        strengths.append(max(auto[0, 6:32].max(), auto[6:32, 0].max()))
    assert np.median(strengths) > 0.25


def test_facades_source():
    source = Facades(4)
    assert len(source) == 1_000_000 and source.unlimited
    assert len(source.names) == len(source) and source.names[3] == "facade 4/3"
    with pytest.raises(IndexError):
        source.names[len(source)]
    crop = source.crop(7, 32, seeded(1))
    assert crop.shape == (32, 32, 3) and crop.dtype == np.uint8
    assert (crop == Facades(4).crop(7, 32, seeded(1))).all()
    for other in (source.crop(7, 32, seeded(2)), source.crop(8, 32, seeded(1)), facades(5).crop(7, 32, seeded(1))):
        assert (crop != other).any()
    assert (source.center(7, 32) == facades(4).center(7, 32)).all()
    assert (source.center(7, 32) == render_facade((4, 7), 32)).all()
    assert source.crop(999_999, 16, seeded()).shape == (16, 16, 3)


def test_facades_flip_and_zoom_by_the_generator(monkeypatch):
    views = {}
    for u in [(0.0, 0.5, 0.5, 0.9), (0.0, 0.5, 0.5, 0.1), (1.0, 0.2, 0.7, 0.9)]:
        monkeypatch.setattr(facades_module, "four_uniforms", lambda _, u=u: list(u))
        views[u[::3]] = Facades().crop(2, 32, seeded())
    assert (views[0.0, 0.9] == Facades().center(2, 32)).all()
    assert (views[0.0, 0.1] == views[0.0, 0.9][:, ::-1]).all()
    assert (views[1.0, 0.9] == render_facade((0, 2), 32, zoom=1.5, pan=(0.2, 0.7))).all()


def test_facade_arguments_are_checked():
    for bad in (-1, (0, -2), 1.5):
        with pytest.raises((InputError, TypeError), match="seed: expected|float"):
            render_facade(bad, 16)
    with pytest.raises(InputError, match="seed: expected"):
        Facades(-1)
    with pytest.raises(InputError, match="size_px: expected at least 8, got 4"):
        render_facade(0, 4)
    with pytest.raises(InputError, match="zoom: expected at least 1"):
        render_facade(0, 16, zoom=0.5)
    with pytest.raises(InputError, match="pan: expected"):
        render_facade(0, 16, pan=(0.5, 1.5))


# --- open_source and TrainingSamples


def test_open_source(folder, tmp_path):
    assert isinstance(open_source("photos"), PhotoSet)
    assert open_source("facades").seed == 0 and open_source("facades:12").seed == 12
    assert len(open_source(str(folder))) == len(open_source(folder)) == 5
    for bad in ("facades:", "facades:x", "facades:-1", "facades:1.5"):
        with pytest.raises(InputError, match="spec: expected 'facades:SEED'"):
            open_source(bad)
    with pytest.raises(InputError, match="does not exist"):
        open_source("no/such/folder")


class Probe:
    """A source of five photographs that says which were asked for; a crop shows its index and a random number."""

    def __init__(self, unlimited=False):
        self.asked, self.unlimited = [], unlimited

    def __len__(self):
        return 5

    def crop(self, index, size_px, generator):
        self.asked.append(index)
        return np.full((size_px, size_px, 3), [index, int(torch.randint(256, (), generator=generator)), 0], np.uint8)


def make(source, seed=0, fraction=(0.1, 0.4)):
    return TrainingSamples(source, 16, fraction, "both", seed)


def test_samples_have_their_form(folder):
    I_gt, M = make(PhotoFolder(folder))[3]
    assert I_gt.shape == (3, 16, 16) and I_gt.dtype == torch.float32
    assert I_gt.min() >= -1 and I_gt.max() <= 1 and I_gt.min() < -0.05 < I_gt.max()
    assert M.shape == (1, 16, 16) and M.dtype == torch.float32 and set(M.unique().tolist()) <= {0.0, 1.0}
    holes = [1 - float(make(Probe())[k][1].mean()) for k in range(40)]
    assert 0.05 < min(holes) and max(holes) < 0.45 and np.std(holes) > 0.03  # 1 is existing, the fraction is drawn


def test_every_epoch_shows_every_photo_once_in_its_own_order():
    orders = {}
    for seed in (0, 1):
        source = Probe()
        samples = make(source, seed)
        for k in range(20):
            samples[k]
        orders[seed] = [source.asked[i : i + 5] for i in range(0, 20, 5)]
        assert all(sorted(order) == [0, 1, 2, 3, 4] for order in orders[seed])
        assert len({tuple(order) for order in orders[seed]}) > 1
    assert orders[0] != orders[1]


def test_unlimited_sources_are_walked_through():
    source = Probe(unlimited=True)
    samples = make(source)
    for k in range(7):
        samples[k]
    assert source.asked == [0, 1, 2, 3, 4, 0, 1]


@pytest.mark.parametrize(
    ("crop", "came"),
    [
        (np.zeros((16, 20, 3), np.uint8), r"uint8 \(16, 20, 3\)"),
        (np.zeros((16, 16), np.uint8), r"uint8 \(16, 16\)"),
        (np.zeros((16, 16, 3)), r"float64 \(16, 16, 3\)"),
        (torch.zeros(16, 16, 3), "an object of type Tensor"),
        (None, "an object of type NoneType"),
    ],
)
def test_a_source_that_returns_another_crop_than_it_is_asked_for_is_told_so(crop, came):
    class Stubborn(Probe):
        names = list("abcde")

        def crop(self, index, size_px, generator):
            return crop

    with pytest.raises(InputError, match=rf"^source: expected a crop of [a-e] as uint8 \(16, 16, 3\), got {came}; let"):
        make(Stubborn())[0]


def test_a_sample_depends_on_seed_and_number_alone(folder):
    def same(a, b):
        return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))

    source = PhotoFolder(folder)
    forward = [make(source)[k] for k in range(12)]
    samples = make(PhotoFolder(folder))
    torch.manual_seed(99)
    assert all(same(samples[k], forward[k]) for k in reversed(range(12)))  # epochs in any order, and starting anywhere
    assert len({tuple(I_gt.flatten().tolist()) for I_gt, _ in forward}) == 12
    assert len({tuple(M.flatten().tolist()) for _, M in forward}) == 12
    # Neither seed + k nor seed * k: run 1 must not be run 0 shifted, and sample 0 must depend on the seed.
    other = [make(source, seed=1)[k] for k in range(12)]
    assert not any(torch.equal(a[1], b[1]) for a in forward for b in other)


@pytest.mark.parametrize("kind", ["folder", "facades"])
def test_workers_change_nothing(folder, kind):
    source = PhotoFolder(folder) if kind == "folder" else Facades()
    numbers = range(3, 15)
    alone = list(DataLoader(make(source), batch_size=4, sampler=numbers, num_workers=0))
    helped = list(DataLoader(make(source), batch_size=4, sampler=numbers, num_workers=2))
    assert len(alone) == len(helped) == 3
    for (I_a, M_a), (I_b, M_b) in zip(alone, helped, strict=True):
        assert torch.equal(I_a, I_b) and torch.equal(M_a, M_b)
    late = list(DataLoader(make(source), batch_size=4, sampler=range(11, 15)))[0]  # a resumed run
    assert torch.equal(late[0], alone[2][0]) and torch.equal(late[1], alone[2][1])


def test_sample_arguments_are_checked():
    with pytest.raises(InputError, match="seed: expected a whole number of at least 0, got -1"):
        make(Probe(), seed=-1)
    with pytest.raises(InputError, match="k: expected a sample number of at least 0, got -1"):
        make(Probe())[-1]
