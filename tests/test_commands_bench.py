"""`rwlib bench`: rows and both files; bad input is one line."""

import os

import pytest
from command_line import refused

from rwlib.commands.main import main


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ("--cases nonsense", "cases: none contains 'nonsense'; there are generator forward 64x64 b1, "),
        ("--cases (", "cases: '\\(' is not a regular expression "),
        ("--out none", "out: the folder none does not exist; make it first"),
    ],
)
def test_bad_input_to_bench_is_one_line(here, capfd, arguments, match):
    refused(capfd, ["bench", "--quick", *arguments.split()], match)


@pytest.mark.slow
def test_bench_prints_its_rows_and_writes_both_files(here, capfd):
    assert main(["bench", "--quick", "--cases", "correlation loss n=256", "--out", "out"]) == 0
    _, heading, row = capfd.readouterr().out.splitlines()
    assert heading.split() == ["case", "ours", "reference", "time", "ours", "reference", "memory"]
    assert row.startswith("correlation loss n=256 b4 ") and row.count(" ms ") == 2
    assert sorted(os.listdir("out")) == ["bench.csv", "bench.png"]
