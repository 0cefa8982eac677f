"""The site as `make site` built it: its links, its weight, what it asks of others, and how it shows on a telephone.

Without it these tests are skipped.
"""

import json
import re
import sys
import threading
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from lab import PATIENCE_S, ROOT

sys.path.insert(0, str(ROOT / "docs"))
from serve import server  # noqa: E402

SITE = ROOT / "site"
AXE = ROOT / "docs/node_modules/axe-core/axe.min.js"
LIMIT_BYTES = 3_000_000
SOME = (
    "index demo notebooks/MAP notebooks/02_region_wise_convolution notebooks/08_evaluation api/losses TRAINING search"
).split()
"""Pages of every kind."""
pytestmark = pytest.mark.skipif(not (SITE / "index.html").exists(), reason="`make site` builds the site, and needs npm")


class Page(HTMLParser):
    """Links, anchors and sources of a page."""

    def __init__(self, file):
        super().__init__()
        self.links, self.sources, self.anchors = [], [], set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "link" and given.get("href") and given.get("rel") != "canonical":
            self.sources.append(given["href"])
        if tag in ("img", "script", "iframe", "source", "video") and given.get("src"):
            self.sources.append(given["src"])


@pytest.fixture(scope="module")
def pages():
    """Return {file: Page}."""
    return {file: Page(file) for file in SITE.rglob("*.html")}


def test_the_site_has_its_pages(pages):
    names = {file.relative_to(SITE).with_suffix("").as_posix() for file in pages}
    notebooks = {f"notebooks/{file.stem}" for file in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")}
    assert notebooks | {*SOME, "demo/index"} <= names and len(notebooks) == 13


def test_every_link_within_the_site_leads_somewhere(pages):
    lost = []
    for file, page in pages.items():
        for link in (*page.links, *page.sources):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link in ("#", ""):
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                lost.append((file.name, link))
            elif "_modules" in file.parts:  # what has no entry of its own leads to the top of its page
                continue
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                lost.append((file.name, link))
    assert lost == []


def test_nothing_comes_from_another_server(pages):
    foreign = {source for page in pages.values() for source in page.sources if urlsplit(source).netloc}
    for style in SITE.rglob("*.css"):
        foreign |= set(re.findall(r"url\(['\"]?(https?://[^)]*)", style.read_text(encoding="utf-8")))
    assert foreign == set()


def test_no_page_is_heavy():
    assert {file.name: file.stat().st_size for file in SITE.rglob("*.html") if file.stat().st_size > LIMIT_BYTES} == {}


def test_solutions_are_folded_and_the_learners_notebook_can_be_had(pages):
    for file in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"):
        text = (SITE / f"notebooks/{file.stem}.html").read_text(encoding="utf-8")
        solutions = (ROOT / "notebooks/solutions" / file.name).read_text(encoding="utf-8").count("### BEGIN SOLUTION")
        assert text.count("Show a solution") == solutions
        downloads = [link for link in pages[SITE / f"notebooks/{file.stem}.html"].links if link.endswith(file.name)]
        assert downloads
        copy = (SITE / "notebooks" / downloads[0]).resolve()
        assert copy.read_bytes() == file.read_bytes()


def test_the_pages_name_no_path_of_this_machine():
    for file in SITE.rglob("*.html"):
        assert not re.search(r"(?<![\w./-])/(?:home|root|work|Users)/\w", file.read_text(encoding="utf-8")), file.name


@pytest.fixture(scope="module")
def address():
    """Serve the site."""
    running = server(str(SITE))
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/"
    running.shutdown()
    running.server_close()


@pytest.fixture
def page(browser, address):
    """Open pages; at the end none of them asked another server for anything, and no script failed."""
    context = browser.new_context()
    tab = context.new_page()
    tab.set_default_timeout(1000 * PATIENCE_S)
    asked, faults = [], []
    context.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: faults.append(str(error)))
    yield tab
    context.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == [] and faults == []


@pytest.mark.parametrize("name", SOME)
def test_a_telephone_shows_a_page_without_moving_it_sideways(page, address, name):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{address}{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", SOME)
def test_axe_finds_nothing(page, address, name, scheme):
    if not AXE.exists():
        pytest.skip("axe-core comes with `npm ci` in docs")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # a colour on its way is none
    page.goto(f"{address}{name}.html")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        """axe.run({rules: {}}).then(report => report.violations.map(
             v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary]))"""
    )
    assert found == [], json.dumps(found, indent=1)


def test_equations_are_drawn_and_search_finds(page, address):
    page.goto(f"{address}notebooks/04_correlation_loss.html")
    page.wait_for_selector(".katex")
    assert page.locator(".katex-error").count() == 0
    page.goto(f"{address}search.html?q=correlation")
    page.wait_for_selector("ul.search li a")
    assert "orrelation" in page.locator("ul.search").inner_text()


def test_a_solution_opens_when_it_is_asked_for(page, address):
    page.goto(f"{address}notebooks/01_holes_and_masks.html")
    fold = page.locator("details", has_text="Show a solution").first
    assert not fold.locator("pre").is_visible()
    fold.locator("summary").click()
    assert fold.locator("pre").is_visible()
