"""The training monitor in a real JupyterLab: Start, curves that grow, a light control meanwhile, Stop, Resume."""

import re
import time

import psutil
from lab import is_blank, pixels, slowest_s

from rwlib.training.run_folder import read_record
from rwlib.training.state import read_step

CELLS = (
    """from rwlib.config import make_config
from rwlib.data import Facades
from rwlib.widgets import TrainingMonitor

config = make_config(
    "balanced", "tiny", size_px=32, width=4, discriminator_width=4, batch_size=2, vgg="random", epochs=(1, 1),
    steps_per_epoch=2000, sample_every=4,
)""",
    "monitor = TrainingMonitor(config=config, source=Facades(0))\nmonitor",
)


def button(page, text):
    """Return one of the widget's buttons."""
    return page.locator(".rwlib-panel button").filter(has_text=re.compile(rf"^\s*{text}\s*$"))


def test_start_watch_stop_and_resume(open_notebook):
    notebook = open_notebook(*CELLS)
    notebook.run_all()
    page = notebook.page
    panel, picture = page.locator(".rwlib-panel"), page.locator(".rwlib-panel img").first
    panel.get_by_text("Nothing is trained yet").wait_for()
    notebook.wait_for_pictures(".rwlib-panel img")
    before = pixels(picture)
    assert not is_blank(before)

    button(page, "Start").click()
    page.locator(".rwlib-panel img[alt^='Curves of']").wait_for()
    page.locator(".rwlib-panel img[alt^='Rows of six pictures']").wait_for()
    notebook.wait_for_pictures(".rwlib-panel img")
    assert (pixels(picture) != before).any() and notebook.python("print(monitor.run.running)") == "True"

    # A light control answers while the training runs.
    source = picture.get_attribute("src")
    clicked = time.perf_counter()
    panel.get_by_text("logarithmic").click()
    page.wait_for_function("source => document.querySelector('.rwlib-panel img').src !== source", arg=source)
    print(f"from a click to new curves during a training: {time.perf_counter() - clicked:.2f} s")
    notebook.until("monitor.log_scale.value and monitor.run.running")

    button(page, "Stop").click()
    panel.get_by_text("Stopped after step").wait_for()
    notebook.until("not monitor.run.running and monitor.run.error is None")
    stopped_at = int(notebook.python("print(monitor.run.step)"))
    button(page, "Resume").click()
    notebook.until(f"monitor.run.step > {stopped_at}")
    notebook.python("monitor.close()")
    notebook.until("not monitor.run.running")
    panel.wait_for(state="detached")


def test_a_training_can_be_stopped_after_its_cell_ran_again_and_after_the_page_was_left(open_notebook):
    notebook = open_notebook(*CELLS)
    notebook.run_all()
    page = notebook.page
    button(page, "Start").click()
    notebook.until("monitor.run.step > 0")
    notebook.python("first = monitor.run")
    notebook.run_all()
    page.get_by_text("This training was started before").wait_for()
    assert notebook.python("print(monitor.run is first, first.running)") == "True True"
    notebook.reload()
    button(page, "Stop").click()
    page.get_by_text("Stopped after step").wait_for()
    assert notebook.python("print(first.running, first.resumable)") == "False True"


def test_a_restart_ends_a_training_with_a_checkpoint_and_the_page_says_so(open_notebook, tmp_path):
    notebook = open_notebook(*(cell.replace("Facades(0))", f"Facades(0), run={str(tmp_path)!r})") for cell in CELLS))
    notebook.run_all()
    page = notebook.page
    button(page, "Start").click()
    notebook.until("monitor.run.step > 3")
    kernel, before = int(notebook.python("import os; print(os.getpid())")), time.monotonic()
    notebook.restart()
    page.get_by_text("Python has ended here").wait_for()
    while psutil.pid_exists(kernel):
        time.sleep(0.05)
    seconds = time.monotonic() - before
    print(f"from the restart to a page that says so, and the old kernel's end: {seconds:.1f} s")
    assert seconds < slowest_s(10)
    record, step = read_record(tmp_path), read_step(tmp_path / "training.safetensors")
    assert record["status"] == "stopped" and (tmp_path / "curves.csv").read_bytes().count(b"\n") == step + 1 > 4
    notebook.run_all()
    page.get_by_text(f"Stopped after step {step}").wait_for()
    assert page.get_by_text("Python has ended here").count() == 0
    button(page, "Resume").click()
    notebook.until(f"monitor.run.step > {step}")
    button(page, "Stop").click()
    notebook.until("not monitor.run.running")


def test_a_monitor_whose_cell_was_cleared_no_longer_looks(open_notebook):
    notebook = open_notebook("from rwlib.widgets import TrainingMonitor\nmonitor = TrainingMonitor('none')\nmonitor")
    notebook.run_all()
    notebook.until("monitor._view_count == 1 and monitor.on_page")
    notebook.page.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    notebook.until("monitor._view_count == 0 and not monitor.on_page")
