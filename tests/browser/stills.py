"""Draw the stills in notebooks/images anew, from a real JupyterLab: `python tests/browser/stills.py [NAME ...]`.

Look at them afterwards; README.md shows them.
"""

import sys
import tempfile
from pathlib import Path

import chromium
from lab import CHROMIUM_FLAGS, PATIENCE_S, ROOT, Notebook, jupyter, write_notebook
from PIL import Image
from playwright.sync_api import sync_playwright
from test_widths import WIDGETS

SHOWN = WIDGETS | {
    "rivals": "rivals = w.RivalGallery()\nrivals",
    "monitor": """from rwlib.config import make_config
from rwlib.data import Facades
from rwlib.widgets.shared.live import LiveTraining

live = LiveTraining(make_config("balanced", "tiny", size_px=32, batch_size=2, epochs=(1, 1), steps_per_epoch=40,
                                sample_every=80), Facades(0))
live.start()
live.join()
monitor = w.TrainingMonitor(live)
monitor""",
}
STROKES = {"painter": ((0.24, 0.3), (0.5, 0.33), (0.6, 0.5)), "rivals": ((0.3, 0.35), (0.55, 0.45), (0.6, 0.6))}
"""What is painted, in parts of the picture's sides."""
THEN = {"painter": "painter.inpaint()", "rivals": "rivals.fill_later()"}
WIDTH_PX, HEIGHT_PX, COLORS = {"critic": 1260, "monitor": 1260}, 2000, 128


def paint(page, panel, strokes) -> None:
    """Paint one line with the mouse."""
    canvas = panel.locator(".rwlib-hole-canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in strokes]
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=8)
    page.mouse.up()


def main() -> int:
    """Open one notebook with all widgets, or with those that are named, use them, and write a picture of each."""
    if unknown := set(sys.argv[1:]) - set(SHOWN):
        print(f"stills: {unknown.pop()} is no widget; known are {', '.join(SHOWN)}", file=sys.stderr)
        return 2
    shown = {name: cell for name, cell in SHOWN.items() if name in (sys.argv[1:] or SHOWN)}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder, private = Path(place) / "notebooks", Path(place) / "private"
        folder.mkdir()
        write_notebook(folder / "stills.ipynb", "import rwlib.widgets as w", *shown.values())
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=CHROMIUM_FLAGS, headless=True)
        with jupyter("jupyterlab", folder, private) as (address, token):
            page = browser.new_page(viewport={"width": 960, "height": HEIGHT_PX})
            page.set_default_timeout(1000 * PATIENCE_S)
            notebook = Notebook(page, "jupyterlab", address, token, "stills.ipynb")
            page.evaluate("jupyterapp.shell.collapseLeft()")
            notebook.run_all()
            panels = page.locator(".jp-Notebook .rwlib-panel:not(.rwlib-panel .rwlib-panel)")
            for i, name in enumerate(shown):
                page.set_viewport_size({"width": WIDTH_PX.get(name, 960), "height": HEIGHT_PX})
                notebook.python(f"{name}.wait({PATIENCE_S})")
                if name in STROKES:
                    notebook.python(f"{name}.clear()")
                    paint(page, panels.nth(i), STROKES[name])
                    notebook.python(f"{THEN[name]}\n{name}.wait({PATIENCE_S})")
                page.mouse.move(0, 0)
                page.wait_for_timeout(1000)  # for the browser to show it
                file = ROOT / f"notebooks/images/{name}.png"
                panels.nth(i).screenshot(path=file)
                Image.open(file).convert("RGB").quantize(COLORS).save(file, optimize=True)
                print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1000} kB")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
