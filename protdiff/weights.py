"""Find, verify and load weights: safetensors with a configuration and a checksum, never pickles."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

__all__ = ["DEFAULT", "WeightsError", "file_digest", "find_weights", "load_weights", "save_weights"]

#: Weights used when none are named.
DEFAULT = "rg-base"
FORMAT = "protdiff-weights-1"


class WeightsError(ValueError):
    """Weights that are absent, foreign or corrupt; the message is one line."""


def weight_folders():
    """Where named weights may lie: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
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


def save_weights(path, tensors, config, recipe):
    """Write a denoiser's tensors with the configuration that rebuilds it.

    Parameters
    ----------
    path : path
    tensors : dict of str to Tensor
        ``Denoiser.state_dict()``, for example its moving average.
    config : NetworkConfig
    recipe : ChainFlow
    """
    from safetensors.torch import save_file

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # One entry, because the order of several is not kept and equal weights give equal bytes.
    metadata = {
        "format": FORMAT,
        "network": asdict(config),
        "flow": asdict(recipe),
        "sha256": tensors_digest(tensors),
    }
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    save_file(tensors, temporary, {"protdiff": json.dumps(metadata, sort_keys=True)})
    umask = os.umask(0)
    os.umask(umask)
    temporary.chmod(0o666 & ~umask)  # safetensors makes files that only their owner can read
    temporary.replace(path)


def load_weights(name=None, device="cpu"):
    """Load a denoiser.

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
        When the file is absent, not a safetensors file, of another program, or its checksum
        does not match.
    """
    from safetensors import SafetensorError, safe_open

    from .flow import ChainFlow, MeasuredSpectrum
    from .network import Denoiser, NetworkConfig

    path = find_weights(name)
    try:
        with safe_open(path, framework="pt") as handle:
            metadata = json.loads((handle.metadata() or {}).get("protdiff", "{}"))
            tensors = {key: handle.get_tensor(key) for key in handle.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"{path}: not a readable safetensors file ({reason})") from None
    if metadata.get("format") != FORMAT:
        raise WeightsError(f"{path}: a safetensors file, but not of protdiff (format {FORMAT})")
    if metadata.get("sha256") != tensors_digest(tensors):
        raise WeightsError(f"{path}: checksum does not match; the file is damaged, get it anew")
    try:
        flow = dict(metadata["flow"])
        if flow["spectrum"] is not None:
            s = flow["spectrum"]
            s["correction"] = tuple(map(tuple, s["correction"]))
            flow["spectrum"] = MeasuredSpectrum(**{k: tuple(v) for k, v in s.items()})
        denoiser = Denoiser(NetworkConfig(**metadata["network"]), ChainFlow(**flow))
        denoiser.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        text = str(error).splitlines()[0]
        raise WeightsError(f"{path}: made by another version of protdiff ({text})") from None
    return denoiser.to(device).eval().requires_grad_(False)
