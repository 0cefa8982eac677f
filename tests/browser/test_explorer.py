"""CorrelationExplorer in a real JupyterLab: by mouse, by keyboard, and while it is busy."""

import time

from lab import is_blank, pixels, place, slowest_s

CELLS = (
    "from rwlib.widgets import CorrelationExplorer",
    "explorer = CorrelationExplorer()\nexplorer",
)
ROW_OF_F = 3  # pictures come row by row: three pictures, three rows of f, two differences, two maps of L_c


def ready(notebook):
    notebook.run_all()
    pictures = notebook.page.locator(".rwlib-point-picture")
    pictures.nth(9).wait_for()
    notebook.until("explorer.view is not None and not explorer.busy")
    notebook.wait_for_pictures(".rwlib-point-picture img")
    return notebook.page, pictures


def test_a_click_and_a_key_show_another_row_of_f(open_notebook):
    notebook = open_notebook(*CELLS)
    page, pictures = ready(notebook)
    assert pictures.count() == 10 and not any(is_blank(pixels(picture)) for picture in pictures.all())
    assert not page.locator("figure img[alt*='two first composites']").is_visible(), "the still picture hides"

    before = pixels(pictures.nth(ROW_OF_F))
    image = pictures.nth(ROW_OF_F).locator("img")
    source = image.get_attribute("src")
    begun = time.perf_counter()
    pictures.nth(8).click(position=place(pictures.nth(8), 20.5 / 24, 3.5 / 24))  # on the map of L_c
    page.wait_for_function("([img, old]) => img.src !== old", arg=[image.element_handle(), source])
    seconds = time.perf_counter() - begun
    print(f"from click to new picture: {seconds:.2f} s")
    assert seconds < slowest_s(10)
    notebook.until("explorer.view.cell == (3, 20) and not explorer.busy")
    assert (pixels(pictures.nth(ROW_OF_F)) != before).any()

    pictures.nth(8).press("Shift+ArrowLeft")  # four to the left
    notebook.until("explorer.view.cell == explorer.pictures['f', 'left'].cell == (3, 16)")
    text = page.locator(".rwlib-panel div[role=status]").filter(has_text="position")
    assert notebook.python("print(explorer.sentence.value)").find(text.first.inner_text()[:40]) > 0


def test_a_click_during_work_is_not_lost(open_notebook):
    notebook = open_notebook(*CELLS)
    page, pictures = ready(notebook)
    page.get_by_role("button", name="192 px").click()
    pictures.first.click(position=place(pictures.first, 100 / 192, 30 / 192))
    page.get_by_role("button", name="cosine").press("Enter")
    notebook.until("explorer.scene.side == 48 and explorer.view.cosine and not explorer.busy")
    row, column = notebook.python("print(*explorer.view.cell)").split()
    assert abs(int(row) - 30 / 4) < 3 and abs(int(column) - 100 / 4) < 3, "the place that was clicked"
    assert notebook.python("print(explorer.pictures['f', 'truth'].cell == explorer.view.cell)") == "True"
