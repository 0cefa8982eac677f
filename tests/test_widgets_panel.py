"""What all widgets share: work in a thread, the newest wish, errors as messages, a picture without a kernel."""

import re
import threading
import time
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
import torch

import rwlib.widgets
from rwlib.conventions import InputError
from rwlib.course import show_images
from rwlib.widgets.shared import panel as panel_module
from rwlib.widgets.shared.panel import COMPUTING, FAULTS, STALE, Panel
from rwlib.widgets.shared.pictures import Picture, PointPicture, to_png


def refuse(text="size: expected more"):
    raise InputError(text)


def test_the_newest_wish_of_each_kind_is_done_and_none_of_another_kind_is_lost():
    panel, shown, gate = Panel(title="t"), [], threading.Event()
    panel.later("slow", gate.wait, lambda _: shown.append("slow"))
    while panel._background.waits("slow"):
        time.sleep(0.001)
    for n in range(5):
        panel.later("a", lambda n=n: n, shown.append)
    panel.later("b", lambda: "b", shown.append)
    panel.later("c", lambda: "c", shown.append, urgent=True)
    assert panel.busy and shown == []
    gate.set()
    panel.wait()
    assert shown == ["slow", "c", 4, "b"] and not panel.busy


def test_work_is_done_without_gradients_one_at_a_time_and_not_in_the_callers_thread():
    panel, seen = Panel(title="t"), []
    panel.later(
        "a", lambda: (torch.is_grad_enabled(), threading.current_thread() is threading.main_thread()), seen.append
    )
    panel.later("b", torch.is_grad_enabled, seen.append, grad=True)
    panel.wait()
    assert seen == [(False, False), True]
    with COMPUTING:
        panel.later("c", lambda: 1, seen.append)
        with pytest.raises(TimeoutError, match="t: still busy after 0.2 s"):
            panel.wait(0.2)
    panel.wait()
    assert seen[-1] == 1


def test_a_page_that_loads_while_a_picture_is_computed_gets_it_when_it_has_drawn_the_panel(monkeypatch):
    panel, inner, picture, gate = Panel(title="t"), Panel(title="i"), ipywidgets.HTML(), threading.Event()
    panel.show(ipywidgets.HBox([picture]), inner)
    panel.later("a", gate.wait, lambda _: setattr(picture, "value", "<img>"))
    sent = []
    monkeypatch.setattr(ipywidgets.Widget, "_send", lambda self, message, buffers=None: sent.append((self, message)))

    def drawn():
        sent.clear()
        content = {"method": "custom", "content": {"kind": "drawn"}}
        panel._page._handle_msg({"content": {"data": content}, "buffers": []})
        return {widget.model_id: message["state"] for widget, message in sent}

    assert drawn() == {}, "a page that was there when the panel was made has heard everything"
    assert ipywidgets.Widget.get_manager_state()["state"][picture.model_id]["state"]["value"] == ""
    gate.set()  # between the states that a page asks for, and the widgets that it makes of them
    panel.wait()
    states = drawn()
    assert states[picture.model_id]["value"] == "<img>" and panel.layout.model_id in states
    assert inner.model_id not in states, "it says itself when it is drawn"
    assert "_view_count" not in states[panel.model_id] and drawn() == {}


def test_bad_input_is_a_message_and_good_input_clears_it():
    panel, button, slider = Panel(title="t"), ipywidgets.Button(), ipywidgets.IntSlider(3)
    panel.on_click(button, lambda: refuse("<b>size</b>: expected more"))
    panel.on_change(slider, lambda value: panel.later("a", lambda: refuse() if value > 5 else value, lambda _: None))
    button.click()
    assert "&lt;b&gt;size" in panel.message.value and 'role="alert"' in panel.message.value
    slider.value = 7
    panel.wait()
    assert "size: expected more" in panel.message.value
    slider.value = 2
    panel.wait()
    assert panel.message.value == "" and not FAULTS


def test_an_error_that_is_no_longer_asked_for_is_not_shown():
    panel, gate = Panel(title="t"), threading.Event()
    panel.later("a", lambda: gate.wait() and refuse(), lambda _: None)
    while panel._background.waits("a"):
        time.sleep(0.001)
    panel.later("a", lambda: 1, lambda _: None)
    gate.set()
    panel.wait()
    assert panel.message.value == ""


