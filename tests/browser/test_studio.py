"""Notebook 09 as learners open it: run everything, switch a variant, train, stop, and see each in the picture."""

import re
import time

import pytest
from lab import ROOT, is_blank, pixels

from rwlib.ablations import ABLATIONS, WEIGHTS

NOTEBOOK = ROOT / "notebooks" / "09_ablation_studio.ipynb"
pytestmark = pytest.mark.skipif(
    not all((WEIGHTS / f"{name}.safetensors").exists() for name in ABLATIONS),
    reason="the variants' weights are not in this checkout; data_scripts/ablations.py makes them",
)
FIND = "import gc, rwlib.widgets as w; studio = [x for x in gc.get_objects() if type(x) is w.AblationStudio][-1]\n"


def press(page, words):
    """Press the button with these words."""
    page.locator("button:visible").filter(has_text=re.compile(f"^{words}$")).click()


def test_notebook_09_compares_and_trains(open_notebook):
    notebook = open_notebook(NOTEBOOK)
    notebook.python("import os; os.environ['RWLIB_TIER'] = 'smoke'")
    notebook.run_all()
    page = notebook.page
    shown = page.locator(".rwlib-compare")
    shown.wait_for()
    assert shown.locator("th", has_text="without L_c").count() == 1 and not is_blank(pixels(shown))
    assert not page.locator("figure img[alt*='variants of the model']").first.is_visible(), (
        "the still picture is hidden"
    )

    page.get_by_label("(c) without L_c", exact=True).uncheck()
    shown.locator("th", has_text="without L_c").wait_for(state="detached")
    assert shown.locator("th", has_text="without L_a").count() == 1

    full = ".rwlib-compare img[alt^='I_c2 of: full']"
    before = page.locator(full).get_attribute("src")
    notebook.python(FIND)
    start = time.monotonic()
    page.get_by_label("Seed", exact=True).first.fill("7")
    page.keyboard.press("Enter")
    page.wait_for_function("([css, old]) => document.querySelector(css).src !== old", arg=[full, before])
    print(f"another hole: {time.monotonic() - start:.2f} s")

    press(page, "Train now")
    notebook.python(FIND + "t = studio.training; t.steps.value, t.size.value = 2000, 32")
    press(page, "Train")
    page.locator("img[alt^='Samples of run 1']").wait_for()
    curves = page.locator(".rwlib-curves").inner_html()
    page.wait_for_function("([old]) => document.querySelector('.rwlib-curves').innerHTML !== old", arg=[curves])
    press(page, "Compare")  # while it trains
    before = pixels(shown)
    start = time.monotonic()
    page.get_by_label("error maps").first.uncheck()
    page.locator(".rwlib-compare td img[alt^='Error']").first.wait_for(state="detached")
    print(f"a light control while a training runs: {time.monotonic() - start:.2f} s")
    assert before.shape != pixels(shown).shape
    assert notebook.python(FIND + "print(studio.training.runs[-1].live.running)") == "True"
    press(page, "Train now")
    press(page, "Stop")
    page.get_by_text(re.compile(r"run 1: done, \d+ steps")).wait_for()
    assert not is_blank(pixels(page.locator("img[alt^='Samples of run 1']")))
    print(page.get_by_text(re.compile("stopped after")).inner_text())
