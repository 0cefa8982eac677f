"""`make studio`: notebook 09 as an app, its widget alive, no code to be seen; a class that opens it at once."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest
from lab import AXE, PATIENCE_S, ROOT, axe_finds, free_port, slowest_s

from rwlib.ablations import ABLATIONS, WEIGHTS

pytest.importorskip("voila", reason="`make studio` installs voila")
pytestmark = pytest.mark.skipif(
    not all((WEIGHTS / f"{name}.safetensors").exists() for name in ABLATIONS),
    reason="the variants' weights are not in this checkout; data_scripts/ablations.py makes them",
)


@pytest.fixture
def options():
    """Return options of the app."""
    return ()


@pytest.fixture
def program():
    """Return what starts the app."""
    return ("-m", "rwlib.course.app", "09")


@pytest.fixture
def app(tmp_path, program, options):
    """Yield the address of the running app; it must end by itself when it is asked to."""
    port = free_port()
    private = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    command = [sys.executable, *program, "--no-browser", f"--port={port}", *options]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(
            command, cwd=tmp_path, stdout=log, stderr=log, env=os.environ | private | {"PYTHONPATH": path}
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
        started = psutil.Process(server.pid).children(recursive=True)
        server.terminate()
        server.wait(30)
    assert psutil.wait_procs(started, timeout=PATIENCE_S)[1] == [], "it leaves no process behind"


def server_of(app):
    """Return the process that serves an app."""
    port = int(app.strip("/").rpartition(":")[2])
    listening = (one for one in psutil.net_connections("tcp") if one.status == "LISTEN")
    return psutil.Process(next(one.pid for one in listening if one.laddr.port == port))


def kernels_of(app):
    """Return the kernels of an app's open pages: forks of the one process that loaded everything."""
    return [fork for child in server_of(app).children() for fork in child.children()]


