"""RegionWiseLens in a real JupyterLab: by mouse, by keyboard, and while it is busy."""

import time

from lab import is_blank, pixels, place, slowest_s

CELLS = ("from rwlib.widgets import RegionWiseLens", "lens = RegionWiseLens()\nlens")


def test_the_window_moves_by_mouse_and_by_keyboard(open_notebook):
    notebook = open_notebook(*CELLS)
    notebook.run_all()
    page = notebook.page
    pictures = page.locator(".rwlib-point-picture")
    pictures.nth(4).wait_for()
    page.locator(".rwlib-lens td").first.wait_for()
    notebook.wait_for_pictures(".rwlib-point-picture img")
    assert pictures.count() == 5 and not any(is_blank(pixels(picture)) for picture in pictures.all())
    assert not page.locator("figure img[alt*='band along']").is_visible(), "the still picture hides"

    pictures.first.click(position=place(pictures.first, 20.5 / 24, 22.5 / 24))  # far from the hole
    page.get_by_text("All 9 pixels of this window exist").wait_for()
    assert notebook.python("print(lens.cell, lens.pictures['difference'].cell)") == "(22, 20) (22, 20)"

    before = page.locator(".rwlib-lens").inner_text()
    begun = time.perf_counter()
    pictures.first.press("ArrowLeft")
    page.wait_for_function("old => document.querySelector('.rwlib-lens').innerText !== old", arg=before)
    seconds = time.perf_counter() - begun
    print(f"from key to new numbers: {seconds:.2f} s")
    assert notebook.python("print(lens.cell)") == "(22, 19)" and seconds < slowest_s(10)
    shown = notebook.python("print('|'.join(f'{x / 10:.1f}' for x in lens.window.x.flatten().tolist()))")
    cells = page.locator(".rwlib-lens table").first.locator("tbody td").all_inner_texts()
    assert "|".join(cells).replace("−", "-") == shown.replace("-0.0", "0.0")


def test_controls_work_by_keyboard_and_no_step_is_lost(open_notebook):
    notebook = open_notebook(*CELLS)
    notebook.run_all()
    page = notebook.page
    pictures = page.locator(".rwlib-point-picture")
    page.locator(".rwlib-lens td").first.wait_for()
    page.get_by_role("button", name="5×5").press("Enter")
    page.wait_for_function(
        "document.querySelectorAll('.rwlib-lens table')[0].querySelectorAll('tbody td').length == 25"
    )
    page.locator(".rwlib-panel select").nth(2).select_option("copy")  # W; and at once ten steps
    pictures.nth(1).focus()
    notebook.python("lens.wait()")
    start = notebook.python("print(lens.cell[1])")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    notebook.until(f"lens.cell[1] == {min(23, int(start) + 10)} and not lens.busy")
    assert notebook.python("print(lens.W.value, float(lens.layer.W.max()))") == "copy 10.0"
    assert page.locator(".rwlib-lens td.w").filter(has_text="1.0").count() >= 1
