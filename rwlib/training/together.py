r"""Processes that train together end together: whoever fails tells the others, who would wait for it for ever.

In a step every process waits for the gradients of all others. If one has failed (the first alone writes, so a full disk
ends it alone), the others would hang until the launcher or NCCL's timeout ends them. Here each looks every second into
the store by which the processes found each other; nothing is added to a step.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch.distributed as dist
from torch.distributed.distributed_c10d import _get_default_store

from rwlib.errors import InputError
from rwlib.training.run_folder import write_record

POLL_S = 1.0
"""Seconds between two looks."""

KEY = "rwlib-failed"


@contextmanager
def ends_with_the_others(run_dir: Path) -> Iterator[None]:
    """End this process within seconds, with one line and exit status 2, when another one fails inside the block.

    Args:
        run_dir: folder whose record the first process, ended for another's sake, marks as failed.
    """
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        yield
        return
    store, over = _get_default_store(), threading.Event()

    def watch() -> None:
        while not over.wait(POLL_S):
            try:
                failed = store.check([KEY])
            except Exception:  # whoever keeps the store has gone, at the end of a run, say
                return
            if failed and not over.is_set():
                number = store.get(KEY).decode()
                print(f"rwlib: processes: process {number} failed, so this one ends, too", file=sys.stderr, flush=True)
                if dist.get_rank() == 0 and (run_dir / "run.json").exists():
                    with contextlib.suppress(InputError):
                        write_record(run_dir, status="failed")
                os._exit(2)  # the main thread is inside of a collective operation, which nothing else leaves

    threading.Thread(target=watch, name="ends with the others", daemon=True).start()
    try:
        yield
    except BaseException:
        over.set()
        with contextlib.suppress(Exception):
            store.set(KEY, str(dist.get_rank()))
            time.sleep(2 * POLL_S)  # the store, or the connection, may go with this process
        raise
    finally:
        over.set()
