"""Find, verify and load weights: safetensors with a configuration and a checksum, never pickles.

A file holds either all weights, or low-rank adapters and the checksum of the weights they go with.
"""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

from .._system.files import replacing, save_tensors

__all__ = [
    "DEFAULT",
    "WeightsError",
    "file_digest",
    "find_weights",
    "load_weights",
    "read_weights",
    "save_adapters",
    "save_weights",
]

#: Weights used when none are named.
DEFAULT = "rg-base"
FORMAT, ADAPTERS = "protdiff-weights-1", "protdiff-adapters-1"


class WeightsError(ValueError):
    """Weights that are absent, foreign or corrupt; the message is one line."""


def weight_folders():
    """Where named weights may lie: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    return [package / "_weights", package.parent / "weights"]


def find_weights(name=None):
    """Path of weights given by name (shipped ones) or by path.

    Raises
    ------
    WeightsError
    """
    name = name or DEFAULT
    path = Path(name)
    if path.suffix == ".safetensors" or path.is_file():
        if not path.is_file():
            raise WeightsError(f"{path}: no such weights file")
        return path
    folders = weight_folders()
    for folder in folders:
        if (folder / f"{name}.safetensors").is_file():
            return folder / f"{name}.safetensors"
    names = sorted({p.stem for f in folders if f.is_dir() for p in f.glob("*.safetensors")})
    raise WeightsError(
        f"{name}: no weights of this name; shipped: {', '.join(names) or 'none'}; "
        "or give a path to a .safetensors file"
    )


def file_digest(path):
    """SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def tensors_digest(tensors):
    """SHA-256 over names, shapes and bytes of tensors: stored in the file, checked on loading."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name}{array.dtype}{tuple(array.shape)}".encode())
        digest.update(array.numpy().tobytes())
    return digest.hexdigest()


def save_weights(path, denoiser, card=None):
    """Write a denoiser's tensors, its guide's and reader's, with what rebuilds it.

    Parameters
    ----------
    path : path
    denoiser : Denoiser
    card : dict, optional
        What else is worth knowing of it, as plain values.
    """
    sizes, flow = asdict(denoiser.network.config), asdict(denoiser.recipe)
    metadata = {"format": FORMAT, "network": sizes, "flow": flow}
    if denoiser.guide is not None:
        metadata["guide"] = asdict(denoiser.guide.network.config)
    if denoiser.reader is not None:
        metadata["reader"] = asdict(denoiser.reader.config)
    _save(path, denoiser.state_dict(), metadata, card)


def save_adapters(path, tensors, base, card=None):
    """Write adapters in half precision.

    Parameters
    ----------
    path : path
    tensors : dict of str to Tensor
        See `protdiff.network.adapters.adapter_tensors`.
    base : path
        Weights that they go with; remembered by name and checksum.
    card : dict, optional
    """
    import torch

    origin = {"name": Path(base).stem, "sha256": base_digest(base)}
    halves = {name: tensor.to(torch.float16) for name, tensor in tensors.items()}
    _save(path, halves, {"format": ADAPTERS, "base": origin}, card)


def _save(path, tensors, metadata, card):
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata["sha256"] = tensors_digest(tensors)
    if card is not None:
        metadata["card"] = card
    with replacing(path) as temporary:
        # One entry, because the order of several is not kept and equal weights give equal bytes.
        save_tensors(tensors, temporary, {"protdiff": json.dumps(metadata, sort_keys=True)})
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # safetensors makes files that only their owner can read


def read_metadata(path):
    """What a weights file says of itself; the tensors are not read.

    Raises
    ------
    WeightsError
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as handle:
            metadata = json.loads((handle.metadata() or {}).get("protdiff", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"{path}: not a readable safetensors file ({reason})") from None
    if metadata.get("format") not in (FORMAT, ADAPTERS):
        raise WeightsError(f"{path}: a safetensors file, but not of protdiff (format {FORMAT})")
    return metadata


def read_weights(path):
    """Metadata and tensors of a weights file whose checksum is right.

    Raises
    ------
    WeightsError
        When the file is absent, not a safetensors file, of another program, or its checksum
        does not match.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    metadata = read_metadata(path)
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"{path}: not a readable safetensors file ({reason})") from None
    if metadata.get("sha256") != tensors_digest(tensors):
        raise WeightsError(f"{path}: checksum does not match; the file is damaged, get it anew")
    return metadata, tensors


def base_digest(path):
    """SHA-256 over the tensors of weights that adapters go with: those of the network."""
    metadata = read_metadata(path)
    if not {"guide", "reader"} & metadata.keys():
        return metadata["sha256"]
    tensors = read_weights(path)[1]
    return tensors_digest({k: v for k, v in tensors.items() if k.startswith("network.")})


def find_base(path, base):
    """Path of the weights that adapters go with: shipped, or beside the adapters.

    Raises
    ------
    WeightsError
    """
    # Several may have the same network, but other guides and readers: first those of that name.
    for folder in (*weight_folders(), Path(path).parent):
        for candidate in sorted(
            folder.glob("*.safetensors"), key=lambda file: (file.stem != base["name"], file)
        ):
            try:
                fits = (
                    read_metadata(candidate)["format"] == FORMAT
                    and base_digest(candidate) == base["sha256"]
                )
            except WeightsError:
                continue
            if fits:
                return candidate
    raise WeightsError(
        f"{path}: adapters of the weights {base['name']} (checksum {base['sha256'][:12]}), which "
        "are not here; put them into the same folder"
    )


def load_weights(name=None, device="cpu"):
    """Load a denoiser; adapters are added to their base weights.

    Parameters
    ----------
    name : str or path, optional
        Name of shipped weights or path of a file; the default weights otherwise.
    device : str

    Returns
    -------
    Denoiser
        In evaluation mode.

    Raises
    ------
    WeightsError
        As `read_weights`; or if the base of adapters is not found.
    """
    path = find_weights(name)
    metadata, tensors = read_weights(path)
    try:
        if metadata["format"] == ADAPTERS:
            from .adapters import load_adapters, merge_adapters

            denoiser = _denoiser(*read_weights(find_base(path, metadata["base"])))
            load_adapters(denoiser.network, {k: v.float() for k, v in tensors.items()})
            merge_adapters(denoiser.network)
        else:
            denoiser = _denoiser(metadata, tensors)
    except WeightsError:
        raise
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        text = str(error).splitlines()[0]
        raise WeightsError(f"{path}: made by another version of protdiff ({text})") from None
    return denoiser.to(device).eval().requires_grad_(False)


def _denoiser(metadata, tensors):
    """Denoiser of a file of all weights."""
    from ..flow import ChainFlow, MeasuredSpectrum
    from . import Denoiser, NetworkConfig, ReaderConfig, SequenceReader

    flow = dict(metadata["flow"])
    if flow["spectrum"] is not None:
        s = flow["spectrum"]
        s["correction"] = tuple(map(tuple, s["correction"]))
        flow["spectrum"] = MeasuredSpectrum(**{k: tuple(v) for k, v in s.items()})
    recipe = ChainFlow(**flow)
    denoiser = Denoiser(NetworkConfig(**metadata["network"]), recipe)
    if "guide" in metadata:
        denoiser.guide = Denoiser(NetworkConfig(**metadata["guide"]), recipe)
    if "reader" in metadata:
        sizes = metadata["reader"]
        sizes["dilations"] = tuple(sizes["dilations"])
        denoiser.reader = SequenceReader(ReaderConfig(**sizes))
    denoiser.load_state_dict(tensors)
    return denoiser
