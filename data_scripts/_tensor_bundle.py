r"""Read TensorFlow's checkpoints (the saver's format V2, "tensor bundle") without TensorFlow.

A bundle NAME is an index and the bytes of its tensors:

    NAME.index                 a sorted table as in LevelDB, name of the variable -> BundleEntryProto
    NAME.data-00000-of-00001   the tensors' bytes one after the other; several such shards where the saver had several

    table    blocks, then a footer of 48 bytes: where the block of blocks lies, and the magic number
    block    entries, restart points, one byte for the compression, a masked CRC-32C
    entry    bytes shared with the key before, bytes of the rest, bytes of the value (varints), rest of the key, value

The value of the empty key is a BundleHeaderProto (shards, byte order), every other value a BundleEntryProto (dtype,
shape, shard, offset, size, masked CRC-32C of the bytes; keys that begin with a zero byte are parts of sliced variables
and of no use without the others). Only what is requested is read; the checksum of every block and every tensor that is
read is checked. Field numbers are those of TensorFlow's `tensor_bundle.proto` and `tensor_shape.proto`.
"""

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rwlib.errors import InputError

try:
    import google_crc32c
except ImportError:
    google_crc32c = None

MAGIC = 0xDB4775248B80FB57  # of a LevelDB table, the last eight bytes
FOOTER_BYTES, TRAILER_BYTES = 48, 5
DTYPES = {1: "float32", 2: "float64", 3: "int32", 9: "int64", 14: "bfloat16", 19: "float16"}
"""Numbers of `types.proto` that can be read; nothing else occurs among weights."""


def masked_crc32c(data: bytes) -> int:
    """Return the CRC-32C as files have it: rotated and shifted, so that a CRC over CRCs is not trivial."""
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


# --- protocol buffers and tables


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number and the position after it; seven bits per byte, lowest first."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        value, at = value | (byte & 0x7F) << shift, at + 1
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than ten bytes")


