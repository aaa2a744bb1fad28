"""Sequences for held-out chains: how many types are those of nature, and how often each is drawn.

    python benchmarks/sequence_recovery.py --data DATASET [--weights FILE] [--num 200]
                                           [--max-length 512]

Chains are those of validation and test. Recovery is the share of residues that get the natural
type, over all residues of all chains, given the backbone alone: at temperature 0.1, at 1, with
the likeliest type of every residue in its turn, and at 0.1 on coordinates with 0.3 Å of noise. In a
hidden stretch of 8 to 12 residues the rest of the chain is known. Seconds are those of one thread.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from results import write_result

import protdiff
from protdiff.dataset import read_chains
from protdiff.sequence.sequence_weights import find_sequence_weights, load_sequence_network
from protdiff.structure.backbone import RESIDUE_TYPES
from protdiff.training.sequence_run import held_out_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from protdiff.dataset import ChainSet
    from protdiff.structure.backbone import Backbone

SPLITS = ("val", "test")
TEMPERATURE, NOISE = 0.1, 0.3
LEAST, MOST, END = 8, 12, 5
#: Residues in a batch of the perplexity.
RESIDUES = 4000
#: Classes of types between which substitutions are counted.
CLASSES = {
    "aliphatic": "AVILMC", "aromatic": "FWYH", "positive": "KR", "negative": "DE",
    "polar": "STNQ", "glycine": "G", "proline": "P",
}  # fmt: skip


@dataclass
class Counts:
    """Natural and drawn types that were seen together, over all chains.

    Attributes
    ----------
    table : ndarray of int, shape (20, 20)
        Natural types in rows, drawn ones in columns.
    """

    table: np.ndarray = field(default_factory=lambda: np.zeros((20, 20), int))

    def add(self, natural: str, drawn: str) -> None:
        """Count the residues of a chain, but those of unknown type."""
        for true, other in zip(natural, drawn, strict=True):
            if true != "X" and other != "X":
                self.table[RESIDUE_TYPES.index(true), RESIDUE_TYPES.index(other)] += 1

    @property
    def recovery(self) -> float:
        """Share of the residues that got the natural type."""
        return float(np.trace(self.table) / max(1, self.table.sum()))

    def composition(self) -> dict[str, Any]:
        """Share of every type in nature and among the drawn ones, percent; largest difference."""
        natural, drawn = (100 * self.table.sum(axis) / self.table.sum() for axis in (1, 0))
        return {
            "largest_difference_points": float(np.abs(natural - drawn).max()),
            "natural": dict(zip(RESIDUE_TYPES, natural.tolist(), strict=True)),
            "drawn": dict(zip(RESIDUE_TYPES, drawn.tolist(), strict=True)),
        }

    def confusion(self) -> dict[str, dict[str, float]]:
        """Share of the classes that are drawn for the residues of every class."""
        rows = {name: [RESIDUE_TYPES.index(t) for t in types] for name, types in CLASSES.items()}
        out: dict[str, dict[str, float]] = {}
        for name, own in rows.items():
            total = max(1, int(self.table[own].sum()))
            out[name] = {
                other: float(self.table[np.ix_(own, columns)].sum() / total)
                for other, columns in rows.items()
            }
        return out


def stretch(length: int, rng: np.random.Generator) -> slice:
    """A stretch of 8 to 12 residues that is not at an end of the chain."""
    size = int(rng.integers(LEAST, MOST + 1))
    first = int(rng.integers(END, length - size - END + 1))
    return slice(first, first + size)


def tasks(backbone: Backbone, rng: np.random.Generator) -> Iterator[tuple[str, Backbone, Any]]:
    """What is designed of a chain: name, backbone, and options of `protdiff.design`."""
    fixed = np.ones(len(backbone), bool)
    fixed[stretch(len(backbone), rng)] = False
    noise = NOISE * rng.normal(size=backbone.coords.shape)
    yield "cold", backbone, {"temperature": TEMPERATURE}
    yield "learned", backbone, {"temperature": 1.0}
    yield "greedy", backbone, {"temperature": 0.0}
    yield "noise", replace(backbone, coords=backbone.coords + noise), {"temperature": TEMPERATURE}
    yield "stretch", backbone, {"temperature": TEMPERATURE, "fixed": fixed}
    yield "stretch_greedy", backbone, {"temperature": 0.0, "fixed": fixed}


def measure(chains: ChainSet, weights: Path) -> dict[str, Any]:
    """All numbers of some chains."""
    counts: dict[str, Counts] = {}
    seconds, residues, nats = 0.0, 0, []
    for number, chain in enumerate(chains):
        backbone = chain.backbone()
        for name, given, options in tasks(backbone, np.random.default_rng([0, number])):
            began = time.perf_counter()
            [one] = protdiff.design(given, 1, seed=number, weights=weights, **options)
            if name == "cold":
                seconds += time.perf_counter() - began
                residues += len(backbone)
                nats.append(one.nats)
            drawn = np.flatnonzero(one.designed)
            counts.setdefault(name, Counts()).add(
                *("".join(text[k] for k in drawn) for text in (chain.sequence, one.sequence))
            )
    held_out = held_out_types(load_sequence_network(weights), chains, RESIDUES)
    return {
        "chains": len(chains),
        "residues": residues,
        "recovery": {name: count.recovery for name, count in counts.items()},
        "stretch_residues": int(counts["stretch"].table.sum()),
        "perplexity": held_out["perplexity"],
        "nats_of_drawn": float(np.median(nats)),
        "composition": {name: counts[name].composition() for name in ("cold", "learned")},
        "confusion": counts["cold"].confusion(),
        "seconds_per_sequence": seconds / len(chains),
        "seconds_per_100_residues": 100 * seconds / residues,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="data set or chain archive")
    parser.add_argument("--weights", help="weights of the residue-type network")
    parser.add_argument("--num", type=int, help="chains of each split; default all")
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--result", default="sequence_recovery", help="name of the result file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    weights = find_sequence_weights(options.weights)
    numbers: dict[str, Any] = {}
    for split in SPLITS:
        chains = read_chains(options.data, split, max_length=options.max_length)
        count = len(chains) if options.num is None else min(options.num, len(chains))
        chosen = np.random.default_rng(0).permutation(len(chains))[:count]
        numbers[split] = measure(chains.take(np.sort(chosen)).compact(), weights)
        shown = {name: f"{value:.1%}" for name, value in numbers[split]["recovery"].items()}
        print(split, f"{count} chains, recovery", shown, flush=True)
    print(write_result(options.result, numbers, weights=weights, cores=1))


if __name__ == "__main__":
    main()
