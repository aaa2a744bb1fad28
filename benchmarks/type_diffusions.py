"""Two discrete diffusions of residue types, trained for equal times: absorbing and multinomial.

    python benchmarks/type_diffusions.py --data DATASET [--minutes 20] [--hidden 96] [--num 60]

Networks of one size see equal batches in turns, until each has had its minutes of one core. On
held-out chains: the bound on the negative log-probability of the types given the backbone (nats a
residue; the absorbing one is an average over orders, the multinomial one a sum over 100 times),
recovery of the natural type at temperature 0.1, and the seconds that a sequence takes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from results import write_result
from torch.nn.functional import nll_loss, one_hot

from protdiff.dataset import read_chains
from protdiff.network.numerics import flush_denormals
from protdiff.sequence.decode import coloured_order, draw_types
from protdiff.sequence.multinomial import (
    MultinomialNetwork,
    cosine_survival,
    noised,
    posterior,
    reverse_draw,
)
from protdiff.sequence.network import N_TYPES, UNKNOWN_TYPE, SequenceConfig, SequenceNetwork
from protdiff.training.optimisation import MovingAverage, adamw, take_step
from protdiff.training.sequence_run import TypeBatch, batches_of_epoch, held_out_types, type_batch

if TYPE_CHECKING:
    from protdiff.dataset import ChainSet

RESIDUES, NOISE, RATE, WARMUP, DECAY, EMA = 2000, 0.1, 2e-3, 100, 0.4, 0.99
TEMPERATURE = 0.1
#: Passes over the held-out chains for the bound of the multinomial diffusion, each at other times.
PASSES = 10
SURVIVAL = cosine_survival()
#: The loss of a time is divided by its chance, 1 / 100.
TIMES = len(SURVIVAL) - 1
#: Smallest probability whose logarithm is taken.
TINY = 1e-12


def multinomial_bound(
    network: MultinomialNetwork, batch: TypeBatch, generator: torch.Generator
) -> torch.Tensor:
    """Bound (nats a residue) on the types, from one random time of every chain."""
    times = torch.randint(1, TIMES + 1, (int(batch.chain[-1]) + 1,), generator=generator)
    times = times[batch.chain]
    now, before = (torch.from_numpy(SURVIVAL).float()[t] for t in (times, times - 1))
    known = batch.types != UNKNOWN_TYPE
    random = torch.randint(N_TYPES, known.shape, generator=generator)
    clean = torch.where(known, batch.types, random)
    noisy = noised(clean, now, generator)
    truth = posterior(noisy, one_hot(clean, N_TYPES).float(), now, before)
    ours = posterior(noisy, network.denoise(batch.graph, noisy, now).exp(), now, before)
    log_ratio = truth.clamp_min(TINY).log() - ours.clamp_min(TINY).log()
    return TIMES * (truth * log_ratio).sum(-1)[known].mean()


class Course:
    """One of the two networks in training."""

    def __init__(self, kind: str, config: SequenceConfig):
        torch.manual_seed(0)
        self.kind = kind
        self.network = {"absorbing": SequenceNetwork, "multinomial": MultinomialNetwork}[kind](
            config
        )
        self.average = MovingAverage(self.network, EMA)
        self.optimiser = adamw(self.network.parameters(), 0.01)
        self.seconds, self.steps = 0.0, 0

    def loss(self, batch: TypeBatch) -> torch.Tensor:
        """Nats a residue, of one draw of orders or times."""
        if isinstance(self.network, MultinomialNetwork):
            generator = torch.Generator().manual_seed(self.steps)
            return multinomial_bound(self.network, batch, generator)
        chances = self.network(batch.graph, batch.types, batch.rank)
        return nll_loss(chances, batch.types, ignore_index=UNKNOWN_TYPE)

    def averaged(self) -> SequenceNetwork:
        """The network with the averaged weights."""
        network = type(self.network)(self.network.config)
        network.load_state_dict(self.average.module.state_dict())
        return network.eval()

    def step(self, batch: TypeBatch, budget: float) -> None:
        """Train on a batch; the rate falls with the time that is left."""
        began = time.process_time()
        loss = self.loss(batch)
        self.optimiser.zero_grad()
        loss.backward()
        left = (1 - self.seconds / budget) / DECAY
        rate = RATE * min(1.0, (self.steps + 1) / WARMUP, max(0.0, left))
        take_step(self.optimiser, list(self.network.parameters()), rate, clip=1.0)
        self.average.update(self.network)
        self.seconds += time.process_time() - began
        self.steps += 1


@torch.no_grad()
def held_out_bound(network: SequenceNetwork, chains: ChainSet) -> float:
    """Bound on held-out chains, nats a residue."""
    if not isinstance(network, MultinomialNetwork):
        return held_out_types(network, chains, RESIDUES)["loss"]
    total, count = 0.0, 0
    for number, chosen in enumerate(batches_of_epoch(chains, RESIDUES, 0)):
        batch = type_batch(chains, chosen, 0.0, number)
        for k in range(PASSES):
            generator = torch.Generator().manual_seed(1000 * number + k)
            total += float(multinomial_bound(network, batch, generator)) * len(batch.types)
            count += len(batch.types)
    return total / count


@torch.no_grad()
def recovery(network: SequenceNetwork, chains: ChainSet) -> tuple[float, float]:
    """Share of the natural types in a sequence drawn for every chain; seconds a sequence."""
    right, count, seconds = 0, 0, 0.0
    for k in range(len(chains)):
        batch = type_batch(chains, [k], 0.0, k)
        began = time.process_time()
        drawn = one_sequence(network, batch, k)
        seconds += time.process_time() - began
        known = batch.types != UNKNOWN_TYPE
        right += int((drawn == batch.types)[known].sum())
        count += int(known.sum())
    return right / count, seconds / len(chains)


def one_sequence(network: SequenceNetwork, batch: TypeBatch, seed: int) -> torch.Tensor:
    """Types drawn for a chain at the low temperature, all of them new."""
    free = torch.zeros(len(batch.types), dtype=torch.bool)
    if not isinstance(network, MultinomialNetwork):
        rng = np.random.default_rng(seed)
        order = coloured_order(batch.graph.neighbours, free, rng)
        unknown = torch.full_like(batch.types, UNKNOWN_TYPE)
        return draw_types(network, batch.graph, unknown, [rng], order, TEMPERATURE).types[0]

    def sharpened(types: torch.Tensor, survival: float) -> torch.Tensor:
        level = torch.full(types.shape, survival)
        return (network.denoise(batch.graph, types, level) / TEMPERATURE).softmax(-1)

    generator = torch.Generator().manual_seed(seed)
    return reverse_draw(sharpened, torch.zeros_like(batch.types), free, SURVIVAL, generator)


@flush_denormals()
def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Train both, a batch in turn, and measure both."""
    chains = read_chains(options.data, "train", max_length=512)
    held_out = read_chains(options.data, "val", max_length=512)
    held_out = held_out.take(np.arange(min(options.num, len(held_out)))).compact()
    config = SequenceConfig(hidden=options.hidden, edge=options.hidden // 2)
    courses = [Course(kind, config) for kind in ("absorbing", "multinomial")]
    budget, number = 60 * options.minutes, 0
    batches = batches_of_epoch(chains, RESIDUES, 0)
    while any(course.seconds < budget for course in courses):
        batch = type_batch(chains, batches[number % len(batches)], NOISE, number, RESIDUES)
        for course in courses:
            if course.seconds < budget:
                course.step(batch, budget)
        number += 1
    rows: dict[str, Any] = {}
    for course in courses:
        network = course.averaged()
        share, seconds = recovery(network, held_out)
        rows[course.kind] = {
            "steps": course.steps,
            "bound_nats": held_out_bound(network, held_out),
            "recovery": share,
            "seconds_per_sequence": seconds,
        }
        print(course.kind, rows[course.kind], flush=True)
    return rows | {"chains": len(held_out), "minutes": options.minutes, "hidden": options.hidden}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="data set or chain archive")
    parser.add_argument("--minutes", type=float, default=20, help="training of each network")
    parser.add_argument("--hidden", type=int, default=96)
    parser.add_argument("--num", type=int, default=60, help="held-out chains")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(write_result("type_diffusions", compare(options), weights=None, cores=1))


if __name__ == "__main__":
    main()
