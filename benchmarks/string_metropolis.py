"""Acceptance and autocorrelation of Metropolis moves by noise and exact denoising.

    python benchmarks/string_metropolis.py [--chains 200] [--moves 1500]

The Ising model on a cylinder of 6 rings of 4 spins at its critical coupling. States of bond 2, 4
and 8 are learned from the energy alone. All chains begin in equilibrium, drawn from the exact
state. Autocorrelation times are those of the energy and of the magnetisation, in moves. Cost is the
time of one core for an independent value of one chain; single flips stand beside.
"""

from __future__ import annotations

import argparse
import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from results import write_result

from protdiff.sequence.strings import autocorrelation_time, metropolis, sample
from protdiff.sequence.strings.annealing import Annealing, learn_from_energy
from protdiff.sequence.strings.exact_states import ising, ising_energy
from protdiff.sequence.strings.metropolis import single_flips

if TYPE_CHECKING:
    from collections.abc import Callable

    from protdiff.sequence.strings.metropolis import Walk

WIDTH, RINGS = 4, 6
BONDS, TIMES = (2, 4, 8), (0.1, 0.3, 1.0, math.inf)
#: Single flips for every other move: each changes one spin of 24.
FLIPS = 10


def magnetisation(strings: torch.Tensor) -> torch.Tensor:
    """Mean spin, with its sign: the slowest of all averages."""
    return (2.0 * strings - 1).mean(-1)


def measured(walk: Callable[[], Walk]) -> dict[str, float]:
    """Acceptance, autocorrelation times in moves, and microseconds for a move of one chain."""
    began = time.process_time()
    done = walk()
    seconds = time.process_time() - began
    return {
        "acceptance": done.acceptance,
        "moves_energy": autocorrelation_time(done.energies),
        "moves_magnetisation": autocorrelation_time(done.values),
        "microseconds": 1e6 * seconds / done.energies.numel(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--chains", type=int, default=200)
    parser.add_argument("--moves", type=int, default=1500)
    options = parser.parse_args()
    torch.set_num_threads(1)
    length, moves = WIDTH * RINGS, options.moves
    energy = partial(ising_energy, width=WIDTH)
    generator = torch.Generator().manual_seed(0)
    start = sample(ising(WIDTH, RINGS), length, options.chains, generator)
    given: dict[str, Any] = {"observe": magnetisation, "generator": generator}
    rows: list[dict[str, Any]] = []
    for bond in BONDS:
        began = time.process_time()
        mps = learn_from_energy(energy, length, 2, Annealing(bond=bond))
        learning = time.process_time() - began
        for t in TIMES:
            walk = partial(metropolis, mps, energy, start, t, moves, **given)
            row = {"bond": bond, "t": "inf" if math.isinf(t) else t} | measured(walk)
            rows.append(row | {"learning_seconds": learning})
            print(rows[-1], flush=True)
    numbers: dict[str, Any] = {"chains": options.chains, "moves": moves, "rows": rows}
    numbers["flips"] = measured(partial(single_flips, energy, start, FLIPS * moves, **given))
    print(numbers["flips"])
    print(write_result("string_metropolis", numbers, weights=None, cores=1))


if __name__ == "__main__":
    main()
