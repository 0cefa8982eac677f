"""The rival gallery in a real JupyterLab: one stroke, one button, every method beside the others, and PIC's slider."""

import re

from lab import is_blank, pixels

CELLS = ("from rwlib.widgets import RivalGallery", "gallery = RivalGallery()\ngallery")


def test_a_hole_is_painted_once_and_filled_by_all(open_notebook):
    notebook = open_notebook(*CELLS)
    notebook.run_all()
    page = notebook.page
    panel = page.locator(".rwlib-panel")
    shown = panel.locator(".rwlib-gallery")
    shown.wait_for()
    notebook.wait_for_pictures(".rwlib-gallery img")
    methods = int(notebook.python("print(len(gallery.fillings.by))"))
    assert methods >= 2 and shown.locator("figure").count() == methods + 2 and not is_blank(pixels(shown))
    assert shown.get_by_text(re.compile(r"\d+ weights")).count() >= methods

    panel.locator("button").filter(has_text=re.compile(r"^\s*Clear\s*$")).click()
    notebook.until("not gallery.state.hole.any()")
    canvas = panel.locator(".rwlib-hole-canvas")
    canvas.scroll_into_view_if_needed()
    canvas.hover(position={"x": 100, "y": 100})
    page.mouse.down()
    canvas.hover(position={"x": 250, "y": 180})
    page.mouse.up()
    notebook.until("gallery.state.hole.any() and not gallery.state.hole[200:].any()")
    panel.get_by_text("of the hole before").wait_for()
    before = shown.locator("img").nth(1).get_attribute("src")
    panel.locator("button").filter(has_text=re.compile(r"^\s*Fill\s*$")).click()
    page.wait_for_function("old => document.querySelectorAll('.rwlib-gallery img')[1].src !== old", arg=before)
    panel.get_by_text(f"filled by {methods} methods").wait_for()

    if notebook.python("print('pic' in gallery.fillings.by)") == "True":
        pic = "img[alt*='PIC']"
        before = shown.locator(pic).get_attribute("src")
        slider = panel.locator(".widget-slider", has_text="PIC's answer").locator(".noUi-handle")
        slider.focus()
        page.keyboard.press("ArrowRight")
        shown.get_by_text("answer 1").wait_for()
        assert shown.locator(pic).get_attribute("src") != before
    assert notebook.python("from rwlib.widgets.shared.panel import FAULTS; print(FAULTS)") == "[]"
