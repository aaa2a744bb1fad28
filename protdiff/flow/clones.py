"""Clones: several ends of the reverse process from one state (docs/theory.md 7).

What they have in common is decided at the time at which they part. Three measures of it: distances
of replicas (Nishimori's identity), the cloning curve φ, and the Franz-Parisi potential in
`potential`.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import torch

from .samplers import ancestral

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Bool, Float
    from torch import Tensor

    from .process import Components, Denoise, Flow, Noise, PerComponent
    from .sampler_error import Sampler

__all__ = ["agreement", "clone", "decision_time", "replica_distances"]


def clone(
    denoise: Denoise,
    flow: Flow,
    clean: Components,
    u: float,
    noise: Noise,
    *,
    count: int = 2,
    steps: int = 50,
    sampler: Sampler = ancestral,
) -> Float[Tensor, "{count} batch components 3"]:
    """Noise data to time u, and draw several ends from that one state.

    Parameters
    ----------
    denoise : callable
    flow : Flow
    clean : Tensor, shape (B, D, 3)
        Data.
    u : float
        Time of the common state.
    noise : callable
    count : int
        Clones of every state.
    steps : int
        Denoiser calls per clone.
    sampler : callable
        One of `SAMPLERS`.

    Returns
    -------
    Tensor, shape (count, B, D, 3)
    """
    start = flow.noise(clean.double(), torch.full((len(clean),), float(u)), noise())
    times = torch.linspace(float(u), 0, steps, dtype=torch.float64)
    return torch.stack([sampler(denoise, flow, times, noise, start=start) for _ in range(count)])


def agreement(
    clones: Float[Tensor, "clones batch components 3"],
    same: Callable[[Tensor, Tensor], Bool[Tensor, " batch"]],
) -> Float[Tensor, " batch"]:
    """Share of the pairs of clones of one class: φ, the cloning curve at a time.

    Its mean over states is P(two clones end in the same class) (Yu & Huang, arXiv 2405.11932, and
    Biroli et al., arXiv 2402.18491): 1 where the class is decided, and the chance of two
    independent samples where nothing is.

    Parameters
    ----------
    clones : Tensor, shape (C, B, ...)
        At least two of every state.
    same : callable
        ``same(first, second)`` says for every state, shape (B,), whether two clones of it, shape
        (B, ...), are of one class.

    Examples
    --------
    >>> ends = torch.tensor([[0.0, 1.0], [0.0, 2.0], [0.0, 1.0]])
    >>> agreement(ends, lambda first, second: first == second)
    tensor([1.0000, 0.3333], dtype=torch.float64)
    """
    if len(clones) < 2:
        raise ValueError(f"`clones`: {len(clones)} of every state; pairs need at least 2")
    return torch.stack([same(x, y).double() for x, y in combinations(clones, 2)]).mean(0)


def decision_time(
    times: Sequence[float], shares: Sequence[float], level: float = 0.5
) -> float | None:
    """Largest u at which a cloning curve falls through `level`; linear between times.

    None if it does not between the given times.

    Examples
    --------
    >>> round(decision_time([0.2, 0.4, 0.6], [1.0, 0.8, 0.2]), 6)
    0.5
    """
    for (low, before), (high, after) in reversed(list(pairwise(zip(times, shares, strict=True)))):
        if before >= level > after:
            return low + (high - low) * (before - level) / (before - after)
    return None


def replica_distances(
    denoise: Denoise,
    flow: Flow,
    clean: Components,
    u: float,
    noise: Noise,
    *,
    steps: int = 50,
    sampler: Sampler = ancestral,
) -> tuple[PerComponent, PerComponent]:
    """Distances between two replicas that descend from one noised state, and to the truth.

    The truth and the replicas are draws from the same posterior if the denoiser is exact, so the
    two means are equal (Nishimori's identity): a calibration test of a learned denoiser.

    Parameters
    ----------
    denoise, flow, clean, u, noise, steps, sampler
        See `clone`.

    Returns
    -------
    between, to_truth : Tensor, shape (B, D)
        Squared distances per component; to_truth is the mean of the two replicas.
    """
    first, second = clone(denoise, flow, clean, u, noise, steps=steps, sampler=sampler)
    between = (first - second).square().sum(-1)
    to_first, to_second = ((x - clean).square().sum(-1) for x in (first, second))
    return between, (to_first + to_second) / 2
