"""A process that has imported what training needs, and forks for each thing that a test runs in a process of its own.

Importing it all takes six seconds of a processor, a fork takes none.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

IMPORTS = ("torch._dynamo", "torchvision.utils", "rwlib.training.loop", "rwlib.commands.main")


class Nursery:
    """A context; `start` makes a process, `wait` waits for its end."""

    def __enter__(self) -> "Nursery":
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"}, cwd=Path(__file__).parents[1],
        )  # fmt: skip
        self._running: set[int] = set()
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._running:  # of a test that failed before it waited
            os.kill(pid, signal.SIGKILL)
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def start(self, code: str, *arguments: str, env: dict[str, str], printed: Path) -> int:
        """Run code in a new process; return its number. What it prints goes to the file `printed`."""
        pid = self._ask(code=code, arguments=arguments, env=env, printed=str(printed))
        self._running.add(pid)
        return pid

    def wait(self, pid: int) -> int:
        """Return a process's exit status once it has ended."""
        status = self._ask(wait=pid)
        self._running.remove(pid)
        return status

    def _ask(self, **what: object) -> int:
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def serve() -> None:
    """Do what comes on standard input; in a fork, run its code."""
    for name in IMPORTS:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            print(os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1]), flush=True)
        elif pid := os.fork():
            print(pid, flush=True)
        else:
            for number, file, flags in ((0, os.devnull, os.O_RDONLY), (1, asked["printed"], os.O_WRONLY | os.O_CREAT)):
                os.dup2(os.open(file, flags), number)
            os.dup2(1, 2)
            os.environ |= asked["env"]
            sys.argv[1:] = asked["arguments"]
            exec(compile(asked["code"], "<code>", "exec"), {"__name__": "__main__"})
            return  # as any process ends


if __name__ == "__main__":
    serve()
