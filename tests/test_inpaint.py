"""Inpainting: existing pixels come back bit for bit whatever the picture, holes are filled, bad input is one line."""

import os
import re
import warnings

import numpy as np
import pytest
import scipy.ndimage
import tifffile
import torch
from PIL import Image, ImageOps

import rwlib.files
from rwlib.config import make_config
from rwlib.conventions import InputError, tensor_to_image
from rwlib.inpainting import (
    fill,
    filling,
    inpaint,
    inpaint_file,
    photo_file,
    read_hole,
    split_mode,
)
from rwlib.networks.generator import Outputs, RegionWiseGenerator
from rwlib.networks.rivals.ec import EdgeConnect
from rwlib.networks.rivals.pic import PICGenerator

CONFIG = make_config("balanced", "tiny", width=4, size_px=32)
torch.manual_seed(0)
G = RegionWiseGenerator.from_config(CONFIG).eval()


def noise(h, w, channels=3, *, seed=0, dtype=np.uint8):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, (h, w, channels), dtype=dtype)


def block(h, w):
    """A hole in the middle, not symmetric, a quarter of the picture."""
    hole = np.zeros((h, w), bool)
    hole[h // 3 : h // 3 + h // 2, w // 4 : w // 4 + w // 2] = True
    return hole


def save_hole(hole, file, *, white_is_existing=False):
    Image.fromarray((hole ^ white_is_existing).astype(np.uint8) * 255).save(file)
    return file


# --- fill: tensors


@pytest.mark.parametrize("size", [(8, 8), (5, 7), (17, 9), (1, 6), (30, 33)])
def test_fill_takes_any_side(size):
    h, w = size
    I_gt, M = torch.rand(2, 3, h, w) * 2 - 1, torch.ones(2, 1, h, w)
    M[0, :, :, 1:3] = M[1, :, :, 4:] = 0
    out = fill(G, I_gt, M)
    assert all(x.shape == (2, 3, h, w) and x.isfinite().all() for x in out)
    existing = M.bool().expand_as(I_gt)
    assert torch.equal(out.I_c2[existing], I_gt[existing]) and torch.equal(out.I_c2[~existing], out.I_p2[~existing])


def test_fill_pads_by_repeating_the_border_and_crops():
    I_gt, M = torch.rand(1, 3, 8, 12), torch.ones(1, 1, 8, 12)
    M[..., 2:4, 5:7] = 0
    assert torch.equal(fill(G, I_gt, M).I_p2, G(I_gt, M).I_p2)  # nothing to pad
    I_gt[..., 9:], I_gt[..., 6:, :] = I_gt[..., 8:9], I_gt[..., 5:6, :]
    assert torch.equal(fill(G, I_gt[..., :6, :9], M[..., :6, :9]).I_p2, G(I_gt, M).I_p2[..., :6, :9])


def test_fill_ignores_nan_in_the_hole_and_refuses_it_outside():
    I_gt, M = torch.zeros(1, 3, 8, 8), torch.ones(1, 1, 8, 8)
    M[..., 2:5, 2:5] = 0
    clean = fill(G, I_gt, M)
    I_gt[..., 3, 3] = float("nan")
    assert all(torch.equal(a, b) for a, b in zip(fill(G, I_gt, M), clean, strict=True))
    I_gt[0, 1, 0, 0], I_gt[0, :, 7, 7] = float("nan"), float("inf")
    with pytest.raises(InputError, match="image: 2 existing pixels are NaN or infinite; repair them or mark"):
        fill(G, I_gt, M)


@pytest.mark.parametrize("value", [0.5, 255, float("nan")])
def test_fill_refuses_masks_between_0_and_1(value):
    M = torch.ones(1, 1, 8, 8)
    M[..., 2, 2] = value
    with pytest.raises(InputError, match="mask: expected 0 and 1 only"):
        fill(G, torch.zeros(1, 3, 8, 8), M)


# --- inpaint: arrays


@pytest.mark.parametrize("size", [(8, 8), (17, 9), (9, 64), (33, 31), (250, 333)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_existing_pixels_stay_and_the_hole_is_filled_at_any_size(size, dtype):
    image, hole = noise(*size, dtype=dtype), block(*size)
    result = inpaint(image, hole, G, CONFIG)
    assert result.dtype == dtype and result.shape == image.shape
    assert np.array_equal(result[~hole], image[~hole])
    assert (result[hole] != image[hole]).any(axis=1).mean() > 0.9


@pytest.mark.parametrize("work_side_px", [0, 16])
def test_content_under_the_hole_does_not_matter(work_side_px):
    image, hole = noise(40, 48), block(40, 48)
    other = np.where(hole[..., None], noise(40, 48, seed=1), image)
    first, second = (inpaint(x, hole, G, CONFIG, work_side_px=work_side_px) for x in (image, other))
    assert np.array_equal(first, second)


def test_the_filling_has_the_brightness_of_the_prediction():
    """A generator that predicts 0.2 everywhere fills with 0.2: 153 of 255, 39321 of 65535."""

    def constant(I_gt, M):
        return Outputs(*[torch.full_like(I_gt, x) for x in (-1, -1, 0.2, -1)])

    constant.divisor = 4

    for dtype, value in ((np.uint8, 153), (np.uint16, 39321)):
        for work_side_px in (0, 8):
            hole = block(40, 40)
            result = inpaint(np.full((40, 40, 3), value, dtype), hole, constant, CONFIG, work_side_px=work_side_px)
            assert (result == value).all()


@pytest.mark.parametrize("wrong_by", [0.5, -0.9])
def test_a_prediction_of_the_wrong_colour_leaves_no_seam(wrong_by):
    """What the prediction misses at the rim is taken from the filling, too, and less so far from it."""

    def shifted(I_gt, M):
        return Outputs(*[torch.where(M.bool(), I_gt, 0) * 0 + wrong_by] * 4)

    shifted.divisor = 4

    image, hole = np.full((120, 120, 3), 100, np.uint8), block(120, 120)
    predicted = round((wrong_by + 1) * 127.5) - 100
    rim = hole & ~scipy.ndimage.binary_erosion(hole)
    middle = hole & scipy.ndimage.binary_erosion(hole, iterations=20)
    result = inpaint(image, hole, shifted, CONFIG, work_side_px=120).astype(int)[..., 0] - 100
    assert abs(result[rim]).max() < abs(predicted) / 2 and (abs(result[middle] - predicted) <= 1).all()
    result = inpaint(image, hole, shifted, CONFIG).astype(int)[..., 0] - 100
    assert abs(result[rim]).max() <= 3  # small for the network, the hole is felt through by its rim


@pytest.fixture
def seen(monkeypatch):
    """What the network is given, as a list of (I_gt, M); its filling is black."""
    calls = []

    def recorded(G, I_gt, M, sample):
        calls.append((I_gt, M))
        return Outputs(*[I_gt * M - (1 - M)] * 4)

    monkeypatch.setattr(filling, "fill", recorded)
    return calls


@pytest.mark.parametrize(("top", "left"), [(50, 100), (0, 0), (100, 200)])
def test_a_large_hole_is_brought_to_the_size_of_training_holes(seen, top, left):
    hole = np.zeros((200, 300), bool)
    hole[top : top + 100, left : left + 100] = True  # largest disc: radius 50; in training 32 / 5
    inpaint(noise(200, 300), hole, G, CONFIG)
    assert [M.shape for _, M in seen] == [(1, 1, 26, 32)]  # 200 and 32 / scale times the scale, 6.4 / 50


def test_a_small_hole_of_a_large_picture_is_seen_closely(seen):
    image, hole = noise(500, 700), np.zeros((500, 700), bool)
    hole[100:112, 100:112] = hole[400:410, 650:660] = True
    result = inpaint(image, hole, G, CONFIG)
    assert [M.shape[-2:] for _, M in seen] == [(32, 32), (32, 32)] and [int((M == 0).sum()) for _, M in seen] == [
        144, 100,
    ]  # fmt: skip
    assert np.array_equal(result[~hole], image[~hole]) and (result[hole] < 128).mean() > 0.9  # the filling is black


def test_the_network_alone_fills_thin_parts_too_and_leaves_its_seams():
    image, hole = noise(40, 48), block(40, 48)
    hole[2:4] = True
    filled = filling.fill_photo(image, hole, G, CONFIG, work_side_px=48, network_only=True)
    I_gt = torch.from_numpy(image).permute(2, 0, 1)[None] / 127.5 - 1
    assert np.array_equal(
        filled.image, tensor_to_image(fill(G, I_gt, torch.from_numpy(~hole)[None, None].float()).I_c2)
    )
    both = filling.fill_photo(image, hole, G, CONFIG, work_side_px=48).image
    assert (both != filled.image)[2:4].any() and (both != filled.image)[20:30, 15:30].any()


def test_thin_holes_are_continued_smoothly_without_the_network(seen):
    y, x = np.mgrid[:300, :400]
    image = np.stack([x / 2, y / 2, (x + y) / 3], axis=2).round().astype(np.uint8)
    hole = np.zeros((300, 400), bool)
    hole[::20] = hole[:, ::25] = hole[150:158] = True
    wrong = inpaint(np.where(hole[..., None], 0, image), hole, G, CONFIG).astype(int) - image
    assert not seen and abs(wrong[1:, 1:]).max() <= 3 and abs(wrong).max() <= 6  # at the border it is known on one side


def test_work_side_px_sets_the_longest_side_and_never_enlarges(seen):
    for side, expected in ((16, (12, 16)), (40, (30, 40)), (500, (30, 40))):
        inpaint(noise(30, 40), block(30, 40), G, CONFIG, work_side_px=side)
        assert seen[-1][1].shape[-2:] == expected


@pytest.mark.parametrize(
    ("image", "hole", "match"),
    [
        (np.zeros((3, 20, 3), np.uint8), block(3, 20), "image: expected sides of at least 8 px, got 20x3"),
        (np.zeros((20, 7, 3), np.uint8), block(20, 7), "image: expected sides of at least 8 px, got 7x20"),
        (np.zeros((1, 9, 3), np.uint8), block(1, 9), "image: expected sides of at least 8 px, got 9x1"),
        (np.zeros((8, 9, 3), np.uint8), block(9, 8), "mask: its size 8x9 is not the image's 9x8 .*; resize the mask"),
        (np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), bool), "mask: it has no hole.*; mark what is missing"),
        (np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), bool), "mask: everything is missing.*; leave some"),
        (np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), np.uint8), "mask: expected booleans"),
        (np.zeros((8, 8, 3), np.uint8), np.ones((8, 8, 1), bool), "mask: expected booleans"),
        (np.zeros((8, 8, 3)), block(8, 8), "image: expected uint8 or uint16"),
        (np.zeros((8, 8), np.uint8), block(8, 8), "image: expected uint8 or uint16"),
        (np.zeros((8, 8, 4), np.uint8), block(8, 8), "image: expected uint8 or uint16"),
    ],
)
def test_bad_arrays_are_refused(image, hole, match):
    with pytest.raises(InputError, match=match):
        inpaint(image, hole, G, CONFIG)


