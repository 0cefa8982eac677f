"""Picture files: every mode, turn and depth read the same everywhere, and each bad file told in one line that helps."""

import io
import os
import zlib

import numpy as np
import pytest
from examples import block, noise, plain, save
from PIL import Image

from rwlib.data import PhotoFolder, open_source
from rwlib.errors import InputError
from rwlib.images import (
    MAX_MEGAPIXELS,
    BadPicture,
    check_request,
    find_pictures,
    open_picture,
    read_hole,
    read_image,
    read_photo,
    save_image,
    split_mode,
    to_rgb,
)

GREY16 = (np.linspace(0, 65535, 60)[None].repeat(50, axis=0)).astype(np.uint16)


# --- photographs


def test_grey_is_the_rounded_mean_of_the_channels():
    for dtype in (np.uint8, np.uint16):
        image, restore = split_mode(Image.fromarray(np.full((9, 9), 7, dtype)))
        assert image.shape == (9, 9, 3) and image.dtype == dtype and (image == 7).all()
        assert np.asarray(restore(np.full((9, 9, 3), [10, 11, 11], dtype)))[0, 0] == 11


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("cmyk.jpg", Image.new("CMYK", (60, 50), (0, 255, 255, 0)), (255, 0, 0)),
        ("grey.jpg", Image.new("L", (60, 50), 77), (77, 77, 77)),
        ("bilevel.png", Image.new("1", (60, 50), 1), (255, 255, 255)),
        ("palette.png", plain((10, 200, 30)).convert("P", palette=Image.Palette.ADAPTIVE), (10, 200, 30)),
        ("alpha.png", Image.new("RGBA", (60, 50), (200, 0, 0, 0)), (255, 255, 255)),
        ("half.png", Image.new("RGBA", (60, 50), (0, 0, 0, 127)), (128, 128, 128)),
        ("grey_alpha.png", Image.new("LA", (60, 50), (10, 255)), (10, 10, 10)),
        ("grey16.png", Image.fromarray(np.full((50, 60), 257 * 99, np.uint16)), (99, 99, 99)),
        ("grey16.tif", Image.fromarray(np.full((50, 60), 257 * 99, np.uint16)), (99, 99, 99)),
        ("grey32.tif", Image.fromarray(np.full((50, 60), 257 * 99, np.int32)), (99, 99, 99)),
    ],
)
def test_modes_become_rgb(tmp_path, name, image, expected):
    save(tmp_path / name, image)
    for photo in (read_photo(tmp_path / name), read_photo(tmp_path / name, min_side=20)):
        assert photo.dtype == np.uint8 and photo.ndim == 3
        assert np.abs(photo.astype(int) - expected).max() <= 3


def test_palette_with_a_transparent_colour_becomes_white(tmp_path):
    image = Image.new("P", (60, 50), 1)
    image.putpalette([0, 0, 0, 200, 0, 0])
    save(tmp_path / "a.png", image, transparency=1)
    assert (read_photo(tmp_path / "a.png") == 255).all()


def test_sixteen_bit_ramp_keeps_its_tones(tmp_path):
    save(tmp_path / "a.png", Image.fromarray(GREY16))
    photo = read_photo(tmp_path / "a.png")
    assert np.abs(photo[0, :, 0] - np.linspace(0, 255, 60)).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("min_side", [None, 100])
def test_exif_rotation_is_applied(tmp_path, orientation, min_side):
    # Upright: red above, blue below right, green below left; stored so that the tag has to bring it back.
    upright = np.full((240, 320, 3), (0, 255, 0), np.uint8)
    upright[:120], upright[120:, 160:] = (255, 0, 0), (0, 0, 255)
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]  # Image.Transpose that undoes the tag's
    stored = Image.fromarray(upright) if back is None else Image.fromarray(upright).transpose(Image.Transpose(back))
    exif = Image.Exif()
    exif[274] = orientation
    save(tmp_path / "a.jpg", stored, exif=exif, quality=95)
    photo = read_photo(tmp_path / "a.jpg", min_side).astype(int)
    assert photo.shape == ((240, 320, 3) if min_side is None else (100, 133, 3))
    h, w, _ = photo.shape
    for place, color in [((0.25, 0.5), (255, 0, 0)), ((0.8, 0.8), (0, 0, 255)), ((0.8, 0.2), (0, 255, 0))]:
        assert np.abs(photo[int(place[0] * h), int(place[1] * w)] - color).max() < 12


def test_read_photo_never_enlarges(tmp_path):
    save(tmp_path / "a.jpg", plain("red", (40, 30)))
    assert read_photo(tmp_path / "a.jpg", min_side=100).shape == (30, 40, 3)


