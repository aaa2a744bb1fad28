"""Training of a `SequenceReader` on the secondary structure of known chains."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from ..network.condition_features import TYPES, one_hot
from ..network.numerics import flush_denormals
from ..network.reader import ReaderConfig, SequenceReader
from .chains import crops
from .optimisation import learning_rate, take_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float, Int
    from torch import Tensor

    from .chains import ChainSet

__all__ = ["fit_reader", "hidden_runs", "reading_accuracy"]

#: Residues of a batch, steps of warm-up, highest rate, largest norm of the gradient.
RESIDUES, WARMUP, RATE, CLIP = 4000, 200, 2e-3, 1.0
#: Chains are sorted into batches by length plus up to so many residues at random, so that batches
#: differ between epochs.
JITTER = 30
#: Share of the batches in which types are hidden, and the lengths of the runs that are.
HIDDEN_SHARE, RUNS = 0.5, (1, 8, 32)


def _batches(chains: ChainSet, rng: np.random.Generator | None = None) -> list[list[int]]:
    """Chains of every batch, of similar lengths; in random order given a generator."""
    jitter = 0 if rng is None else JITTER * rng.random(len(chains))
    batches: list[list[int]] = [[]]
    size = 0
    for number in np.argsort(chains.lengths + jitter, kind="stable"):
        size = max(size, int(chains.lengths[number]))
        if batches[-1] and (len(batches[-1]) + 1) * size > RESIDUES:
            batches.append([])
            size = int(chains.lengths[number])
        batches[-1].append(int(number))
    if rng is not None:
        rng.shuffle(batches)
    return batches


def _batch(
    chains: ChainSet, chosen: list[int]
) -> tuple[Int[Tensor, "batch residues"], Int[Tensor, "batch residues"], list[int]]:
    """Types and states of whole chains, -1 where there is none, and lengths of the chains."""
    lengths = [int(chains.lengths[number]) for number in chosen]
    parts = crops(chains, chosen, [0] * len(chosen), lengths)
    return parts.types, parts.structure, lengths


def hidden_runs(
    types: Int[Tensor, "batch residues"], rng: np.random.Generator
) -> Int[Tensor, "batch residues"]:
    """Types of which runs are hidden (-1), as in redesigns and half-known sequences."""
    if rng.random() > HIDDEN_SHARE:
        return types
    run, share = int(rng.choice(RUNS)), rng.random()
    hidden = rng.random((len(types), -(-types.shape[1] // run))) < share
    mask = torch.from_numpy(hidden.repeat(run, 1)[:, : types.shape[1]])
    return types.masked_fill(mask, -1)


def _known_residues(
    reader: SequenceReader,
    types: Int[Tensor, "batch residues"],
    states: Int[Tensor, "batch residues"],
    lengths: list[int],
) -> tuple[Float[Tensor, "known 3"], Int[Tensor, " known"]]:
    """Log-odds and true states of the residues that have both a type and a state."""
    features = one_hot(types, torch.full_like(types, -1))[..., :TYPES]
    known = (types >= 0) & (states >= 0)
    return reader(features, lengths)[known], states[known]


@torch.no_grad()
def reading_accuracy(reader: SequenceReader, chains: ChainSet) -> tuple[float, float]:
    """Share of residues whose likeliest state is the true one (Q3), and cross-entropy in nats."""
    right, loss, count = 0, 0.0, 0
    for chosen in _batches(chains):
        odds, states = _known_residues(reader, *_batch(chains, chosen))
        right += int((odds.argmax(-1) == states).sum())
        loss += float(cross_entropy(odds, states, reduction="sum"))
        count += len(states)
    return right / count, loss / count


def reader_rate(step: int, steps: int) -> float:
    """Learning rate of steps 1, 2, …: linear warm-up, and half a cosine to zero at the end."""
    falling = 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / steps))
    return learning_rate(RATE, step / WARMUP, 1.0) * falling


@flush_denormals()
def fit_reader(
    chains: ChainSet,
    held_out: ChainSet,
    *,
    epochs: int = 8,
    config: ReaderConfig | None = None,
    seed: int = 0,
    report: Callable[[str], object] = print,
) -> SequenceReader:
    """Train a reader of sequences.

    Parameters
    ----------
    chains, held_out : ChainSet
        With secondary structure.
    epochs : int
        Passes over the chains. More than ten overfit.
    config : ReaderConfig, optional
    seed : int
    report : callable
        Gets a line of text after each epoch.

    Returns
    -------
    SequenceReader
        In evaluation mode.

    Raises
    ------
    ValueError
        If no residue has both a known type and a state of secondary structure.
    """
    for part in (chains, held_out):
        if part.structure is None or not np.any((part.types < TYPES) & (part.structure >= 0)):
            raise ValueError("no residue has a known type and a secondary structure to learn from")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    reader = SequenceReader(config or ReaderConfig())
    parameters = list(reader.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=0.0, weight_decay=0.05)
    step, steps = 0, epochs * len(_batches(chains))
    for epoch in range(epochs):
        reader.train()
        for chosen in _batches(chains, rng):
            step += 1
            types, states, lengths = _batch(chains, chosen)
            odds, states = _known_residues(reader, hidden_runs(types, rng), states, lengths)
            optimiser.zero_grad()
            cross_entropy(odds, states).backward()
            take_step(optimiser, parameters, reader_rate(step, steps), CLIP)
        accuracy, nats = reading_accuracy(reader.eval(), held_out)
        report(f"epoch {epoch + 1}: {accuracy:.1%} of held-out residues right, {nats:.3f} nats")
    return reader.eval().requires_grad_(False)
