"""Diffusion of strings: independent noise on every site, and its exact reverse.

A symbol survives to time t with probability e^-t and is otherwise drawn anew from fixed
frequencies. The noised state has the same bond as the clean one, and what was before, given what is
now, is the state with site weights: no step of the reverse is an approximation.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import torch

from .contraction import draw
from .mps import MPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["add_noise", "noise", "noised", "posterior", "reverse_trajectory"]


def noise(t: float, frequencies: Float[Tensor, " symbols"]) -> Float[Tensor, "symbols symbols"]:
    """Noise kernel w[y, s] = P(y at time t | s at time 0).

    Parameters
    ----------
    t : float
        At least 0; ``math.inf`` forgets everything.
    frequencies : Tensor, shape (q,)
        Of the symbols that noise draws; they sum to 1.

    Examples
    --------
    >>> import torch
    >>> even = torch.full((2,), 0.5, dtype=torch.float64)
    >>> noise(0.5, even) @ noise(0.5, even) - noise(1.0, even) < 1e-15
    tensor([[True, True],
            [True, True]])
    """
    if not t >= 0:
        raise ValueError(f"`t` {t}: must be at least 0")
    stays = math.exp(-t)
    same = torch.eye(len(frequencies), dtype=frequencies.dtype)
    return stays * same + (1 - stays) * frequencies[:, None]


def noised(mps: MPS, kernel: Float[Tensor, "symbols symbols"]) -> MPS:
    """The distribution of noised strings: a state of the same bond."""
    return MPS(mps.left, torch.einsum("ys,...sab->...yab", kernel, mps.sites), mps.right)


def add_noise(
    strings: Int[Tensor, "batch length"],
    kernel: Float[Tensor, "symbols symbols"],
    uniforms: Float[Tensor, "batch length"],
) -> Int[Tensor, "batch length"]:
    """Noised strings, by uniform random numbers."""
    ladder = kernel.cumsum(0).T[strings]
    return (uniforms[..., None] >= ladder).sum(-1).clamp_max(len(kernel) - 1)


def posterior(
    mps: MPS,
    noisy: Int[Tensor, "batch length"],
    t: float,
    frequencies: Float[Tensor, " symbols"],
    u: float = 0.0,
) -> tuple[MPS, Float[Tensor, "batch length symbols"]]:
    """The strings at time u given those at time t: a state and site weights, for every function.

    Examples
    --------
    >>> import torch
    >>> from protdiff.sequence.strings import marginals, posterior
    >>> from protdiff.sequence.strings.exact_states import zimm_bragg
    >>> even = torch.full((2,), 0.5, dtype=torch.float64)
    >>> chain = posterior(zimm_bragg(1.3, 0.01), torch.tensor([[0, 0, 1, 0, 0]]), 1.0, even)
    >>> [round(chance, 2) for chance in marginals(*chain)[0, :, 0].tolist()]
    [0.32, 0.41, 0.39, 0.41, 0.32]
    """
    if not 0 <= u <= t:
        raise ValueError(f"`u` {u}: must lie between 0 and `t` {t}")
    between = t if math.isinf(t) else t - u
    return noised(mps, noise(u, frequencies)), noise(between, frequencies)[noisy]


def reverse_trajectory(
    mps: MPS,
    noisy: Int[Tensor, "batch length"],
    times: Sequence[float],
    frequencies: Float[Tensor, " symbols"],
    generator: torch.Generator | None = None,
) -> list[Int[Tensor, "batch length"]]:
    """Strings at falling times, the first of them given: the exact reverse of the noise.

    Parameters
    ----------
    mps : MPS
    noisy : Tensor of int, shape (B, L)
        Strings at the first of the times.
    times : sequence of float
        Falling; a last time of 0 ends with clean strings.
    frequencies : Tensor, shape (q,)
    generator : torch.Generator, optional
    """
    strings = [noisy]
    for t, u in pairwise(times):
        uniforms = torch.rand(noisy.shape, generator=generator, dtype=mps.left.dtype)
        strings.append(draw(*posterior(mps, strings[-1], t, frequencies, u), uniforms))
    return strings
