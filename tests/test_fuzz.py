"""A part of the fuzz, the same in every run: see `tests/fuzz`. Twenty minutes of it: `make fuzz`."""

import sys

import pytest
from fuzz.harness import KINDS, Fuzz
from fuzz.mutate import spoil_bytes, spoil_json, spoil_text
from fuzz.run import Case, run

CASES = {"photo": 50, "mask": 30, "checkpoint": 20, "words": 20, "index": 10, "rows": 10, "archive": 30, "run": 6}
"""Half a minute of a processor."""


@pytest.fixture(scope="module")
def fuzz():
    if not sys.platform.startswith("linux"):
        pytest.skip("forks, and reads /proc")
    with Fuzz(seed=1) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_spoilt_the_rule_holds(fuzz, kind):
    faults = {}
    for number in range(CASES[kind]):
        if fault := fuzz.run(kind, number).fault:
            faults[f"--seed 1 --kind {kind} --case {number}"] = fault
    assert not faults


@pytest.mark.slow
@pytest.mark.parametrize(
    ("work", "check", "fault"),
    [
        (lambda: 1 / 0, lambda: "", "traceback"),
        (lambda: 0, lambda: "the wrong colour", "exit status 0 with a wrong result: the wrong colour"),
        (lambda: 0, lambda: 1 / 0, "exit status 0, and the result cannot be read"),
        (lambda: 2, lambda: "", "refused without a line"),
        (lambda: 3, lambda: "", "exit status 3"),
        (lambda: print("\x1b[31m", file=sys.stderr), lambda: "", "signs of control"),
        (lambda: len(bytearray(2**30)) and 0, lambda: "", "memory"),
        (lambda: open("x.part", "w").close(), lambda: "", "left behind"),
        (lambda: print("rwlib: mask: it is empty", file=sys.stderr) or 2, lambda: "", ""),
    ],
)
def test_a_fault_is_seen(work, check, fault):
    found = run(lambda: Case(work, check=check)).fault
    assert found.startswith(fault) if fault else not found


def test_a_case_is_the_same_every_time():
    import numpy as np

    text = '{"config": {"width": 4}, "status": "running"}'
    for spoil, given in ((spoil_bytes, text.encode()), (spoil_json, text), (spoil_text, "step,L\n0,1.5\n1,1.25\n")):
        made = [[spoil(np.random.default_rng([seed, i]), given) for i in range(20)] for seed in (3, 3, 4)]
        assert made[0] == made[1] != made[2] and len(set(made[0])) > 15
