"""Format of weights files: safetensors with a configuration and a checksum.

A file holds either all weights, or low-rank adapters and the checksum of the weights they go with.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._system.files import replacing
from .._system.reading import check_regular
from .._system.tensor_files import save_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    PathLike = str | os.PathLike[str]

__all__ = [
    "ADAPTERS",
    "FORMAT",
    "SEQUENCE",
    "STRINGS",
    "WeightsError",
    "base_digest",
    "check_sizes",
    "file_digest",
    "read_metadata",
    "read_weights",
    "write_weights",
]

#: Values of "format" in the metadata: of all weights of a denoiser, of adapters, of the network of
#: residue types, and of a matrix product state of strings.
FORMAT, ADAPTERS, SEQUENCE = "protdiff-weights-1", "protdiff-adapters-1", "protdiff-sequence-1"
STRINGS = "protdiff-strings-1"
#: Entries of the metadata of each format, and what they are.
CONTENT = {
    FORMAT: {"network": dict, "flow": dict},
    ADAPTERS: {"base": dict},
    SEQUENCE: {"network": dict},
    STRINGS: {"alphabet": str, "classes": dict},
}


class WeightsError(ValueError):
    """Weights that are absent, foreign or corrupt; the message is one line."""


def file_digest(path: PathLike) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def tensors_digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, shapes and bytes of tensors: stored in the file, checked on loading."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name}{array.dtype}{tuple(array.shape)}".encode())
        digest.update(array.numpy().tobytes())
    return digest.hexdigest()


def write_weights(
    path: PathLike,
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, Any],
    card: Mapping[str, Any] | None = None,
) -> None:
    """Write tensors with their checksum, whole or not at all.

    Parameters
    ----------
    path : path
    tensors : dict of str to Tensor
    metadata : dict
        Plain values: the format, and what rebuilds the network.
    card : dict, optional
        Further information on the weights (how they were trained, for example), as plain values.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {**metadata, "sha256": tensors_digest(tensors)}
    if card is not None:
        metadata["card"] = card
    with replacing(path) as temporary:
        # One entry, because the order of several is not kept and equal weights give equal bytes.
        save_tensors(tensors, temporary, {"protdiff": json.dumps(metadata, sort_keys=True)})
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # safetensors makes files that only their owner can read


def read_metadata(path: PathLike) -> dict[str, Any]:
    """The metadata of a weights file, without reading its tensors.

    Raises
    ------
    WeightsError
        If the file is not a safetensors file, or of another program.
    """
    from safetensors import SafetensorError, safe_open

    try:
        check_regular(path)
        with safe_open(path, framework="pt") as handle:
            metadata = json.loads((handle.metadata() or {}).get("protdiff", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    except RecursionError:
        raise WeightsError(f"{path}: damaged (its metadata are nested too deep)") from None
    if not isinstance(metadata, dict) or str(metadata.get("format")) not in CONTENT:
        raise WeightsError(f"{path}: a safetensors file, but not of protdiff (format {FORMAT})")
    if wrong := _misfit(metadata):
        raise WeightsError(f"{path}: damaged (its metadata lack {wrong}); get a fresh copy")
    return metadata


def _misfit(metadata: Mapping[str, Any]) -> str:
    """The first entry of metadata that is missing or of another kind; "" if all are right."""
    needed = {"sha256": str} | CONTENT[metadata["format"]]
    optional = {name: dict for name in ("guide", "reader", "card", "composition")}
    for name, kind in (needed | {n: k for n, k in optional.items() if n in metadata}).items():
        if not isinstance(metadata.get(name), kind):
            return name
    base = metadata.get("base", {"name": "", "sha256": ""})
    return next((f"base.{k}" for k in ("name", "sha256") if not isinstance(base.get(k), str)), "")


def read_weights(path: PathLike) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Metadata and tensors of a weights file whose checksum is right, all numbers finite.

    Raises
    ------
    WeightsError
        If the file is absent, not a safetensors file, of another program, its checksum does not
        match, or a number is not finite.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    metadata = read_metadata(path)
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from None
    if metadata.get("sha256") != tensors_digest(tensors):
        raise WeightsError(
            f"{path}: checksum does not match; the file is damaged, get a fresh copy"
        )
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise WeightsError(
                f"{path}: {name} has numbers that are not finite, so the training went wrong; "
                "take an earlier file of it"
            )
    return metadata, tensors


def base_digest(path: PathLike) -> str:
    """Checksum of weights as a base of adapters: over the tensors of the network alone.

    Raises
    ------
    WeightsError
        As `read_weights`.
    """
    metadata = read_metadata(path)
    if not {"guide", "reader"} & metadata.keys():
        return metadata["sha256"]
    _, tensors = read_weights(path)
    return tensors_digest({k: v for k, v in tensors.items() if k.startswith("network.")})


def check_sizes(sizes: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """ValueError if sizes of a network are those of a far larger one than the tensors are of.

    Its random weights would fill the memory before anything tells that they do not fit.
    """
    # The weights of a layer are sizes multiplied by each other.
    largest = max(1024, 2 * math.isqrt(sum(tensor.numel() for tensor in tensors.values())))
    for name, size in sizes.items():
        # Every layer has tensors of its own, and takes some time to build.
        limit = len(tensors) if name == "layers" else largest
        for value in size if isinstance(size, (list, tuple)) else (size,):
            if isinstance(value, int) and not 0 <= value <= limit:
                raise ValueError(f"{name} {value} does not fit its tensors")


def _unreadable(path: PathLike, error: Exception) -> WeightsError:
    reason = " ".join(str(error).split())
    return WeightsError(f"{path}: not a readable safetensors file ({reason})")