def wait_until(true):
    """Wait until a condition holds."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


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
    if AXE.exists():  # it comes with `npm ci` in docs
        found = axe_finds(page.locator("body"))
        assert [one for one in found if one[0] != "region"] == []  # Voilà's page has no landmarks
    page.close()


FULL = ".rwlib-compare img[alt^='I_c2 of: full']"


def visit(browser, address):
    """Open the app in a page of its own."""
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(1000 * PATIENCE_S)
    page.goto(address, wait_until="commit")
    return page


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere each page loads everything anew")
# A closing page may be too slow to say so; then its kernel is silent, and ends after these seconds.
@pytest.mark.parametrize("options", [("--pages=3", "--MappingKernelManager.cull_idle_timeout=75")])
def test_a_class_shares_what_is_loaded_keeps_its_own_state_and_waits_for_a_place(app, browser):
    first = visit(browser, app)
    first.locator(FULL).wait_for()
    start = time.monotonic()
    second = visit(browser, app)
    second.locator(FULL).wait_for()
    seconds = time.monotonic() - start
    print(f"second visitor: first picture after {seconds:.1f} s")
    assert seconds < slowest_s(10)
    third = visit(browser, app)
    third.locator(FULL).wait_for()

    before = [page.locator(FULL).get_attribute("src") for page in (first, second)]
    first.get_by_label("Seed", exact=True).first.fill("7")
    first.keyboard.press("Enter")
    first.wait_for_function("([css, old]) => document.querySelector(css).src !== old", arg=[FULL, before[0]])
    assert second.locator(FULL).get_attribute("src") == before[1], "a page's controls are its own"
    slider = second.get_by_label("Seed", exact=True).first
    slider.focus()
    for key in ("d", "d", "r", "x", "Escape"):  # there are no cells, and no key reaches the page around the panel
        second.keyboard.press(key)
    assert second.locator(FULL).is_visible()

    kernels = kernels_of(app)
    assert len(kernels) == 3
    started = [child.cmdline()[-1] for child in server_of(app).children() if "kernel-" in child.cmdline()[-1]]
    reached = [json.loads(Path(file).read_text())["transport"] for file in started]
    assert reached == ["ipc"] * 3, "no port that another program could take before the kernel does"
    own_mb = [kernel.memory_full_info().uss / 2**20 for kernel in kernels]
    print("memory of a page's own:", ", ".join(f"{mb:.0f} MB" for mb in own_mb))
    assert max(own_mb) < 250

    fourth = visit(browser, app)
    fourth.get_by_text("All places are taken").wait_for()
    third.close(run_before_unload=True)
    wait_until(lambda: sum(kernel.is_running() and kernel.status() != "zombie" for kernel in kernels) == 2)
    fourth.locator(FULL).wait_for()  # it tries again by itself
    for page in (first, second, fourth):
        page.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere each page loads everything anew")
@pytest.mark.parametrize("options", [("--pages=10",)])
def test_ten_pages_opened_at_once_all_work_and_share_what_is_loaded(app, browser):
    start = time.monotonic()
    pages = [visit(browser, app) for _ in range(10)]
    first_s = []
    for page in pages:
        page.locator(FULL).wait_for()
        first_s.append(time.monotonic() - start)
        loaded_once = page.evaluate("performance.getEntriesByType('navigation')[0].type") == "navigate"
        assert loaded_once or first_s[-1] > 60, "a kernel has a minute to answer before its page loads again"
    print("ten pages at once: first pictures after", ", ".join(f"{seconds:.1f}" for seconds in first_s), "s")

    before = [page.locator(FULL).get_attribute("src") for page in pages]
    assert len(set(before)) == 1, "all begin with the same hole"
    start = time.monotonic()
    for seed, page in enumerate(pages, start=1):  # nobody waits for another one's picture
        page.get_by_label("Seed", exact=True).first.fill(str(seed))
        page.keyboard.press("Enter")
    for page in pages:
        page.wait_for_function("([css, old]) => document.querySelector(css).src !== old", arg=[FULL, before[0]])
    print(f"another seed in each: the last picture after {time.monotonic() - start:.1f} s")
    assert len({page.locator(FULL).get_attribute("src") for page in pages}) == 10, "each has its own"

    own_mb = [kernel.memory_full_info().uss / 2**20 for kernel in kernels_of(app)]
    print("memory of a page's own:", ", ".join(f"{mb:.0f} MB" for mb in own_mb))
    assert len(own_mb) == 10 and max(own_mb) < 250
    for page in pages:
        page.close()


@pytest.mark.parametrize("options", [("--Voila.ip=0.0.0.0", "--token=secret", "--host=lab.example")])
def test_other_machines_need_the_token_and_one_of_its_names(app, browser):
    def status(path="", host=None):
        request = urllib.request.Request(app + path, headers={"Host": host} if host else {})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.url
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    assert "/login" in status()[1], "without the token it asks for it"
    assert "/login" in status("?token=wrong")[1]
    code, words = status("?token=secret", "evil.example")
    assert code == 403 and "does not go by that name" in words
    assert "/login" in status(host="lab.example:8866")[1] and "/login" in status(host="localhost")[1]
    page = visit(browser, app + "?token=secret")
    page.locator(FULL).wait_for()
    page.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere each page loads everything anew")
@pytest.mark.parametrize("options", [("--VoilaExecutor.startup_timeout=20",)])
def test_a_page_whose_kernel_does_not_answer_gets_another_one(app, browser):
    (loaded,) = server_of(app).children()  # the process whose forks are kernels
    loaded.send_signal(signal.SIGSTOP)
    try:
        page = visit(browser, app)
        page.wait_for_function("performance.getEntriesByType('navigation')[0].type === 'reload'")
    finally:
        loaded.send_signal(signal.SIGCONT)
    shown, again = page.locator(FULL), page.get_by_role("button", name="Load it again")
    shown.or_(again).first.wait_for()
    while again.is_visible():  # a busy machine takes longer than twenty seconds for a kernel, too
        with page.expect_navigation():
            again.click()
        shown.or_(again).first.wait_for()
    page.close()


@pytest.mark.parametrize("program", [("-m", "late_panel")])
def test_a_picture_that_is_computed_while_a_page_makes_its_widgets_is_shown(app, browser, tmp_path):
    page, asked = browser.new_page(), []
    page.set_default_timeout(1000 * PATIENCE_S)

    def hold(route):
        """Bring no widgets' code between the states that the page asks for and the picture."""
        if asked:
            (tmp_path / "compute").touch()
            wait_until((tmp_path / "computed").exists)
        route.continue_()

    def hear(sent):
        if b"request_state" in (sent if isinstance(sent, bytes) else sent.encode()):
            asked.append(sent)

    page.on("websocket", lambda socket: socket.on("framesent", hear))
    page.route("**/labextensions/**", hold)
    page.goto(app, wait_until="commit")
    page.get_by_text("the picture", exact=True).wait_for()
    assert (tmp_path / "computed").exists()
    page.close()
