r"""A generator as an ONNX file, for programs without PyTorch: a browser, a phone, C++.

The graph has the inputs `I_gt` (b, 3, h, w) in [-1, 1] and `M` (b, 1, h, w), 1 existing, and the four outputs of
`rwlib.networks.generator.Outputs`. Batch, height and width are free; both sides are multiples of 4 and at least 8.
`torch.export` writes it from the layers in `rwlib.networks.fast.exported`, and onnxruntime then fills random holes of
several sizes with it: a file that differs from PyTorch is not written. Needs the extra `onnx`.
"""

import io
import json
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
from rwlib.networks.generator import Outputs

if TYPE_CHECKING:
    import onnx

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
OPSET = 18
"""Version of ONNX's operators: what every runtime since 2023 reads."""
LIMIT = 0.1
"""Grey levels of 255 by which the graph may differ from PyTorch; the shipped generators differ by 0.0002."""
SIZES = ((1, 64, 64), (2, 72, 100), (1, 8, 12), (3, 32, 8))
"""Batch, height and width of the fillings that are compared: square, wide, high, and as small as can be."""


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
    if config.model != "region-wise":
        raise InputError(f"checkpoint: a generator of the model {config.model} cannot be exported yet, region-wise can")
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise InputError(f"onnx: {', '.join(missing)} cannot be found; `pip install rwlib[onnx]` brings what is needed")
    graph = to_onnx(G, config)
    difference = largest_difference(graph, G)
    if not difference <= LIMIT:  # NaN, too
        raise InputError(
            f"onnx: the graph differs from PyTorch by {difference:.3g} grey levels, more than {LIMIT:g}, so it was not "
            "written; try other versions of torch, onnxscript and onnxruntime"
        )
    write_bytes(file, graph, "onnx")
    return Exported(len(graph), difference)


def to_onnx(G: nn.Module, config: Config) -> bytes:
    """Return a generator as the bytes of an ONNX file; see the head of this module."""
    dim = torch.export.Dim
    batch, height, width = dim("b", min=1), 4 * dim("h", min=2), 4 * dim("w", min=2)  # sides are multiples of 4
    size = {0: batch, 2: height, 3: width}
    training = G.training
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter's own code
        program = torch.onnx.export(
            G.eval(),
            (torch.zeros(2, 3, 32, 40), torch.ones(2, 1, 32, 40)),
            dynamic_shapes={"I_gt": size, "M": size},
            input_names=["I_gt", "M"],
            output_names=list(Outputs._fields),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    G.train(training)
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
    model.metadata_props.add(
        key="about", value=json.dumps({"sides": "multiples of 4, at least 8", "rwlib": __version__})
    )
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
        G: the generator that it was made of.
        sizes: batch, height and width of the pictures.

    Returns:
        The largest difference between any two outputs, in grey levels of 255.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    random, largest = np.random.default_rng(0), 0.0
    for b, h, w in sizes:
        I_gt = random.uniform(-1, 1, (b, 3, h, w)).astype(np.float32)
        M = (random.random((b, 1, h, w)) < 0.7).astype(np.float32)
        outputs = session.run(list(Outputs._fields), {"I_gt": I_gt, "M": M})
        with torch.no_grad():
            expected = G(torch.from_numpy(I_gt), torch.from_numpy(M))
        # np.max hands NaN on.
        differences = [np.abs(x - y.numpy()).max() for x, y in zip(outputs, expected, strict=True)]
        largest = float(np.max([largest, *differences]))
    return 127.5 * largest
