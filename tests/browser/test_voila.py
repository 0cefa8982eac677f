"""`make studio`: notebook 09 as an app, its widget alive, no code and no exercise to be seen."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from lab import PATIENCE_S, ROOT, free_port

from rwlib.ablations import ABLATIONS, WEIGHTS

pytest.importorskip("voila", reason="`make studio` installs voila")
pytestmark = pytest.mark.skipif(
    not all((WEIGHTS / f"{name}.safetensors").exists() for name in ABLATIONS),
    reason="the variants' weights are not in this checkout; data_scripts/ablations.py makes them",
)


@pytest.fixture
def app(tmp_path):
    """Yield the address of the running app; it must end by itself when it is asked to."""
    port = free_port()
    private = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    command = [sys.executable, "-m", "rwlib.course.app", "09", "--no-browser", f"--port={port}"]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(
            command, cwd=tmp_path, stdout=log, stderr=log, env=os.environ | private | {"PYTHONPATH": str(ROOT)}
        )
    try:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/voila/static/nothing", timeout=5)
            except urllib.error.HTTPError:
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < end, (tmp_path / "log").read_text()
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(30)


def test_the_studio_is_an_app(app, browser):
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(1000 * PATIENCE_S)  # the first visitor waits for a kernel
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(app)
    shown = page.locator(".rwlib-compare")
    shown.wait_for()
    assert page.locator("h1", has_text="Ablation studio").is_visible()
    words = page.locator("body").inner_text()
    assert "import" not in words and "Exercise" not in words and "Traceback" not in words and "09 ·" not in words
    assert page.locator(".rwlib-compare img").first.is_visible()
    full = ".rwlib-compare img[alt^='I_c2 of: full']"
    before = page.locator(full).get_attribute("src")
    page.get_by_label("Seed", exact=True).first.fill("7")
    page.keyboard.press("Enter")
    page.wait_for_function("([css, old]) => document.querySelector(css).src !== old", arg=[full, before])
    page.get_by_label("(c) without L_c", exact=True).uncheck()
    shown.locator("th", has_text="without L_c").wait_for(state="detached")
    icon = page.locator(".rwlib-panel button i.fa").first
    assert "Font Awesome" in icon.evaluate("icon => getComputedStyle(icon, '::before').fontFamily")
    assert [url for url in asked if not url.startswith((app, "data:", "blob:"))] == [], "nothing from elsewhere"
    page.close()
