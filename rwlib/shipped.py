"""The generators that ship with rwlib, by name: wherever a checkpoint is asked for, `facades128` will do.

Nothing here loads torch, so that a command can look at its arguments at once.
"""

import difflib
import os
from pathlib import Path

from rwlib.errors import InputError

SHIPPED = Path(__file__).parent / "weights"
DEFAULT = SHIPPED / "facades64.safetensors"
"""The generator that ships with rwlib for 64 px, the course's size; its model card lies beside it."""
PHOTOGRAPHS = SHIPPED / "general128.safetensors"
"""The generator that ships with rwlib for photographs of any kind (RESULTS.md says what that costs on house fronts)."""


def shipped_generators() -> dict[str, Path]:
    """Return name → file of the generators that ship: those of the region-wise model, then those of `rwlib.rivals`."""
    folders = ({file.stem: file for file in folder.glob("*.safetensors")} for folder in (SHIPPED, SHIPPED / "rivals"))
    return {name: files[name] for files in folders for name in sorted(files)}


def find_generator(file: str | os.PathLike[str], argument: str = "checkpoint") -> Path:
    """Return a generator's file: the one that lies there, or the one that ships under that name.

    Args:
        file: a path, or one of `shipped_generators`. What lies there wins over what ships.
        argument: what the caller calls it, for messages.

    Raises:
        InputError: a plain name, without a folder or an ending, that is neither.

    Example:
        >>> find_generator("facades64") == DEFAULT
        True
    """
    name, generators = os.fspath(file), shipped_generators()
    if os.path.lexists(file) or os.path.basename(name) != name or name.endswith(".safetensors"):
        return Path(file)
    if name not in generators:
        near = difflib.get_close_matches(name, generators, n=1)
        meant = f"; the nearest of these names is {near[0]}" if near else ""
        raise InputError(
            f"{argument}: {name!r} is neither a file nor a generator that ships; give a .safetensors file that rwlib "
            f"wrote, or one of {', '.join(generators)}{meant}"
        )
    return generators[name]