def test_a_result_about_something_else_is_dropped_and_what_is_shown_is_marked_until_the_new_one_is_there():
    panel, shown, gate, asked = Panel(title="t"), [], threading.Event(), ["photo 1"]

    def ask(photo, compute, show=shown.append):
        asked[0] = photo
        panel.later("a", compute, show, about=lambda: asked[0])

    ask("photo 1", lambda: "result 1")
    panel.wait()
    assert shown == ["result 1"] and STALE not in panel._dom_classes
    ask("photo 2", lambda: gate.wait(20) and "result 2")
    while panel._background.waits("a"):
        time.sleep(0.001)
    assert STALE in panel._dom_classes
    ask("photo 3", lambda: refuse("photo 3: damaged"))
    gate.set()
    panel.wait()
    assert shown == ["result 1"] and STALE in panel._dom_classes and "damaged" in panel.message.value
    ask("photo 1", lambda: "result 1")
    panel.wait()
    assert shown == ["result 1", "result 1"] and STALE not in panel._dom_classes and panel.message.value == ""

    def show_too_late(result):
        asked[0] = "photo 4"  # a control that changes between the question and the picture
        shown.append(result)

    ask("photo 2", lambda: "result 2", show_too_late)
    panel.wait()
    assert shown[-1] == "result 2" and STALE in panel._dom_classes, "it is shown, and marked"


def test_an_error_that_was_not_foreseen_is_shown_and_raised_again(caplog):
    panel, button = Panel(title="t"), ipywidgets.Button()
    panel.on_click(button, lambda: 1 / 0)
    button.click()
    assert "ZeroDivisionError" in panel.message.value and "please report" in panel.message.value
    with pytest.raises(ZeroDivisionError):
        panel.wait()
    assert len(FAULTS) == 1 and "not foreseen" in caplog.text
    FAULTS.clear()


def test_a_saved_notebook_has_a_picture_that_the_live_widget_hides(monkeypatch):
    class Demo(Panel):
        def static(self):
            return show_images({"black": np.zeros((8, 8, 3), np.uint8)}, alt="A black square.")

    shown = []
    monkeypatch.setattr("rwlib.widgets.shared.panel.display", lambda what, **kwargs: shown.append(what))
    demo = Demo(title="t")
    demo._ipython_display_()
    widget, picture = shown
    assert widget["application/vnd.jupyter.widget-view+json"]["model_id"] == demo.model_id
    assert f'class="rwlib-static-{demo.model_id}"' in picture.data and 'alt="A black square."' in picture.data
    assert [child.panel for child in demo.children if hasattr(child, "panel")] == [demo.model_id]


@pytest.mark.parametrize(("theme", "page"), [("", "#ffffff"), ('[data-jp-theme-light="false"] ', "#212121")])
def test_errors_can_be_read_on_light_and_dark_pages(theme, page):
    css = Path(panel_module.__file__).with_name("panel.css").read_text()
    (color,) = re.findall(rf'^{re.escape(theme)}\.rwlib-panel \[role="alert"\] {{ color: (#\w+) }}', css, re.MULTILINE)

    def luminance(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted([luminance(color), luminance(page)])
    assert (high + 0.05) / (low + 0.05) > 4.5


def test_the_focus_is_seen_on_every_page():
    """In the colour of the page's own text, which can be read on it, and not in a theme's pale blue."""
    css = Path(panel_module.__file__).with_name("panel.css").read_text()
    (outline,) = re.findall(r"^\.rwlib-panel :focus-visible { outline: ([^}]*)", css, re.MULTILINE)
    assert outline.startswith("2px solid var(--jp-ui-font-color1, currentColor) !important")


def test_pictures_have_a_text_and_keep_their_pixels_square():
    picture = Picture(width_px=120)
    picture.set(np.zeros((8, 4, 3), np.uint8), 'A "black" bar.', "caption & more")
    assert 'alt="A &quot;black&quot; bar."' in picture.value and "caption &amp; more" in picture.value
    from io import BytesIO

    from PIL import Image

    assert Image.open(BytesIO(to_png(torch.zeros(1, 3, 8, 4), side_px=32))).size == (16, 32)


def test_a_cell_stays_inside_the_grid():
    point = PointPicture(4, 6)
    assert point.cell == (2, 3)
    point.cell = (9, -2)
    assert point.cell == (3, 0)


def test_every_widget_is_found_by_name_and_no_other():
    assert rwlib.widgets.__all__ == dir(rwlib.widgets)
    for name in rwlib.widgets.__all__:
        assert issubclass(getattr(rwlib.widgets, name), Panel)
    with pytest.raises(AttributeError, match="has no 'Painter'; it has AblationStudio"):
        _ = rwlib.widgets.Painter
