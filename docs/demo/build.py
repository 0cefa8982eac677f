"""Build the page that fills holes in the browser: `python docs/demo/build.py OUT`, or `make demo`.

Needs Node with npm, and the extra `onnx`. The page is files only: no server of its own, nothing from another one.

    OUT/index.html, style.css, page.js, worker.js ...   bundled by esbuild
    OUT/ort/                                            onnxruntime-web: the runtime as WebAssembly
    OUT/generator.onnx                                  the shipped generator, `rwlib export`
    OUT/photos/                                         to try it with
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rwlib.checkpoints import load_generator
from rwlib.data import Facades, photos
from rwlib.export import export_onnx
from rwlib.shipped import DEFAULT

HERE = Path(__file__).parent
PACKAGES = HERE.parent / "node_modules"
RUNTIME = ("ort-wasm-simd-threaded", "ort-wasm-simd-threaded.asyncify")
"""For the processor, and for the graphics card."""
SAMPLES = {"house": "house front (drawn)", "brick": "brick", "chelsea": "cat", "coffee": "coffee"}
"""Files of photographs → their names; all but the first are in `rwlib.data.photos`."""


def numbers() -> dict[str, Any]:
    """Return the numbers that the page shares with rwlib, by their names there."""
    from rwlib.images.hole import WHITE
    from rwlib.inpainting import filling, pieces, regions, seams
    from rwlib.widgets.shared import previews

    homes = {
        regions: ("THIN_PX", "WORK_SHARE", "MAX_WORK_PIXELS", "MIN_SIDE_PX", "CELLS", "MANY"),
        seams: ("SWEEPS",),
        pieces: ("PIECE_PX", "MAX_LEVELS"),
        filling: ("THIN_LEVELS",),
        previews: ("PREVIEW_PX", "SHORTEST_PX"),
    }
    found = {name: getattr(module, name) for module, names in homes.items() for name in names}
    return found | {"WHITE": WHITE, "TRAINED_PX": load_generator()[1].size_px}


def write_samples(folder: Path) -> None:
    """Write the photographs to try it with."""
    folder.mkdir(exist_ok=True)
    for name in SAMPLES:
        image = Facades(seed=4).center(0, size_px=256) if name == "house" else photos()[name]
        Image.fromarray(np.asarray(image)).save(folder / f"{name}.png", optimize=True)


def page(out: Path) -> str:
    """Return the page with the names of the samples and of the generator."""
    options = "".join(f'<option value="{file}.png">{name}</option>' for file, name in SAMPLES.items())
    options += '<option value="">your own</option>'
    text = (HERE / "index.html").read_text(encoding="utf-8")
    return text.replace("<!-- samples -->", options).replace("<!-- model -->", f"<code>{DEFAULT.stem}</code>")


def install_packages() -> None:
    """Install what `docs/package.json` names, unless it is there."""
    npm = shutil.which("npm")
    if not npm:
        sys.exit("npm cannot be found; install Node.js 20 or newer (Debian, Ubuntu: apt install nodejs npm)")
    locked, installed = HERE.parent / "package-lock.json", PACKAGES / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        subprocess.run([npm, "ci", "--ignore-scripts"], cwd=HERE.parent, check=True)


def build(out: Path) -> None:
    """Build the page in a folder, which is made if need be."""
    install_packages()
    (out / "ort").mkdir(parents=True, exist_ok=True)
    model = out / "generator.onnx"
    if not model.exists() or model.stat().st_mtime < DEFAULT.stat().st_mtime:
        export_onnx(model, *load_generator())
    constants = numbers() | {"MODEL_BYTES": model.stat().st_size}
    command = [
        shutil.which("npx") or "npx", "esbuild", "page.js", "worker.js", f"--outdir={out.resolve()}", "--bundle",
        "--format=esm", "--splitting", "--minify", "--target=es2022", "--log-level=warning",
        f"--define:NUMBERS={json.dumps(constants)}", "--legal-comments=linked",
    ]  # fmt: skip
    subprocess.run(command, cwd=HERE, check=True)
    for name in RUNTIME:
        for ending in ("mjs", "wasm"):
            shutil.copy2(PACKAGES / f"onnxruntime-web/dist/{name}.{ending}", out / "ort")
    shutil.copy2(HERE / "style.css", out)
    shutil.copy2(HERE.parent / "_static/favicon.svg", out)
    write_samples(out / "photos")
    (out / "index.html").write_text(page(out), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder of the page; made if need be")
    build(parser.parse_args().out)
