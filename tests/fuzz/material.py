"""Sound files of every kind that rwlib reads, small ones; what a case spoils."""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from rwlib.checkpoints import save_generator
from rwlib.commands.main import main
from rwlib.config import make_config
from rwlib.networks.generator import RegionWiseGenerator

SIZE = (40, 30)
TRAIN = (
    "train --data photos --run-dir run --size tiny --width 4 --discriminator-width 4 --size-px 16 --batch-size 1 "
    "--vgg random --workers 0 --precision fp32 --epochs 2 1 --steps-per-epoch 2 --checkpoint-every 2 --stop-after 3"
).split()
EVALUATE = (
    "evaluate --data photos --checkpoint G.safetensors --photos 2 --features none --no-classical --kinds contiguous "
    "--buckets 1 2 --out evaluation --size-px 16"
).split()


def pixels(seed: int, size: tuple[int, int] = SIZE, channels: int = 3) -> np.ndarray:
    """Return noise that is smooth enough for JPEG, (h, w, channels) uint8."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, channels), dtype=np.uint8).squeeze()
    return np.array(Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC))


def encoded(image: Image.Image, form: str, **options) -> bytes:
    """Return a picture as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def photographs() -> dict[str, bytes]:
    """Return name → file, of many modes and formats."""
    rgb, grey = Image.fromarray(pixels(0)), Image.fromarray(pixels(1, channels=1))
    rgba = Image.fromarray(pixels(2, channels=4))
    deep = Image.fromarray(pixels(3, channels=1).astype(np.uint16) * 257)
    turned = Image.Exif()
    turned[274], turned[0x010F] = 6, "maker"
    return {
        "rgb.png": encoded(rgb, "PNG"),
        "adam.png": encoded(rgb, "PNG", dpi=(300, 300), icc_profile=b"profile" * 20),
        "rgba.png": encoded(rgba, "PNG"),
        "grey.png": encoded(grey, "PNG"),
        "deep.png": encoded(deep, "PNG"),
        "palette.png": encoded(rgb.quantize(16), "PNG", transparency=3),
        "two.png": encoded(grey.convert("1"), "PNG"),
        "keyed.png": encoded(rgb, "PNG", transparency=(1, 2, 3)),
        "turned.png": encoded(rgb, "PNG", exif=turned),
        "a.jpg": encoded(rgb, "JPEG", exif=turned),
        "progressive.jpg": encoded(rgb, "JPEG", progressive=True, dpi=(72, 72)),
        "grey.jpg": encoded(grey, "JPEG"),
        "cmyk.jpg": encoded(rgb.convert("CMYK"), "JPEG"),
        "raw.tif": encoded(rgb, "TIFF"),
        "lzw.tif": encoded(rgba, "TIFF", compression="tiff_lzw"),
        "deflate.tif": encoded(deep, "TIFF", compression="tiff_adobe_deflate"),
        "cmyk.tif": encoded(rgb.convert("CMYK"), "TIFF", dpi=(300, 300)),
        "pages.tif": encoded(rgb, "TIFF", save_all=True, append_images=[rgb]),
        "a.bmp": encoded(rgb, "BMP"),
        "palette.bmp": encoded(rgb.quantize(256), "BMP"),
        "lossless.webp": encoded(rgba, "WEBP", lossless=True),
        "a.webp": encoded(rgb, "WEBP"),
        "a.gif": encoded(rgb.quantize(64), "GIF", transparency=1),
        "a.ppm": encoded(rgb, "PPM"),
        "a.tga": encoded(rgba, "TGA", compression="tga_rle"),
    }


def masks() -> dict[str, bytes]:
    """Return name → file, white where something is missing."""
    hole = np.zeros(SIZE[::-1], np.uint8)
    hole[8:24, 10:30] = hole[3:4] = 255
    image = Image.fromarray(hole)
    return {
        "grey.png": encoded(image, "PNG"),
        "two.png": encoded(image.convert("1"), "PNG"),
        "rgb.png": encoded(image.convert("RGB"), "PNG"),
        "rgba.png": encoded(Image.merge("RGBA", [image] * 4), "PNG"),
        "palette.png": encoded(image.convert("P"), "PNG"),
        "deep.png": encoded(Image.fromarray(hole.astype(np.uint16) * 257), "PNG"),
        "a.jpg": encoded(image, "JPEG"),
        "a.tif": encoded(image, "TIFF"),
        "float.tif": encoded(Image.fromarray(hole.astype(np.float32)), "TIFF"),
        "a.bmp": encoded(image, "BMP"),
    }


def archives() -> dict[str, bytes]:
    """Return name → archive of six pictures."""
    members = {f"set/{i:02d}.jpg": encoded(Image.fromarray(pixels(i)), "JPEG") for i in range(6)}
    found = {}
    for name, mode in (("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tar.xz", "w:xz")):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=mode) as archive:
            for member, data in members.items():
                about = tarfile.TarInfo(member)
                about.size = len(data)
                archive.addfile(about, io.BytesIO(data))
        found[name] = buffer.getvalue()
    for name, method in (("stored.zip", zipfile.ZIP_STORED), ("deflated.zip", zipfile.ZIP_DEFLATED)):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        found[name] = buffer.getvalue()
    return found


def make(folder: Path) -> None:
    """Fill the current folder with photographs, a generator, half of a training, an evaluation, shards."""
    for name in ("photos", "prepared/train", "prepared/val"):
        (folder / name).mkdir(parents=True)
    for i in range(5):
        data = encoded(Image.fromarray(pixels(10 + i)), "JPEG")
        (folder / "photos" / f"{i}.jpg").write_bytes(data)
        (folder / "prepared/train" / f"{i}.jpg").write_bytes(data)
    (folder / "prepared/val/5.jpg").write_bytes(data)
    (folder / "photo.png").write_bytes(photographs()["rgb.png"])
    (folder / "mask.png").write_bytes(masks()["grey.png"])
    torch.manual_seed(0)
    config = make_config("balanced", "tiny", width=4, size_px=16)
    save_generator(folder / "G.safetensors", RegionWiseGenerator.from_config(config), config)
    assert main(TRAIN) == 0
    assert main(EVALUATE) == 0
    sys.path.insert(0, str(Path(__file__).parents[2] / "data_scripts"))
    from shards import main as pack

    assert pack(["--from", "prepared", "--to", "shards", "--shard-mb", "0.005"]) == 0
    index = Path(__file__).parents[2] / "data_scripts/facades_index.csv"
    (folder / "facades.csv").write_bytes(index.read_bytes())
