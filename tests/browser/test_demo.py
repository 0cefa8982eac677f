"""The page that fills holes without Python: its fillings are rwlib's, nothing is uploaded, and it can be cancelled.

`make site` (or `make demo`) builds the page, which needs npm; without it these tests are skipped, and say so.
"""

import io
import json
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from lab import PATIENCE_S, ROOT
from PIL import Image

from rwlib.checkpoints import load_generator
from rwlib.data import Facades, photos
from rwlib.inpainting import inpaint
from rwlib.masks import random_mask

sys.path.insert(0, str(ROOT / "docs"))
from serve import HEADERS, Handler, server  # noqa: E402

DEMO = ROOT / "site/demo"
AXE = ROOT / "docs/node_modules/axe-core/axe.min.js"
pytestmark = pytest.mark.skipif(not (DEMO / "page.js").exists(), reason="`make demo` builds the page, and needs npm")


@pytest.fixture(scope="module", params=["threads", "one thread"])
def address(request):
    """Serve the page with the headers that allow threads, and without them, as a plain host does."""
    running = server(str(DEMO.parent))
    if request.param == "one thread":
        plain = type("Plain", (Handler,), {"end_headers": Handler.__mro__[1].end_headers})
        running.RequestHandlerClass = lambda *given: plain(*given, directory=str(DEMO.parent))
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/demo/"
    running.shutdown()
    running.server_close()


class Demo:
    """The page, as somebody uses it."""

    def __init__(self, browser, address, **options):
        self.context = browser.new_context(viewport={"width": 1000, "height": 900}, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * PATIENCE_S)
        self.faults, self.requests = [], []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        self.context.on("request", lambda request: self.requests.append((request.method, request.url)))
        self.page.goto(address)
        self.until("!document.getElementById('message').textContent.startsWith('Loading')")

    def until(self, condition):
        """Wait until an expression is true; from outside, because the page lets no text be run as a program."""
        end = time.monotonic() + PATIENCE_S
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, f"after {PATIENCE_S} s still not true: {condition} ({self.message})"
            time.sleep(0.05)

    @property
    def message(self):
        return self.page.locator("#message").inner_text()

    def take(self, image, hole):
        """Choose a photograph and a mask."""
        self.page.set_input_files("#own", file("mine.png", image))
        self.until("document.getElementById('message').textContent.startsWith('mine.png')")
        self.page.set_input_files("#mask", file("mask.png", hole.astype(np.uint8) * 255))
        self.until("document.getElementById('message').textContent.includes('missing')")

    def fill(self):
        """Press Fill and return the picture that Save gives."""
        begin = time.monotonic()
        self.page.click("#fill")
        self.until("/^Filled|could not/.test(document.getElementById('message').textContent)")
        assert self.message.startswith("Filled"), self.message
        print(f"filled after {time.monotonic() - begin:.1f} s")
        with self.page.expect_download() as download:
            self.page.click("#save")
        return np.asarray(Image.open(download.value.path()).convert("RGB"))


@pytest.fixture
def demo(browser, address):
    """Open the page; at the end nothing has gone wrong in it, and nothing has left it."""
    opened = []

    def open(**options):
        opened.append(Demo(browser, address, **options))
        return opened[-1]

    yield open
    for page in opened:
        page.context.close()
        assert page.faults == []
        here = address.rsplit("/", 2)[0]
        assert {method for method, _ in page.requests} == {"GET"}
        assert all(url.startswith((here, "blob:", "data:")) for _, url in page.requests)