def _cut(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise ValueError(f"{size} bytes at {at} reach beyond the end")
    return data[at : at + size]


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of a protocol buffer: varints as numbers, all others as bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
        elif wire in (1, 2, 5):
            size, at = _varint(message, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
            value, at = _cut(message, at, size), at + size
        else:
            raise ValueError(f"wire type {wire}")
        yield number, value


def _block(table: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Check the block that a handle (offset, size) points to and yield its keys and values."""
    offset, at = _varint(handle, 0)
    size, _ = _varint(handle, at)
    data = _cut(table, offset, size + TRAILER_BYTES)
    if masked_crc32c(data[: size + 1]) != struct.unpack("<I", data[size + 1 :])[0]:
        raise ValueError("the checksum of a block is wrong")
    if data[size] != 0:
        name = "snappy" if data[size] == 1 else f"type {data[size]}"
        raise InputError(f"it is compressed ({name}), which the program's own saver never does; save it uncompressed")
    (restarts,) = struct.unpack("<I", data[size - 4 : size])
    key, at, end = b"", 0, size - 4 * (restarts + 1)
    while at < end:
        shared, at = _varint(data, at)
        rest, at = _varint(data, at)
        length, at = _varint(data, at)
        key, at = key[:shared] + _cut(data, at, rest), at + rest
        yield key, _cut(data, at, length)
        at += length


class Entry(NamedTuple):
    """Where one tensor lies and what it is."""

    dtype: int
    """Number of `types.proto`, see `DTYPES`."""
    shape: tuple[int, ...]
    shard: int
    offset: int
    size_bytes: int
    masked_crc: int
    sliced: bool
    """Stored in parts (a partitioned variable), which the released program never does."""


def _entry(message: bytes) -> Entry:
    numbers: dict[int, int] = {}
    shape, crc, sliced = [], 0, False
    for number, value in _fields(message):
        if number == 2:
            for inner, dim in _fields(value):
                if inner == 2:
                    shape.append(next((size for field, size in _fields(dim) if field == 1), 0))
        elif number == 6:
            (crc,) = struct.unpack("<I", value)
        elif number == 7:
            sliced = True
        else:
            numbers[number] = value
    dtype, shard, offset, size = (int(numbers.get(field, 0)) for field in (1, 3, 4, 5))
    return Entry(dtype, tuple(shape), shard, offset, size, crc, sliced)


class TensorBundle:
    """One checkpoint: its index is read at once, its tensors when asked for.

    Args:
        prefix: path of the checkpoint without `.index` and `.data-...`.

    Attributes:
        entries: name of the variable → `Entry`, sorted by name.

    Raises:
        InputError: a missing, foreign, damaged or compressed index; google-crc32c is not installed.
    """

    def __init__(self, prefix: Path) -> None:
        if google_crc32c is None:
            raise InputError('checkpoint: its checksums need google-crc32c; `pip install "rwlib[release]"`')
        self.prefix = prefix
        index = prefix.with_name(prefix.name + ".index")
        try:
            table = index.read_bytes()
        except OSError as error:
            raise InputError(
                f"checkpoint: cannot read {index} ({error.strerror}); give the checkpoint's path"
            ) from None
        if len(table) < FOOTER_BYTES or struct.unpack("<Q", table[-8:])[0] != MAGIC:
            raise InputError(
                f"checkpoint: {index} ({len(table):,} bytes) is cut short or no index of TensorFlow; get it again"
            )
        try:
            footer = table[-FOOTER_BYTES:]
            list(_block(table, footer))  # meta block: always empty, but damage to it must not go unnoticed
            at = _varint(footer, _varint(footer, 0)[1])[1]  # after its handle
            blocks = [handle for _, handle in _block(table, footer[at:])]
            values = {key: value for handle in blocks for key, value in _block(table, handle)}
            header = dict(_fields(values.pop(b"")))
            self.shards = int(header.get(1, 0))
            self.entries = {name.decode(): _entry(value) for name, value in sorted(values.items()) if name[0]}
        except InputError as error:
            raise InputError(f"checkpoint: cannot use {index}: {error}") from None
        except (IndexError, KeyError, TypeError, ValueError, struct.error) as error:
            raise InputError(f"checkpoint: {index} is damaged ({error}); get it again") from None
        if header.get(2, 0) != 0:
            raise InputError(f"checkpoint: {index} is from a big-endian machine, which cannot be read here")

    def read(self, name: str) -> np.ndarray:
        """Return one variable, in its own dtype (bfloat16 as float32).

        Raises:
            InputError: a missing or truncated data file, a wrong checksum, or a variable that is no array of numbers.
        """
        entry = self.entries[name]
        if entry.sliced or entry.dtype not in DTYPES:
            what = "stored in slices" if entry.sliced else f"of TensorFlow's type {entry.dtype}"
            raise InputError(f"checkpoint: {name} is {what}, expected an array of {', '.join(DTYPES.values())}")
        dtype = DTYPES[entry.dtype]
        stored = np.dtype("<u2" if dtype == "bfloat16" else dtype).newbyteorder("<")
        if entry.size_bytes != math.prod(entry.shape) * stored.itemsize:
            raise InputError(
                f"checkpoint: {self.prefix}.index is damaged ({name} has {entry.size_bytes} bytes for {dtype} of shape "
                f"{entry.shape}); get it again"
            )
        file = self.prefix.with_name(f"{self.prefix.name}.data-{entry.shard:05d}-of-{self.shards:05d}")
        try:
            if file.stat().st_size < entry.offset + entry.size_bytes:
                raise InputError(
                    f"checkpoint: {file} is truncated ({file.stat().st_size:,} bytes, {name} ends at "
                    f"{entry.offset + entry.size_bytes:,}); get it again"
                )
            with file.open("rb") as stream:
                stream.seek(entry.offset)
                data = stream.read(entry.size_bytes)
        except OSError as error:
            raise InputError(
                f"checkpoint: cannot read {file} ({error.strerror}); it belongs beside {self.prefix.name}.index"
            ) from None
        if masked_crc32c(data) != entry.masked_crc:
            raise InputError(f"checkpoint: {file} is damaged (the checksum of {name} is wrong); get it again")
        values = np.frombuffer(data, stored).reshape(entry.shape)
        return (values.astype("<u4") << 16).view("<f4") if dtype == "bfloat16" else values
