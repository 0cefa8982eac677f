"""Tables: running sums equal whole columns, the paper's 750 numbers are there, plots say what was measured."""

import csv
import math

import numpy as np
import pytest
from PIL import Image

from rwlib.conventions import InputError
from rwlib.evaluation.paper import NOTES, beside_paper, paper_values
from rwlib.evaluation.plot import draw
from rwlib.evaluation.report import report, write_reports
from rwlib.evaluation.tables import METRICS, Running, Summary, bucket_name, summarise
from rwlib.metrics import mean_and_interval

RNG = np.random.default_rng(0)


def running_of(values):
    running = Running()
    for value in values:
        running.add(value)
    return running


@pytest.mark.parametrize(
    "values",
    [[1.0, 2.0, 3.0], [5.0], RNG.normal(size=50), 1e5 + RNG.normal(size=20), [1.0, math.inf], [math.nan, 2.0], [4, 4]],
)
def test_running_equals_the_whole_column(values):
    running = running_of(values)
    expected = mean_and_interval(np.asarray(values, float))
    assert (running.mean, running.half_width) == pytest.approx(expected, rel=1e-9, nan_ok=True)


def rows(photos, methods=("ours", "mean"), cells=(("contiguous", 2), ("discontiguous", 0)), metrics=METRICS):
    """Values of which every one says where it stands; the methods differ by 1 on every photograph, more or less."""
    rng = np.random.default_rng(1)
    return [
        [
            {"method": method, "kind": kind, "bucket": bucket, "photo": photo}
            | {metric: 20 + 5 * photo - m + 0.1 * rng.normal() for metric in metrics}
            for kind, bucket in cells
            for m, method in enumerate(methods)
        ]
        for photo in range(photos)
    ]


def filled(photos=6, **options):
    summary = Summary(options.get("metrics", METRICS))
    for found in rows(photos, **options):
        summary.add(found)
    return summary


def column(photos, method, kind, metric="hole_psnr"):
    return [row[metric] for found in rows(photos) for row in found if (row["method"], row["kind"]) == (method, kind)]


def test_photograph_by_photograph_is_the_same_as_all_at_once():
    everything = [row for found in rows(6) for row in found]
    for metric in ("hole_psnr", "ssim", "l1"):
        assert filled().table(metric) == summarise(everything, metric)
    mean, half_width = mean_and_interval(column(6, "ours", "contiguous"))
    assert f"| contiguous 20–30 % | {mean:.2f} ± {half_width:.2f} | " in filled().table("hole_psnr")


def test_pairs_take_out_what_photographs_share():
    mean, half_width = mean_and_interval(
        np.subtract(column(6, "ours", "discontiguous"), column(6, "mean", "discontiguous"))
    )
    title, _, _, line = filled().paired("hole_psnr").splitlines()
    assert title == "| hole_psnr, ours minus | mean |"
    assert line == f"| discontiguous 0–10 % | {mean:+.2f} ± {half_width:.2f} |"
    assert half_width < 0.3 < 5 < mean_and_interval(column(6, "ours", "discontiguous"))[1]


def test_order_and_units_of_a_table():
    cells = [("discontiguous", 5), ("contiguous", 3), ("contiguous", 1)]
    summary = filled(cells=cells, methods=("b", "a"))
    lines = summary.table("l1").splitlines()
    mean = summary.means["b", "contiguous", 1, "l1"].mean
    assert lines[0] == "| l1, 10⁻³ | b | a |" and lines[2].split(" | ")[1].startswith(f"{1000 * mean:.2f} ± ")
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| contiguous 10–20 %", "| contiguous 30–40 %", "| discontiguous 50–60 %",
    ]  # fmt: skip


def test_a_method_that_was_not_measured_in_a_cell_is_a_dash():
    summary = filled()
    summary.add([{"method": "late", "kind": "contiguous", "bucket": 2, "photo": 0} | dict.fromkeys(METRICS, 1.0)])
    assert summary.table("psnr").splitlines()[-1].endswith("| – |")


def test_no_rows():
    with pytest.raises(InputError, match="rows: expected at least one, got none"):
        summarise([])


def with_distances(summary, width, name="vgg_frechet"):
    summary.distance_width = width
    for i, method in enumerate(summary.methods):
        for kind, bucket in summary.cells:
            summary.distances[method, kind, bucket] = {name: 10.0 + i + bucket / 10}
    return summary


def test_distances_say_when_there_are_too_few_pictures():
    few = with_distances(filled(), 6).distance_table("vgg_frechet").splitlines()
    assert few[0] == "| vgg_frechet, small N (6 ≤ 6) | ours | mean |"
    assert few[2] == "| contiguous 20–30 % | 10.20 | 11.20 |"
    assert with_distances(filled(), 5).distance_table("vgg_frechet").startswith("| vgg_frechet, N = 6 | ")


