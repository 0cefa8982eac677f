"""What goes between a learner's process and the grader: frames of JSON and bytes, and values in them.

The grader sends pickles, for it is trusted. A notebook's process answers in a form that can hold nothing but data:
numbers, texts, containers and tensors; whatever else there is becomes its name. So reading an answer runs no code.
"""

import io
import json
import math
import pickle
import struct
import sys
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

MAX_BYTES = 1 << 26
"""Longest frame that is read, 64 MiB: the largest answer of an exercise has less than one."""
MAX_DEPTH, MAX_PARTS = 30, 100_000
DTYPES = ("float64", "float32", "float16", "bfloat16", "complex128", "complex64", "int64", "int32", "int16", "int8",
          "uint8", "uint32", "bool")  # fmt: skip


class WireError(Exception):
    """A frame or a value that is not what it should be."""


class Foreign:
    """Stands for a value that cannot be sent; its class has the name of the value's."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def write_frame(stream: BinaryIO, header: dict, blobs: Sequence[bytes] = ()) -> None:
    """Write one message: a JSON object and any number of byte strings."""
    text = json.dumps(header | {"blobs": [len(blob) for blob in blobs]}).encode()
    stream.write(struct.pack(">Q", len(text)) + text)
    for blob in blobs:
        stream.write(blob)
    stream.flush()


def read_frame(stream: BinaryIO, max_bytes: int = MAX_BYTES) -> tuple[dict, list[bytes]]:
    """Read one message.

    Raises:
        EOFError: the other side has closed.
        WireError: it is no message, or longer than `max_bytes`.
    """
    (size,) = struct.unpack(">Q", _exactly(stream, 8))
    if size > max_bytes:
        raise WireError("a message is too long")
    try:
        header = json.loads(_exactly(stream, size))
        sizes = header.pop("blobs")
        whole = all(type(n) is int and n >= 0 for n in sizes) and sum(sizes) <= max_bytes
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        raise WireError("a message cannot be read") from None
    if not whole:
        raise WireError("a message is too long")
    return header, [_exactly(stream, n) for n in sizes]


def encode(value: Any) -> tuple[Any, list[bytes]]:
    """Return a value as JSON and byte strings.

    Raises:
        WireError: it is too deep or has too many parts.
    """
    blobs: list[bytes] = []
    count = [0]

    def bulk(array: Any, kind: str, **more: Any) -> dict:
        blobs.append(array.tobytes())
        return {"kind": kind, "shape": list(array.shape), "blob": len(blobs) - 1} | more

    def tree(value: Any, depth: int) -> Any:
        count[0] += 1
        if depth > MAX_DEPTH or count[0] > MAX_PARTS:
            raise WireError("the value has too many parts")
        if value is None or type(value) in (bool, int, float, str):
            return {"kind": "plain", "value": value}
        torch, np = sys.modules.get("torch"), sys.modules.get("numpy")
        if torch is not None and isinstance(value, torch.Tensor):
            return _tensor(value, bulk)
        if torch is not None and isinstance(value, torch.dtype):
            return {"kind": "dtype", "value": str(value).removeprefix("torch.")}
        if np is not None and isinstance(value, np.ndarray | np.generic) and value.dtype.name in DTYPES:
            name = "array" if isinstance(value, np.ndarray) else "scalar"
            return bulk(np.asarray(value), name, dtype=value.dtype.name)
        if isinstance(value, complex):
            return {"kind": "complex", "value": [value.real, value.imag]}
        if isinstance(value, dict):
            return {"kind": "dict", "items": [[tree(k, depth + 1), tree(v, depth + 1)] for k, v in value.items()]}
        for name, kind in CONTAINERS.items():
            if isinstance(value, kind):
                return {"kind": name, "items": [tree(item, depth + 1) for item in value]}
        for kind in (str, bool, int, float):
            if isinstance(value, kind):
                return {"kind": "plain", "value": kind(value)}
        return {"kind": "ellipsis"} if value is Ellipsis else {"kind": "foreign", "value": type(value).__name__}

    return tree(value, 0), blobs


def decode(tree: Any, blobs: Sequence[bytes]) -> Any:
    """Return the value that `encode` was given, tensors on the CPU, without gradients; `requires_grad` is kept.

    Raises:
        WireError: it is none.
    """
    try:
        return _decode(tree, blobs, 0)
    except WireError:
        raise
    except Exception as error:  # whatever a process may send
        raise WireError(f"a value cannot be read: {type(error).__name__}") from None


def leaves(value: Any) -> Iterator[Any]:
    """Yield the tensors, arrays and generators of random numbers in nested containers, always in the same order."""
    import numpy as np
    import torch

    if isinstance(value, torch.Tensor | torch.Generator | np.ndarray):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)


def pickled(value: Any) -> bytes:
    """Return arguments for a learner's process; generators of random numbers go with their state."""
    import torch

    class Pickler(pickle.Pickler):
        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, torch.Generator):
                return _generator, (value.get_state(),)
            if isinstance(value, torch.Tensor) and value.grad_fn is not None:
                return _with_gradient, (value.detach(),)
            return NotImplemented

    buffer = io.BytesIO()
    Pickler(buffer, protocol=5).dump(value)
    return buffer.getvalue()


