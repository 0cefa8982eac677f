"""The monitor: numbers and pictures from a snapshot, controls that act, and a message for everything that is wrong."""

import html
import io
import json
import time
import types
from functools import partial

import numpy as np
import pytest
from examples import tiny as smallest
from examples import until
from PIL import Image

from rwlib.config import make_config
from rwlib.data import Facades
from rwlib.training.methods import METHODS
from rwlib.widgets import TrainingMonitor
from rwlib.widgets.monitor import chart as monitor_chart
from rwlib.widgets.monitor.chart import Chart, describe, draw, read_sheet
from rwlib.widgets.monitor.snapshot import Snapshot, clock, facts, parts_ms, smooth
from rwlib.widgets.shared.live import LiveTraining
from rwlib.widgets.shared.watch import WatchedRun

NAN = float("nan")

tiny = partial(smallest, steps_per_epoch=3)


def snapshot(n=40, phase_one=30, total=60, **changes):
    """A run in phase two, made up."""
    late = [NAN] * phase_one
    curves = {
        "step": list(range(n)), "L": [1 / (i + 1) for i in range(n)], "L_r": [0.9 / (i + 1) for i in range(n)],
        "L_c": [100.0] * n, "L_s": [1000.0] * n, "L_a": [*late, *[-0.5] * (n - phase_one)],
        "D_gt": [*late, *[0.4] * (n - phase_one)], "D_p2": [*late, *[0.1] * (n - phase_one)],
        "L_D": [*late, *[1.9] * (n - phase_one)], "learning_rate": [4e-4] * n, "dataloader_wait_s": [0.010] * n,
        "ms_forward": [60.0] * n, "ms_losses": [20.0] * n, "ms_discriminator": [30.0] * n, "ms_backward": [70.0] * n,
        "ms_update": [10.0] * n,
    }  # fmt: skip
    weights = {"L_r": 1.0, "L_c": 4e-5, "L_s": 3e-6, "L_a": 0.03}
    given = {"word": "running", "step": n, "total": total, "ends": (phase_one, total), "weights": weights}
    return Snapshot(**given | {"margins": (-1.0, 1.0), "curves": curves, "memory_mb": 1234.0} | changes)


# --- numbers


def test_smoothing_by_hand():
    assert smooth([2.0, 4.0, 9.0, 1.0], 3).tolist() == [2.0, 3.0, 5.0, 14 / 3]
    assert smooth([1.0, 5.0], 1).tolist() == [1.0, 5.0]
    found = smooth([NAN, 2.0, NAN, 6.0], 4)
    assert np.isnan(found[[0, 2]]).all() and found[[1, 3]].tolist() == [2.0, 4.0]
    assert smooth([], 5).shape == (0,)


def test_parts_of_a_step_are_means_over_the_last_twenty():
    shown = snapshot()
    shown.curves["ms_forward"][:20] = [9e9] * 20
    assert parts_ms(shown.curves) == {
        "data": 10, "forward": 60, "losses": 20, "discriminator": 30, "backward": 70, "update": 10
    }  # fmt: skip
    assert parts_ms({}) == {} and "discriminator" not in parts_ms({"ms_discriminator": [0.0]})


def test_facts_say_how_fast_and_how_long():
    known = facts(snapshot())  # 200 ms a step, 20 steps left
    assert known["speed"] == "5.0 steps/s" and known["left"] == "0:04" and known["memory"] == "1,234 MB"
    assert known["step"] == "40 of 60, phase 2" and known["learning rate"] == "0.0004"
    assert facts(snapshot(20))["step"] == "20 of 60, phase 1"
    assert "left" not in facts(snapshot(word="stopped"))
    assert facts(Snapshot()) == {}
    assert clock(3599.6) == "1:00:00" and clock(-1) == "0:00"


# --- picture


def lines(axis):
    return {line.get_label(): line for line in axis.lines if not line.get_label().startswith("_")}


def test_curves_are_weighted_as_in_the_objective_or_not():
    left, middle, right = draw(snapshot(), smoothing=1).axes
    weighted = lines(left)
    assert weighted.keys() == {"L", "L_r", "λ₁ L_c", "λ₂ L_s", "λ₃ L_a"}
    assert weighted["λ₁ L_c"].get_ydata()[0] == pytest.approx(4e-3)
    assert weighted["λ₃ L_a"].get_ydata()[-1] == pytest.approx(-0.015)
    assert lines(middle).keys() == {"D(I_gt)", "D(I_p2)", "L_D"} and middle.get_xlim() == (30, 60)
    assert [text.get_text() for text in right.get_yticklabels()] == [
        "data", "forward", "losses", "discriminator", "backward", "update"
    ]  # fmt: skip
    plain = lines(draw(snapshot(), smoothing=1, weighted=False).axes[0])
    assert plain["L_c"].get_ydata()[0] == 100
    assert any(line.get_xdata()[0] == 30 for line in left.lines if line not in weighted.values()), "phase boundary"
    assert [y for line in middle.lines for y in line.get_ydata() if abs(y) == 1] == [-1, -1, 1, 1], "hinge margins"


