"""Damage that knows the format: values of JSON, arrays, archives, weights and BinaryCIF files.

Bytes that are changed blindly mostly break a checksum, or the syntax; here the syntax stays right.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
from mutations import CELLS, KINDS

if TYPE_CHECKING:
    import random

#: What a value may be by mistake or by malice.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 20, 255, 2**31 - 1, -(2**31), 2**63 - 1, 1e308, -1e-308,
    float("nan"), float("inf"), "", "x", "9" * 30, "\x1b[2J",
    [], {}, [[]], [0], [None], {"a": 1}, "rg", "mean", [1, 2, 3],
)  # fmt: skip
DEEP = 3000


def change_value(value: Any, rng: random.Random, depth: int = 0) -> Any:
    """The value with one value inside it, or itself, changed, left out, or there twice."""
    inner = isinstance(value, (dict, list)) and len(value) > 0
    if not inner or rng.random() < 0.1 * (depth > 0):
        if isinstance(value, (int, float)) and rng.random() < 0.3:
            return value * rng.choice((-1, 2, 10, 1000)) + rng.choice((-1, 0, 1))
        return rng.choice(VALUES)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key, action = rng.choice(keys), rng.random()
    changed = value.copy()
    if action < 0.1:
        del changed[key]
    elif action < 0.15 and isinstance(changed, list):
        changed.insert(key, changed[key])
    elif action < 0.2 and isinstance(changed, dict):
        changed[str(rng.choice(CELLS))] = changed.pop(key)
    else:
        changed[key] = change_value(changed[key], rng, depth + 1)
    return changed


def change_bytes(content: bytes, rng: random.Random) -> bytes:
    """Some of the blind ways to damage a file."""
    for kind in rng.choices(list(KINDS), k=rng.choice((1, 1, 2))):
        content = KINDS[kind](content, rng) if content else content
    return content


def change_json(content: bytes, rng: random.Random) -> bytes:
    """JSON with other values."""
    value = json.loads(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        value = change_value(value, rng)
    text = json.dumps(value)
    if rng.random() < 0.03:
        text = "[" * DEEP + text + "]" * DEEP
    return text.encode()


def change_array(content: bytes, rng: random.Random) -> bytes:
    """A .npy file with other numbers, another shape or another type."""
    array = np.load(io.BytesIO(content)).copy()
    action = rng.random()
    if action < 0.6 and array.size:
        flat = array.reshape(-1).view(np.uint8).copy()
        for _ in range(rng.choice((1, 3, 50))):
            flat[rng.randrange(len(flat))] = rng.choice((0, 1, 21, 127, 128, 255))
        array = flat.view(array.dtype)[: array.size].reshape(array.shape)
    elif action < 0.75 and array.size:
        array = array[: rng.randrange(len(array) + 1)]
    elif action < 0.85:
        array = array.reshape(-1, *array.shape[:0]) if array.dtype.names else array.reshape(-1)
    elif array.dtype.names is None:
        array = array.astype(rng.choice(("f4", "i8", "u1", "U3", "?", "c8", ">i2")))
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def change_archive(content: bytes, rng: random.Random) -> bytes:
    """A .npz file of which one array is changed, lacking, or has another name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    action = rng.random()
    if action < 0.1:
        del members[name]
    elif action < 0.15:
        members["x.npy"] = members.pop(name)
    else:
        members[name] = (change_array if action < 0.7 else change_bytes)(members[name], rng)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice((0, 8))) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return out.getvalue()


def change_weights(content: bytes, rng: random.Random) -> bytes:
    """A safetensors file with other metadata, header or tensors; its checksum may be made right."""
    import torch
    from safetensors.torch import load, save

    from protdiff.network.weights_file import tensors_digest

    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    action = rng.random()
    if action < 0.15:  # the header itself
        changed = json.dumps(change_value(header, rng)).encode()
        return struct.pack("<Q", len(changed)) + changed + content[8 + length :]
    metadata, tensors = json.loads(header["__metadata__"]["protdiff"]), load(content)
    if action < 0.4:
        name = rng.choice([name for name, tensor in tensors.items() if tensor.numel()])
        if rng.random() < 0.3:
            del tensors[name]
        else:
            tensor = tensors[name].clone().reshape(-1)
            tensor[rng.randrange(len(tensor))] = rng.choice((float("nan"), float("inf"), 1e30, 0.0))
            shape = rng.choice((tensors[name].shape, tensor.shape))
            tensors[name] = tensor.reshape(shape).to(rng.choice((torch.float32, torch.float64)))
    else:
        metadata = change_value(metadata, rng)
        if rng.random() < 0.3 and isinstance(metadata, dict) and metadata:
            metadata = change_value(metadata, rng)
    if isinstance(metadata, dict) and "sha256" in metadata and rng.random() < 0.8:
        metadata["sha256"] = tensors_digest(tensors)
    text = json.dumps(metadata)
    if rng.random() < 0.02:
        text = "[" * DEEP + text + "]" * DEEP
    return save(tensors, {"protdiff": text})


def change_bcif(content: bytes, rng: random.Random) -> bytes:
    """A BinaryCIF file with other values: lengths, encodings, names, bytes of a column."""
    value = msgpack.unpackb(content)
    for _ in range(rng.choice((1, 1, 3))):
        value = change_value(value, rng)
    with_bytes = {"default": lambda item: str(item)}
    try:
        return msgpack.packb(value, **with_bytes)
    except (OverflowError, ValueError):
        return content[: rng.randrange(len(content))]


#: Damage by suffix that knows the format.
OF_SUFFIX = {
    ".json": change_json,
    ".npy": change_array,
    ".npz": change_archive,
    ".safetensors": change_weights,
    ".bcif": change_bcif,
}


def damaged(name: str, content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Changed content of a file, and in a word how it was changed."""
    suffix = next((s for s in OF_SUFFIX if name.endswith(s)), None)
    if suffix and rng.random() < 0.6:
        return OF_SUFFIX[suffix](content, rng), "values"
    if name.endswith(".gz") and rng.random() < 0.7:
        return gzip.compress(change_bytes(gzip.decompress(content), rng), 1), "bytes within"
    return change_bytes(content, rng), "bytes"
