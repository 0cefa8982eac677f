"""JupyterHub for a class of thirty on one machine: one environment, the course read-only, a copy for each learner.

    make install CPU=1                             # the course's environment, once, as the owner of this clone
    .venv/bin/python -m pip install jupyterhub     # into the same environment
    npm install --global configurable-http-proxy
    sudo .venv/bin/jupyterhub -f deploy/jupyterhub_config.py

Each learner has an account of the machine, signs in with its password, and finds the notebooks in `rwlib-course/` in
their home. `rwlib start` copies them there at every start, never over the learner's own. Python, PyTorch, rwlib and its
weights exist once on the disk, and all notebooks share their pages in memory.

How much a machine needs: see README.md beside this file.
"""

import os
import sys
from pathlib import Path

PEOPLE = int(os.environ.get("RWLIB_HUB_PEOPLE", "30"))
"""Learners at the same time."""
MEMORY_MB = int(os.environ.get("RWLIB_HUB_MEMORY_MB", "3000"))
"""Memory of a learner's server and kernels together; held only by a spawner that can, see README.md."""
THREADS = max(1, (os.cpu_count() or 1) // PEOPLE)
"""Threads of a kernel: thirty that take all cores each would wait for each other."""
COURSE = "rwlib-course"
ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = Path(sys.executable).parent

c = get_config()  # noqa: F821, which JupyterHub defines

# --- who may come in, and how

c.JupyterHub.bind_url = os.environ.get("RWLIB_HUB_ADDRESS", "http://127.0.0.1:8000")
"""Only this machine reaches the hub until a server with a certificate (nginx, Caddy) stands before it."""
c.Authenticator.allow_all = True  # everybody who has an account here and its password
c.Authenticator.admin_users = set()
c.JupyterHub.active_server_limit = PEOPLE

# --- a learner's server

c.Spawner.cmd = [str(ENVIRONMENT / "jupyterhub-singleuser")]
c.Spawner.notebook_dir = f"~/{COURSE}"
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120
c.Spawner.mem_limit = MEMORY_MB * 2**20
c.Spawner.args = [
    "--ServerApp.tornado_settings={'websocket_max_message_size': 100_000_000}",  # photographs for the hole painter
    "--KernelManager.transport=ipc",  # no ports, which other people on the machine could listen to
    "--MappingKernelManager.cull_idle_timeout=3600",  # a kernel that nobody has used for an hour
    "--MappingKernelManager.cull_interval=300",
    "--ServerApp.shutdown_no_activity_timeout=7200",
]
c.Spawner.environment = {
    "PATH": f"{ENVIRONMENT}{os.pathsep}{os.environ.get('PATH', '')}",  # so that `!rwlib` works in a notebook
    "OMP_NUM_THREADS": str(THREADS),
    "RWLIB_TIER": "cpu",
}


def copy_course(spawner):
    """Give the learner the notebooks that they do not have yet, as themselves."""
    import pwd
    import subprocess

    account = pwd.getpwnam(spawner.user.name)
    subprocess.run(
        [ENVIRONMENT / "rwlib", "start", str(Path(account.pw_dir) / COURSE)],
        check=True,
        user=account.pw_uid if os.geteuid() == 0 else None,
        group=account.pw_gid if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        env={"HOME": account.pw_dir, "PATH": os.environ.get("PATH", "")},
        cwd=account.pw_dir,
        stdout=subprocess.DEVNULL,
        timeout=60,
    )


c.Spawner.pre_spawn_hook = copy_course
