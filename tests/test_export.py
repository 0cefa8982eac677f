"""`rwlib export`: the layers it writes down, the file for every kind of generator, and what is refused."""

import importlib.util
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import refused

from rwlib import export
from rwlib.checkpoints import load_generator
from rwlib.commands.main import main
from rwlib.config import make_config
from rwlib.errors import InputError
from rwlib.networks.fast import exported
from rwlib.networks.fast.reflect_conv import pad_reflect, reflect_conv2d, reflect_conv2d_ref
from rwlib.networks.fast.upsample_conv import upsample_conv2d, upsample_conv2d_ref
from rwlib.networks.generator import Outputs
from rwlib.networks.layers.canny import canny_edges
from rwlib.networks.models import new_generator
from rwlib.rivals import WEIGHTS

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in export.PACKAGES), reason="needs the extra `onnx`"
)


def random_layer(h, w, k=3):
    torch.manual_seed(0)
    return tuple(torch.rand(size, dtype=torch.float64) - 0.5 for size in ((2, 3, h, w), (4, 3, k, k), (4,)))


# --- the layers that are written down


@pytest.mark.parametrize(("h", "w"), [(3, 5), (8, 9), (2, 17)])
@pytest.mark.parametrize(("k", "stride", "dilation"), [(3, 1, 1), (3, 2, 1), (3, 1, 4), (3, 1, 16), (5, 1, 2)])
def test_the_mirrored_convolution_is_its_definition_at_any_size(h, w, k, stride, dilation):
    layer = random_layer(h, w, k)
    expected = reflect_conv2d_ref(*layer, stride, dilation)
    torch.testing.assert_close(exported.reflect_conv2d(*layer, stride, dilation), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize(("h", "w"), [(2, 2), (3, 9)])
@pytest.mark.parametrize("padding", [1, 2, 3, 16])
def test_the_mirrored_border_is_its_definition_at_any_size(h, w, padding):
    x = torch.arange(2.0 * 3 * h * w).view(2, 3, h, w)
    assert torch.equal(exported.pad_reflect(x, padding), pad_reflect(x, padding))


@pytest.mark.parametrize(("h", "w"), [(1, 1), (1, 4), (5, 3)])
def test_the_enlarging_convolution_is_its_definition_at_any_size(h, w):
    layer = random_layer(h, w)
    torch.testing.assert_close(exported.upsample_conv2d(*layer), upsample_conv2d_ref(*layer), atol=1e-12, rtol=0)


@pytest.mark.slow  # loads the compiler
def test_a_graph_is_written_with_them_and_nothing_else_is_computed_with_them(monkeypatch):
    asked = []
    monkeypatch.setattr(torch.nn.functional, "pixel_shuffle", lambda x, n: asked.append("exported") or x)
    for layer in (reflect_conv2d, upsample_conv2d):
        layer(*random_layer(5, 6))
    assert asked == []

    class Layer(torch.nn.Module):
        def forward(self, x, weight, bias):
            return upsample_conv2d(x, weight, bias)

    torch.export.export(Layer(), random_layer(5, 6))
    assert asked


# --- the file


def half_precision_generator(**change):
    """Return a small generator whose weights half precision holds, and its configuration."""
    torch.manual_seed(0)
    config = make_config("balanced", "tiny", width=4, size_px=16, **change)
    G = new_generator(config).train()
    with torch.no_grad():
        for weight in G.parameters():
            weight.copy_(weight.half())
    return G, config


@pytest.fixture(scope="module")
def graph_of_both_networks():
    """The graph of a generator by channel: torch.export takes half a minute for two networks."""
    return export.to_onnx(*half_precision_generator())


@needs_onnx
@pytest.mark.slow  # torch.export takes its time
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"region_wise": "location", "output": "tanh", "networks": "semantic"},
        {"region_wise": "none", "networks": "semantic"},
    ],
    ids=["by channel", "by location, one network", "standard, one network"],
)
def test_the_file_computes_what_the_generator_computes_at_any_size(tmp_path, request, monkeypatch, change):
    import onnx
    import onnxruntime

    G, config = half_precision_generator(**change)
    if not change:
        graph = request.getfixturevalue("graph_of_both_networks")
        monkeypatch.setattr(export, "to_onnx", lambda *_: graph)
    done = export.export_onnx(tmp_path / "G.onnx", G, config)
    content = (tmp_path / "G.onnx").read_bytes()
    assert len(content) == done.size_bytes and done.difference < 0.01 and G.training

    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    weights = sum(x.numel() for x in G.parameters())
    stored = [onnx.numpy_helper.to_array(x) for x in model.graph.initializer]
    assert sum(x.nbytes for x in stored) < 4 * weights  # the exporter sums up small filters beforehand, in float32
    assert sum(x.nbytes for x in stored if x.dtype.kind == "i") < 2000  # no tables of indices
    assert not re.search(rb"/(home|root|work|tmp|usr|Users)/|\.py\b", content)
    metadata = {item.key: item.value for item in model.metadata_props}
    assert metadata["config"] == config.to_json()

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(1)
    for b, h, w in ((1, 8, 8), (2, 20, 44)):
        I_gt, M = random.random((b, 3, h, w), np.float32), (random.random((b, 1, h, w)) < 0.5).astype(np.float32)
        (I_c2,) = session.run(["I_c2"], {"I_gt": I_gt, "M": M})
        with torch.no_grad():
            expected = G(torch.from_numpy(I_gt), torch.from_numpy(M)).I_c2
        np.testing.assert_allclose(I_c2, expected.numpy(), atol=1e-4)
        assert np.array_equal(I_c2 * M, I_gt * M)


