"""The weights that ship with rwlib, and those of the loss network."""

import warnings
from pathlib import Path

import rwlib
from rwlib.commands.doctor.finding import REINSTALL, Finding

WEIGHTS = Path(rwlib.__file__).parent / "weights"
LFS_POINTER = b"version https://git-lfs"


def check_vgg() -> Finding:
    """Load the loss network from its bundled weights, as training does."""
    from rwlib.networks.vgg import VGGFeatures
    from rwlib.networks.vgg_weights import BUNDLED_FILE

    try:
        VGGFeatures("bundled")
    except ValueError as error:  # rwlib's own errors say the remedy behind a semicolon.
        detail, _, remedy = str(error).partition("; ")
        return Finding(False, "VGG weights", detail, remedy or REINSTALL)
    return Finding(True, "VGG weights", BUNDLED_FILE)


def check_checkpoint(file: Path) -> Finding:
    """Read one shipped checkpoint; a Git LFS pointer, a truncated, damaged or foreign file fails."""
    name = file.relative_to(WEIGHTS)
    with file.open("rb") as stream:
        if stream.read(len(LFS_POINTER)) == LFS_POINTER:
            return Finding(False, "checkpoint", f"{name} is a Git LFS pointer, not the file", "git lfs pull")
    from rwlib.checkpoints import read_checkpoint
    from rwlib.errors import InputError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a file without a digest: nobody could say whether it is whole
            tensors, _, _ = read_checkpoint(file, kind="generator")
    except (InputError, UserWarning) as error:
        detail = str(error).removeprefix("checkpoint: ").replace(str(file), str(name)).partition(";")[0]
        return Finding(False, "checkpoint", detail, f"fetch it again: git checkout -- rwlib/weights/{name}")
    return Finding(True, "checkpoint", f"{name}, {file.stat().st_size / 1e6:.1f} MB, {len(tensors)} tensors")


def check_default_exists() -> Finding:
    """See that a model is shipped at all; `rwlib inpaint` needs one unless it is given another."""
    count = len(list(WEIGHTS.glob("*.safetensors")))
    variants = len(list(WEIGHTS.rglob("*.safetensors"))) - count
    detail = f"{count or 'no'} generator{'' if count == 1 else 's'} and {variants or 'no'} variants in rwlib/weights"
    return Finding(count > 0, "checkpoints", detail, "fetch them again: git checkout -- rwlib/weights")
