"""The critic's view in a real JupyterLab: arrow keys and the play button run through a recorded training."""

import time

from lab import is_blank, pixels

CELLS = ("from rwlib.widgets import CriticView", "critic = CriticView()\ncritic")


def test_keys_and_the_play_button_run_through_the_moments(open_notebook):
    notebook = open_notebook(*CELLS)
    notebook.run_all()
    page = notebook.page
    panel = page.locator(".rwlib-panel")
    panel.get_by_text("Step 450, phase two").wait_for()
    maps = page.locator(".rwlib-panel img[alt^='Photograph']")
    notebook.wait_for_pictures(".rwlib-panel img")
    last = pixels(maps)
    assert not is_blank(last)

    page.locator(".rwlib-panel .noUi-handle").focus()
    pressed = time.perf_counter()
    page.keyboard.press("ArrowLeft")
    panel.get_by_text("Step 400, phase two").wait_for()
    print(f"from a key to the moment before: {time.perf_counter() - pressed:.2f} s")
    page.locator(".rwlib-panel img[alt^='Photograph 1 at step 400']").wait_for()
    notebook.wait_for_pictures(".rwlib-panel img")
    before = pixels(maps)
    assert before.shape != last.shape or (before != last).any()

    page.locator(".rwlib-panel select").select_option("2")
    page.locator(".rwlib-panel img[alt^='Photograph 2 at step 400']").wait_for()
    page.locator(".rwlib-panel .noUi-handle").focus()
    page.keyboard.press("Home")
    panel.get_by_text("the critic is untrained").wait_for()
    page.locator(".rwlib-panel .widget-play button").first.click()
    panel.get_by_text("Step 200, phase two").wait_for()
    notebook.until("not critic.busy")