@pytest.mark.parametrize("model", ["pconv", "ca", "gated", "ec", "pic"])
def test_a_rivals_losses_and_scores_have_their_own_names(model):
    names, n = METHODS[model].losses, 12
    curves = {"step": list(range(n))} | {name: [2.0] * n for name in names}
    config = make_config("paper", "tiny", model=model)
    shown = Snapshot(step=n, total=30, ends=(10, 20, 30), model=model, weights=config.loss_weights(), curves=curves)
    left, middle, _ = draw(shown, smoothing=1).axes
    weighted = lines(left)
    assert len(weighted) == 1 + len(config.loss_weights()) and left.get_title().endswith("weighted")
    for name, weight in config.loss_weights().items():
        label = name if weight == 1 else f"{weight:g} {name}"
        assert weighted[label].get_ydata()[0] == pytest.approx(2 * weight)
    there = {"pconv": set(), "ca": {"D(I_gt)", "D(I_c2)", "L_D", "L_D_penalty"}, "gated": {"D(I_gt)", "D(I_c2)", "L_D"},
             "ec": {"D(I_gt)", "D(I_p)", "L_D"},
             "pic": {"D(I_gt)", "D(I_gen)", "D_rec(I_gt)", "D_rec(I_rec)", "L_D", "L_D_rec"}}  # fmt: skip
    assert lines(middle).keys() == there[model]
    assert ("has no discriminator" in "".join(text.get_text() for text in middle.texts)) == (model == "pconv")
    assert [text.get_text() for text in left.texts] == ["phase two", "phase three"]
    assert describe(shown).startswith("Curves of 12 steps. L from 2 to 2.")
    assert facts(shown)["step"] == "12 of 30, phase 2"


def test_a_logarithmic_axis_leaves_out_what_is_not_positive():
    left = draw(snapshot(), log=True).axes[0]
    assert left.get_yscale() == "log"
    assert np.isnan(lines(left)["λ₃ L_a"].get_ydata()).all() and np.isfinite(lines(left)["L"].get_ydata()).all()
    assert draw(Snapshot(), log=True).axes[0].get_yscale() == "linear"


def test_only_the_panels_that_change_are_drawn_again(monkeypatch):
    drawn = []
    draw_panel = monitor_chart._draw_panel
    monkeypatch.setattr(
        monitor_chart, "_draw_panel", lambda panel, *rest: drawn.append(panel) or draw_panel(panel, *rest)
    )
    chart, shown = Chart(), snapshot()
    whole = chart.pngs(shown)
    assert drawn == ["losses", "scores", "times"]
    assert chart.pngs(shown) == whole and len(drawn) == 3
    assert chart.pngs(shown, log=True) != whole and drawn[3:] == ["losses"]
    chart.pngs(shown, log=True, smoothing=3)
    assert drawn[4:] == ["losses", "scores"]
    assert chart.pngs(snapshot()) == whole and drawn[6:] == ["losses", "scores", "times"]
    panels = [np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int) for png in whole]
    pixels = np.concatenate(panels, axis=1)
    figure = io.BytesIO()
    draw(shown).savefig(figure, format="png", dpi=100)
    one = np.asarray(Image.open(figure).convert("RGB")).astype(int)
    assert pixels.shape == one.shape and (abs(pixels - one).max(2) > 60).mean() < 0.02, "the same picture as `draw`"


@pytest.mark.parametrize("n", [0, 1, 2, 30, 50_000])
def test_runs_of_all_lengths_can_be_drawn_and_described(n):
    shown = snapshot(n, min(n, 30), max(60, n)) if n else Snapshot()
    fig = draw(shown)
    fig.savefig(io.BytesIO(), format="png")
    assert all(len(line.get_xdata()) <= 1300 for line in fig.axes[0].lines)
    assert ("no step is done" in describe(shown)) == (n == 0) and (n < 2 or f"{n} steps" in describe(shown))


