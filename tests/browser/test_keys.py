"""Keys that are pressed inside a widget stay there: none deletes a cell, changes its kind, or moves to another one.

And what screen readers need: every control has a name, and a button that stays down says so.
"""

from importlib.util import find_spec

import pytest

import rwlib.widgets

CONTROLS = ("button:enabled", "select:enabled", ".noUi-handle", "[tabindex='0']:not(.noUi-handle)")
KEYS = ("d", "d", "r", "x", "a", "ArrowDown", "ArrowUp", "Shift+ArrowDown", "Escape")
NAMELESS = """panel => [...panel.querySelectorAll('button, select, input, .noUi-handle, [role=application]')]
  .filter(control => control.checkVisibility() && !(
    control.textContent.trim() || control.ariaLabel || control.title || control.labels?.length ||
    control.closest('.jupyter-widgets')?.querySelector('label')?.textContent))
  .map(control => control.outerHTML)"""
STATE = """() => {
  const cells = jupyterapp.shell.currentWidget.content;
  return [cells.widgets.length, cells.activeCellIndex, cells.mode, !!document.activeElement.closest('.rwlib-panel')];
}"""


PROGRAMS = [
    "jupyterlab",
    pytest.param("notebook", marks=pytest.mark.skipif(not find_spec("notebook"), reason="Notebook 7 is not installed")),
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_keys_stay_in_every_widget(open_notebook):
    names = rwlib.widgets.__all__
    notebook = open_notebook(*(f"from rwlib.widgets import {name}\n{name}()" for name in names))
    notebook.run_all()
    page = notebook.page
    for i, name in enumerate(names):
        output = page.locator(".jp-Notebook .jp-Cell").nth(i)
        output.locator(".rwlib-panel :is(img, canvas):visible").first.wait_for()
        page.evaluate("i => { jupyterapp.shell.currentWidget.content.activeCellIndex = i; }", i)
        panel = output.locator(".rwlib-panel").first
        assert panel.evaluate(NAMELESS) == [], name
        assert panel.locator(".widget-slider .noUi-handle:not([aria-label])").count() == 0
        assert panel.locator(".widget-play button:not([aria-label])").count() == 0
        for toggle in panel.locator(".widget-toggle-button").all():
            down = "mod-active" in toggle.get_attribute("class")
            assert toggle.get_attribute("aria-pressed") == str(down).lower()
        kinds = 0
        for kind in CONTROLS:
            control = output.locator(f".rwlib-panel :is({kind}):visible").first
            if not control.count():
                continue
            kinds += 1
            control.focus()
            for key in KEYS:
                page.keyboard.press(key)
                assert page.evaluate(STATE) == [len(names), i, "command", True], f"{name}: {key} on {kind}"
        assert kinds >= 2
    assert notebook.cells() == notebook.cells_at_first
