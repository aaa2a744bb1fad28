"""Statistics of strings for `publish_strings.py`: Markov chains, hidden windows, runs, order."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch

from protdiff.sequence.strings import MPS, any_symbol, log_weight, one_hot, sample
from protdiff.sequence.strings.contraction import left_vectors
from protdiff.sequence.strings.fitting import padded
from protdiff.sequence.strings.string_scores import stretch_log_probs
from protdiff.structure.secondary_structure import STATES
from protdiff.training.string_training import fold_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from protdiff.sequence.strings.string_model import StringModel

    Strings = Sequence[torch.Tensor]

#: Residues of a hidden window.
HIDDEN = 12
#: Pseudocount of every symbol in every context of a Markov chain.
PSEUDO = 0.5


def nats(mps: MPS, strings: Strings) -> float:
    """Mean -ln P a residue, given the length."""
    rows, lengths = padded(strings)
    log_probs = log_weight(mps, one_hot(mps, rows), lengths) - log_norms(mps, lengths)
    return -float(log_probs.sum() / lengths.sum())


def log_norms(mps: MPS, lengths: torch.Tensor) -> torch.Tensor:
    """ln Z of every length, by one contraction of the longest."""
    vectors, logs = left_vectors(mps, any_symbol(mps, int(lengths.max())))
    return ((vectors[:, 0] @ mps.right).log() + logs[:, 0])[lengths]


def markov_nats(train: Strings, held: Strings, symbols: int, order: int) -> float:
    """The same of a Markov chain that sees the last `order` symbols and the start."""
    counts: dict[tuple[int, ...], Counter[int]] = {}
    for string in train:
        row = string.tolist()
        for place, symbol in enumerate(row):
            counts.setdefault(tuple(row[max(0, place - order) : place]), Counter())[symbol] += 1
    total = torch.zeros((), dtype=torch.float64)
    for string in held:
        row = string.tolist()
        for place, symbol in enumerate(row):
            seen = counts.get(tuple(row[max(0, place - order) : place]), Counter())
            chance = (seen[symbol] + PSEUDO) / (seen.total() + PSEUDO * symbols)
            total -= torch.tensor(chance, dtype=torch.float64).log()
    return float(total) / sum(map(len, held))


def independent(frequencies: torch.Tensor) -> MPS:
    """Independent symbols as a matrix product state."""
    one = torch.ones(1, dtype=torch.float64)
    return MPS(one, frequencies.double()[:, None, None], one)


def markov_chain(strings: Strings, symbols: int) -> MPS:
    """The Markov chain of order 1 as a matrix product state, whose bond is the last symbol."""
    steps = torch.full((symbols, symbols), PSEUDO, dtype=torch.float64)
    for string in strings:
        index = (string[:-1], string[1:])
        steps.index_put_(index, torch.ones(len(string) - 1).double(), accumulate=True)
    first = torch.bincount(torch.stack([s[0] for s in strings]), minlength=symbols).double()
    steps = steps / steps.sum(1, keepdim=True)
    # A start state before the first symbol makes room for its own frequencies.
    sites = torch.zeros(symbols, symbols + 1, symbols + 1, dtype=torch.float64)
    for symbol in range(symbols):
        sites[symbol, :symbols, symbol] = steps[:, symbol]
        sites[symbol, symbols, symbol] = (first / first.sum())[symbol]
    left = torch.eye(symbols + 1, dtype=torch.float64)[symbols]
    return MPS(left, sites, torch.ones(symbols + 1, dtype=torch.float64))


def hidden_window_nats(mps: MPS, strings: Strings) -> float:
    """Mean -ln P a residue of all windows of 12 inside the chains, given the rest of the chain."""
    windows = [stretch_log_probs(mps, one_hot(mps, string[None]), HIDDEN) for string in strings]
    return -float(torch.cat(windows).mean()) / HIDDEN


def samples_like(mps: MPS, strings: Strings, generator: torch.Generator) -> list[torch.Tensor]:
    """One sample for each string, of its length."""
    lengths = Counter(len(string) for string in strings)
    return [row for n, num in lengths.items() for row in sample(mps, n, num, generator)]


def run_statistics(strings: Strings) -> dict[str, float]:
    """Mean lengths of helices, strands and loops; shares of states, and of neighbours in order.

    Neighbours are helices and strands one after the other, whatever loop is between them.
    """
    lengths: dict[int, list[int]] = {k: [] for k in range(len(STATES))}
    pairs: Counter[str] = Counter()
    for string in strings:
        symbols, runs = torch.unique_consecutive(string, return_counts=True)
        elements = ""
        for symbol, run in zip(symbols.tolist(), runs.tolist(), strict=True):
            lengths[symbol].append(run)
            elements += STATES[symbol].replace("C", "")
        pairs.update(a + b for a, b in pairwise(elements))
    total = sum(sum(runs) for runs in lengths.values())
    out: dict[str, float] = {}
    for k, state in enumerate(STATES):
        out[f"length_{state}"] = sum(lengths[k]) / len(lengths[k])
        out[f"share_{state}"] = sum(lengths[k]) / total
    return out | {f"order_{pair}": pairs[pair] / pairs.total() for pair in ("HH", "HE", "EH", "EE")}


def class_table(model: StringModel, held: Strings, generator: torch.Generator) -> dict[str, Any]:
    """Per class: share of the training chains, and of 1,000 samples of 120 residues that fit it.

    `posterior`: mean probability of the right class over the validation chains of it.
    """
    names = list(model.classes)
    right: dict[str, list[float]] = {name: [] for name in names}
    for string in held:
        name = fold_class(string)
        right[name].append(float(model.class_posterior(string[None])[0, names.index(name)]))
    table: dict[str, Any] = {}
    for name in names:
        drawn = sample(model.classes[name], 120, 1000, generator)
        table[name] = {
            "share": model.shares[name],
            "as_defined": sum(fold_class(row) == name for row in drawn) / 1000,
            "posterior": sum(right[name]) / max(len(right[name]), 1),
        }
    return table
