"""What the tests of the commands share."""

import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import PATIENCE_S

import rwlib
from rwlib.commands.main import main

ROOT = Path(rwlib.__file__).parents[1]


def refused(capfd, arguments, match):
    """Check exit status 2 and the one line on stderr."""
    assert main(arguments) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1 and err.endswith("\n")
    assert re.match(f"rwlib: {match}", err), err


def inpaint_arguments(photo="photo.png", mask="mask.png", output="out/out.png", checkpoint="G.safetensors"):
    return ["inpaint", str(photo), "--mask", str(mask), "-o", str(output), "--checkpoint", str(checkpoint)]


def flat(text):
    """Take the boxes and line breaks out of a help text."""
    return " ".join(re.sub(r"[^\x20-\x7e]", " ", text).split())


def rwlib_process(*arguments):
    """Run the command in a process of its own, as a user does."""
    command = [sys.executable, "-m", "rwlib", *map(str, arguments)]
    env = os.environ | {"PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, env=env)
