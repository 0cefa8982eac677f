"""`rwlib lab [DIR]`: a learner's copy of the notebooks, opened in JupyterLab; a clone is not needed."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from rwlib.commands.start import Start
from rwlib.errors import InputError, printable

OPTIONS = {"ServerApp.tornado_settings": "{'websocket_max_message_size': 100_000_000}"}
"""JupyterLab drops messages above 10 MB without a word; a photograph for the hole painter may be larger."""


@dataclass
class Lab:
    """Copy the course's notebooks into a folder of your own, as `rwlib start` does, and open them in JupyterLab."""

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")] = Path("rwlib-course")
    """Your folder; made if need be, and files that are there are never overwritten."""
    browser: bool = True
    """Open a browser; with --no-browser only the address is printed."""
    port: int = 0
    """Port of the server; 0 takes 8888 or the next one that is free."""
    ip: str = ""
    """Address at which the server listens; 0.0.0.0 lets other machines in, who need the token that it prints."""

    def run(self) -> int:
        """Copy what is missing, then run JupyterLab until it is ended."""
        if not 0 <= self.port < 65536:
            raise InputError(f"port: expected 0 to 65535, got {self.port}")
        if self.ip and not re.fullmatch(r"[\w.:%-]+", self.ip):
            raise InputError(f"ip: expected an address such as 0.0.0.0, got {printable(self.ip)}")
        Start(self.folder, quiet=True).run()
        # So that `!rwlib` works in a notebook, whether or not this environment was activated.
        scripts = str(Path(sys.executable).parent)
        path = os.environ.get("PATH", "")
        if scripts not in path.split(os.pathsep):
            os.environ["PATH"] = os.pathsep.join(filter(None, [scripts, path]))
        from jupyterlab.labapp import LabApp

        sys.stdout.flush()
        LabApp.launch_instance(argv=self.arguments())
        return 0

    def arguments(self) -> list[str]:
        """Return the words that JupyterLab is started with."""
        words = [f"--{name}={value}" for name, value in OPTIONS.items()]
        words += [f"--ServerApp.root_dir={self.folder.resolve()}"]
        words += ["--no-browser"] * (not self.browser) + [f"--port={self.port}"] * bool(self.port)
        words += [f"--ServerApp.ip={self.ip}"] * bool(self.ip)
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # in a container; Windows has no such user
        return words + ["--allow-root"] * is_root
