r"""A generator as an ONNX file, for programs without PyTorch: a browser, a phone, C++.

The graph has the inputs `I_gt` (b, 3, h, w) in [-1, 1] and `M` (b, 1, h, w), 1 existing, and gives what the
generator's `forward` returns, by its names: `I_p1`, `I_c1`, `I_p2` and `I_c2` for the region-wise model. Batch, height
and width are free; both sides are multiples of the generator's `divisor` and at least twice that (4 and 8 for ours).

What is no layer stays outside of the graph, as a further input (`graph_inputs` of the generator): EC takes `C`
(b, 1, h, w), Canny's edges of the existing region (`rwlib.networks.layers.canny`), PIC takes `noise`
(b, z, h / divisor, w / divisor), normal, or zeros for the prior's mean. PConv does not bound its pictures: clip them.

`torch.export` writes it from the layers in `rwlib.networks.fast.exported`, and onnxruntime then fills random holes of
several sizes with it: a file that differs from PyTorch is not written. Needs the extra `onnx`.
"""

import io
import json
import math
import os
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import nn

from rwlib import __version__
from rwlib.config import Config
from rwlib.errors import InputError
from rwlib.files import write_bytes

if TYPE_CHECKING:
    import onnx

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
OPSET = 18
"""Version of ONNX's operators: what every runtime since 2023 reads."""
LIMIT = 0.1
"""Grey levels of 255 by which the graph may differ from PyTorch; the shipped generators differ by 0.0002."""
SIZES = ((1, 64, 64), (2, 72, 100), (1, 8, 12), (3, 32, 8))
"""Batch, height and width of the fillings that are compared: square, wide, high, and as small as can be; sides are
rounded up to what the generator takes."""


class Exported(NamedTuple):
    """What an export made."""

    size_bytes: int
    """Of the file."""
    difference: float
    """The largest difference between the graph's outputs and PyTorch's, in grey levels of 255."""


def export_onnx(file: str | os.PathLike[str], G: nn.Module, config: Config) -> Exported:
    """Write a generator as ONNX, unless it computes something else than PyTorch does.

    Args:
        file: where to; its folder must exist.
        G: a generator.
        config: its configuration; it goes into the file's metadata.

    Raises:
        InputError: the extra `onnx` is missing, the graph differs from PyTorch by more than `LIMIT`, or the file cannot
            be written.
    """
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise InputError(f"onnx: {', '.join(missing)} cannot be found; `pip install rwlib[onnx]` brings what is needed")
    training = G.training
    G.eval()
    try:
        graph = to_onnx(G, config)
        difference = largest_difference(graph, G)
    finally:
        G.train(training)
    if not difference <= LIMIT:  # NaN, too
        raise InputError(
            f"onnx: the graph differs from PyTorch by {difference:.3g} grey levels, more than {LIMIT:g}, so it was not "
            "written; try other versions of torch, onnxscript and onnxruntime"
        )
    write_bytes(file, graph, "onnx")
    return Exported(len(graph), difference)


def example(G: nn.Module, size: tuple[int, int, int]) -> dict[str, torch.Tensor]:
    """Return random inputs of a generator's graph by their names.

    Args:
        G: a generator.
        size: batch, height and width; the sides are rounded up to what G takes.
    """
    (b, *sides), d = size, G.divisor
    h, w = (d * max(2, math.ceil(side / d)) for side in sides)
    random = torch.Generator().manual_seed(0)
    I_gt = 2 * torch.rand(b, 3, h, w, generator=random) - 1
    M = (torch.rand(b, 1, h, w, generator=random) < 0.7).float()
    further = G.graph_inputs(I_gt, M) if hasattr(G, "graph_inputs") else {}
    return {"I_gt": I_gt, "M": M, **further}


def to_onnx(G: nn.Module, config: Config) -> bytes:
    """Return a generator in evaluation mode as the bytes of an ONNX file; see the head of this module."""
    dim, d = torch.export.Dim, G.divisor
    inputs = example(G, (2, 32, 33))
    batch, rows, columns = dim("b", min=1), dim("h", min=2), dim("w", min=2)
    size = {True: {0: batch, 2: d * rows, 3: d * columns}, False: {0: batch, 2: rows, 3: columns}}
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter's own code
        outputs = G(*inputs.values())._fields
        program = torch.onnx.export(
            G,
            tuple(inputs.values()),
            dynamic_shapes={name: size[x.shape[2:] == inputs["I_gt"].shape[2:]] for name, x in inputs.items()},
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    model = program.model_proto
    _store_in_half_precision(model)
    # The exporter notes where in the code each operator comes from: names of files on this machine.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.initializer, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.value_info[:], model.graph.metadata_props[:], model.metadata_props[:]
    model.producer_name, model.producer_version = "rwlib", __version__
    model.metadata_props.add(key="config", value=config.to_json())
    about = {"sides": f"multiples of {d}, at least {2 * d}", "rwlib": __version__}
    model.metadata_props.add(key="about", value=json.dumps(about))
    return model.SerializeToString()


def _store_in_half_precision(model: "onnx.ModelProto") -> None:
    """Store each weight that half precision holds exactly in half the bytes; the graph widens it when it is loaded.

    The shipped generators are kept in half precision, so nothing is lost.
    """
    from onnx import TensorProto, helper, numpy_helper

    widened = []
    for tensor in model.graph.initializer:
        weight = numpy_helper.to_array(tensor)
        if weight.dtype != np.float32 or weight.size < 64:
            continue
        with np.errstate(over="ignore"):
            half = weight.astype(np.float16)
        if np.array_equal(half.astype(np.float32), weight):
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
            widened.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for node in reversed(widened):
        model.graph.node.insert(0, node)


def largest_difference(graph: bytes, G: nn.Module, sizes: Sequence[tuple[int, int, int]] = SIZES) -> float:
    """Fill random holes by onnxruntime and by PyTorch.

    Args:
        graph: what `to_onnx` returned.
        G: the generator that it was made of, in evaluation mode.
        sizes: as `SIZES`.

    Returns:
        The largest difference between any two outputs, in grey levels of 255.
    """
    import onnxruntime

    session, largest = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"]), 0.0
    for size in sizes:
        inputs = example(G, size)
        with torch.no_grad():
            expected = G(*inputs.values())
        outputs = session.run(list(expected._fields), {name: x.numpy() for name, x in inputs.items()})
        # np.max hands NaN on.
        differences = [np.abs(x - y.numpy()).max() for x, y in zip(outputs, expected, strict=True)]
        largest = float(np.max([largest, *differences]))
    return 127.5 * largest