@pytest.mark.parametrize("work_side_px", [-1, 3, 7])
def test_a_bad_work_side_is_refused(work_side_px):
    with pytest.raises(InputError, match=f"work_side_px: expected 0 or at least 8, got {work_side_px}"):
        inpaint(noise(9, 9), block(9, 9), G, CONFIG, work_side_px=work_side_px)


def test_a_work_side_that_needs_more_memory_than_there_is_is_refused(monkeypatch):
    monkeypatch.setattr(filling, "free_mb", lambda: 4 * 150 * 40 * 48 / 1e6 - 0.001)
    image, hole = noise(80, 96), block(80, 96)
    with pytest.raises(
        InputError, match="work_side_px: 48x40 pixels at once need about 0.0 GB, .* free; give a smaller"
    ):
        inpaint(image, hole, G, CONFIG, work_side_px=48)
    inpaint(image, hole, G, CONFIG, work_side_px=46)
    inpaint(image, hole, G, CONFIG)


# --- inpaint_file: every mode


def picture(mode, w=17, h=9):
    """Return a picture of a mode with full-range noise."""
    if mode == "I;16":
        return Image.fromarray(noise(h, w, 1, dtype=np.uint16)[..., 0])
    if mode == "P":
        return Image.fromarray(noise(h, w)).quantize(64)
    if mode == "1":
        return Image.fromarray(noise(h, w, 1)[..., 0] > 127)
    channels = len(Image.new(mode, (1, 1)).getbands())
    return Image.fromarray(noise(h, w, channels).squeeze(), mode) if channels == 1 else Image.merge(
        mode, [Image.fromarray(x) for x in np.moveaxis(noise(h, w, channels), 2, 0)]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "kind", "becomes"),
    [
        ("L", "png", "L"),
        ("RGB", "png", "RGB"),
        ("RGB", "bmp", "RGB"),
        ("RGBA", "png", "RGBA"),
        ("RGBA", "tif", "RGBA"),
        ("LA", "png", "LA"),
        ("P", "png", "RGB"),
        ("1", "png", "L"),
        ("I;16", "png", "I;16"),
        ("I;16", "tif", "I;16"),
        ("CMYK", "tif", "RGB"),
    ],
)
@pytest.mark.parametrize("size", [(17, 9), (40, 33)])
def test_a_file_of_any_mode_keeps_its_existing_pixels(tmp_path, mode, kind, becomes, size):
    photo, output = tmp_path / f"photo.{kind}", tmp_path / f"out.{kind}"
    picture(mode, *size).save(photo)
    original, hole = Image.open(photo), block(*size[::-1])
    assert original.mode == mode
    inpaint_file(photo, save_hole(hole, tmp_path / "mask.png"), output, G=G, config=CONFIG)
    result = Image.open(output)
    assert result.mode == becomes and result.size == size
    before, after = np.asarray(original if mode == becomes else original.convert(becomes)), np.asarray(result)
    assert before.dtype == after.dtype and np.array_equal(after[~hole], before[~hole])
    assert (after[hole] != before[hole]).reshape(hole.sum(), -1).any(axis=1).mean() > 0.9
    if becomes in ("LA", "RGBA"):
        assert np.array_equal(after[..., -1], before[..., -1])  # transparency is kept everywhere
    assert sorted(os.listdir(tmp_path)) == sorted([photo.name, "mask.png", output.name])


