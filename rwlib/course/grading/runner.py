"""What runs in a learner's process: it runs cells and calls the learner's functions as the grader asks.

Nothing here is trusted, since the learner's code runs in the same process. The worst that it can do is to answer with
wrong values.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO


def main() -> None:
    """Set the limits, then answer the grader until it closes the line."""
    edition = str(Path(__file__).resolve().parents[3])
    sys.path[:] = [edition, *sys.path]
    from rwlib.course.grading import fence, wire

    commands, replies = _take_the_line()
    order, _ = wire.read_frame(commands)
    sys.path[:] = [edition, *(path for path in sys.path[1:] if path not in order["hidden"])]
    fence.behind_a_reaper(close=[commands.fileno(), replies.fileno(), 1, 2])
    fence.limit(order["memory_bytes"], order["file_bytes"])
    os.chdir(order["folder"])
    fenced = False
    if order["fence"]:
        fence.shut(order["read"], order["write"])
        fenced = True
    sys.path.insert(1, "")  # as in Jupyter: files beside the notebook can be imported
    wire.write_frame(replies, {"fenced": fenced})
    Session(commands, replies).serve()


class Session:
    """The cells' names, the answers that the grader knows by number, and the calls whose gradients may be asked for."""

    def __init__(self, commands: BinaryIO, replies: BinaryIO) -> None:
        from IPython.core.interactiveshell import InteractiveShell

        self.shell = InteractiveShell.instance()
        self.commands, self.replies = commands, replies
        self.answers: list[Any] = []
        self.calls: list[tuple[list, list]] = []
        self.busy = False
        signal.signal(signal.SIGINT, self._interrupt)

    def serve(self) -> None:
        """Answer one message after the other."""
        from rwlib.course.grading import wire

        while True:
            try:
                order, blobs = wire.read_frame(self.commands)
            except EOFError:
                return
            do = {"run": self.run, "describe": self.describe, "call": self.call, "backward": self.backward}[order["do"]]
            try:
                self.busy = True
                reply, out = do(order, blobs)
            except BaseException as error:
                reply, out = {"raised": _describe(error)}, []
            finally:
                self.busy = False
            for stream in (sys.stdout, sys.stderr):
                try:
                    stream.flush()
                except Exception:  # noqa: S110 (whatever the learner put in its place)
                    pass
            wire.write_frame(self.replies, reply | {"ticket": order["ticket"]}, out)

    def run(self, order: dict, blobs: list[bytes]) -> tuple[dict, list[bytes]]:
        """Run a cell."""
        result = self.shell.run_cell(order["source"], store_history=False)
        error = result.error_before_exec or result.error_in_exec
        return ({"raised": _describe(error)} if error is not None else {}), []

    def describe(self, order: dict, blobs: list[bytes]) -> tuple[dict, list[bytes]]:
        """Tell what a name stands for: a function by its number and its arguments, all else by its value."""
        from rwlib.course.grading import wire

        if order["name"] not in self.shell.user_ns:
            return {"there": False}, []
        value = self.shell.user_ns[order["name"]]
        if callable(value):
            self.answers.append(value)
            self.calls.clear()
            return {"there": True, "answer": len(self.answers) - 1, "signature": _signature(value)}, []
        tree, out = wire.encode(value)
        return {"there": True, "value": tree}, out

    def call(self, order: dict, blobs: list[bytes]) -> tuple[dict, list[bytes]]:
        """Call an answer, alone or through the exercise's own `call`; tell what it returned and what it changed."""
        import torch

        from rwlib.course.grading import wire

        args, kwargs, states = wire.unpickled(blobs[0])
        set_random_states(states)
        answer = self.answers[order["answer"]]
        if order["through"]:
            from rwlib.course.exercises import find

            args = (answer, *args)
            answer = find(order["through"]).call
        parts = list(wire.leaves((args, kwargs)))
        before = [part.clone() if isinstance(part, torch.Tensor) else None for part in parts]
        reply: dict = {}
        try:
            value = answer(*args, **kwargs)
        except BaseException as error:
            reply["raised"], value = _describe(error), None
        inputs = [part for part in parts if isinstance(part, torch.Tensor) and part.requires_grad]
        outputs = [part for part in wire.leaves(value) if isinstance(part, torch.Tensor) and part.requires_grad]
        self.calls.append((inputs, outputs))
        changed: dict = {}
        for i, (part, old) in enumerate(zip(parts, before, strict=True)):
            if isinstance(part, torch.Generator):
                changed[i] = part.get_state()
            elif old is not None and (part.shape != old.shape or not _same(part, old)):
                changed[i] = part.detach()
        tree, out = wire.encode({"value": value, "changed": changed, "states": random_states()})
        return reply | {"call": len(self.calls) - 1, "tree": tree}, out

    def backward(self, order: dict, blobs: list[bytes]) -> tuple[dict, list[bytes]]:
        """Return the gradient of an earlier call's arguments, given that of its results."""
        import torch

        from rwlib.course.grading import wire

        inputs, outputs = self.calls[order["call"]]
        gradients = wire.unpickled(blobs[0])
        grads = torch.autograd.grad(outputs, inputs, gradients, retain_graph=True, allow_unused=True)
        tree, out = wire.encode(list(grads))
        return {"tree": tree}, out

    def _interrupt(self, *_: object) -> None:
        if self.busy:
            raise KeyboardInterrupt


def random_states() -> tuple:
    """Return the states of all global sources of random numbers."""
    import random

    import numpy as np
    import torch

    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return torch.get_rng_state(), (name, keys, *rest), random.getstate()


def set_random_states(states: tuple) -> None:
    """Set the states of all global sources of random numbers."""
    import random

    import numpy as np
    import torch

    torch.set_rng_state(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    random.setstate(states[2])


def _same(one: Any, other: Any) -> bool:
    import torch

    return bool(((one == other) | ((one != one) & (other != other))).all()) if one.numel() else torch.equal(one, other)


def _signature(value: Any) -> list | None:
    import inspect

    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[p.name, int(p.kind), p.default is not p.empty] for p in parameters]


def _describe(error: BaseException) -> dict:
    """Return an exception's type and message, and the line of a cell in which it was raised."""
    import linecache

    text, frame, where = " ".join(str(error).split())[:500], error.__traceback__, ""
    while frame is not None:
        code = frame.tb_frame.f_code
        if "ipykernel" in code.co_filename or code.co_filename.startswith("<ipython-input"):
            line = linecache.getline(code.co_filename, frame.tb_lineno).strip()[:200]
            where = f"line {frame.tb_lineno} of the cell, in `{code.co_name}`: `{line}`"
        frame = frame.tb_next
    return {"type": type(error).__name__, "text": text, "where": where}


def _take_the_line() -> tuple[BinaryIO, BinaryIO]:
    """Keep stdin and stdout for the grader alone; what the learner prints goes to stderr, which is counted."""
    commands, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return commands, replies


if __name__ == "__main__":
    main()
