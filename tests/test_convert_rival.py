"""Published checkpoints of other methods: files of the same form, made from seeded weights, become generators."""

import io
import pickle
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import torch
from rivals_golden import set_spectral

from rwlib.checkpoints import load_generator
from rwlib.inpainting import fill
from rwlib.networks.rivals.ca import CAGenerator
from rwlib.networks.rivals.ec import EdgeConnect
from rwlib.networks.rivals.gated import GatedGenerator
from rwlib.networks.rivals.pic import PICGenerator

sys.path.append(str(Path(__file__).parent.parent / "data_scripts"))
import _rival_weights as tables  # noqa: E402 (scripts are no package)
import convert_rival  # noqa: E402

MAKE = {
    "ca": lambda: CAGenerator(4, "program"),
    "gated": lambda: GatedGenerator(8, "program"),
    "ec": lambda: EdgeConnect(4),
    "pic": lambda: PICGenerator(4, form="program"),
}
LAYERS = {
    "ca": [tables.ca_layers()],
    "gated": [tables.gated_layers()],
    "ec": [tables.ec_layers("edge_network"), tables.ec_layers("completion_network")],
    "pic": [tables.pic_encoder_layers(), tables.pic_decoder_layers()],
}


def generator(model):
    """Return a generator with drawn weights, none of them zero."""
    torch.manual_seed(0)
    G = MAKE[model]().eval().requires_grad_(False)
    for parameter in G.parameters():
        parameter.add_(0.1 * torch.randn_like(parameter))
    return G


def program_state(G, layers, end=""):
    """Return a program's weights with our values; spectral norms have W and u, their names end in `end`."""
    state = {}
    for name, x in G.state_dict().items():
        spectral = tables.SPECTRAL.fullmatch(name)
        layer, last = (spectral[1], spectral[2]) if spectral else name.rpartition(".")[::2]
        if layer in layers:
            last = {"original": f"weight_{end}", "0._u": "weight_u", "0._v": "weight_v"}.get(last, last)
            state[f"{layers[layer]}.{last}"] = x.clone()
    return state