@pytest.mark.parametrize(("mode", "becomes"), [("L", "LA"), ("P", "RGBA"), ("RGB", "RGBA")])
def test_a_transparent_colour_becomes_transparency(tmp_path, mode, becomes):
    original = picture(mode)
    key = original.getpixel((0, 0))
    original.save(tmp_path / "photo.png", transparency=key)
    hole = block(9, 17)
    inpaint_file(
        tmp_path / "photo.png", save_hole(hole, tmp_path / "mask.png"), tmp_path / "out.png", G=G, config=CONFIG
    )
    before, after = np.asarray(Image.open(tmp_path / "photo.png").convert("RGBA")), Image.open(tmp_path / "out.png")
    assert after.mode == becomes and after.getpixel((0, 0))[-1] == 0
    assert np.array_equal(np.asarray(after.convert("RGBA"))[~hole], before[~hole])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_photograph_is_filled_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(noise(16, 24)).save(tmp_path / "photo.jpg", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(tmp_path / "photo.jpg"))
    assert upright.size == ((24, 16) if orientation < 5 else (16, 24))
    hole = block(*upright.size[::-1])
    output = tmp_path / "out.png"
    inpaint_file(tmp_path / "photo.jpg", save_hole(hole, tmp_path / "mask.png"), output, G=G, config=CONFIG)
    result = Image.open(output)
    assert np.array_equal(np.asarray(result)[~hole], np.asarray(upright)[~hole])
    assert ImageOps.exif_transpose(result).size == result.size  # and is not turned again