@pytest.mark.parametrize(("size", "shape"), [((800, 200), (100, 400, 3)), ((200, 800), (400, 100, 3))])
def test_read_photo_shrinks_by_the_shorter_side(tmp_path, size, shape):
    """A JPEG decoded at an eighth, by its longer side, would have 25 pixels left."""
    save(tmp_path / "a.jpg", plain("red", size))
    assert read_photo(tmp_path / "a.jpg", min_side=100).shape == shape


def frames(n=3):
    return [Image.fromarray(noise(16, 24, seed=i)) for i in range(n)]


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tif"])
def test_a_file_of_several_pictures_is_refused_rather_than_cut_down_to_one(tmp_path, name):
    first, *others = frames()
    save(tmp_path / name, first, save_all=True, append_images=others)
    for argument in ("image", "mask"):
        with pytest.raises(InputError, match=rf"^{argument}: .*{name} holds 3 pictures.*; save the one you mean"):
            read_image(tmp_path / name, argument)
    save(tmp_path / "single.png", first)
    for photo, mask in ((name, "single.png"), ("single.png", name)):
        with pytest.raises(InputError, match="holds 3 pictures"):
            check_request(tmp_path / photo, tmp_path / mask, tmp_path / "out.png")
    save(tmp_path / name, first)
    assert read_image(tmp_path / name).size == (24, 16)


def test_previews_that_a_camera_hides_in_a_jpeg_do_not_count(tmp_path):
    first, *others = frames()
    save(tmp_path / "a.jpg", first, format="MPO", save_all=True, append_images=others)
    assert Image.open(tmp_path / "a.jpg").format == "MPO" and read_image(tmp_path / "a.jpg").size == (24, 16)


def test_a_folder_takes_the_first_of_several_pictures_and_says_so(tmp_path):
    first, *others = frames()
    save(tmp_path / "a.png", first, save_all=True, append_images=others)
    save(tmp_path / "b.png", others[0])
    with pytest.warns(UserWarning, match=r"1 of 2 images in .* hold several pictures: the first .* as in a\.png"):
        source = PhotoFolder(tmp_path)
    assert np.array_equal(source.center(0, 16), source.center(0, 16)) and len(source) == 2


@pytest.mark.parametrize("size", [(9450, 9450), (20000, 20000), (1, 89_000_001)])
def test_too_many_pixels_are_refused_by_the_header(tmp_path, size):
    Image.new("1", (8, 8)).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[16:24] = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big")
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(InputError, match="^image: .* has too many pixels: .*more than .* megapixels; make it smaller"):
        read_image(tmp_path / "a.png")
    assert MAX_MEGAPIXELS == 89


@pytest.mark.parametrize("name", ["x" * 256 + ".png", "y" * 200 + "/" + "x" * 5000, "file/x.png"])
def test_names_that_no_disk_takes_are_one_line(tmp_path, name):
    (tmp_path / "file").touch()
    for read in (read_image, read_hole):
        with pytest.raises(InputError, match=r"^(image|mask): [^\n]*(too long|does not exist|Not a directory)"):
            read(tmp_path / name)
    with pytest.raises(InputError, match="directory: .* does not exist"):
        PhotoFolder(tmp_path / name)


def test_a_program_in_postscript_is_never_run(tmp_path, monkeypatch):
    from PIL import EpsImagePlugin

    def run(*_):
        raise AssertionError("it was run")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", run)
    file = tmp_path / "photo.png"
    file.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 80 60\n%%EndComments\nshowpage\n")
    for read in (read_image, read_hole):
        with pytest.raises(InputError, match="^(image|mask): .* is not an image"):
            read(file)
    with pytest.raises(BadPicture, match="is not an image"):
        read_photo(file)


def test_names_that_are_not_utf_8_or_hold_commands_work_and_are_shown_safely(tmp_path):
    name = os.fsdecode(b"caf\xe9 \x1b[31m\n.png")
    save(tmp_path / "a.png", plain("red"))
    os.rename(tmp_path / "a.png", tmp_path / name)
    assert read_image(tmp_path / name).size == (60, 50) and len(PhotoFolder(tmp_path)) == 1
    (tmp_path / name).write_bytes(b"no picture")
    for read in (lambda: read_image(tmp_path / name), lambda: PhotoFolder(tmp_path)):
        with pytest.raises(InputError, match=r"caf\\udce9 \\x1b\[31m\\n.png") as caught:
            read()
        assert str(caught.value).isprintable()


def test_folders_that_cannot_be_read_are_named_once(tmp_path, monkeypatch):
    (tmp_path / "closed" / "sub").mkdir(parents=True)
    (tmp_path / "open").mkdir()
    save(tmp_path / "open" / "a.png", plain("red"))
    scandir = os.scandir

    def refuse(path):  # whoever runs the tests may be root, who reads everything
        if os.path.basename(path) == "closed":
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.warns(UserWarning, match=r"1 folders in .* skipped \(.*closed: Permission denied\)") as caught:
        assert find_pictures(tmp_path) == ["open/a.png"]
    assert len(caught) == 1


