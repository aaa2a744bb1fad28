"""Find, load and save the weights of the residue-type network."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from ..network.numerics import as_at_start
from ..network.weights import find_weights
from ..network.weights_file import SEQUENCE, WeightsError, check_sizes, read_weights, write_weights
from .composition import Composition
from .network import SequenceConfig, SequenceNetwork

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..network.weights_file import PathLike

__all__ = ["DEFAULT", "find_sequence_weights", "load_sequence_network", "save_sequence_network"]

#: Weights used when none are named.
DEFAULT = "residue-types"


def find_sequence_weights(name: PathLike | None = None) -> Path:
    """Path of weights given by name (shipped ones) or by path; `WeightsError` if there are none."""
    return find_weights(name or DEFAULT)


def save_sequence_network(
    path: PathLike, network: SequenceNetwork, card: Mapping[str, Any] | None = None
) -> None:
    """Write weights in half precision, whole or not at all.

    Parameters
    ----------
    path : path
    network : SequenceNetwork
    card : dict, optional
        How they were made, as plain values.
    """
    tensors = {name: tensor.half() for name, tensor in network.state_dict().items()}
    metadata: dict[str, Any] = {"format": SEQUENCE, "network": asdict(network.config)}
    if network.composition is not None:
        metadata["composition"] = asdict(network.composition)
    write_weights(path, tensors, metadata, card)


@cache
def _loaded(path: Path, modified: int) -> SequenceNetwork:
    metadata, tensors = read_weights(path)
    if metadata["format"] != SEQUENCE:
        raise WeightsError(f"{path}: weights of another network; give those of residue types")
    try:
        check_sizes(metadata["network"], tensors)
        with as_at_start():
            network = SequenceNetwork(SequenceConfig(**metadata["network"]))
        network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
        if table := metadata.get("composition"):
            network.composition = Composition(
                tuple(table["temperatures"]), tuple(map(tuple, table["bias"]))
            )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        text = str(error).splitlines()[0]
        raise WeightsError(f"{path}: made by another version of protdiff ({text})") from None
    return network.eval().requires_grad_(False)


def load_sequence_network(name: PathLike | None = None) -> SequenceNetwork:
    """The network of a weights file, ready to draw with; loaded once per file.

    Parameters
    ----------
    name : str or path, optional
        The default weights when left out.

    Raises
    ------
    WeightsError
        If there are no such weights, or they are of another network.
    """
    path = find_sequence_weights(name)
    return _loaded(path, path.stat().st_mtime_ns)
