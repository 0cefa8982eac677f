"""Ways to spoil bytes, text, and JSON."""

import json
import struct
import zlib

import numpy as np

Rng = np.random.Generator

WORDS = [
    "", "nan", "NaN", "inf", "-inf", "-1", "0", "1", "1e999", "-0.0", "0.5", "18446744073709551616", "null", "true",
    "[]", "{}", '"', "'", "\0", "\x1b[31m", "é", "\u202e", "a,b", "\n", "../../x", "/", ".", "A" * 5000,
]  # fmt: skip
VALUES = [
    None, True, False, 0, -1, 1, 2**63, 1e308, -1e-308, float("nan"), float("inf"), "", "x", "\0", [], {}, [[]], [1, 2],
    {"a": 1}, "2026", ["a"], 0.5,
]  # fmt: skip


def pick(rng: Rng, choices):
    """Choose one, with its own type."""
    return choices[int(rng.integers(len(choices)))]


def spoil_bytes(rng: Rng, data: bytes) -> bytes:
    """Flip, cut, repeat, insert or overwrite, one to four times."""
    for _ in range(int(rng.integers(1, 5))):
        n = len(data)
        at = int(rng.integers(n + 1))
        if rng.random() < 0.4:  # headers are where most is decided
            at = int(rng.integers(min(n, 64) + 1))
        length = int(rng.integers(1, 1 + max(1, min(n, pick(rng, [1, 2, 4, 8, 64, n or 1])))))
        some = bytes(rng.integers(0, 256, length, dtype=np.uint8))
        way = int(rng.integers(8))
        if way == 0 and n:
            at = min(at, n - 1)
            data = data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :]
        elif way == 1:
            data = data[:at]
        elif way == 2:
            data = data[:at] + data[at + length :]
        elif way == 3:
            data = data[:at] + data[at : at + length] + data[at:]
        elif way == 4:
            data = data[:at] + some + data[at:]
        elif way == 5:
            data = data[:at] + some + data[at + length :]
        elif way == 6:
            data = data[:at] + pick(rng, [b"\0", b"\xff", b"\x7f", b"\x80"]) * length + data[at + length :]
        else:
            number = pick(rng, [0, 1, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, int(rng.integers(2**16))])
            data = data[:at] + struct.pack(pick(rng, ["<I", ">I"]), number) + data[at + 4 :]
    return data


def spoil_png(rng: Rng, data: bytes) -> bytes:
    """Spoil chunks of a PNG and make their checksums right again, so that decoders go on."""
    chunks, at = [], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks.append([data[at + 4 : at + 8], data[at + 8 : at + 8 + length]])
        at += 12 + length
    for _ in range(int(rng.integers(1, 3))):
        chunk = pick(rng, chunks)
        way = int(rng.integers(6))
        if way == 0:
            chunk[1] = spoil_bytes(rng, chunk[1])
        elif way == 1:  # width, height, bit depth, kind, ...
            head = bytearray(chunks[0][1].ljust(13, b"\0"))
            head[int(rng.integers(13))] = (
                int(rng.integers(256)) if rng.random() < 0.5 else pick(rng, [0, 1, 2, 3, 4, 6, 8, 16])
            )
            chunks[0][1] = bytes(head)
        elif way == 2:
            chunks.insert(int(rng.integers(len(chunks) + 1)), list(chunk))
        elif way == 3 and len(chunks) > 1:
            chunks.remove(chunk)
        elif way == 4:
            kind = pick(
                rng, [b"tRNS", b"PLTE", b"gAMA", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"pHYs", b"tEXt", b"zTXt", b"iTXt"]
            )
            some = bytes(rng.integers(0, 256, int(rng.integers(40)), dtype=np.uint8))
            chunks.insert(int(rng.integers(1, len(chunks) + 1)), [kind, some])
        elif chunk[0] == b"IDAT":  # pixels that decompress, but too few, too many or others
            try:
                pixels = zlib.decompress(chunk[1])
            except zlib.error:
                continue
            chunk[1] = zlib.compress(spoil_bytes(rng, pixels))
    body = b"".join(
        struct.pack(">I", len(x)) + kind + x + struct.pack(">I", zlib.crc32(kind + x)) for kind, x in chunks
    )
    return data[:8] + body


def spoil_text(rng: Rng, text: str) -> bytes:
    """Spoil a table or another text file: fields, lines, encoding; sometimes only bytes."""
    if rng.random() < 0.3:
        return spoil_bytes(rng, text.encode())
    lines = text.split("\n")
    for _ in range(int(rng.integers(1, 4))):
        i = int(rng.integers(len(lines)))
        way = int(rng.integers(7))
        fields = lines[i].split(",")
        j = int(rng.integers(len(fields)))
        if way <= 1:
            fields[j] = pick(rng, WORDS)
        elif way == 2:
            fields[j] = pick(rng, lines).split(",")[0]
        elif way == 3:
            lines.insert(i, pick(rng, lines))
            continue
        elif way == 4 and len(lines) > 1:
            del lines[i]
            continue
        elif way == 5:
            fields = fields[:j] if rng.random() < 0.5 else [*fields, pick(rng, WORDS)]
        else:
            k = int(rng.integers(len(fields)))
            fields[j], fields[k] = fields[k], fields[j]
        lines[i] = ",".join(fields)
    data = pick(rng, ["\n", "\n", "\n", "\r\n"]).join(lines).encode()
    return pick(rng, [data, data, data, b"\xef\xbb\xbf" + data, data + b"\xff\xfe", data.rstrip(b"\n"), data + b"\n\n"])


def spoil_json(rng: Rng, text: str) -> bytes:
    """Replace, add or remove something anywhere in JSON; sometimes spoil its text."""
    if rng.random() < 0.2:
        return spoil_bytes(rng, text.encode())
    if rng.random() < 0.03:
        return b"[" * 100_000
    root = [json.loads(text)]
    for _ in range(int(rng.integers(1, 4))):
        places = list(_places(root))
        node, key = pick(rng, places)
        if rng.random() < 0.2 and node is not root:
            del node[key]
        elif rng.random() < 0.2 and isinstance(node[key], dict):
            node[key][pick(rng, ["", "x", "config", "status", "width"])] = pick(rng, VALUES)
        else:
            node[key] = pick(rng, VALUES)
    return json.dumps(root[0]).encode()


def _places(node):
    """Yield every container with every key."""
    keys = node.keys() if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in list(keys):
        yield node, key
        yield from _places(node[key])