def test_colour_profile_and_resolution_are_kept_but_not_a_profile_of_other_channels(tmp_path):
    mask = save_hole(block(9, 17), tmp_path / "mask.png")
    for mode, kept in (("RGB", b"profile"), ("CMYK", None)):
        picture(mode).save(tmp_path / "photo.tif", icc_profile=b"profile", dpi=(300, 300))
        inpaint_file(tmp_path / "photo.tif", mask, tmp_path / "out.png", G=G, config=CONFIG)
        info = Image.open(tmp_path / "out.png").info
        assert info.get("icc_profile") == kept and info["dpi"] == pytest.approx((300, 300), abs=0.1)


# --- masks


def test_white_is_the_hole_unless_said_otherwise(tmp_path):
    hole = block(9, 17)
    save_hole(hole, tmp_path / "white.png")
    save_hole(hole, tmp_path / "black.png", white_is_existing=True)
    assert np.array_equal(read_hole(tmp_path / "white.png"), hole)
    assert np.array_equal(read_hole(tmp_path / "black.png", white_is_existing=True), hole)
    picture("RGB").save(tmp_path / "photo.png")
    for name, flag in (("white", False), ("black", True)):
        inpaint_file(
            tmp_path / "photo.png", tmp_path / f"{name}.png", tmp_path / f"{name}_out.png",
            G=G, config=CONFIG, white_is_existing=flag,
        )  # fmt: skip
    assert (tmp_path / "white_out.png").read_bytes() == (tmp_path / "black_out.png").read_bytes()


