"""Tables: running means equal whole columns, pairs are compared, rows read back."""

import csv
import io

import numpy as np
import pytest
from evaluation_examples import column, filled, rows, with_distances

from rwlib.conventions import InputError
from rwlib.evaluation import mean_and_interval, summarise, write_rows
from rwlib.metrics import METRICS


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


def test_distances_say_when_there_are_too_few_pictures():
    few = with_distances(filled(), 6).distance_table("vgg_frechet").splitlines()
    assert few[0] == "| vgg_frechet, small N (6 ≤ 6) | ours | mean |"
    assert few[2] == "| contiguous 20–30 % | 10.20 | 11.20 |"
    assert with_distances(filled(), 5).distance_table("vgg_frechet").startswith("| vgg_frechet, N = 6 | ")


def test_summary_csv():
    summary = with_distances(filled(), 4)
    read = csv.DictReader(io.StringIO(summary.csv()))
    found = {(row["method"], row["kind"], row["bucket"], row["metric"]): row for row in read}
    assert len(found) == 2 * 2 * (len(METRICS) + 1)
    row = found["mean", "contiguous", "2", "hole_psnr"]
    key = ("mean", "contiguous", 2, "hole_psnr")
    assert int(row["n"]) == 6
    assert float(row["mean"]) == pytest.approx(summary.means[key].mean, rel=1e-5)
    assert float(row["first_minus_this"]) == pytest.approx(summary.differences[key].mean, rel=1e-5)
    assert found["ours", "contiguous", "2", "hole_psnr"]["first_minus_this"] == ""
    assert found["mean", "contiguous", "2", "vgg_frechet"]["mean"] == "11.2"


def rows_of(values, method="ours", kind="contiguous", bucket=2):
    return [
        {"method": method, "kind": kind, "bucket": bucket, "photo": i} | dict.fromkeys(METRICS, x)
        for i, x in enumerate(values)
    ]


def test_summarise_by_hand():
    """1, ..., 5 have mean 3 and interval t(0.975, 4) s / sqrt(5) = 2.7764 / 1.4142 = 1.963; fewer than five have n."""
    rows = rows_of([1.0, 2.0, 3.0, 4.0, 5.0]) + rows_of([4.0] * 5, method="mean")
    rows += rows_of([0.5], kind="discontiguous") + rows_of([9.0] * 4, "mean", "discontiguous")
    assert summarise(rows, "hole_psnr").splitlines() == [
        "| hole_psnr | ours | mean |",
        "|---|---|---|",
        "| contiguous 20–30 % | 3.00 ± 1.96 | 4.00 ± 0.00 |",
        "| discontiguous 20–30 % | 0.50 (n = 1) | 9.00 (n = 4) |",
    ]
    assert "| contiguous 20–30 % | 3.0000 ± 1.9632 |" in summarise(rows, "hole_ssim")


def test_written_rows_read_back(tmp_path):
    rows = rows_of([1.25, 1 / 3])
    write_rows(rows, tmp_path / "rows.csv")
    with open(tmp_path / "rows.csv", newline="") as opened:
        read = list(csv.DictReader(opened))
    assert list(read[0]) == ["method", "kind", "bucket", "photo", *METRICS]
    assert [(row["method"], row["photo"], row["hole_ssim"]) for row in read] == [
        ("ours", "0", "1.25"),
        ("ours", "1", "0.333333"),
    ]
