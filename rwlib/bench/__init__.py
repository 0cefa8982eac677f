r"""Measure rwlib beside a straight port of the released program: `rwlib bench`.

`straight_port` is what rwlib is measured against, `cases` says what is measured, `measure` and `memory` how, and
`report` writes it down. Before a case is timed its two sides must agree: a fast wrong answer is worth nothing.
"""

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from rwlib.bench.cases import Case, Pair, all_cases
from rwlib.bench.measure import exact_float32, interleaved, matrix_ceiling_tflops
from rwlib.bench.memory import MemoryProcess
from rwlib.bench.report import Row, heading, line, write_csv, write_plot
from rwlib.conventions import InputError
from rwlib.files import writable_folder
from rwlib.system import cpu_model

__all__ = ["Row", "bench", "difference"]


def bench(
    *,
    quick: bool = False,
    full: bool = False,
    pattern: str = "",
    out: Path = Path("."),
    device: torch.device | None = None,
    print: Callable[[str], object] = print,
) -> list[Row]:
    """Measure every case, print one line per case, and write `bench.csv` and `bench.png`.

    Args:
        quick: small sizes and three runs: half a minute, for a first look.
        full: a training step at batch 8, too.
        pattern: regular expression; only cases whose names contain it.
        out: folder for the two files.
        device: where the networks run; None takes CUDA where there is one, else the CPU.
        print: takes each line.

    Returns:
        One row per case that could be measured.

    Raises:
        InputError: no case of such a name, a folder that cannot be written to, or (when all others are measured) cases
            whose two sides disagree.
    """
    writable_folder(out, "out")
    device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    chosen = select(list(all_cases(device, quick=quick, full=full)), pattern)
    threads = f"{torch.get_num_threads()} thread{'s' * (torch.get_num_threads() > 1)}"
    kind = torch.backends.cpu.get_cpu_capability()  # AVX2 or AVX512, which decides more than the processor's name
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{cpu_model()} ({kind}, {threads})"
    ceiling = matrix_ceiling_tflops(device) if device.type == "cuda" else math.nan
    print(f"torch {torch.__version__} on {name}; medians, both sides alternately; memory beyond weights and data")
    width = max(len(case.name) for case in chosen)
    print(heading(width))

    rows, problems = [], []
    with MemoryProcess(device, quick=quick, full=full) as memory:
        for case in chosen:
            try:
                pair = case.build()
                check_agreement(case, pair)
            except DisagreementError as error:
                print(f"{case.name}: {error}")
                problems.append(f"{case.name}: {error}")
                continue
            except InputError as error:
                if not case.optional:
                    raise
                print(f"{case.name}: skipped ({error})")
                continue
            ours_ms, reference_ms = interleaved(pair.ours, pair.reference, case.runs)
            tflop = count_tflop(pair) if device.type == "cuda" and case.images else 0.0
            del pair  # its memory may be needed for the next measurement
            ours_mb, reference_mb = memory.peaks_mb(case)
            machine = f"{name}, torch {torch.__version__}"
            row = Row(case.name, ours_ms, reference_ms, reference_ms / ours_ms, ours_mb, reference_mb, machine)
            rows.append(row)
            print(line(row, width))
            if tflop:
                print(throughput(row, case.images, tflop, ceiling))
            write_csv(rows, out / "bench.csv")
    write_csv(rows, out / "bench.csv")
    write_plot(rows, out / "bench.png")
    if problems:
        raise InputError(f"bench: not timed, because rwlib and the straight port disagree: {'; '.join(problems)}")
    return rows


class DisagreementError(Exception):
    """The two sides of a case do not compute the same."""


def select(cases: list[Case], pattern: str) -> list[Case]:
    """Return the cases whose names contain a regular expression.

    Raises:
        InputError: not a regular expression, or it fits no name.
    """
    try:
        chosen = [case for case in cases if re.search(pattern, case.name)]
    except re.error as error:
        raise InputError(f"cases: {pattern!r} is not a regular expression ({error})") from None
    if not chosen:
        raise InputError(f"cases: none contains {pattern!r}; there are {', '.join(case.name for case in cases)}")
    return chosen


def check_agreement(case: Case, pair: Pair) -> None:
    """Compare what both sides compute.

    Raises:
        DisagreementError: a difference beyond the case's tolerance.
    """
    if pair.reference is None or case.tolerance is None:
        return
    with exact_float32():
        off_by, name = difference(pair.ours(), pair.reference())
    if not off_by <= case.tolerance:
        raise DisagreementError(f"{name} differs by {off_by:.2g} of its largest value, allowed {case.tolerance:g}")


def difference(ours: Mapping[str, Tensor], reference: Mapping[str, Tensor]) -> tuple[float, str]:
    """Return the largest difference of two results, relative to the reference's largest value, and where it is.

    A result that is missing, of another shape or not finite differs infinitely.

    Example:
        >>> difference({"y": torch.tensor([1.0, 4.0])}, {"y": torch.tensor([1.5, 4.0])})
        (0.125, 'y')
    """
    worst = (0.0, "")
    for name in ours.keys() | reference.keys():
        x, y = ours.get(name), reference.get(name)
        if x is None or y is None or x.shape != y.shape:
            off_by = math.inf
        else:
            off = (x.double() - y.double()).abs().max()
            off_by = float(off / y.double().abs().max()) if off else 0.0
        worst = max(worst, (off_by if off_by >= 0 else math.inf, name))  # NaN is not
    return worst


def count_tflop(pair: Pair) -> float:
    """Count one call's operations, in 10¹², by the straight port's graph: the work to be done, however it is done."""
    counter = FlopCounterMode(display=False)
    with counter:
        pair.reference()
    return counter.get_total_flops() / 1e12


def throughput(row: Row, images: int, tflop: float, ceiling_tflops: float) -> str:
    """Return a line about both sides: images per second, and the share of what a bf16 matrix product reaches."""
    sides = []
    for name, ms in (("ours", row.ours_ms), ("reference", row.reference_ms)):
        per_s = 1000 / ms
        sides.append(f"{name} {images * per_s:.0f} img/s, {100 * tflop * per_s / ceiling_tflops:.0f} %")
    return f"  {'; '.join(sides)} of {ceiling_tflops:.0f} TFLOP/s (bf16 matrix product)"
