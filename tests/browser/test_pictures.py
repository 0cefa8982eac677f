"""Choosing a cell of a picture, and the picture that stands in for a widget without a kernel."""

from lab import is_blank, pixels

CELLS = (
    "import numpy as np\nfrom rwlib.data import photos\nfrom rwlib.widgets.shared.panel import Panel\n"
    "from rwlib.widgets.shared.pictures import Picture, PointPicture\nfrom rwlib.course import show_images",
    """class Demo(Panel):
    def __init__(self, photo):
        super().__init__(title="demo")
        self.photo, self.point, self.shown = photo, PointPicture(8, 8, width_px=240), Picture(width_px=240)
        self.point.set(photo, "A photograph.")
        self.on_change(self.point, self.draw, "cell")
        self.show(self.point, self.shown)
        self.draw(self.point.cell)

    def draw(self, cell):
        row, column = (n * len(self.photo) // 8 for n in cell)
        side = len(self.photo) // 8
        part = self.photo[row : row + side, column : column + side]
        self.later("draw", lambda: part, lambda part: self.shown.set(part, f"Part {cell}."))

    def static(self):
        return show_images({"photo": self.photo}, alt="The photograph.")

demo = Demo(next(iter(photos().values()))[:256, :256])
demo""",
)


def test_a_click_and_a_key_choose_a_cell(open_notebook):
    notebook = open_notebook(*CELLS)
    notebook.run_all()
    page = notebook.page
    picture = page.locator(".rwlib-point-picture")
    picture.wait_for()
    assert not is_blank(pixels(picture))
    before = pixels(page.locator(".rwlib-panel img[alt^='Part']"))
    picture.click(position={"x": 10, "y": 230})
    page.locator(".rwlib-panel img[alt='Part (7, 0).']").wait_for()
    after = pixels(page.locator(".rwlib-panel img[alt^='Part']"))
    assert before.shape != after.shape or (before != after).any()
    picture.press("ArrowUp")
    page.locator(".rwlib-panel img[alt='Part (6, 0).']").wait_for()
    assert notebook.python("print(demo.point.cell)") == "(6, 0)"
    assert "Row 7 of 8, column 1 of 8 is chosen" in picture.get_attribute("aria-label")


def test_the_static_picture_is_hidden_while_the_widget_lives(open_notebook):
    notebook = open_notebook(*CELLS)
    notebook.run_all()
    static = notebook.page.locator("img[alt='The photograph.']")
    notebook.page.locator(".rwlib-point-picture").wait_for()
    assert static.count() == 1 and not static.is_visible()
