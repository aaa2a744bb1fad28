"""Acceptance and autocorrelation of Metropolis moves by noise and exact denoising.

    python benchmarks/string_metropolis.py [--chains 200] [--moves 150]

The Ising model on a cylinder of 6 rings of 4 spins at its critical coupling. States of bond 2, 4
and 8 are learned from the energy alone. The autocorrelation time is that of the energy, in moves;
cost is seconds of one core for an independent value of one chain. Single flips stand beside.
"""

from __future__ import annotations

import argparse
import math
import time
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
BONDS, TIMES = (2, 4, 8), (0.3, 1.0, math.inf)


def row(walk: Callable[[], Walk], chains: int, moves: int) -> dict[str, Any]:
    """Acceptance, autocorrelation time and cost of some moves."""
    began = time.process_time()
    done = walk()
    seconds = time.process_time() - began
    tau = autocorrelation_time(done.energies)
    return {
        "acceptance": done.acceptance, "autocorrelation": tau,
        "microseconds": 1e6 * seconds * tau / (chains * moves),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--chains", type=int, default=200)
    parser.add_argument("--moves", type=int, default=150)
    options = parser.parse_args()
    torch.set_num_threads(1)
    chains, moves, length = options.chains, options.moves, WIDTH * RINGS

    def energy(strings: torch.Tensor) -> torch.Tensor:
        return ising_energy(strings, WIDTH)

    generator = torch.Generator().manual_seed(0)
    start = sample(ising(WIDTH, RINGS), length, chains, generator)
    rows: list[dict[str, Any]] = []
    for bond in BONDS:
        mps = learn_from_energy(energy, length, 2, Annealing(bond=bond))
        for t in TIMES:
            numbers = row(
                lambda mps=mps, t=t: metropolis(
                    mps, energy, start, t, moves, generator=generator
                ),
                chains, moves,
            )  # fmt: skip
            rows.append({"bond": bond, "t": "inf" if math.isinf(t) else t} | numbers)
            print(rows[-1], flush=True)
    flips = 20 * moves
    numbers = row(lambda: single_flips(energy, start, flips, generator=generator), chains, flips)
    print(
        write_result("string_metropolis", {"rows": rows, "flips": numbers}, weights=None, cores=1)
    )


if __name__ == "__main__":
    main()
