"""Learning a state from an energy alone, by sampling and refitting in turn.

The state proposes moves that are corrected by Metropolis's rule, the strings that they lead to
refit the state, and so on. While the state knows little, short noise makes small moves that are
accepted; the time of the noise grows with the acceptance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .fitting import expected_counts, maximised, random_state
from .metropolis import metropolis

if TYPE_CHECKING:
    from .metropolis import Energy
    from .mps import MPS

__all__ = ["Annealing", "learn_from_energy"]


@dataclass(frozen=True)
class Annealing:
    """How a state is learned from an energy.

    Attributes
    ----------
    bond, rounds, chains, moves : int
        Bond dimension; rounds of sampling and refitting; strings; moves of each in a round.
    first_time, last_time : float
        Of the noise: at first, and at most.
    wanted : float
        Acceptance above which the time grows, and under which it shrinks.
    forgetting : float
        Share of new counts, as in `protdiff.sequence.strings.fitting.Fit`.
    seed : int
    """

    bond: int = 8
    rounds: int = 200
    chains: int = 200
    moves: int = 1
    first_time: float = 0.1
    last_time: float = 3.0
    wanted: float = 0.4
    forgetting: float = 0.5
    seed: int = 0


def learn_from_energy(
    energy: Energy, length: int, symbols: int, options: Annealing | None = None
) -> MPS:
    """A state that is not negative, with matrices for every site, near e^-energy.

    Parameters
    ----------
    energy : callable
        Energy over temperature of strings; finite for all of them.
    length, symbols : int
    options : Annealing, optional
    """
    options = options or Annealing()
    generator = torch.Generator().manual_seed(options.seed)
    mps = random_state(symbols, options.bond, options.seed, length)
    strings = torch.randint(symbols, (options.chains, length), generator=generator)
    lengths = torch.full((options.chains,), length)
    t, counts = options.first_time, None
    for step in range(options.rounds):
        walk = metropolis(mps, energy, strings, t, options.moves, generator=generator)
        strings = walk.strings
        factor = 1.1 if walk.acceptance > options.wanted else 1 / 1.1
        t = min(t * factor, options.last_time)
        new = expected_counts(mps, strings, lengths)
        share = (step + 2) ** -options.forgetting
        counts = new if counts is None else counts.faded(new, share)
        mps = maximised(counts)
    return mps