def test_the_description_names_beginnings_ends_and_the_slowest_part():
    said = describe(snapshot())
    assert "L from 0.18 to 0.034." in said and "D_gt from 0.4 to 0.4" in said and "backward, 70 ms" in said


# --- the widget


def folder_of_a_run(folder, steps=4, **values):
    folder.mkdir()
    record = {"config": json.loads(tiny().to_json()), "total_steps": 9, "status": "stopped"} | values
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "curves.csv").write_text(
        "step,phase,L,L_r\n" + "".join(f"{i},1,{1 / (i + 1)},0.5\n" for i in range(steps))
    )
    (folder / "samples").mkdir()
    Image.new("RGB", (60, 40), (200, 30, 30)).save(folder / "samples" / "step_000003.png")
    return folder


@pytest.fixture
def monitor(tmp_path):
    """A monitor of a folder that nobody writes to."""
    shown = TrainingMonitor(folder_of_a_run(tmp_path / "run"))
    shown.wait()
    yield shown
    shown.close()


def test_a_folder_is_shown(monitor):
    assert "Stopped after step 4 of 9" in monitor.status.value and "4 of 9, phase 1" in monitor.facts.value
    assert (monitor.progress.value, monitor.progress.max) == (4, 9)
    assert "4 steps" in monitor.curves.alt and monitor.curves.png[:4] == b"\x89PNG"
    assert "after step 3" in monitor.samples.alt and monitor.samples.png == read_sheet(monitor.snapshot.samples, 1240)
    assert monitor.start_button.description == "Resume" and not monitor.start_button.disabled
    assert monitor.stop_button.disabled


@pytest.mark.parametrize(("control", "value"), [("log_scale", True), ("weighted", False), ("smoothing", 3)])
def test_every_control_changes_the_picture(monitor, control, value):
    before = monitor.curves.png
    getattr(monitor, control).value = value
    monitor.wait()
    assert monitor.curves.png != before and monitor.curves.png[:4] == b"\x89PNG"


def test_it_looks_again_only_if_something_has_changed(monitor, monkeypatch):
    monitor._ticker.stop()
    monitor._ticker.thread.join(30)
    looks = []
    later = monitor.later
    monkeypatch.setattr(monitor, "later", lambda kind, *rest, **more: looks.append(kind) or later(kind, *rest, **more))
    monitor._rest_until = 0.0
    monitor._tick()
    assert looks == []
    with open(monitor.run.run_dir / "curves.csv", "a") as opened:
        opened.write("4,1,0.1,0.1\n")
    monitor._rest_until = time.monotonic() + 60
    monitor._tick()
    assert looks == [], "it rests after each look"
    monitor._rest_until = 0.0
    monitor._tick()
    monitor.wait()
    assert looks == ["look"] and monitor.snapshot.step == 5
    (monitor.run.run_dir / "samples" / "step_000005.png").write_bytes(b"not a picture")
    before = monitor.samples.png
    monitor._rest_until = 0.0
    monitor._tick()
    monitor.wait()
    assert monitor.samples.png == before, "a damaged sample leaves the last one"


def test_resuming_without_a_checkpoint_says_so(monitor):
    monitor.start_button.click()
    monitor.wait()
    assert "no checkpoint to go on from" in monitor.message.value


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"run": 3}, "run: expected a folder"),
        ({"config": 3}, "config: expected a Config"),
        ({"config": tiny(steps_per_epoch=0)}, "steps_per_epoch: the data has no end"),
    ],
)
def test_wrong_arguments_become_a_message(arguments, words):
    shown = TrainingMonitor(**arguments)
    shown.wait()
    assert words in shown.message.value and shown.start_button.disabled and shown.stop_button.disabled
    shown.start(), shown.stop(), shown.redraw()
    assert "nothing to watch" not in shown.message.value and "<img" in shown.static().data
    shown.close()


@pytest.mark.parametrize(("name", "words"), [("x" * 300, "too long"), ("loop", "symbolic links"), ("a\0b", "null")])
def test_a_folder_that_cannot_be_looked_into_is_a_message(tmp_path, name, words):
    (tmp_path / "loop").symlink_to("loop")
    shown = TrainingMonitor(tmp_path / name)
    assert f"run: cannot look into {tmp_path / name} (".replace("\0", r"\x00") in html.unescape(shown.message.value)
    assert words in shown.message.value and shown.start_button.disabled
    shown.close()


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"config": {"width": -1}, "total_steps": "x"}'])
def test_empty_and_damaged_folders_are_shown_as_such(tmp_path, content):
    folder = tmp_path / "run"
    if content is not None:
        folder.mkdir()
        (folder / "run.json").write_text(content)
        (folder / "curves.csv").write_bytes(b"\x00\xff\n,,,\nstep\n")
    shown = TrainingMonitor(folder)
    shown.wait()
    assert any(word in shown.status.value for word in ("no run yet", "cannot be read", "Stopped after step"))
    shown.close()


