"""The hole painter in a real JupyterLab: what is painted comes back exactly, and only the hole is filled."""

import base64
import io
import json
import re
import time

import numpy as np
import pytest
from lab import PATIENCE_S, slowest_s
from PIL import Image

CELLS = (
    "import json\nimport numpy as np\nfrom rwlib.data import photos\nfrom rwlib.widgets import HolePainter",
    "painter = HolePainter(photos()['brick'][:256, :256])\npainter",
)
SHOWN = """() => {
  const canvas = document.querySelector('.rwlib-hole-canvas canvas');
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const missing = [];
  for (let i = 0; i < data.length / 4; i++) if (data[4 * i + 3]) missing.push(i);
  return missing;
}"""


def kernel_hole(notebook):
    """Return the missing pixels that the kernel knows of, as flat indices."""
    return json.loads(notebook.python("print(json.dumps(np.flatnonzero(painter.state.hole).tolist()))"))


def brush_line(points, brush, h=256, w=256):
    """Return all pixels nearer than half a brush to a polyline through pixels (column, row), in exact arithmetic."""
    y, x = np.indices((h, w)).astype(object)
    painted = np.zeros((h, w), bool)
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[-1]], strict=True):
        dx, dy = x1 - x0, y1 - y0
        length2 = dx * dx + dy * dy
        along = (x - x0) * dx + (y - y0) * dy
        t = np.minimum(np.maximum(along, 0), length2)
        # The distance to the foot of the perpendicular, times length².
        scale = max(length2, 1)
        far2 = ((x - x0) * scale - t * dx) ** 2 + ((y - y0) * scale - t * dy) ** 2
        painted |= (4 * far2 < brush * brush * scale * scale).astype(bool)
    return np.flatnonzero(painted).tolist()


def button(notebook, text):
    """Return one of the widget's buttons."""
    return notebook.page.locator(".rwlib-panel button").filter(has_text=re.compile(rf"^\s*{text}\s*$"))


class Brush:
    """A mouse that thinks in the picture's pixels."""

    def __init__(self, notebook):
        self.notebook, self.page = notebook, notebook.page
        self.canvas = self.page.locator(".rwlib-hole-canvas")
        self.canvas.wait_for()
        self.canvas.scroll_into_view_if_needed()

    def stroke(self, *points):
        """Move along points (column, row); each move waits until the picture's place on the page is settled."""
        scale = self.canvas.bounding_box()["width"] / 256
        for i, (x, y) in enumerate(points):
            self.canvas.hover(position={"x": (x + 0.5) * scale, "y": (y + 0.5) * scale})
            if i == 0:
                self.page.mouse.down()
        self.page.mouse.up()

    def settle(self):
        """Wait until browser and kernel show the same hole; return it."""
        end = time.monotonic() + PATIENCE_S
        while (shown := self.page.evaluate(SHOWN)) != (painted := kernel_hole(self.notebook)):
            different = f"the browser shows {len(shown)} missing pixels, the kernel has {len(painted)}"
            assert time.monotonic() < end, different
            time.sleep(0.1)
        return painted


@pytest.fixture
def notebook(open_notebook):
    opened = open_notebook(*CELLS)
    opened.run_all()
    return opened


def test_strokes_come_back_exactly_and_can_be_erased_and_undone(notebook):
    brush = Brush(notebook)
    assert brush.settle() == []
    first = brush_line([(60, 80), (120, 90), (150, 170)], 25)
    brush.stroke((60, 80), (120, 90), (150, 170))
    assert brush.settle() == first
    button(notebook, "Erase").click()
    brush.stroke((100, 60), (100, 200))
    erased = sorted(set(first) - set(brush_line([(100, 60), (100, 200)], 25)))
    assert brush.settle() == erased and len(erased) < len(first)
    button(notebook, "Paint").click()
    # A stroke that is painted while the kernel undoes another: both count.
    second = brush_line([(20, 230), (90, 230)], 25)
    brush.canvas.press("z")
    brush.stroke((20, 230), (90, 230))
    assert brush.settle() == sorted(set(first) | set(second))
    button(notebook, "Undo").click()
    button(notebook, "Undo").click()
    notebook.until("not painter.state.hole.any()")
    assert brush.settle() == []
    assert notebook.python("from rwlib.widgets.shared.panel import FAULTS; print(FAULTS)") == "[]"


