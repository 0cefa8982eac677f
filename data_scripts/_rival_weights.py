r"""Names of layers in other programs' checkpoints, and the weights of rwlib's networks that follow from them.

For each method there is a table from our layers to theirs; `translated` does the rest. Spectral normalisation divides a
weight W by σ = uᵀ W v, where u and v are kept and improved a little at each call in training. A file holds W and u:

    torch's own (EC)     `weight_orig`, `weight_u`; filling takes u as it is, and v = Wᵀu / ‖Wᵀu‖
    PIC's                `weight_bar`, `weight_u`; each call improves both once, at the first from the file's u:
                         v = Wᵀu / ‖Wᵀu‖, then u = Wv / ‖Wv‖. These are kept.
"""

import re
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.errors import InputError

State = Mapping[str, Tensor]
SPECTRAL = re.compile(r"(.+)\.parametrizations\.weight\.(original|0\._u|0\._v)")


# --- tables: our layer → theirs


def ca_layers() -> dict[str, str]:
    """Layers of daa233/generative-inpainting-pytorch."""
    ends = {2: "_downsample", 4: "_downsample"} | dict.fromkeys(range(7, 11), "_atrous")
    named = {f"coarse.conv{i}": f"coarse_generator.conv{i}{ends.get(i, '')}" for i in range(1, 18)}
    named |= {f"refinement.convolutional.{i - 1}": f"fine_generator.conv{i}{ends.get(i, '')}" for i in range(1, 11)}
    named |= {f"refinement.before_attention.{i - 1}": f"fine_generator.pmconv{i}{ends.get(i, '')}" for i in range(1, 7)}
    named |= {f"refinement.after_attention.{i - 9}": f"fine_generator.pmconv{i}" for i in (9, 10)}
    named |= {f"refinement.both.{i - 11}": f"fine_generator.allconv{i}" for i in range(11, 18)}
    return {ours: f"{theirs}.conv" for ours, theirs in named.items()}


def gated_layers(branches: tuple[str, str] = ("conv", "ca")) -> dict[str, str]:
    """Layers of nipponjo/deepfillv2-pytorch; `branches` are its names of the two, of which there were others before."""
    head = ["conv1", "down_block1.conv1_downsample", "down_block1.conv2", "down_block2.conv1_downsample",
            "down_block2.conv2", *(f"conv_bn{i}" for i in range(1, 6))]  # fmt: skip
    tail = ["conv_bn6", "conv_bn7", "up_block1.conv1_upsample.conv", "up_block1.conv2",
            "up_block2.conv1_upsample.conv", "up_block2.conv2", "conv_to_rgb"]  # fmt: skip
    named = {f"coarse.conv{i}": f"stage1.{name}" for i, name in enumerate(head + tail, 1)}
    convolutional, attention = branches
    named |= {f"refinement.convolutional.{i}": f"stage2.{convolutional}_{name}" for i, name in enumerate(head)}
    named |= {f"refinement.before_attention.{i}": f"stage2.{attention}_{name}" for i, name in enumerate(head[:6])}
    named |= {f"refinement.after_attention.{i}": f"stage2.{attention}_conv_bn{i + 4}" for i in range(2)}
    named |= {f"refinement.both.{i}": f"stage2.{name}" for i, name in enumerate(tail)}
    return {ours: f"{theirs}.conv" for ours, theirs in named.items()}


def ec_layers(network: str) -> dict[str, str]:
    """Layers of one of the two networks of knazeri/edge-connect, `edge_network` or `completion_network`."""
    named = {f"encoder.{i}": f"encoder.{1 + 3 * i}" for i in range(3)}
    for i in range(8):
        named |= {f"middle.{i}.first.conv": f"middle.{i}.conv_block.1"}
        named |= {f"middle.{i}.second.conv": f"middle.{i}.conv_block.5"}
    named |= {f"decoder.{i}": f"decoder.{3 * i}" for i in range(2)} | {"last": "decoder.7"}
    return {f"{network}.{ours}": theirs for ours, theirs in named.items()}


def _residual(ours: str, theirs: str) -> dict[str, str]:
    return {f"{ours}.{layer}": f"{theirs}.{layer}" for layer in ("conv1", "conv2", "bypass")}