def test_an_empty_name_is_not_the_current_folder(tmp_path, monkeypatch):
    save(tmp_path / "a.png", plain("red"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="directory: the name is empty"):
        open_source("")
    assert len(open_source(".")) == 1


def test_the_content_of_a_file_is_read_like_the_file(tmp_path):
    data = save(tmp_path / "a.png", noise(16, 24)).read_bytes()
    assert np.array_equal(np.asarray(read_image(data)), noise(16, 24))
    with pytest.raises(InputError, match="^image: the file is not an image"):
        read_image(b"no picture")
    with pytest.raises(BadPicture, match="truncated"), open_picture(io.BytesIO(data[:-100])) as image:
        image.load()


def test_whites_and_depths_are_the_same_for_every_reader():
    assert (to_rgb(Image.new("RGBA", (9, 9), (200, 0, 0, 0))) == 255).all()
    assert (to_rgb(Image.fromarray(np.full((9, 9), 257 * 99, np.uint16))) == 99).all()
    with pytest.raises(InputError, match="NaN"):
        to_rgb(Image.fromarray(np.full((9, 9), np.nan, np.float32)))


@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "webp", "bmp", "gif"])
def test_a_damaged_picture_never_raises_anything_else(tmp_path, kind):
    Image.fromarray(noise(16, 16)).save(tmp_path / f"photo.{kind}")
    whole, rng = (tmp_path / f"photo.{kind}").read_bytes(), np.random.default_rng(0)
    for _ in range(30):
        damaged = np.frombuffer(whole, np.uint8)[: rng.integers(1, len(whole))].copy()
        damaged[rng.integers(0, len(damaged), 2)] = rng.integers(0, 256, 2)
        (tmp_path / f"photo.{kind}").write_bytes(damaged.tobytes())
        try:
            read_image(tmp_path / f"photo.{kind}")
        except InputError as error:
            assert "\n" not in str(error)


# --- masks