@pytest.mark.parametrize("white_is_existing", [False, True])
def test_a_hole_that_is_nearly_all_of_the_picture_is_filled_with_a_word_on_polarity(tmp_path, white_is_existing):
    hole = np.ones((40, 40), bool)
    hole[:8] = False
    picture("RGB", 40, 40).save(tmp_path / "photo.png")
    save_hole(hole, tmp_path / "mask.png", white_is_existing=white_is_existing)
    remedy = "leave out" if white_is_existing else "give"
    said = rf"mask: .*mask.png: \d+ % of the picture is missing; if that .*, {remedy} --white-is-existing"
    with pytest.warns(UserWarning, match=said):
        inpaint_file(
            tmp_path / "photo.png", tmp_path / "mask.png", tmp_path / "out.png",
            G=G, config=CONFIG, white_is_existing=white_is_existing,
        )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_hole(block(40, 40), tmp_path / "mask.png")
        inpaint_file(tmp_path / "photo.png", tmp_path / "mask.png", tmp_path / "out.png", G=G, config=CONFIG)


# --- files that cannot be used


@pytest.fixture
def files(tmp_path):
    """A folder with a sound photo.png and mask.png, and an empty folder out."""
    picture("RGB").save(tmp_path / "photo.png")
    save_hole(block(9, 17), tmp_path / "mask.png")
    (tmp_path / "out").mkdir()
    return tmp_path


def refused(files, match, photo="photo.png", mask="mask.png", output="out/out.png"):
    """Check that one line says what `match` does, and that nothing was written."""
    with pytest.raises(InputError, match=match) as caught:
        inpaint_file(files / photo, files / mask, files / output, G=G, config=CONFIG)
    assert "\n" not in str(caught.value) and os.listdir(files / "out") == []
    return str(caught.value)


def test_errors_of_content_name_the_file(files):
    save_hole(np.zeros((9, 17), bool), files / "empty.png")
    save_hole(np.ones((9, 17), bool), files / "all.png")
    save_hole(block(9, 16), files / "other.png")
    Image.new("RGB", (17, 3)).save(files / "flat.png")
    refused(files, "^mask: .*empty.png: it has no hole", mask="empty.png")
    refused(files, "^mask: .*all.png: everything is missing", mask="all.png")
    refused(files, "^mask: .*other.png: its size 16x9 is not the image's 17x9", mask="other.png")
    refused(files, "^mask: .*mask.png: its size 17x9 is not the image's 17x3", photo="flat.png")
    save_hole(block(3, 17), files / "flat_mask.png")
    refused(files, "^image: .*flat.png: expected sides .*; enlarge it", photo="flat.png", mask="flat_mask.png")


def test_floating_point_pictures_are_refused_with_a_word_on_nan(files):
    values = np.zeros((9, 17), np.float32)
    Image.fromarray(values).save(files / "float.tif")
    refused(files, "^image: .*float.tif: it has floating point pixels", photo="float.tif")
    values[2, 3:5] = np.nan
    Image.fromarray(values).save(files / "nan.tif")
    refused(files, "^image: .*nan.tif: it has 2 NaN pixels; save it with 8 or 16 bits", photo="nan.tif")


def test_pixels_that_would_lose_bits_are_refused(files):
    tifffile.imwrite(files / "deep.tif", noise(9, 17, dtype=np.uint16), photometric="rgb")
    refused(files, "^image: .*deep.tif has colours of 16 bits", photo="deep.tif")
    with pytest.raises(InputError, match="32-bit values do not fit 16 bits"):
        split_mode(Image.fromarray(np.full((9, 17), 70000, np.int32)))


def test_what_is_no_picture_is_refused(files):
    (files / "text.png").write_text("not a picture")
    (files / "zero.png").touch()
    (files / "half.png").write_bytes((files / "photo.png").read_bytes()[:200])
    for name, match in {
        "text.png": "is not an image", "zero.png": "is an empty file", "half.png": "cannot be read .*truncated",
        "none.png": "does not exist; give", "out": "is a folder; give",
    }.items():  # fmt: skip
        message = refused(files, f"^image: .*{name} {match}", photo=name)
        assert message.count("truncated") <= 1
        refused(files, f"^mask: .*{name} {match}", mask=name)


