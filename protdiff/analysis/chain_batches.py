"""Real chains in batches that the network takes, with the flow bound to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..structure.peptide import link_vectors

if TYPE_CHECKING:
    import numpy as np
    import torch
    from jaxtyping import Float64
    from torch import Tensor

    from ..flow import Flow
    from ..network import Denoiser
    from ..structure.backbone import Backbone

    #: Standard normal numbers in the shape of a tensor.
    NoiseSource = Callable[[Tensor], Tensor]

__all__ = ["ChainBatch", "chain_batches", "chain_components", "mean_period", "noise_source"]

#: Largest number of pairs of residues in a batch, which bounds the memory.
MAX_PAIRS = 500_000


class ChainBatch(NamedTuple):
    """Chains that go through the network together.

    Attributes
    ----------
    flow : Flow
    denoise : callable
        ``denoise(noisy, u)`` is the clean estimate, in components of the flow.
    clean : Tensor, shape (chains, components, 3)
    residues : Tensor, shape (chains,)
        Number of residues of every chain.
    """

    flow: Flow
    denoise: Callable[..., Tensor]
    clean: Float64[Tensor, "chains components 3"]
    residues: Float64[Tensor, "chains"]

    def at(self, u: float) -> Float64[Tensor, "chains"]:
        """The same time for every chain."""
        return self.residues.new_full((len(self.residues),), float(u))


def chain_batches(denoiser: Denoiser, chains: Sequence[Backbone]) -> list[ChainBatch]:
    """Batches of bounded size of whole, unbroken chains."""
    import torch

    count = max(1, MAX_PAIRS // max(map(len, chains)) ** 2)
    batches: list[ChainBatch] = []
    for start in range(0, len(chains), count):
        part = chains[start : start + count]
        lengths = [len(chain) for chain in part]
        flow, denoise = denoiser.bind(lengths)
        residues = torch.tensor(lengths, dtype=torch.float64)
        clean = chain_components(part, max(lengths), flow.basis)
        batches.append(ChainBatch(flow, denoise, clean, residues))
    return batches


def chain_components(
    chains: Sequence[Backbone], size: int, basis: str = "cosine"
) -> Float64[Tensor, "chains components 3"]:
    """Components of chains, padded to `size` residues: modes of the trace, then links."""
    import torch

    from ..flow import BASES, trace_components

    ca, links = torch.zeros(2, len(chains), size, 3, dtype=torch.float64)
    for row, chain in enumerate(chains):
        n = len(chain)
        ca[row, :n] = torch.tensor(chain.ca if BASES[basis].centroid else centred(chain.ca))
        links[row, : n - 1] = torch.from_numpy(link_vectors(chain.coords))
    return torch.cat([trace_components(ca, [len(chain) for chain in chains], basis), links], 1)


def centred(ca: Float64[np.ndarray, "residues 3"]) -> Float64[np.ndarray, "residues 3"]:
    """A trace with its centroid at the origin."""
    return ca - ca.mean(0)


def noise_source(seed: int) -> tuple[NoiseSource, torch.Generator]:
    """Source of standard normal numbers in the shape of a tensor, and its generator."""
    import torch

    generator = torch.Generator().manual_seed(seed)

    def noise(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=generator, dtype=torch.float64)

    return noise, generator


def mean_period(batches: Sequence[ChainBatch], u: float) -> float | None:
    """Period 2π/Λ of the cut-off at time u in residues, mean over chains; None without one."""
    import torch

    from ..flow.resolution import cutoff_period

    periods = [cutoff_period(batch.flow, batch.at(u)) for batch in batches]
    known = [period for period in periods if period is not None]
    return float(torch.cat(known).mean()) if known else None