def test_smooth_edges_are_cut_at_128(tmp_path):
    Image.fromarray(np.array([[0, 1, 127, 128, 254, 255]], np.uint8)).save(tmp_path / "mask.png")
    assert read_hole(tmp_path / "mask.png").tolist() == [[False, False, False, True, True, True]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16", "I;16 of 0 and 255", "CMYK"])
def test_a_mask_of_any_mode(tmp_path, mode):
    hole = block(9, 17)
    grey = Image.fromarray(hole.astype(np.uint8) * 255)
    if mode.startswith("I;16"):
        grey = Image.fromarray(hole.astype(np.uint16) * (255 if "255" in mode else 65535))
    else:
        grey = grey.convert(mode)
    grey.save(tmp_path / "mask.tif")
    assert np.array_equal(read_hole(tmp_path / "mask.tif"), hole)


def test_transparent_parts_of_a_mask_are_black(tmp_path):
    hole = block(9, 17)
    mask = Image.new("RGBA", (17, 9), "white")  # white everywhere, drawn on a transparent layer
    mask.putalpha(Image.fromarray(hole.astype(np.uint8) * 255))
    mask.save(tmp_path / "mask.png")
    assert np.array_equal(read_hole(tmp_path / "mask.png"), hole)


def refusal(tmp_path, image, **options):
    """Return what is said about a mask, which is the same for both polarities: no circle of advice."""
    save(tmp_path / "mask.tif", image, **options)
    said = set()
    for white_is_existing in (False, True):
        with pytest.raises(InputError, match=r"^mask: [^\n]*mask\.tif [^\n]*; [^\n]+$") as caught:
            read_hole(tmp_path / "mask.tif", white_is_existing=white_is_existing)
        said.add(str(caught.value))
    assert len(said) == 1
    return said.pop()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
def test_a_mask_of_0_and_1_is_told_what_it_is(tmp_path, dtype):
    assert "values from 0 to 1 of 255, all of them black; multiply" in refusal(tmp_path, block(9, 17).astype(dtype))


def test_a_float_mask_with_nan_is_refused(tmp_path):
    mask = block(9, 17).astype(np.float32) * 255
    mask[:2] = np.nan
    assert "has 34 NaN pixels" in refusal(tmp_path, mask)


def test_a_photograph_is_no_mask(tmp_path):
    from rwlib.data import photos

    for name, photo in photos().items():
        if name not in ("hubble", "rocket"):  # a black sky with some light: indeed nearly a mask
            assert "looks like a photograph" in refusal(tmp_path, photo), name


def test_black_strokes_on_transparency_are_told_to_be_white(tmp_path):
    mask = Image.new("RGBA", (17, 9), (0, 0, 0, 0))
    mask.paste((0, 0, 0, 255), (4, 3, 12, 7))
    assert "black on transparency, and transparent counts as black; draw in white" in refusal(tmp_path, mask)


def test_a_mask_in_which_nothing_is_white_says_how_bright_it_is(tmp_path):
    mask = Image.new("RGB", (17, 9))
    mask.paste((255, 0, 0), (4, 3, 12, 7))
    assert "its brightest pixel is 76 of 255, white begins at 128; draw" in refusal(tmp_path, mask)


def test_soft_masks_and_those_of_a_few_greys_stay_masks(tmp_path):
    from PIL import ImageFilter

    hole = Image.fromarray(block(90, 170).astype(np.uint8) * 255).filter(ImageFilter.GaussianBlur(4))
    save(tmp_path / "mask.jpg", hole)
    assert read_hole(tmp_path / "mask.jpg").mean() == pytest.approx(block(90, 170).mean(), abs=0.01)
    save(tmp_path / "mask.png", np.array([[60, 60, 190, 190, 100]], np.uint8))
    assert read_hole(tmp_path / "mask.png").tolist() == [[False, False, True, True, False]]


# --- what is asked for


@pytest.fixture
def files(tmp_path):
    save(tmp_path / "photo.png", noise(9, 17))
    save(tmp_path / "mask.png", block(9, 17).astype(np.uint8) * 255)
    return tmp_path


@pytest.mark.parametrize("what", ["photo", "mask"])
@pytest.mark.parametrize("way", ["same", "other way", "symlink", "hard link"])
def test_an_output_that_is_an_input_is_refused(files, what, way):
    output = files / f"{what}.png"
    if way == "other way":
        output = files / ".." / files.name / f"{what}.png"
    elif way == "symlink":
        output = files / "link.png"
        output.symlink_to(f"{what}.png")
    elif way == "hard link":
        output = files / "link.png"
        os.link(files / f"{what}.png", output)
    with pytest.raises(InputError, match=f"^output: .* is the {what}.* itself, which would be lost; choose another"):
        check_request(files / "photo.png", files / "mask.png", output)


def test_a_mask_of_the_stored_orientation_is_told_of_the_turn(files):
    exif = Image.Exif()
    exif[0x0112] = 6
    save(files / "photo.jpg", noise(9, 17), exif=exif)
    with pytest.raises(InputError, match="size 17x9 is not the image's 9x17 .* after its EXIF turn.*; turn the mask"):
        check_request(files / "photo.jpg", files / "mask.png", files / "out.png")
    save(files / "mask.png", block(17, 9).astype(np.uint8) * 255)
    check_request(files / "photo.jpg", files / "mask.png", files / "out.png")


def test_headers_and_names_are_judged_without_torch_and_pixels(files):
    import subprocess
    import sys

    whole = save(files / "photo.png", noise(90, 170)).read_bytes()
    save(files / "mask.png", block(90, 170))
    (files / "photo.png").write_bytes(whole[:2000])  # its pixels are missing
    code = (
        "import sys; from rwlib.images import check_request as f; f(*sys.argv[1:]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, files / "photo.png", files / "mask.png", files / "out.png"], check=True)


def test_a_name_that_is_too_long_or_no_file_is_refused_before_the_work(files):
    os.mkfifo(files / "pipe.png")
    for name, words in (("x" * 252 + ".png", "choose a shorter name"), ("pipe.png", "is not a plain file")):
        with pytest.raises(InputError, match=f"^output: .*{words}"):
            check_request(files / "photo.png", files / "mask.png", files / name)


def test_a_link_into_a_folder_that_is_not_there_is_refused_before_the_work(files):
    (files / "link.png").symlink_to("none/out.png")
    with pytest.raises(InputError, match="^output: the folder .*none does not exist; make it first"):
        check_request(files / "photo.png", files / "mask.png", files / "link.png")
    (files / "link.png").unlink()
    (files / "link.png").symlink_to("out.png")  # it need not be there yet
    check_request(files / "photo.png", files / "mask.png", files / "link.png")


# --- results


@pytest.mark.parametrize("dpi", [(0, 0), (float("nan"), 72), (-1, 5)])
def test_a_resolution_that_is_none_is_left_out(tmp_path, dpi):
    like = plain("red")
    like.info["dpi"] = dpi
    save_image(plain("blue"), tmp_path / "out.tif", like)
    assert Image.open(tmp_path / "out.tif").getpixel((0, 0)) == (0, 0, 255)


def test_exif_data_is_left_out_for_it_may_show_what_was_removed(tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "camera"
    save(tmp_path / "a.jpg", plain("red"), exif=exif)
    save_image(plain("blue"), tmp_path / "out.png", read_image(tmp_path / "a.jpg"))
    assert not Image.open(tmp_path / "out.png").getexif()