def pic_encoder_layers() -> dict[str, str]:
    """Layers of the encoder of lyndonzheng/Pluralistic-Inpainting."""
    named = _residual("encoder.blocks.0", "block0") | _residual("encoder.posterior", "posterior")
    for i in range(4):
        named |= _residual(f"encoder.blocks.{i + 1}", f"encoder{i}")
    for i in range(6):
        named |= _residual(f"encoder.prior.{i}", f"infer_prior{i}")
    return named | _residual("encoder.prior.6", "prior")


def pic_decoder_layers() -> dict[str, str]:
    """Layers of its decoder."""
    named = _residual("decoder.z_block", "generator") | _residual("decoder.attention.block", "attn1.model")
    named |= {"decoder.attention": "attn1", "decoder.attention.query": "attn1.query_conv"}
    for i in range(5):
        named |= _residual(f"decoder.blocks.{i}", f"decoder{i}")
        named |= {
            f"decoder.blocks.{i}.norm1": f"decoder{i}.model.0",
            f"decoder.blocks.{i}.norm2": f"decoder{i}.model.3",
        }
    return named | {f"decoder.outputs.{i}.conv": f"out{i + 1}.conv1" for i in range(4)}


# --- weights


class Recorded(dict[str, Tensor]):
    """Name → tensor, which remembers what was read."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Tensor:
        self.read.add(name)
        return super().__getitem__(name)


def translated(G: nn.Module, layers: Mapping[str, str], state: State) -> dict[str, Tensor]:
    """Return the part of `G.state_dict()` that belongs to these layers, from a program's weights.

    Args:
        G: our network, or one around it.
        layers: our layer → theirs.
        state: name → tensor, of the file.

    Raises:
        InputError: a weight is missing, of another shape, or not finite.
    """
    weights: dict[str, Tensor] = {}
    for name, x in G.state_dict().items():
        spectral = SPECTRAL.fullmatch(name)
        layer, _, last = (spectral[1], "", spectral[2]) if spectral else name.rpartition(".")
        if layer not in layers:
            continue
        theirs = layers[layer]
        if spectral:
            weights[name] = _spectral(G.get_submodule(layer), state, theirs)[last]
        else:
            weights[name] = _weight(state, f"{theirs}.{last}")
        if weights[name].shape != x.shape:
            got, expected = tuple(weights[name].shape), tuple(x.shape)
            raise InputError(
                f"checkpoint: {theirs}, {last}: expected shape {expected}, got {got}; is it of this method?"
            )
        if not weights[name].isfinite().all():
            raise InputError(f"checkpoint: {theirs}, {last} holds values that are not finite; use another file")
    return weights


def _weight(state: State, name: str) -> Tensor:
    """Return a weight in float32."""
    if name not in state:
        raise InputError(f"checkpoint: {name} is missing; is it a whole file of this method's generator?")
    return state[name].detach().float()


def _spectral(layer: nn.Module, state: State, theirs: str) -> dict[str, Tensor]:
    """Return W, u and v of a layer, by the ends of their names."""
    of_torch = f"{theirs}.weight_orig" in state
    W, u = _weight(state, f"{theirs}.weight_{'orig' if of_torch else 'bar'}"), _weight(state, f"{theirs}.weight_u")
    rows_first = W.transpose(0, 1) if layer.parametrizations.weight[0].dim == 1 else W
    matrix, u = rows_first.flatten(1), u.flatten()
    if len(u) != len(matrix):
        raise InputError(f"checkpoint: {theirs}.weight_u: expected {len(matrix)} values, got {len(u)}")
    v = F.normalize(matrix.T @ u, dim=0)
    return {"original": W, "0._u": u if of_torch else F.normalize(matrix @ v, dim=0), "0._v": v}


def plain_state(content: object) -> dict[str, Tensor]:
    """Find name → tensor in what a file holds: by itself, or under `generator` or `G`; without `module.` and copies.

    Programs wrap networks for several GPUs (`module.` before every name) and layers for spectral normalisation
    (`.module.` before the last), and list a layer again for every sequence that holds it.

    Raises:
        InputError: there is none.
    """
    for key in ("generator", "G"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not content or not all(isinstance(x, Tensor) for x in content.values()):
        raise InputError("checkpoint: expected the weights of a generator, by name; is it another file of the program?")
    return {name.removeprefix("module.").replace(".module.", "."): x for name, x in content.items()}


def width_of(state: State, name: str) -> int:
    """Return the number of a weight's outputs.

    Raises:
        InputError: it is missing.
    """
    return len(torch.atleast_1d(_weight(state, name)))
