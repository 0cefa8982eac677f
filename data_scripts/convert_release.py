r"""Turn a checkpoint of the authors' released TensorFlow program into a generator of rwlib's `release` preset.

    python data_scripts/convert_release.py models/celeba/v8.ckpt-3500 -o celeba.safetensors
    rwlib inpaint photo.png --mask mask.png --checkpoint celeba.safetensors -o filled.png

`RELEASE.md` says where to get the authors' checkpoints. TensorFlow is not needed: `_tensor_bundle.py` reads the files.
CHECKPOINT may be the checkpoint's path without an ending, its `.index` file, or its folder. Every variable of the two
networks must be there, exactly once and in the right shape; the discriminator and the optimiser's state are left out.
A model card, OUT.md, is written beside OUT.safetensors. Either both files are written or none, and nothing that exists
is overwritten.
"""

import argparse
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from _checksums import file_checksum
from _converted import card_of, refuse_too_large, write_both
from _script import run_with_one_line_errors
from _tensor_bundle import TensorBundle
from torch import Tensor

from rwlib.config import Config, make_config
from rwlib.errors import InputError
from rwlib.networks.generator import RegionWiseGenerator

NETWORKS = {"inpaint_net": "semantic_inferring", "inpaint_net_1": "global_perceiving"}
VARIABLE = re.compile(r"(inpaint_net|inpaint_net_1)/(?:conv|com_)(\d+)(?:_[a-z]+)?(?:_1)?/(kernel|bias)")
"""conv1_1, conv2_downsample_1, conv7_atrous_1, com_13_fusion_1, com_14_fusion, conv13_upsample_1, ..."""
ENCODER_LAYERS = 12
LEFT_OUT = {
    "optimiser": re.compile(r".*/Adam(_\d+)?|beta[12]_power(_\d+)?"),
    "discriminator": re.compile(r"discriminator/.*"),
    "step counter": re.compile(r"global_step"),
}
"""What a checkpoint holds besides the generator; a name belongs to the first pattern that matches."""
CARD = Path(__file__).with_name("release_card.md")


def parameter_name(variable: str) -> str | None:
    """Return the parameter of `RegionWiseGenerator` that a variable of the released program is, or None.

    Example:
        >>> parameter_name("inpaint_net/com_13_fusion_1/kernel")
        'semantic_inferring.conv13.weight'
    """
    match = VARIABLE.fullmatch(variable)
    if not match:
        return None
    scope, layer, kind = match.groups()
    encoder = "encoder." if int(layer) <= ENCODER_LAYERS else ""
    return f"{NETWORKS[scope]}.{encoder}conv{int(layer)}.{'weight' if kind == 'kernel' else 'bias'}"


def to_parameter(values: np.ndarray) -> Tensor:
    """Bring a kernel (k, k, in, out) to (out, in, k, k), a bias as it is, both to float32."""
    with np.errstate(over="ignore"):  # float64 that float32 cannot hold becomes infinite and is refused by name
        x = torch.from_numpy(np.array(values, dtype=np.float32))
    return x.permute(3, 2, 0, 1).contiguous() if x.ndim == 4 else x


def generator_from_variables(
    variables: Mapping[str, np.ndarray], width: int | None = None
) -> tuple[RegionWiseGenerator, Config]:
    """Build the `release` generator from the released program's variables.

    Args:
        variables: name → array in TensorFlow's layout; those of the generator and no other.
        width: channels of the first layer that are expected; None takes what the weights say.

    Returns:
        The generator in evaluation mode, and its configuration.

    Raises:
        InputError: a variable is missing, unknown, there twice, of another shape or kind, or not finite.
    """
    variable_of: dict[str, str] = {}
    for name in variables:
        parameter = parameter_name(name)
        if parameter is None:
            raise InputError(f"checkpoint: the variable {name} is unknown; give a checkpoint of the released program")
        if parameter in variable_of:
            both = f"{variable_of[parameter]} and {name}"
            raise InputError(f"checkpoint: the variables {both} are the same layer; keep one")
        variable_of[parameter] = name
    first = variable_of.get("semantic_inferring.encoder.conv1.bias")
    if first is None:
        raise InputError("checkpoint: inpaint_net/conv1_1/bias is missing, which tells the width")
    actual_width = variables[first].size
    if width not in (None, actual_width):
        raise InputError(f"width: the weights are of width {actual_width}, expected {width}; leave --width out")
    config = make_config("release", "full", width=actual_width)
    with torch.device("meta"):  # shapes without memory, whatever width a damaged file claims
        G = RegionWiseGenerator.from_config(config)
    shapes, weights = {name: x.shape for name, x in G.state_dict().items()}, {}
    if missing := [name for name in shapes if name not in variable_of]:
        more = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise InputError(f"checkpoint: the variable of {missing[0]} is missing{more}; is it the released program's?")
    for parameter, name in variable_of.items():
        values = variables[name]
        if values.dtype.kind != "f":
            raise InputError(f"checkpoint: {name} holds {values.dtype}, expected floating point numbers")
        weights[parameter] = to_parameter(values)
        if weights[parameter].shape != shapes.get(parameter):
            expected = tuple(shapes[parameter]) if parameter in shapes else "no such layer"
            raise InputError(
                f"checkpoint: {name} has shape {values.shape}, {tuple(weights[parameter].shape)} in torch; expected "
                f"{expected} in the released network of width {actual_width}"
            )
        if not weights[parameter].isfinite().all():
            raise InputError(f"checkpoint: {name} holds values that are not finite in float32; use another checkpoint")
    G.load_state_dict(weights, assign=True)
    return G.requires_grad_(False).eval(), config