def test_whatever_a_decoder_raises_is_one_line(files, monkeypatch):
    def fail(file):
        raise RuntimeError  # without a message, too

    monkeypatch.setattr(Image, "open", fail)
    refused(files, r"^image: .*photo.png cannot be read \(RuntimeError\); it may be truncated, get it again")


@pytest.mark.parametrize("name", ["out.jpg", "out.webp", "out.gif", "out"])
def test_an_output_that_would_change_pixels_is_refused(files, name):
    refused(files, re.escape(f"out/{name} would be lossy or of unknown kind; take one") + ".*png", output=f"out/{name}")


@pytest.mark.parametrize(("mode", "what"), [("RGBA", "transparency"), ("LA", "transparency"), ("I;16", "16 bits")])
def test_a_bmp_that_would_lose_something_is_refused(files, mode, what):
    picture(mode).save(files / "more.png")
    refused(files, f"BMP files cannot hold the picture's {what}; take .png", photo="more.png", output="out/out.bmp")


def test_a_folder_that_cannot_be_written_to_is_refused_before_the_work(files, monkeypatch):
    monkeypatch.setattr(photo_file, "inpaint", lambda *args, **kwargs: pytest.fail("worked in vain"))
    refused(files, "^output: the folder .*none does not exist; make it first", output="none/out.png")
    refused(files, "^output: the folder .*photo.png cannot be written to .it is a file", output="photo.png/out.png")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(rwlib.files.place.Path, "open", refuse)
    refused(files, r"^output: the folder .*out cannot be written to \(Permission denied\); choose another")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(files, monkeypatch):
    (files / "out.png").write_bytes(b"old")
    before = sorted(os.listdir(files))

    def replace(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", replace)
    refused(files, r"^output: cannot write .*out.png \(No space left on device\); free some space", output="out.png")
    assert sorted(os.listdir(files)) == before and (files / "out.png").read_bytes() == b"old"


# --- several answers


def test_each_sample_of_pic_is_another_answer_and_always_the_same():
    torch.manual_seed(0)
    G = PICGenerator(width=4, levels=3).eval()
    I_gt, M = torch.rand(1, 3, 20, 26) * 2 - 1, torch.ones(1, 1, 20, 26)  # not divisible by 8
    M[..., 4:12, 5:15] = 0
    answers = [fill(G, I_gt, M, sample=k).I_c for k in range(3)]
    for k, I_c in enumerate(answers):
        assert torch.equal(I_c, fill(G, I_gt, M, sample=k).I_c)
        assert torch.equal(I_c * M, I_gt * M) and I_c.isfinite().all()
    assert not any(torch.equal(answers[a], answers[b]) for a, b in ((0, 1), (1, 2), (0, 2)))


@pytest.mark.parametrize("sides", [(5, 3), (16, 16), (9, 17)])
@pytest.mark.parametrize("new", [lambda: PICGenerator(width=4, levels=4), lambda: EdgeConnect(width=2)])
def test_models_that_need_a_larger_picture_get_one(new, sides):
    torch.manual_seed(0)
    I_gt, M = torch.rand(1, 3, *sides) * 2 - 1, torch.ones(1, 1, *sides)
    M[..., 1:3, 1:2] = 0
    I_c = fill(new().eval(), I_gt, M).I_c
    assert I_c.shape == I_gt.shape and I_c.isfinite().all() and torch.equal(I_c * M, I_gt * M)


def test_a_photograph_has_several_answers_too():
    torch.manual_seed(0)
    G, config = (
        PICGenerator(width=4, levels=3).eval(),
        make_config("balanced", "tiny", model="pic", width=4, size_px=16),
    )
    image, hole = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8), np.zeros((40, 40), bool)
    hole[10:30, 10:30] = True
    first, second = (inpaint(image, hole, G, config, sample=k) for k in (1, 2))
    assert np.array_equal(first[~hole], image[~hole]) and not np.array_equal(first, second)


@pytest.mark.parametrize(("sample", "says"), [(-1, "expected 0, 1, 2"), (2**32, "expected"), (1, "has one answer")])
def test_a_sample_that_cannot_be_drawn_is_one_line(sample, says):
    I, M = torch.zeros(1, 3, 16, 16), torch.ones(1, 1, 16, 16)
    with pytest.raises(InputError, match=f"^sample: .*{says}[^\n]*$"):
        fill(RegionWiseGenerator(4), I, M, sample=sample)
