"""Low-rank adapters: a small equivariant correction of every e3nn linear layer.

Hu et al., LoRA, arXiv 2106.09685, per irrep: a path of an `o3.Linear` mixes the channels of one
irrep by a matrix W (in, out), and its correction is A B with A (in, r) and B (r, out). A matrix
over channels commutes with every rotation, so the network stays as equivariant as it was. B starts
at zero: adapters that were not trained change nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn
from torch.nn.utils import parametrize

from .linear import flat_weight
from .quick_e3nn import o3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Float
    from torch import Tensor

__all__ = ["adapter_tensors", "add_adapters", "linears", "load_adapters", "merge_adapters"]


class LowRank(nn.Module):
    """Flat weights of an `o3.Linear` plus the product of two matrices per path.

    Parameters
    ----------
    linear : o3.Linear
    rank : int
        Of the matrices; less where a path is narrower.
    generator : torch.Generator
        Draws the first matrix of every path.
    """

    def __init__(self, linear: o3.Linear, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        instructions = cast("list[Any]", linear.instructions)
        shapes = [path.path_shape for path in instructions]
        ranks = [min(rank, *shape) for shape in shapes]
        self.down = nn.ParameterList(
            torch.randn(rows, r, generator=generator) / math.sqrt(r)
            for (rows, _), r in zip(shapes, ranks, strict=True)
        )
        self.up = nn.ParameterList(
            torch.zeros(r, columns) for (_, columns), r in zip(shapes, ranks, strict=True)
        )

    def forward(self, weight: Float[Tensor, "weights"]) -> Float[Tensor, "weights"]:
        """Corrected weights."""
        products = (a @ b for a, b in zip(self.down, self.up, strict=True))
        return weight + torch.cat([product.flatten() for product in products])


def linears(network: nn.Module) -> list[tuple[str, o3.Linear]]:
    """Name and module of every e3nn linear layer."""
    return [(name, m) for name, m in network.named_modules() if isinstance(m, o3.Linear)]


def add_adapters(network: nn.Module, rank: int, seed: int = 0) -> list[nn.Parameter]:
    """Put adapters on every e3nn linear layer, and freeze all other parameters.

    Parameters
    ----------
    network : nn.Module
    rank : int
    seed : int
        Of the first matrices.

    Returns
    -------
    list of nn.Parameter
        Those of the adapters, to be trained.
    """
    generator = torch.Generator().manual_seed(seed)
    network.requires_grad_(False)
    trained: list[nn.Parameter] = []
    for _, module in linears(network):
        adapter = LowRank(module, rank, generator).to(flat_weight(module))
        parametrize.register_parametrization(module, "weight", adapter)
        trained += [*adapter.down, *adapter.up]
    return trained


def _adapters(network: nn.Module) -> list[tuple[str, LowRank]]:
    """Name of every layer that has an adapter, and the adapter."""
    return [
        (name.removesuffix(".parametrizations.weight.0"), module)
        for name, module in network.named_modules()
        if isinstance(module, LowRank)
    ]


def adapter_tensors(network: nn.Module) -> dict[str, Float[Tensor, "rows columns"]]:
    """The matrices of all adapters by name."""
    return {
        f"{name}.{key}": value.detach()
        for name, adapter in _adapters(network)
        for key, value in adapter.state_dict().items()
    }


def load_adapters(network: nn.Module, tensors: Mapping[str, Float[Tensor, "rows columns"]]) -> None:
    """Add adapters with the given matrices.

    Parameters
    ----------
    network : nn.Module
    tensors : dict of str to Tensor
        As `adapter_tensors` gives them.

    Raises
    ------
    ValueError
        If they do not fit the network.
    """
    if any(value.ndim != 2 for value in tensors.values()):
        raise ValueError("its tensors are no matrices")
    ranks = [value.shape[1] for name, value in tensors.items() if ".down." in name]
    add_adapters(network, max(ranks, default=1))
    places = {
        f"{name}.{key}": value
        for name, adapter in _adapters(network)
        for key, value in adapter.state_dict().items()
    }
    if places.keys() != tensors.keys():
        raise ValueError("its layers are not those of the base weights")
    for name, place in places.items():
        if place.shape != tensors[name].shape:
            raise ValueError(f"{name} has another size than in the base weights")
        place.copy_(tensors[name])


def merge_adapters(network: nn.Module) -> None:
    """Add the corrections to the weights for good, and remove the adapters."""
    for _, module in linears(network):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
