"""How good a fill is: the protocol of section 4.3, its tables, and what stands beside them.

`protocol` says what is measured, `methods` what fills, `measure` compares, `tables` and `statistics` sum up. `run` does
it in a folder and can be interrupted; `files` are what it leaves for programs, `report`, `plot` and `paper` what it
leaves for people. `frechet`, `kernel` and `uids` compare sets of pictures by `feature_networks`.
"""

from rwlib.evaluation.measure import evaluate
from rwlib.evaluation.methods import (
    Method,
    biharmonic_fill,
    classical_methods,
    generator_method,
    mean_fill,
    opencv_fill,
)
from rwlib.evaluation.protocol import Protocol, evaluation_mask
from rwlib.evaluation.statistics import RunningMean, mean_and_interval
from rwlib.evaluation.tables import Summary, summarise, write_rows

__all__ = [
    "Method",
    "Protocol",
    "RunningMean",
    "Summary",
    "biharmonic_fill",
    "classical_methods",
    "evaluate",
    "evaluation_mask",
    "generator_method",
    "mean_and_interval",
    "mean_fill",
    "opencv_fill",
    "summarise",
    "write_rows",
]
