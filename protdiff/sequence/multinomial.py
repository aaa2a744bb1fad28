"""Multinomial diffusion of residue types: types turn into random ones, and back.

The other discrete diffusion beside the absorbing one of `protdiff.sequence.decode`, after DiffAb
(Luo et al. 2022) with the posterior of its equations: a type survives to time t with probability
`survival[t]` and is otherwise one of the twenty, each as likely as the others. It is here to be
compared with (`benchmarks/type_diffusions.py`); sequences are drawn by the absorbing one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from .network import N_TYPES, SequenceConfig, SequenceNetwork, gathered, inverse_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from .graph import Graph

__all__ = ["MultinomialNetwork", "cosine_survival", "noised", "posterior", "reverse_draw"]

#: Steps of the diffusion, offset of the cosine and largest chance of a new type in a step (DiffAb).
STEPS, OFFSET, MOST_NEW = 100, 0.01, 0.999
#: Waves of the survival that the network sees as its clock.
CLOCK = 8


def cosine_survival(steps: int = STEPS) -> Float[np.ndarray, " times"]:
    """Probability that a type has survived to each of the times 0, 1, …, `steps`.

    Examples
    --------
    >>> survival = cosine_survival()
    >>> len(survival), float(survival[0]), bool(survival[-1] < 1e-3)
    (101, 1.0, True)
    """
    phase = (np.arange(steps + 1) / steps + OFFSET) / (1 + OFFSET)
    cosine = np.cos(np.pi / 2 * phase) ** 2
    stays = np.maximum(cosine[1:] / cosine[:-1], 1 - MOST_NEW)
    return np.concatenate([[1.0], np.cumprod(stays)])


def noised(
    types: Int[Tensor, " residues"],
    survival: Float[Tensor, " residues"],
    generator: torch.Generator,
) -> Int[Tensor, " residues"]:
    """Types at a time to which each has survived with the given probability."""
    stays = torch.rand(types.shape, generator=generator) < survival
    return torch.where(stays, types, torch.randint(N_TYPES, types.shape, generator=generator))


def posterior(
    noisy: Int[Tensor, "*batch"],
    clean: Float[Tensor, "*batch types"],
    now: float | Float[Tensor, "*batch"],
    before: float | Float[Tensor, "*batch"],
) -> Float[Tensor, "*batch types"]:
    """Probabilities of the types one step earlier.

    Parameters
    ----------
    noisy : Tensor of int
        Types at a time.
    clean : Tensor
        Probabilities of the types at time 0, given `noisy`.
    now, before : float or Tensor
        Survival to that time, and to the one before.

    Returns
    -------
    Tensor
        The mean, over `clean`, of the exact posterior given the type at time 0.

    Examples
    --------
    The probabilities of keeping the noisy type and of returning to the clean one at time 30:

    >>> import torch
    >>> survival = cosine_survival()
    >>> clean = torch.eye(20, dtype=torch.float64)[3]
    >>> chances = posterior(torch.tensor(7), clean, survival[30], survival[29])
    >>> round(float(chances[7]), 3), round(float(chances[3]), 3)
    (0.927, 0.06)
    """
    now, before = (torch.as_tensor(value, dtype=clean.dtype)[..., None] for value in (now, before))
    here = torch.nn.functional.one_hot(noisy, N_TYPES).to(clean.dtype)
    stays = now / before
    # Bayes: the step to here, times the way from the clean type, over the way to here from it.
    weight = clean / (now * here + (1 - now) / N_TYPES)
    way = before * weight + (1 - before) / N_TYPES * weight.sum(-1, keepdim=True)
    return (stays * here + (1 - stays) / N_TYPES) * way


def reverse_draw(
    denoise: Callable[[Int[Tensor, " residues"], float], Float[Tensor, "residues types"]],
    known: Int[Tensor, " residues"],
    stays: Bool[Tensor, " residues"],
    survival: Float[np.ndarray, " times"],
    generator: torch.Generator,
) -> Int[Tensor, " residues"]:
    """Draw types by the reverse of the diffusion.

    Parameters
    ----------
    denoise : callable
        Probabilities of the types at time 0, from those at a time and the survival to it.
    known : Tensor of int, shape (R,)
        Types of the residues that keep theirs.
    stays : Tensor of bool, shape (R,)
        Which residues keep their type.
    survival : ndarray, shape (T + 1,)
    generator : torch.Generator

    Returns
    -------
    Tensor of int, shape (R,)
    """
    types = torch.randint(N_TYPES, known.shape, generator=generator)
    types = torch.where(stays, known, types)
    for t in range(len(survival) - 1, 0, -1):
        clean = denoise(types, survival[t])
        chances = posterior(types, clean, survival[t], survival[t - 1])
        drawn = torch.multinomial(chances, 1, generator=generator)[:, 0]
        types = torch.where(stays, known, drawn)
    return types


class MultinomialNetwork(SequenceNetwork):
    """Probabilities of the clean types of all residues, from their noisy ones.

    Parameters
    ----------
    config : SequenceConfig
    """

    def __init__(self, config: SequenceConfig | None = None):
        super().__init__(config)
        self.clock = nn.Linear(CLOCK, self.config.hidden)

    def denoise(
        self, graph: Graph, noisy: Int[Tensor, " residues"], survival: Float[Tensor, " residues"]
    ) -> Float[Tensor, "residues types"]:
        """Log-probabilities of the types at time 0; `survival` may differ between structures."""
        state, pair = self.encode(graph)
        waves = torch.arange(1, CLOCK + 1) * np.pi
        state = state + self.clock(torch.cos(survival[:, None] * waves))
        weight = inverse_count(graph)
        for number, layer in enumerate(self.decoder):
            sent = gathered(self.sent_with_type(number, state, noisy), graph.neighbours)
            state = layer(state, sent, pair, weight)
        return self.out(state).log_softmax(-1)