def find_prefix(path: Path) -> Path:
    """Return a checkpoint's path without ending, from that path, one of its files, or its folder.

    Raises:
        InputError: there is none, or a folder holds several and no file `checkpoint` that says which is the newest.
    """
    if path.is_dir():
        record = path / "checkpoint"
        if record.is_file():
            newest = re.search(r'^model_checkpoint_path: "([^"\n]+)"', record.read_text(errors="replace"), re.MULTILINE)
            if not newest:
                raise InputError(f"checkpoint: {record} names no model_checkpoint_path; give the .index file itself")
            path /= re.split(r"[/\\]", newest[1])[-1]  # its folder was that of the authors' machine
        else:
            indices = sorted(path.glob("*.index"))
            if len(indices) != 1:
                names = ", ".join(file.name for file in indices) or "none"
                raise InputError(f"checkpoint: {path} should hold one .index file, has {names}; give the file itself")
            path = indices[0]
    prefix = path.with_name(re.sub(r"\.(index|meta|data-\d{5}-of-\d{5})$", "", path.name))
    if not prefix.with_name(prefix.name + ".index").is_file():
        if prefix.is_file():
            raise InputError(f"checkpoint: {prefix} is one file, expected NAME.index and NAME.data-00000-of-00001")
        raise InputError(f"checkpoint: there is no {prefix}.index; give the checkpoint's path without its endings")
    return prefix


def read_variables(bundle: TensorBundle) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Read the generator's variables and count the others.

    Returns:
        Name → array, and kind → number of variables left out.

    Raises:
        InputError: none of the generator's variables is there, one of them cannot be read, or a name is unknown.
    """
    needed, n_left_out, unknown = [], dict.fromkeys(LEFT_OUT, 0), []
    for name in bundle.entries:
        kind = next((kind for kind, pattern in LEFT_OUT.items() if pattern.fullmatch(name)), None)
        if kind:
            n_left_out[kind] += 1
        else:
            (needed if parameter_name(name) else unknown).append(name)
    if unknown or not needed:
        examples = ", ".join((unknown or list(bundle.entries))[:3]) or "nothing"
        count = f"{len(unknown)} unknown variables of {len(bundle.entries)}" if unknown else "no generator"
        raise InputError(f"checkpoint: {bundle.prefix} holds {count} ({examples} ...); is it of another program?")
    return {name: bundle.read(name) for name in needed}, n_left_out


def training_time(name: str) -> str:
    """Say what a checkpoint's name tells: `v19.ckpt-7` is saved after epoch 19, counted from 0, of 7 steps each."""
    match = re.fullmatch(r"(?:v(\d+)|.*)\.ckpt-(\d+)", name)
    if not match:
        return "its name does not tell the step"
    epoch, steps = match.groups()
    if epoch is None:
        return f"by its name {int(steps):,} steps per epoch"
    return f"by its name after {int(epoch) + 1} epochs of {int(steps):,} steps"


def convert(checkpoint: Path, to: Path, *, half: bool = False, width: int | None = None) -> list[str]:
    """Convert one checkpoint; write the generator and its model card.

    Args:
        checkpoint: see `find_prefix`.
        to: file ending in `.safetensors`, which must not exist; nor may the card beside it.
        half: write half precision.
        width: expected width; None takes any.

    Returns:
        What was read and written, as lines to print.

    Raises:
        InputError: a file, a variable or the output is not as it should be.
    """
    card = card_of(to)
    bundle = TensorBundle(find_prefix(checkpoint))
    variables, n_left_out = read_variables(bundle)
    G, config = generator_from_variables(variables, width)
    if half:
        refuse_too_large(G)

    parameters = sum(x.numel() for x in G.parameters())
    dtypes = sorted({str(x.dtype) for x in variables.values()})
    left_out = ", ".join(f"{count} of the {kind}" for kind, count in n_left_out.items() if count) or "nothing"
    name, time = bundle.prefix.name, training_time(bundle.prefix.name)
    sha256 = file_checksum(bundle.prefix.with_name(name + ".index"))
    about = {"source": "the authors' released program", "checkpoint": name, "sha256_of_index": sha256}
    text = CARD.read_text(encoding="utf-8").format(
        title=to.stem, name=name, time=time, sha256=sha256, width=config.width, parameters=parameters,
        left_out=left_out, precision="half" if half else "single", out=to.name,
    )  # fmt: skip
    write_both(to, G, config, text, half=half, about=about)
    return [
        f"{name}: {time}",
        f"generator: {len(variables)} variables ({', '.join(dtypes)}), each used once, checksums right; "
        f"{parameters:,} parameters, width {config.width}",
        f"left out: {left_out}",
        f"wrote {to} ({to.stat().st_size / 1e6:.1f} MB, {'half' if half else 'single'} precision) and {card}",
    ]


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", type=Path, help="path without ending, .index file, or folder")
    parser.add_argument("-o", "--output", type=Path, required=True, help="generator to write, ends in .safetensors")
    parser.add_argument("--half", action="store_true", help="half precision: half the bytes")
    parser.add_argument("--width", type=int, help="insist on this width (the authors' is 32; default: the weights')")
    options = parser.parse_args(argv)
    return run_with_one_line_errors(
        lambda: print("\n".join(convert(options.checkpoint, options.output, half=options.half, width=options.width)))
    )


if __name__ == "__main__":
    sys.exit(main())
