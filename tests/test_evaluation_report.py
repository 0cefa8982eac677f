"""What an evaluation leaves for people: the text, its files in any locale, and a plot that shows every method."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from evaluation_examples import filled, with_distances
from PIL import Image

from rwlib.conventions import InputError
from rwlib.evaluation.plot import draw
from rwlib.evaluation.report import report, write_reports
from rwlib.masks import bucket_name

ROOT = Path(__file__).parents[1]


def test_report_and_files(tmp_path):
    summary = with_distances(filled(), 6)
    text = report(summary, about=["data x"], notes=["LPIPS is left out"], paper="paris")
    for words in ("- data x\n- 6 photographs", "| hole_psnr | ours", "| hole_psnr, ours minus | mean |", "small N (6",
                  "tables 2 and 3, paris", "How to read", "LPIPS is left out"):  # fmt: skip
        assert words in text, words
    write_reports(summary, text, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["summary.csv", "tables.md", "tables.png"]
    assert text in (tmp_path / "tables.md").read_text()
    assert Image.open(tmp_path / "tables.png").size[0] > 600
    alone = report(filled(methods=("ours",)))
    assert "minus" not in alone and "Distances" not in alone
    with pytest.raises(InputError, match="out: cannot write .*none.summary.csv .No such file"):
        write_reports(summary, text, tmp_path / "none")


def test_a_full_disk_is_one_line_and_leaves_what_was_there(tmp_path, monkeypatch):
    write_reports(filled(), "old", tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    fsync, calls = os.fsync, []

    def full(descriptor):
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            calls.append(descriptor)
            if len(calls) > 1:
                raise OSError(28, "No space left on device")
        return fsync(descriptor)

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="out: cannot write .* .No space left on device."):
        write_reports(filled(photos=4), "new", tmp_path)
    after = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert before.keys() == after.keys()
    assert sum(before[name] != after[name] for name in before) == 1


@pytest.mark.slow
def test_reports_are_utf8_whatever_the_locale(tmp_path):
    """ASCII, like Latin-1, has no dash and no ⁻³, and every machine has the locale C."""
    program = """
import locale, sys
from pathlib import Path
assert locale.getencoding().lower().startswith("ansi")
sys.path.insert(0, sys.argv[2])
from evaluation_examples import filled
from rwlib.evaluation.paper import paper_values
from rwlib.evaluation.report import report, write_reports
text = report(filled(), paper="paris")
write_reports(filled(), text, Path(sys.argv[1]))
"""
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, str(tmp_path), str(ROOT / "tests")]
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | env)
    assert run.returncode == 0, run.stderr
    assert "10⁻³" in (tmp_path / "tables.md").read_text(encoding="utf-8")


def test_the_plot_shows_every_method_in_every_cell():
    summary = with_distances(filled(cells=[("contiguous", 1), ("contiguous", 3), ("discontiguous", 1)]), 6)
    axes = draw(summary).axes
    assert len(axes) == 4 * 2  # three metrics and the distance, two kinds
    assert [axis.get_title() for axis in axes[:2]] == ["contiguous holes", "discontiguous holes"]
    assert "small N" in axes[6].get_ylabel() and "lower is better" in axes[6].get_ylabel()
    assert [label.get_text() for label in axes[6].get_xticklabels()] == [bucket_name(1), bucket_name(3)]
    ours, mean = axes[0].containers
    assert ours.get_label() == "ours" and list(ours.lines[0].get_ydata()) == [
        summary.means["ours", "contiguous", bucket, "hole_psnr"].mean for bucket in (1, 3)
    ]
    assert ours.lines[0].get_color() != mean.lines[0].get_color()
    assert ours.lines[0].get_linestyle() != mean.lines[0].get_linestyle()  # not by colour alone