def unpickled(blob: bytes) -> Any:
    """Return what `pickled` was given; for a learner's process alone, since a pickle can run code."""
    return pickle.loads(blob)  # noqa: S301 (from the grader)


CONTAINERS = {"tuple": tuple, "list": list, "frozenset": frozenset, "set": set}


def _generator(state: Any) -> Any:
    import torch

    return torch.Generator().set_state(state)


def _with_gradient(value: Any) -> Any:
    return value.requires_grad_()


def _tensor(value: Any, bulk: Any) -> dict:
    import torch

    name = str(value.dtype).removeprefix("torch.")
    if name not in DTYPES or value.layout != torch.strided:
        return {"kind": "foreign", "value": "Tensor"}
    whole = value.detach().as_subclass(torch.Tensor).cpu().resolve_conj().resolve_neg().contiguous()
    raw = whole.view(torch.int16) if name == "bfloat16" else whole
    return bulk(raw.numpy(), "tensor", dtype=name, grad=bool(value.requires_grad))


def _decode(tree: Any, blobs: Sequence[bytes], depth: int) -> Any:
    kind = tree["kind"]
    if depth > MAX_DEPTH:
        raise WireError("a value is too deep")
    if kind == "plain":
        return tree["value"]
    if kind in ("tensor", "array", "scalar"):
        return _decode_bulk(tree, blobs)
    if kind == "dict":
        return {_decode(k, blobs, depth + 1): _decode(v, blobs, depth + 1) for k, v in tree["items"]}
    if kind in CONTAINERS:
        return CONTAINERS[kind](_decode(item, blobs, depth + 1) for item in tree["items"])
    if kind == "complex":
        return complex(*tree["value"])
    if kind == "ellipsis":
        return Ellipsis
    if kind == "dtype":
        import torch

        dtype = getattr(torch, str(tree["value"]), None)
        return dtype if isinstance(dtype, torch.dtype) else Foreign()
    return type(str(tree["value"])[:40] if str(tree["value"]).isidentifier() else "object", (Foreign,), {})()


def _decode_bulk(tree: Any, blobs: Sequence[bytes]) -> Any:
    import numpy as np
    import torch

    name, shape, blob = tree["dtype"], [int(n) for n in tree["shape"]], blobs[tree["blob"]]
    if name not in DTYPES or min(shape, default=0) < 0 or len(shape) > 30:
        raise WireError("a tensor cannot be read")
    stored = np.dtype("int16" if name == "bfloat16" else name)
    if math.prod(shape) * stored.itemsize != len(blob):
        raise WireError("a tensor has another size than it says")
    array = np.frombuffer(blob, stored).reshape(shape).copy()
    if tree["kind"] == "array":
        return array
    if tree["kind"] == "scalar":
        return array[()]
    tensor = torch.from_numpy(array)
    tensor = tensor.view(torch.bfloat16) if name == "bfloat16" else tensor
    return tensor.requires_grad_(tree["grad"] is True and (tensor.is_floating_point() or tensor.is_complex()))


def _exactly(stream: BinaryIO, size: int) -> bytes:
    parts = []
    while size:
        part = stream.read(size)
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