def test_painting_by_keyboard(notebook):
    brush = Brush(notebook)
    notebook.python("painter.controls.brush.value = 9")
    brush.canvas.focus()
    for _ in range(3):
        brush.canvas.press("Shift+ArrowLeft")
    brush.canvas.press(" ")
    assert brush.settle() == brush_line([(125, 128)], 9)
    brush.page.keyboard.down(" ")
    brush.canvas.press("ArrowDown")  # half a brush: 4 pixels
    brush.canvas.press("ArrowDown")
    brush.page.keyboard.up(" ")
    line = brush_line([(125, 128), (125, 136)], 9)
    assert brush.settle() == line
    brush.canvas.press("e")
    brush.page.keyboard.press(" ")
    assert brush.settle() == sorted(set(line) - set(brush_line([(125, 136)], 9)))
    assert notebook.python("print(painter.controls.tool.value)") == "Erase"


def test_inpaint_changes_the_hole_only_and_a_second_click_is_not_lost(notebook):
    brush = Brush(notebook)
    brush.stroke((60, 80), (120, 90), (150, 170))
    brush.settle()
    inpaint = button(notebook, "Inpaint")
    picture = notebook.page.locator(".rwlib-panel img[alt$='the hole filled.']")
    inpaint.click()  # loads the generator
    picture.wait_for()
    first = picture.get_attribute("src")
    brush.stroke((200, 200), (220, 210))
    brush.settle()
    start = time.monotonic()
    inpaint.click()
    notebook.page.wait_for_function(
        "old => document.querySelector(\".rwlib-panel img[alt$='the hole filled.']\").src !== old", arg=first
    )
    seconds = time.monotonic() - start
    print(f"from a click to the picture, 256x256: {seconds:.2f} s")
    assert seconds < slowest_s(10)
    data = base64.b64decode(picture.get_attribute("src").split(",")[1])
    filled = np.asarray(Image.open(io.BytesIO(data)))
    hole = np.isin(np.arange(256 * 256), brush.settle()).reshape(256, 256)
    photo = np.array(json.loads(notebook.python("print(json.dumps(painter.state.photo.image.tolist()))")), np.uint8)
    assert np.array_equal(filled[~hole], photo[~hole])
    assert (filled[hole] != photo[hole]).any(axis=1).mean() > 0.8
    # Two clicks and a stroke in between: the last click's filling is of the larger hole.
    inpaint.click()
    brush.stroke((200, 30), (230, 60))
    inpaint.click()
    larger = brush.settle()
    assert len(larger) > hole.sum()
    notebook.python("painter.wait()")
    assert notebook.python("print(int(painter._filled.hole.sum()))") == str(len(larger))


SLOW = """import threading, rwlib.widgets.painter.results as results
gate, entered, real = threading.Event(), threading.Event(), results.fill_photo
def slow(*arguments):
    entered.set()
    assert gate.wait(300)
    return real(*arguments)
results.fill_photo = slow"""


def test_a_result_never_stands_beside_another_photograph(notebook):
    page = notebook.page
    result = page.locator(".rwlib-panel img[alt$='the hole filled.']")
    notebook.python(SLOW)
    button(notebook, "Draw").click()
    button(notebook, "Inpaint").click()
    notebook.until("entered.is_set()")
    page.get_by_label("Photo", exact=True).select_option("chelsea")
    page.locator(".rwlib-message", has_text="chelsea").wait_for()
    notebook.python("gate.set(); painter.wait(300)")
    page.locator(".rwlib-message", has_text="0.0 % missing").wait_for()
    assert result.count() == 0
    button(notebook, "Draw").click()
    button(notebook, "Inpaint").click()
    page.locator(".rwlib-panel img[alt='chelsea, the hole filled.']").wait_for()
    assert page.locator(".rwlib-stale").count() == 0
    button(notebook, "Clear").click()
    page.locator(".rwlib-message", has_text="The filling below is of another hole").wait_for()
    assert page.locator(".rwlib-stale").count() == 1