def write(folder, model, G, change=lambda state: state):
    """Write files as the programs do: nested, wrapped, with layers that are listed twice."""
    states = [program_state(G, layers, "bar" if model == "pic" else "orig") for layers in LAYERS[model]]
    if model == "ec":
        for state in states:
            for name in [name for name in state if re.search(r"weight(_orig)?$", name)]:
                bias = re.sub(r"weight(_orig)?$", "bias", name)  # before instance normalisation, without effect
                outputs = state[name].shape[1 if name.startswith(("decoder.0", "decoder.3")) else 0]
                state.setdefault(bias, torch.randn(outputs))
        contents = [{"iteration": 7, "generator": change(state)} for state in states]
    elif model == "gated":
        fuse = {"stage2.contextual_attention.fuse_weight": torch.eye(3).view(1, 1, 3, 3)}
        contents = [{"G": change(states[0] | fuse), "D": {"conv1.weight": torch.zeros(1)}, "n_iter": 3}]
    elif model == "pic":
        contents = []
        for state in states:
            named = {}
            for name, x in change(state).items():
                layer, _, last = name.rpartition(".")
                spectral = f"{layer}.weight_bar" in state
                named[f"module.{layer}{'.module' if spectral else ''}.{last}"] = x
                if layer.endswith("conv1") and spectral:  # again, as a part of a sequence
                    named[f"module.{layer.removesuffix('conv1')}model.1.module.{last}"] = x
            contents.append(named)
    else:
        contents = [change(states[0])]
    files = [folder / f"{model}_{i}.pth" for i in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        torch.save(content, file)
    return files


def convert(*arguments):
    """Run the script; return its exit status, output and errors."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = convert_rival.main([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()


def refused(match, tmp_path, *arguments):
    """Check that the script ends with one line, exit status 1 and no new file."""
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    status, out, err = convert(*arguments)
    assert (status, out) == (1, "") and re.fullmatch(r"error: [^\n]+\n", err), err
    assert re.search(match, err), err
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def picture():
    I, M = 2 * torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) - 1, torch.ones(1, 1, 64, 64)
    M[..., 20:40, 24:50] = 0
    return I, M


@pytest.mark.parametrize("model", MAKE)
def test_a_converted_generator_fills_as_the_program_does(tmp_path, model):
    G, to = generator(model), tmp_path / "out.safetensors"
    status, out, err = convert(model, *write(tmp_path, model, G), "-o", to)
    assert (status, err) == (0, ""), err
    ours, config = load_generator(to)
    for layer in G.modules():  # what the program's first call does to its spectral norms
        if model == "pic" and hasattr(layer, "parametrizations"):
            norm = layer.parametrizations.weight[0]
            set_spectral(layer, layer.parametrizations.weight.original, norm._u.clone(), iterate=True)
        elif model == "ec" and hasattr(layer, "parametrizations"):
            norm = layer.parametrizations.weight[0]
            set_spectral(layer, layer.parametrizations.weight.original, norm._u.clone())
    I, M = picture()
    torch.testing.assert_close(ours.state_dict(), G.state_dict())
    ours.to(memory_format=torch.contiguous_format)  # as G: a sharp softmax turns roundings into other patches
    torch.testing.assert_close(ours.fill(I, M), G.fill(I, M), rtol=0, atol=1e-4)
    torch.testing.assert_close(fill(ours, I, M).I_c, ours.fill(I, M), rtol=0, atol=1e-4)
    assert config.model == model
    card = to.with_suffix(".md").read_text()
    assert convert_rival.PROGRAMS[model].licence in card and "{" not in card and f"{model}_0.pth" in card


def test_the_older_names_of_the_gated_program(tmp_path):
    G = generator("gated")

    def older(state):
        return {name.replace("stage2.conv_conv", "stage2.b1_conv").replace("stage2.conv_down", "stage2.b1_down")
                .replace("stage2.ca_", "stage2.b2_"): x for name, x in state.items()}  # fmt: skip

    to = tmp_path / "out.safetensors"
    assert convert("gated", *write(tmp_path, "gated", G, older), "-o", to)[0] == 0
    torch.testing.assert_close(load_generator(to)[0].state_dict(), G.state_dict())


def test_half_precision(tmp_path):
    files, to = write(tmp_path, "ca", generator("ca")), tmp_path / "out.safetensors"
    assert convert("ca", *files, "-o", to, "--half")[0] == 0
    assert to.stat().st_size < 0.6 * files[0].stat().st_size


class Trap:
    def __reduce__(self):
        return (open, (str(Path("trap_was_run")), "w"))


def test_a_file_that_would_run_something_is_not_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    to = tmp_path / "out.safetensors"
    torch.save({"generator": Trap()}, tmp_path / "trap.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Trap()))
    for name in ("trap.pth", "plain.pth"):
        refused("holds more than tensors and numbers, which could run anything", tmp_path, "ca", name, "-o", to)


def test_damaged_and_foreign_files(tmp_path):
    files, to = write(tmp_path, "ca", generator("ca")), tmp_path / "out.safetensors"
    whole = files[0].read_bytes()
    for size in (0, 1, 100, len(whole) // 2):
        files[0].write_bytes(whole[:size])
        refused("is damaged or no file of PyTorch|is no file of PyTorch", tmp_path, "ca", *files, "-o", to)
    files[0].write_text("<!DOCTYPE html><title>Google Drive</title>" * 9)
    refused("no file of PyTorch", tmp_path, "ca", *files, "-o", to)
    torch.save([1, 2], files[0])
    refused("expected the weights of a generator, by name", tmp_path, "ca", *files, "-o", to)
    refused("there is no file", tmp_path, "ca", tmp_path / "absent.pth", "-o", to)


def test_weights_that_do_not_fit(tmp_path):
    G, to = generator("ca"), tmp_path / "out.safetensors"
    name = "fine_generator.pmconv9.conv.weight"
    changes = {
        f"{name} is missing": lambda state: {key: x for key, x in state.items() if key != name},
        r"pmconv9.conv, weight: expected shape \(16, 16, 3, 3\), got \(2, 16, 3, 3\)": lambda state: (
            state | {name: state[name][:2]}
        ),
        "pmconv9.conv, weight holds values that are not finite": lambda state: state | {name: state[name] / 0},
        "conv99.weight is unknown": lambda state: state | {"coarse_generator.conv99.weight": torch.zeros(1)},
        "conv1.conv.bias is missing": lambda state: {"x": torch.zeros(1)},
    }
    for match, change in changes.items():
        refused(match, tmp_path, "ca", *write(tmp_path, "ca", G, change), "-o", to)
    refused("is missing", tmp_path, "pic", *write(tmp_path, "ec", generator("ec")), "-o", to)


def test_tensorflows_weights_are_refused(tmp_path):
    torch.save({"G": {"conv1.conv.weight": torch.zeros(1)}}, tmp_path / "tf.pth")
    to = tmp_path / "out.safetensors"
    refused("these are TensorFlow's weights", tmp_path, "gated", tmp_path / "tf.pth", "-o", to)


def test_wrong_arguments(tmp_path):
    files = write(tmp_path, "ec", generator("ec"))
    refused("ec is kept in 2 .edge generator and inpainting generator., got 1", tmp_path, "ec", files[0], "-o", "x")
    refused("expected a name that ends in .safetensors", tmp_path, "ec", *files, "-o", tmp_path / "x.pth")
    (tmp_path / "there.md").write_text("mine")
    refused("exists already", tmp_path, "ec", *files, "-o", tmp_path / "there.safetensors")
    refused("", tmp_path, "ec", *reversed(files), "-o", tmp_path / "x.safetensors")  # edge and inpainting confused
