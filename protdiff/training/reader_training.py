"""Training of a `SequenceReader` on the secondary structure of known chains."""

import math

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from ..network.condition_features import TYPES, one_hot
from ..network.numerics import flush_denormals
from ..network.reader import ReaderConfig, SequenceReader
from .chains import crops

__all__ = ["fit_reader", "hidden_runs", "reading_accuracy"]

#: Residues of a batch, steps of warm-up, highest rate.
RESIDUES, WARMUP, RATE = 4000, 200, 2e-3
#: Types are hidden in so many of the batches, in runs of these lengths.
HIDDEN, RUNS = 0.5, (1, 8, 32)


def _batches(chains, rng=None):
    """Chains of every batch, of similar lengths; in random order given a generator."""
    jitter = 0 if rng is None else 30 * rng.random(len(chains))
    batches, size = [[]], 0
    for number in np.argsort(chains.lengths + jitter, kind="stable"):
        size = max(size, int(chains.lengths[number]))
        if batches[-1] and (len(batches[-1]) + 1) * size > RESIDUES:
            batches.append([])
            size = int(chains.lengths[number])
        batches[-1].append(int(number))
    if rng is not None:
        rng.shuffle(batches)
    return batches


def _batch(chains, chosen):
    """Types and states (B, N) of whole chains, -1 where there is none, and their lengths."""
    lengths = [int(chains.lengths[number]) for number in chosen]
    _, _, types, states = crops(chains, chosen, [0] * len(chosen), lengths)
    return types, states, lengths


def hidden_runs(types, rng):
    """Types of which runs are hidden (-1), as in redesigns and half-known sequences."""
    if rng.random() > HIDDEN:
        return types
    run, share = int(rng.choice(RUNS)), rng.random()
    hidden = rng.random((len(types), -(-types.shape[1] // run))) < share
    hidden = torch.from_numpy(hidden.repeat(run, 1)[:, : types.shape[1]])
    return types.masked_fill(hidden, -1)


def _judged(reader, types, states, lengths):
    """Log-odds and states of the residues that have both a type and a state."""
    given = one_hot(types, torch.full_like(types, -1))[..., :TYPES]
    known = (types >= 0) & (states >= 0)
    return reader(given, lengths)[known], states[known]


@torch.no_grad()
def reading_accuracy(reader, chains):
    """Share of residues whose likeliest state is the true one (Q3), and cross-entropy in nats."""
    right = loss = count = 0
    for chosen in _batches(chains):
        odds, states = _judged(reader, *_batch(chains, chosen))
        right += int((odds.argmax(-1) == states).sum())
        loss += float(cross_entropy(odds, states, reduction="sum"))
        count += len(states)
    return right / count, loss / count


@flush_denormals()
def fit_reader(chains, held_out, *, epochs=8, config=None, seed=0, report=print):
    """A reader of sequences.

    Parameters
    ----------
    chains, held_out : ChainSet
        With secondary structure.
    epochs : int
        More than ten learn the training chains by heart.
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
        Without residues that have a type and a state.
    """
    for part in (chains, held_out):
        if not np.any((part.types < TYPES) & (part.structure >= 0)):
            raise ValueError("no residue has a known type and a secondary structure to learn from")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    reader = SequenceReader(config or ReaderConfig())
    optimiser = torch.optim.AdamW(reader.parameters(), lr=0.0, weight_decay=0.05)
    step, steps = 0, epochs * len(_batches(chains))
    for epoch in range(epochs):
        reader.train()
        for chosen in _batches(chains, rng):
            step += 1
            types, states, lengths = _batch(chains, chosen)
            loss = cross_entropy(*_judged(reader, hidden_runs(types, rng), states, lengths))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            for group in optimiser.param_groups:
                falling = 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / steps))
                group["lr"] = RATE * min(1.0, step / WARMUP) * falling
            optimiser.step()
        accuracy, nats = reading_accuracy(reader.eval(), held_out)
        report(f"epoch {epoch + 1}: {accuracy:.1%} of held-out residues right, {nats:.3f} nats")
    return reader.eval().requires_grad_(False)
