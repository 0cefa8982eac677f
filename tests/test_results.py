"""`results.py` and the page that it writes: RESULTS.md says what the shipped generators do."""

import csv
import re

import data_script_helpers  # noqa: F401, which puts data_scripts on the path
import pytest
import results
from results import DIGITS, GROUPS, PARTS, ROOT, Group, best_first, put, ranks, seeds_table

from rwlib.data import PhotoSet
from rwlib.errors import InputError
from rwlib.evaluation import Protocol, evaluate
from rwlib.evaluation.methods import open_methods

PAGE = ROOT / "RESULTS.md"
RESULTS = ROOT / "docs/results"


@pytest.fixture
def page(tmp_path):
    page = tmp_path / "page.md"
    parts = "".join(f"<!-- results: {name} -->\nold\n<!-- end -->\n\nwords\n\n" for name in PARTS)
    page.write_text("# Words\n\n" + parts)
    return page


@pytest.mark.slow
def test_it_writes_between_the_marks_and_goes_on_where_it_was(page, tmp_path, monkeypatch, capsys):
    group = Group("photos", "Two", ("facades64-2", "ablations/full", "not/there"), bundled=True)
    monkeypatch.setattr(results, "GROUPS", (group,))
    monkeypatch.setattr(results, "draw_removals", lambda: results.Figure(figsize=(1, 1)))
    arguments = ["results.py", "--data", "photos", "--photos", "2", "--page", str(page)]
    arguments += ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]
    monkeypatch.setattr("sys.argv", arguments)
    results.main()
    assert "facades64-2, full\n" in capsys.readouterr().out
    text, rows = page.read_text(), (tmp_path / "work/photos/rows.csv").read_bytes()
    assert text.startswith("# Words\n\n") and text.count("\nwords\n") == len(PARTS)
    assert text.count("\nold\n") == len(PARTS) - 7
    assert re.search(r"\| contiguous 20–30 % \| .* ± .* \|", text) and "| hole psnr, facades64-2 minus | full |" in text
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"photos.csv", "photos.png", "removals.png"}
    monkeypatch.setattr("rwlib.evaluation.run.measure_photo", None)  # nothing is left to be measured
    results.main()
    assert page.read_text() == text and (tmp_path / "work/photos/rows.csv").read_bytes() == rows


def test_a_page_without_marks_is_refused_and_kept(page):
    before = page.read_text()
    with pytest.raises(InputError, match="expected <!-- results: nothing --> and <!-- end --> once in page.md, found"):
        put(page, "nothing", "new")
    assert page.read_text() == before


def test_the_pictures_are_chosen_by_rule():
    scores = {0: 20.0, 1: 18.0, 2: 25.0, 3: 18.0, 4: 21.0}
    rows = [
        {
            "photo": str(photo),
            "method": method,
            "kind": kind,
            "bucket": bucket,
            "hole_psnr": str(psnr if method == "a" else 0),
        }
        for photo, psnr in scores.items()
        for method in ("a", "b")
        for kind, bucket in (("contiguous", "2"), ("contiguous", "1"), ("discontiguous", "2"))
    ]
    assert best_first(rows, "a") == [2, 4, 0, 1, 3]
    assert ranks([2, 4, 0, 1, 3]) == {"best": 2, "median": 0, "worst": 3}


def test_each_training_stands_in_the_table_of_its_own_budget(tmp_path):
    columns = [f"{metric}_{kind}{10 * bucket}" for metric in ("psnr", "ssim") for kind in "cd" for bucket in range(5)]
    lines = [",".join(["name", *columns])]
    for budget, gain in (("", 0.1), ("-hours", -0.3)):
        for i, seed in enumerate(("", "-s1", "-s2")):
            for name, more in (("rw64", 0.0), ("red64", gain)):
                if (budget, seed, name) != ("-hours", "-s2", "red64"):  # not finished: its partner has no pair
                    lines.append(",".join([f"{name}{budget}{seed}", *(str(18 + i + more) for _ in columns)]))
    (tmp_path / "results.csv").write_text("\n".join(lines))
    images, hours = (results.trainings_table(tmp_path / "results.csv", budget) for budget in ("", "-hours"))
    assert "3 trainings" in images and "| 19.00 ± 2.48 | 19.10 ± 2.48 | +0.10 ± 0.00 |" in images
    assert "2 trainings" in hours and "| 18.50 ± 6.35 | 18.20 ± 6.35 | −0.30 ± 0.00 |" in hours


def test_differences_of_trainings_are_paired_by_seed(tmp_path):
    lines = ["variant,seed,kind,bucket,photo,hole_psnr,hole_ssim,hole_l1"]
    for name in results.ABLATIONS:
        for seed in range(3):
            for kind in ("contiguous", "discontiguous"):
                value = 20 + 3 * seed + (0.5 + 0.01 * seed) * (name == "standard_conv")
                lines += [f"{name},{seed},{kind},{bucket},0,{value},0,0" for bucket in range(5)]
    (tmp_path / "results.csv").write_text("\n".join(lines))
    table = seeds_table(tmp_path / "results.csv")
    line = next(line for line in table.splitlines() if line.startswith("| (b)"))
    assert line.count("+0.51 ± 0.02 (p = 0.00)") == 2  # seeds differ by 3 dB, which no pair sees


# --- the page itself


def test_the_page_has_every_part_and_its_pictures():
    text = PAGE.read_text()
    for name in PARTS:
        part = re.search(rf"<!-- results: {name} -->\n(.*?)<!-- end -->", text, re.DOTALL)
        assert part and part[1].count("|") > 24, name
    for group in GROUPS:
        assert f"docs/results/{group.name}.png" in text and (RESULTS / f"{group.name}.png").exists()
        assert (RESULTS / f"{group.name}.csv").exists()


@pytest.mark.parametrize(
    "group",
    [
        pytest.param(group, marks=[pytest.mark.slow] if group.size_px > 64 else [], id=group.name)
        for group in GROUPS
        if group.bundled
    ],
)
def test_a_line_of_the_page_comes_again_from_the_shipped_weights(group):
    """The photographs of the other groups are downloaded; these come with scikit-image."""
    methods, _, _ = open_methods(group.files()[:2], classical=False, size_px=group.size_px)
    source = PhotoSet()
    rows = evaluate(methods, source, Protocol(group.size_px, 0, ("contiguous",), (2,), len(source)))
    with open(RESULTS / f"{group.name}.csv", encoding="utf-8", newline="") as opened:
        written = {
            (x["method"], x["metric"]): float(x["mean"])
            for x in csv.DictReader(opened)
            if (x["kind"], x["bucket"]) == ("contiguous", "2")
        }
    for method in methods:
        for metric in DIGITS:
            mean = sum(row[metric] for row in rows if row["method"] == method.name) / len(source)
            assert mean == pytest.approx(written[method.name, metric], abs=2e-3)
            assert f"{written[method.name, metric]:.{DIGITS[metric]}f} ±" in PAGE.read_text()
