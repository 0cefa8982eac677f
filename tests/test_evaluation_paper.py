"""Tables 2 and 3 of the paper: all 750 numbers are there, and what is said about them is so."""

import math

import pytest
from evaluation_examples import filled, with_distances

from rwlib.conventions import InputError
from rwlib.evaluation.paper import NOTES, beside_paper, paper_values


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