def test_summary_csv(tmp_path):
    summary = with_distances(filled(), 4)
    summary.write_csv(tmp_path / "summary.csv")
    with open(tmp_path / "summary.csv", newline="") as opened:
        found = {(row["method"], row["kind"], row["bucket"], row["metric"]): row for row in csv.DictReader(opened)}
    assert len(found) == 2 * 2 * (len(METRICS) + 1)
    row = found["mean", "contiguous", "2", "hole_psnr"]
    key = ("mean", "contiguous", 2, "hole_psnr")
    assert int(row["n"]) == 6
    assert float(row["mean"]) == pytest.approx(summary.means[key].mean, rel=1e-5)
    assert float(row["first_minus_this"]) == pytest.approx(summary.differences[key].mean, rel=1e-5)
    assert found["ours", "contiguous", "2", "hole_psnr"]["first_minus_this"] == ""
    assert found["mean", "contiguous", "2", "vgg_frechet"]["mean"] == "11.2"


# --- the paper's tables


def test_all_numbers_of_tables_2_and_3_are_there():
    values = paper_values()
    assert len(values) == 2 * 3 * 5 * 5 and all(len(methods) == 5 for methods in values.values())
    corners = {  # first and last cell of every row of headings, read off the paper once more
        ("celeba-hq", "contiguous", "psnr", 0, "CA"): 24.72,
        ("places2", "contiguous", "psnr", 0, "ours"): 29.28,
        ("paris", "contiguous", "psnr", 1, "CA"): 22.645,
        ("paris", "contiguous", "l1_1e3", 4, "EC"): 30.89,
        ("celeba-hq", "contiguous", "l2_1e3", 2, "PIC"): 5.50,
        ("paris", "contiguous", "ssim", 3, "PConv"): 0.771,
        ("places2", "contiguous", "fid", 4, "ours"): 16.21,
        ("celeba-hq", "discontiguous", "psnr", 0, "CA"): 33.39,
        ("paris", "discontiguous", "psnr", 0, "ours"): 49.73,
        ("celeba-hq", "discontiguous", "l1_1e3", 3, "CA"): 20.57,
        ("places2", "discontiguous", "l2_1e3", 4, "PLU"): 8.69,
        ("celeba-hq", "discontiguous", "ssim", 1, "ours"): 0.955,
        ("paris", "discontiguous", "fid", 3, "EC"): 61.94,
        ("places2", "discontiguous", "fid", 0, "ours"): 0.02,
    }
    for (*key, method), value in corners.items():
        assert values[tuple(key)][method] == value, key


def test_what_the_notes_say_about_the_papers_numbers_is_so():
    """l2 is on [0, 1] (a mean of PSNRs is never below the PSNR of the mean), and the odd entries are odd."""
    values = paper_values()
    possible = {1: 0, 4: 0}
    for (data, kind, metric, bucket), psnrs in values.items():
        if metric == "psnr":
            for method, psnr in psnrs.items():
                l2 = values[data, kind, "l2_1e3", bucket][method] / 1e3
                for scale in possible:
                    possible[scale] += psnr >= -10 * math.log10(l2 / scale) - 0.1
    assert possible == {1: 150, 4: 5}
    for bucket in range(5):
        fids = [values[data, "discontiguous", "fid", bucket]["CA"] for data in ("celeba-hq", "places2")]
        assert fids[0] == fids[1] and f"{fids[0]:.2f}" in NOTES
    falls = [
        (key[0], key[1], method)
        for key, methods in values.items() if key[2] in ("l1_1e3", "l2_1e3", "fid") and key[3] < 4
        for method, value in methods.items() if values[*key[:3], key[3] + 1][method] < value
    ]  # fmt: skip
    assert falls == [("celeba-hq", "discontiguous", "CA")]


def test_beside_the_paper():
    summary = filled(cells=[("contiguous", 0), ("contiguous", 5), ("discontiguous", 1)])
    text = beside_paper(summary, "places2")
    assert "| PSNR, dB, contiguous | ours | mean | table 2: CA |" in text
    assert "| SSIM, discontiguous | ours | mean | table 3: CA | table 3: PConv | table 3: EC | table 3: PLU |" in text
    psnr = next(line for line in text.splitlines() if line.startswith("| 0–10 %"))
    assert psnr.endswith("| 23.51 | 28.26 | 25.61 | 26.16 | 29.28 |")
    assert text.count("| 50–60 % |") == 4 and "| – | – | – | – | – |" in text  # the paper has no such bucket
    running = summary.means["ours", "contiguous", 0, "l2"]
    assert f"| 0–10 % | {1e3 * running.mean:.2f} ± {1e3 * running.half_width:.2f} | " in text
    assert "FID" not in text  # nothing of ours could stand beside it
    assert "| FID, contiguous |" in beside_paper(with_distances(summary, 3, "fid"), "places2")
    assert "| 22.645 |" in beside_paper(filled(cells=[("contiguous", 1)]), "paris")  # as printed
    with pytest.raises(InputError, match="beside_paper: expected one of celeba-hq, paris, places2; got 'ffhq'"):
        beside_paper(summary, "ffhq")


# --- what is left for people


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
    with pytest.raises(InputError, match="out: cannot write to .*none .No such file"):
        write_reports(summary, text, tmp_path / "none")


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
