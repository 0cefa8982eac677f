"""Every widget on a telephone, on a laptop and on a projector, by day and by night: one notebook holds all of them.

Pictures grow with the page, nothing has to be moved sideways, and axe finds nothing.
"""

import json

import pytest
from lab import AXE, PATIENCE_S, Notebook, axe_finds, write_notebook

WIDGETS = {
    "painter": "painter = w.HolePainter()\npainter.controls.random.click()\npainter.inpaint()\npainter",
    "lens": "lens = w.RegionWiseLens()\nlens",
    "explorer": "explorer = w.CorrelationExplorer()\nexplorer",
    "critic": "critic = w.CriticView()\ncritic",
    "monitor": """from rwlib.config import make_config
from rwlib.data import Facades
from rwlib.widgets.shared.live import LiveTraining

config = make_config(
    "balanced", "tiny", size_px=32, width=4, discriminator_width=4, batch_size=2, vgg="random", epochs=(1, 1),
    steps_per_epoch=3, sample_every=2,
)
live = LiveTraining(config, Facades(0))
live.start()
live.join()
monitor = w.TrainingMonitor(live)
monitor""",
    "studio": "studio = w.AblationStudio()\nstudio",
}
VIEWS = {"studio": ("Compare", "Table", "Train now")}
MAIN_PX = {"painter": 700, "lens": 220, "explorer": 300, "critic": 450, "monitor": 400, "studio": 150}
"""How wide the widest picture is at least on a page of 1900 px."""
PICTURES = """panel => [...panel.querySelectorAll('img, canvas, svg')].filter(one => one.checkVisibility())
  .map(one => one.getBoundingClientRect().width)"""
SIDEWAYS = """panel => {
  const right = panel.closest('.jp-OutputArea-output').getBoundingClientRect().right + 1;
  return [panel, ...panel.querySelectorAll('*')].filter(one => one.checkVisibility()).filter(one =>
    one.getBoundingClientRect().right > right ||
    one.scrollWidth > one.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX)
  ).map(one => one.outerHTML.slice(0, 150));
}"""


@pytest.fixture(scope="module")
def notebook(serve, browser):
    """Return a notebook that shows all widgets, each with its first result."""
    address, token, folder = serve("jupyterlab")
    write_notebook(folder / "widths.ipynb", "import rwlib.widgets as w", *WIDGETS.values())
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(1000 * PATIENCE_S)
    opened = Notebook(page, "jupyterlab", address, token, "widths.ipynb")
    page.evaluate("jupyterapp.shell.collapseLeft()")
    opened.run_all()
    for name in WIDGETS:
        opened.python(f"{name}.wait({PATIENCE_S})")
    yield opened
    errors = opened.errors()
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.close()
    assert not errors, errors


def panels(notebook):
    """Yield name and panel of each widget, of one with several views once for each."""
    all_panels = notebook.page.locator(".jp-Notebook .rwlib-panel:not(.rwlib-panel .rwlib-panel)")
    for i, name in enumerate(WIDGETS):
        panel = all_panels.nth(i)
        for view in VIEWS.get(name, ("",)):
            if view:
                panel.locator("button:visible").filter(has_text=view).first.click()
            yield f"{name} {view}".strip(), panel


@pytest.mark.parametrize("width", [620, 1200, 1900])
def test_pictures_grow_and_nothing_moves_sideways(notebook, width):
    notebook.page.set_viewport_size({"width": width, "height": 1000})
    problems = {}
    for name, panel in panels(notebook):
        if name.removesuffix(" Compare") in MAIN_PX:
            panel.locator("img:visible, canvas:visible").first.wait_for()
        widest = max(panel.evaluate(PICTURES), default=0)
        print(f"{name} at {width} px: widest picture {widest:.0f} px")
        if sideways := panel.evaluate(SIDEWAYS):
            problems[name] = sideways
        if width == 1900 and widest < MAIN_PX.get(name.removesuffix(" Compare"), 0):
            problems[f"{name}, widest picture"] = widest
    assert problems == {}, json.dumps(problems, indent=1)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core comes with `npm ci` in docs")
@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing(notebook, theme):
    page = notebook.page
    page.set_viewport_size({"width": 1200, "height": 1000})
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
    found = {name: violations for name, panel in panels(notebook) if (violations := axe_finds(panel))}
    assert found == {}, json.dumps(found, indent=1)
