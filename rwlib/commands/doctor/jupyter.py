"""What the notebooks need: a kernel that has rwlib, and the halves of the widgets that run in the browser."""

import subprocess
import sys
import tempfile
from pathlib import Path

from rwlib.commands.doctor.finding import REINSTALL, Finding

FRONT_ENDS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
"""Extensions of JupyterLab without which no widget appears."""


def check_kernel() -> Finding:
    """Find the interpreter of the kernel `python3`, which the notebooks name, and see whether rwlib imports there.

    It runs in an empty folder, because a folder that holds a copy of rwlib would answer for a missing installation.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        remedy = "python -m ipykernel install --sys-prefix --name python3"
        return Finding(False, "Jupyter kernel", "there is no kernel named python3", remedy)
    # Jupyter, too, reads these names as the interpreter that it runs in itself.
    names = {"python", "python3", f"python3.{sys.version_info.minor}"}
    interpreter = sys.executable if command in names else command
    with tempfile.TemporaryDirectory() as empty:
        try:
            subprocess.run(
                [interpreter, "-c", "import ipykernel, rwlib"],
                check=True, capture_output=True, text=True, cwd=empty, timeout=120,
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            reason = error.stderr.strip().splitlines()[-1]
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = str(error)
        else:
            return Finding(True, "Jupyter kernel", f"python3 ({interpreter})")
    remedy = f"{REINSTALL}; then: python -m ipykernel install --sys-prefix --name python3"
    return Finding(False, "Jupyter kernel", f"python3 ({interpreter}) cannot run rwlib: {reason}", remedy)


def check_front_ends() -> Finding:
    """See that JupyterLab has its own pages, and the extensions that show widgets, whole and switched on."""
    from jupyter_core.paths import jupyter_path
    from jupyterlab_server.config import get_federated_extensions, get_page_config

    if not any(Path(folder, "static", "index.html").is_file() for folder in jupyter_path("lab")):
        return Finding(False, "JupyterLab", "its pages are missing", REINSTALL)
    folders = jupyter_path("labextensions")
    installed, disabled = get_federated_extensions(folders), get_page_config(folders)["disabledExtensions"]
    for name in FRONT_ENDS:
        about = installed.get(name)
        if about is None:
            return Finding(False, "JupyterLab", f"the extension {name} is missing: no widget appears", REINSTALL)
        if not Path(about["ext_path"], about["jupyterlab"]["_build"]["load"]).is_file():
            return Finding(False, "JupyterLab", f"the extension {name} is incomplete: no widget appears", REINSTALL)
        if name in disabled:
            remedy = f"jupyter labextension enable {name}"
            return Finding(False, "JupyterLab", f"the extension {name} is switched off: no widget appears", remedy)
    return Finding(True, "JupyterLab", f"extensions {', '.join(FRONT_ENDS)}")