def test_a_finger_on_a_dense_and_zoomed_screen(notebook):
    brush = Brush(notebook)
    browser = brush.page.context.new_cdp_session(brush.page)
    metrics = {"width": 1400, "height": 1000, "deviceScaleFactor": 2.5, "mobile": False}
    browser.send("Emulation.setDeviceMetricsOverride", metrics)
    brush.page.add_style_tag(content=".rwlib-panel { zoom: 0.75; --rwlib-side: 400px }")
    brush.canvas.scroll_into_view_if_needed()
    brush.page.wait_for_function("document.querySelector('.rwlib-hole-canvas').getBoundingClientRect().width < 301")
    box = brush.canvas.bounding_box()
    assert box["width"] == pytest.approx(300, abs=1)
    path = [(40, 50), (90, 50), (90, 120)]
    for kind, points in (("touchStart", path[:1]), ("touchMove", path[1:2]), ("touchMove", path[2:]), ("touchEnd", [])):
        places = [
            {"x": box["x"] + (x + 0.5) * box["width"] / 256, "y": box["y"] + (y + 0.5) * box["height"] / 256}
            for x, y in points
        ]
        browser.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    assert brush.settle() == brush_line(path, 25)


def test_own_files_go_in_and_come_out(notebook, tmp_path):
    page = notebook.page
    photo = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    hole = np.zeros((60, 90), np.uint8)
    hole[20:30, 40:60] = 255
    Image.fromarray(photo).save(tmp_path / "photo.png")
    Image.fromarray(hole).save(tmp_path / "hole.png")
    for name, file, there in (
        ("Own photo", "photo.png", "canvas.width == 90"),
        ("Own mask", "hole.png", "M.min() == 0"),
    ):
        choose(notebook, name, tmp_path / file)
        notebook.until(f"painter.{there} and not painter.busy")
    button(notebook, "Inpaint").click()
    notebook.until("painter.result is not None and not painter.busy")
    with page.expect_download() as download:
        button(notebook, "Result").click()
    filled = np.asarray(Image.open(download.value.path()))
    assert np.array_equal(filled[hole == 0], photo[hole == 0]) and (filled[hole > 0] != photo[hole > 0]).any()
    with page.expect_download() as download:
        button(notebook, "Mask").click()
    assert np.array_equal(np.asarray(Image.open(download.value.path())), hole)


def choose(notebook, name, file):
    """Choose a file by one of the widget's buttons."""
    with notebook.page.expect_file_chooser() as chooser:
        notebook.page.locator(f".rwlib-panel button:has-text('{name}')").click()
    chooser.value.set_files(file)


def test_a_file_of_fifteen_megabytes_goes_in_and_one_of_201_is_refused(notebook, tmp_path):
    """Tornado's own limit is 10 MB per message, and what is above it would be lost without a word."""
    with open(tmp_path / "huge.png", "wb") as file:
        file.truncate(201_000_000)
    choose(notebook, "Own photo", tmp_path / "huge.png")
    notebook.page.get_by_text("huge.png has 201 MB, and 200 MB is the limit").wait_for()
    photo = np.random.default_rng(0).integers(0, 256, (2000, 2500, 3), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.png", compress_level=0)
    assert (tmp_path / "photo.png").stat().st_size > 15_000_000
    choose(notebook, "Own photo", tmp_path / "photo.png")
    notebook.until("painter.state.photo.name == 'photo.png' and not painter.busy")


def test_a_strip_can_be_painted_and_scrolls(notebook):
    notebook.python("painter.set_photo(np.zeros((8, 3000, 3), np.uint8))")
    canvas = notebook.page.locator(".rwlib-hole-canvas")
    notebook.page.wait_for_function("document.querySelector('.rwlib-hole-canvas canvas').width === 3000")
    box = canvas.bounding_box()
    assert box["height"] == pytest.approx(32, abs=1) and box["width"] == pytest.approx(12000, abs=10)
    canvas.hover(position={"x": 4 * 20.5, "y": 4 * 4.5})
    notebook.page.mouse.down()
    notebook.page.mouse.up()
    notebook.until("painter.state.hole[4, 20] and not painter.state.hole[:, 40:].any()")
    canvas.hover(position={"x": 4 * 2900.5, "y": 4 * 4.5})  # scrolls
    notebook.page.mouse.down()
    notebook.page.mouse.up()
    notebook.until("painter.state.hole[4, 2900]")


def test_strokes_without_an_answer_say_so(notebook):
    brush = Brush(notebook)
    notebook.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    brush.stroke((60, 80))
    notebook.page.get_by_text("run the cell again").wait_for()
