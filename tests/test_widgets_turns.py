"""What a page sends is done in the order in which it was sent, whichever thread of the kernel hears it first."""

import random
import threading

import numpy as np
import pytest
from canvas_page import CanvasPage

from rwlib.widgets import HolePainter
from rwlib.widgets.shared import panel, turns
from rwlib.widgets.shared.turns import Turns


@pytest.fixture(autouse=True)
def no_faults():
    panel.FAULTS.clear()
    yield
    assert not panel.FAULTS


def test_messages_of_many_threads_are_done_in_order():
    turn, done, numbers = Turns(), [], list(range(300))
    random.Random(0).shuffle(numbers)
    parts = [numbers[i::6] for i in range(6)]

    def hear(part):
        for number in part:
            turn.take("page", number, lambda number=number: done.append(number))

    threads = [threading.Thread(target=hear, args=[part]) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == list(range(300))


def test_pages_do_not_wait_for_each_other():
    turn, done = Turns(), []
    turn.take("a", 1, lambda: done.append("a1"))
    turn.take("b", 0, lambda: done.append("b0"))
    assert done == ["b0"]
    turn.take("a", 0, lambda: done.append("a0"))
    assert done == ["b0", "a0", "a1"]


def test_a_message_that_never_comes_is_not_waited_for_for_ever(monkeypatch):
    now = 0.0
    monkeypatch.setattr(turns.time, "monotonic", lambda: now)
    turn, done = Turns(), []
    for number in (0, 3, 2):
        turn.take("page", number, lambda number=number: done.append(number))
    now = turns.PATIENCE_S + 1
    assert done == [0]
    turn.take("page", 4, lambda: done.append(4))
    assert done == [0, 2, 3, 4]
    turn.take("page", 1, lambda: done.append(1))  # it was only late
    turn.take("page", 5, lambda: done.append(5))
    assert done == [0, 2, 3, 4, 1, 5]


def test_a_click_never_overtakes_a_stroke():
    p = HolePainter(np.zeros((40, 50, 3), np.uint8))
    page, first, second = CanvasPage(p.canvas), np.zeros((40, 50), bool), np.zeros((40, 50), bool)
    first[:10, :10], second[20:30] = True, True
    filled = []
    p.later = lambda kind, compute, show, **_: filled.append((kind, p.state.hole.copy()))
    stroke, click = page.late_stroke(first), page.late_click(p.controls.inpaint)
    more, undo = page.late_stroke(second), page.late_click(p.controls.undo)
    undo(), more(), click()
    assert not p.state.hole.any() and not filled
    stroke()
    [(kind, hole)] = filled
    assert kind == "inpaint" and np.array_equal(hole, first) and np.array_equal(p.state.hole, first)


def test_all_buttons_of_a_hole_panel_take_their_turn():
    p = HolePainter(np.zeros((40, 50, 3), np.uint8))
    c = p.controls
    for button in (c.undo, c.clear, c.random, c.inpaint, c.save_result, c.save_mask):
        assert f"rwlib-in-turn-{button.model_id}" in button._dom_classes