@needs_onnx
@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "inputs", "outputs"),
    [
        ("pconv", ["I_gt", "M"], ["I_p", "I_c"]),
        ("ca", ["I_gt", "M"], ["I_p1", "I_c1", "I_p2", "I_c2"]),
        ("gated", ["I_gt", "M"], ["I_p1", "I_c1", "I_p2", "I_c2"]),
        ("ec", ["I_gt", "M", "C"], ["I_p", "I_c", "C_c"]),
        ("pic", ["I_gt", "M", "noise"], ["I_p", "I_c"]),
    ],
)
def test_every_rival_that_ships_is_written(tmp_path, model, inputs, outputs):
    import onnxruntime

    G, config = load_generator(WEIGHTS / f"{model}64.safetensors")
    done = export.export_onnx(tmp_path / "G.onnx", G, config)
    assert done.difference < 0.01
    session = onnxruntime.InferenceSession(tmp_path / "G.onnx", providers=["CPUExecutionProvider"])
    assert [x.name for x in session.get_inputs()] == inputs
    assert [x.name for x in session.get_outputs()] == outputs

    # As somebody fills with the file alone: what it takes beside the picture is computed without the generator.
    torch.manual_seed(1)
    I_gt, M = 2 * torch.rand(1, 3, 64, 96) - 1, (torch.rand(1, 1, 64, 96) < 0.6).float()
    given = {"I_gt": I_gt, "M": M, "C": canny_edges(I_gt * M, M)}
    if model == "pic":
        given["noise"] = torch.zeros(G.noise_shape(I_gt))
    I_c = dict(zip(outputs, session.run(outputs, {name: given[name].numpy() for name in inputs}), strict=True))[
        "I_c2" if "I_c2" in outputs else "I_c"
    ]
    np.testing.assert_allclose(I_c.clip(-1, 1), G.fill(I_gt, M).numpy(), atol=1e-4)


@needs_onnx
@pytest.mark.slow
def test_a_graph_that_differs_is_not_written(tmp_path, monkeypatch, graph_of_both_networks):
    G, config = half_precision_generator()
    monkeypatch.setattr(export, "to_onnx", lambda *_: graph_of_both_networks)
    (tmp_path / "G.onnx").write_bytes(b"old")
    with torch.no_grad():
        G.semantic_inferring.conv18.bias[1] += 0.02
    with pytest.raises(InputError, match=r"differs from PyTorch by .* grey levels, more than 0.1.*not written"):
        export.export_onnx(tmp_path / "G.onnx", G, config)
    with torch.no_grad():
        G.semantic_inferring.conv18.bias[1] = torch.nan
    with pytest.raises(InputError, match="differs from PyTorch by nan"):
        export.export_onnx(tmp_path / "G.onnx", G, config)
    assert os.listdir(tmp_path) == ["G.onnx"] and (tmp_path / "G.onnx").read_bytes() == b"old"


@needs_onnx
def test_weights_that_half_precision_does_not_hold_are_kept_whole():
    import onnx.reference
    from onnx import helper, numpy_helper

    third, half, few = np.full(64, 1 / 3, np.float32), np.full(64, 0.5, np.float32), np.full(4, 0.5, np.float32)
    weights = [numpy_helper.from_array(x, name) for x, name in ((third, "third"), (half, "half"), (few, "few"))]
    float32 = onnx.TensorProto.FLOAT
    output = helper.make_tensor_value_info("y", float32, [64])
    graph = helper.make_graph([helper.make_node("Add", ["third", "half"], ["y"])], "g", [], [output], weights)
    model = helper.make_model(graph)
    export._store_in_half_precision(model)
    assert [numpy_helper.to_array(x).dtype for x in model.graph.initializer] == [np.float32, np.float16, np.float32]
    (y,) = onnx.reference.ReferenceEvaluator(model).run(None, {})
    assert np.array_equal(y, third + half)


# --- the command


def test_without_the_extra_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "PACKAGES", ("onnx_is_not_there", "numpy"))
    with pytest.raises(InputError, match=r"^onnx: onnx_is_not_there cannot be found; .*rwlib\[onnx\]"):
        export.export_onnx(tmp_path / "G.onnx", *load_generator())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ("--onnx out/G.pt", "onnx: expected a name that ends in .onnx, got out/G.pt"),
        ("--onnx none/G.onnx", "onnx: the folder none does not exist; make it first"),
        ("--onnx out/G.onnx --checkpoint none.safetensors", "checkpoint: none.safetensors does not exist"),
        ("--onnx out/G.onnx --checkpoint facades", "checkpoint: 'facades' is neither .*; give .* facades64, "),
        ("--onnx out/G.onnx --checkpoint photo.png", "checkpoint: photo.png is .*not a safetensors file"),
        ("", "--onnx: missing"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(here, capfd, arguments, match):
    refused(capfd, ["export", *arguments.split()], match)
    assert os.listdir("out") == []


def test_the_command_writes_what_the_module_makes(here, capfd, monkeypatch):
    monkeypatch.setattr(
        export,
        "export_onnx",
        lambda file, G, config: Path(file).write_bytes(b"x") and export.Exported(2_500_000, 0.0123),
    )
    assert main(["export", "--onnx", "out/G.onnx", "--checkpoint", "G.safetensors"]) == 0
    assert capfd.readouterr().out == "2.5 MB; onnxruntime and PyTorch differ by at most 0.012 grey levels of 255\n"
    assert Outputs._fields == ("I_p1", "I_c1", "I_p2", "I_c2")
