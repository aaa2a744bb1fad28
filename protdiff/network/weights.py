"""Find, load and save the weights of a denoiser, and adapters of them."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._system.resources import same_file, weight_folders
from .weights_file import (
    ADAPTERS,
    FORMAT,
    SEQUENCE,
    STRINGS,
    WeightsError,
    base_digest,
    check_sizes,
    file_digest,
    read_metadata,
    read_weights,
    write_weights,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Float
    from torch import Tensor

    from .denoiser import Denoiser
    from .score_network import NetworkConfig
    from .weights_file import PathLike

__all__ = [
    "ADAPTERS",
    "DEFAULT",
    "WeightsError",
    "base_digest",
    "file_digest",
    "find_base",
    "find_weights",
    "load_same_weights",
    "load_weights",
    "read_metadata",
    "read_weights",
    "save_adapters",
    "save_weights",
]

#: Weights used when none are named.
DEFAULT = "rg-base"


def find_weights(name: PathLike | None = None) -> Path:
    """Path of weights given by name (shipped ones) or by path.

    Parameters
    ----------
    name : str or path, optional
        The default weights when left out.

    Raises
    ------
    WeightsError
        If there are no such weights.

    Examples
    --------
    >>> from protdiff.network.weights import find_weights
    >>> find_weights("rg-base").name
    'rg-base.safetensors'
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


def save_weights(path: PathLike, denoiser: Denoiser, card: Mapping[str, Any] | None = None) -> None:
    """Write the weights of a denoiser, its guide and its reader, with what rebuilds them.

    Parameters
    ----------
    path : path
    denoiser : Denoiser
    card : dict, optional
        Further information on the weights (how they were trained, for example), as plain values.
    """
    sizes, flow = asdict(denoiser.network.config), asdict(denoiser.recipe)
    metadata: dict[str, Any] = {"format": FORMAT, "network": sizes, "flow": flow}
    if denoiser.guide is not None:
        metadata["guide"] = asdict(denoiser.guide.network.config)
    if denoiser.reader is not None:
        metadata["reader"] = asdict(denoiser.reader.config)
    write_weights(path, denoiser.state_dict(), metadata, card)


def save_adapters(
    path: PathLike,
    tensors: Mapping[str, Float[Tensor, "rows columns"]],
    base: PathLike,
    card: Mapping[str, Any] | None = None,
) -> None:
    """Write adapters in half precision.

    Parameters
    ----------
    path : path
    tensors : dict of str to Tensor
        See `protdiff.network.adapters.adapter_tensors`.
    base : path
        File of the weights that they are for; its name and checksum are stored.
    card : dict, optional
        As in `save_weights`.
    """
    import torch

    origin = {"name": Path(base).stem, "sha256": base_digest(base)}
    halves = {name: tensor.to(torch.float16) for name, tensor in tensors.items()}
    write_weights(path, halves, {"format": ADAPTERS, "base": origin}, card)


def find_base(path: PathLike, base: Mapping[str, str]) -> Path:
    """Path of the base weights of adapters: shipped ones, or a file beside the adapters.

    Parameters
    ----------
    path : path
        Of the adapters.
    base : dict
        Name and checksum of their weights, from their metadata.

    Raises
    ------
    WeightsError
        If there are no such weights.
    """
    # Several files may hold the same network with other guides and readers: the file of the stored
    # name is tried first.
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


def load_weights(name: PathLike | None = None, device: str = "cpu") -> Denoiser:
    """Load a denoiser; adapters are added to their base weights.

    Parameters
    ----------
    name : str or path, optional
        Name of shipped weights or path of a file; the default weights otherwise.
    device : str
        Torch device.

    Returns
    -------
    Denoiser
        In evaluation mode.

    Raises
    ------
    WeightsError
        If the file is absent, foreign or damaged, or if the base of adapters is not found.

    Examples
    --------
    >>> from protdiff.network.weights import load_weights
    >>> sum(p.numel() for p in load_weights().network.parameters())
    3012016
    """
    path = find_weights(name)
    metadata, tensors = read_weights(path)
    if metadata["format"] in (SEQUENCE, STRINGS):
        what = "residue types" if metadata["format"] == SEQUENCE else "strings"
        raise WeightsError(f"{path}: weights of {what}; give those of a flow")
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
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        text = (str(error) or type(error).__name__).splitlines()[0]
        raise WeightsError(f"{path}: made by another version of protdiff ({text})") from None
    return denoiser.to(device).eval().requires_grad_(False)


@lru_cache(maxsize=2)
def load_same_weights(path: Path, digest: str, device: str = "cpu") -> Denoiser:
    """The denoiser of a file with a known content; a process loads it once.

    Parameters
    ----------
    path : Path
        Absolute. On another machine shipped weights of this name are taken, too.
    digest : str
        SHA-256 of the file.
    device : str
        Torch device.

    Raises
    ------
    WeightsError
        If the content is another one, and as `load_weights`.
    """
    found = same_file(path, digest)
    if found is None:
        raise WeightsError(f"{path}: has changed since this command began; run it once more")
    return load_weights(found, device)


def _denoiser(metadata: dict[str, Any], tensors: dict[str, Tensor]) -> Denoiser:
    """Denoiser of a file of all weights."""
    from ..flow import ChainFlow, MeasuredSpectrum
    from .denoiser import Denoiser
    from .numerics import as_at_start
    from .reader import ReaderConfig, SequenceReader

    for sizes in map(metadata.get, ("network", "guide", "reader")):
        check_sizes(sizes or {}, tensors)
        check_sizes((sizes or {}).get("coarse") or {}, tensors)
    flow = dict(metadata["flow"])
    if flow["spectrum"] is not None:
        table = flow["spectrum"]
        flow["spectrum"] = MeasuredSpectrum(
            log_momenta=tuple(table["log_momenta"]),
            log_lengths=tuple(table["log_lengths"]),
            correction=tuple(map(tuple, table["correction"])),
        )
    recipe = ChainFlow(**flow)
    with as_at_start():
        denoiser = Denoiser(_network_config(metadata["network"]), recipe)
        if "guide" in metadata:
            denoiser.guide = Denoiser(_network_config(metadata["guide"]), recipe)
        if "reader" in metadata:
            sizes = metadata["reader"]
            sizes["dilations"] = tuple(sizes["dilations"])
            denoiser.reader = SequenceReader(ReaderConfig(**sizes))
    denoiser.load_state_dict(tensors)
    return denoiser


def _network_config(sizes: Mapping[str, Any]) -> NetworkConfig:
    """Sizes of a network as metadata hold them."""
    from .score_network import NetworkConfig

    coarse = sizes.get("coarse")
    return NetworkConfig(**{**sizes, "coarse": None if coarse is None else NetworkConfig(**coarse)})