def file(name, array):
    content = io.BytesIO()
    Image.fromarray(array).save(content, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": content.getvalue()}


def random_hole(h, w, percent, kind, seed):
    some = (percent / 100, percent / 100 + 0.05)
    return random_mask(h, w, some, kind=kind, generator=torch.Generator().manual_seed(seed))[0].numpy() == 0


def scratches(h, w):
    hole = np.zeros((h, w), bool)
    for k in range(5):
        x = np.arange(w)
        y = (h * (0.1 + 0.18 * k) + 0.1 * x).astype(int) % h
        for width in range(1 + k):
            hole[(y + width) % h, x] = True
    return hole


def two_holes(h, w):
    hole = np.zeros((h, w), bool)
    hole[h // 8 : h // 4, w // 8 : w // 3] = hole[-h // 4 : -h // 8, -w // 4 :] = True
    return hole


def house_front():
    """A house front, a quarter missing."""
    return np.array(Facades(seed=4).center(0, size_px=256)), random_hole(256, 256, 25, "contiguous", 3)


def cat():
    """A cat of odd size, scratched."""
    return np.array(photos()["chelsea"][:299, :451]), scratches(299, 451)


def coffee():
    """A larger photograph with two holes."""
    return np.array(photos()["coffee"]), two_holes(400, 600)


@pytest.mark.parametrize("picture", [house_front, cat, coffee])
def test_it_fills_as_python_does(demo, picture):
    image, hole = picture()
    page = demo()
    page.take(image, hole)
    filled = page.fill().astype(int)
    expected = inpaint(image, hole, *load_generator()).astype(int)
    assert np.array_equal(filled[~hole], image[~hole])
    assert np.abs(filled - expected).max() <= 1
    assert np.abs(expected - image)[hole].max() > 10  # something was to be done


def test_a_hole_is_painted_undone_and_filled(demo):
    page = demo()
    canvas = page.page.locator(".rwlib-hole-canvas")
    box = canvas.bounding_box()
    page.page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 160, box["y"] + 130, steps=5)
    page.page.mouse.up()
    page.until("document.getElementById('message').textContent.includes('missing')")
    painted = page.message
    page.page.click("#undo")
    assert "0.0 % missing" in page.message
    canvas.focus()
    page.page.keyboard.press(" ")
    assert page.message != painted and "0.0 % missing" not in page.message
    page.fill()


def test_it_can_be_cancelled_and_goes_on(demo):
    image, hole = photos()["coffee"], random_hole(400, 600, 30, "contiguous", 1)
    page = demo()
    page.take(image, hole)
    page.page.click("#fill")
    page.page.click("#cancel")
    page.until("document.getElementById('message').textContent === 'Cancelled.'")
    assert page.page.locator("#result").is_hidden() and page.page.locator("#cancel").is_disabled()
    assert page.fill().shape == image.shape


def test_bad_input_is_said(demo):
    page = demo()
    page.page.click("#fill")
    page.until("document.getElementById('message').textContent.startsWith('Nothing is missing')")
    page.page.set_input_files("#own", {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.until("document.getElementById('message').textContent.startsWith('x.png is not a picture')")
    page.page.set_input_files("#mask", file("mask.png", np.zeros((9, 9), np.uint8)))
    page.until("document.getElementById('message').textContent.startsWith('The mask is 9×9')")


def test_without_a_photograph_every_control_says_so(demo):
    page = demo()
    page.page.route("**/photos/*", lambda route: route.fulfill(status=404))
    page.page.reload()
    page.until("document.getElementById('message').textContent.startsWith('house.png could not be loaded')")
    for control in ("fill", "undo", "clear", "save-mask"):
        page.page.evaluate("document.getElementById('message').textContent = ''")
        page.page.click(f"#{control}")
        page.until("document.getElementById('message').textContent.startsWith('There is no photograph yet')")
    page.page.set_input_files("#mask", file("mask.png", np.zeros((9, 9), np.uint8)))
    page.until("document.getElementById('message').textContent.startsWith('There is no photograph yet')")
    page.faults.clear()  # the browser tells of the 404


def test_a_filling_belongs_to_the_hole_and_the_photograph_that_are_shown(demo):
    image, hole = coffee()
    page = demo()
    page.take(image, hole)
    page.page.click("#fill")
    page.page.click("#clear")  # while it is filled
    page.until("document.getElementById('message').textContent.startsWith('Filled')")
    assert page.message.endswith("The hole has changed since: fill again.")
    assert page.page.locator("#old").is_visible()
    page.page.click("#undo")
    page.until("document.getElementById('old').hidden")
    assert page.page.locator("#result").is_visible()

    page.page.click("#fill")
    page.page.click("#go-on")  # the filling that is there becomes the photograph; the new one is broken off
    page.until("document.getElementById('fill').disabled === false")
    assert "Paint over what should go" in page.message and page.page.locator("#result").is_hidden()
    page.page.select_option("#sample", "brick.png")
    page.until("document.getElementById('message').textContent.startsWith('brick')")
    page.take(image, hole)
    page.page.click("#fill")
    page.page.set_input_files("#own", file("other.png", image[:200]))
    page.until("document.getElementById('fill').disabled === false")
    assert page.message.startswith("other.png, 600×200") and page.page.locator("#result").is_hidden()


def test_of_two_photographs_that_load_at_once_the_last_one_is_shown(demo):
    page = demo()
    large = np.kron(photos()["coffee"], np.ones((6, 6, 1), np.uint8))
    for name, image in (("large.png", large), ("small.png", large[:64, :64])):
        page.page.set_input_files("#own", file(name, image))
    time.sleep(2)  # the large one has been read, too
    assert page.message.startswith("small.png, 64×64")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_and_fits_a_telephone(demo, scheme):
    page = demo(color_scheme=scheme)
    page.page.set_viewport_size({"width": 360, "height": 740})
    page.take(*house_front())
    page.fill()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 360
    if not AXE.exists():
        pytest.skip("axe-core comes with `npm ci` in docs")
    page.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.page.evaluate("axe.run().then(report => report.violations.map(v => [v.id, v.nodes[0].html]))")
    assert found == [], json.dumps(found, indent=1)


def test_the_headers_are_those_of_the_site():
    assert HEADERS.keys() == {"Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy"}
    assert Path(DEMO.parent / "_headers").exists() or not (DEMO.parent / "index.html").exists()