@pytest.mark.slow
def test_start_stop_resume_and_close_in_this_kernel(tmp_path):
    shown = TrainingMonitor(tmp_path / "run", config=tiny(steps_per_epoch=4000), source=Facades(0))
    shown.wait()
    assert "Nothing is trained yet" in shown.status.value and shown.start_button.description == "Start"
    shown.start_button.click()
    shown.start_button.click()  # a second click while it starts
    until(lambda: shown.snapshot.word == "running" and shown.snapshot.step >= 3)
    assert shown.start_button.disabled and not shown.stop_button.disabled
    shown.stop_button.click()
    shown.stop_button.click()
    assert shown.run.join(60)
    until(lambda: "Stopped after step" in shown.status.value)
    assert shown.start_button.description == "Resume"
    stopped_at = shown.run.step
    shown.start_button.click()
    until(lambda: shown.run.step >= stopped_at + 2)
    thread, run = shown._ticker.thread, shown.run
    shown.close()
    thread.join(10)
    assert not thread.is_alive() and run.join(60), "closing stops the ticker and the training"


@pytest.mark.slow
def test_a_cell_that_runs_twice_finds_its_training_and_stops_it():
    config = tiny(steps_per_epoch=4000)
    first = TrainingMonitor(config=config, source=Facades(0))
    first.start_button.click()
    until(lambda: first.run.step >= 1)
    second = TrainingMonitor(config=config, source=Facades(0))
    second.wait()
    assert second.run is first.run and "started before" in second.message.value
    assert not second.stop_button.disabled and second.start_button.disabled
    second.stop_button.click()
    until(lambda: "Stopped after step" in second.status.value)
    assert second.start_button.description == "Resume"
    first.close(), second.close()


@pytest.mark.parametrize("with_config", [True, False])
def test_a_folder_into_which_this_kernel_trains_is_shown_with_stop(tmp_path, with_config):
    config = tiny(steps_per_epoch=4000)
    live = LiveTraining(config, Facades(0), tmp_path)
    live.start()
    shown = TrainingMonitor(str(tmp_path), config=config if with_config else None)
    assert shown.run is live
    shown.stop()
    assert live.join(60)
    shown.close()


def test_a_folder_into_which_a_process_trains_is_shown_with_stop_and_not_trained_into(tmp_path, monkeypatch):
    process = types.SimpleNamespace(pid=17)
    monkeypatch.setattr("rwlib.widgets.monitor.widget.training_process", lambda pid, folder: process)
    shown = TrainingMonitor(tmp_path, config=tiny())
    shown.wait()
    assert isinstance(shown.run, WatchedRun) and "Process 17 trains into this folder" in shown.message.value
    shown.close()


def test_another_training_in_this_kernel_can_be_stopped_from_here(tmp_path):
    first = LiveTraining(tiny(steps_per_epoch=4000), Facades(0), tmp_path / "a")
    first.start()
    shown = TrainingMonitor(config=tiny(), source=Facades(0))
    shown.wait()
    assert "Another training runs in this kernel" in shown.status.value and not shown.stop_button.disabled
    shown.start_button.click()
    shown.wait()
    assert "another one runs in this kernel" in shown.message.value
    shown.stop_button.click()
    assert first.join(60)
    until(lambda: "Nothing is trained yet" in shown.status.value)
    assert shown.stop_button.disabled and not shown.start_button.disabled
    shown.close()


def test_the_still_picture_is_true_and_small(monitor):
    still = monitor.static().data
    assert (
        "4 of 9" in still and "still picture" in still and 'alt="Curves of 4 steps.' in still and len(still) < 150_000
    )


def test_a_sheet_is_read_whole_or_not_at_all(tmp_path):
    assert read_sheet(None, 1240) == b"" and read_sheet(tmp_path / "none.png", 1240) == b""
    Image.new("RGB", (4000, 2000)).save(tmp_path / "large.png")
    assert max(Image.open(io.BytesIO(read_sheet(tmp_path / "large.png", 1240))).size) == 1240
    (tmp_path / "half.png").write_bytes((tmp_path / "large.png").read_bytes()[:200])
    assert read_sheet(tmp_path / "half.png", 1240) == b""
