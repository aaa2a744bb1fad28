"""`evaluate`: everything that can be said of a set of designs, in one call."""

from contextlib import nullcontext
from dataclasses import dataclass, field

import numpy as np

from .pairwise_tm import nearest_known, pairwise_tm
from .population import (
    Population,
    band_ratios,
    clusters,
    compare_columns,
    describe,
    frechet_with_floor,
    gather,
    match_lengths,
    real_population,
)

__all__ = ["Evaluation", "Structures", "evaluate"]


@dataclass(frozen=True)
class Structures:
    """Chains with their numbers: backbones in the order of the population."""

    backbones: list
    population: Population

    @classmethod
    def of(cls, names, backbones):
        """Measure some backbones; residues without a CA are dropped."""
        rows = [describe(name, one) for name, one in zip(names, backbones, strict=True)]
        return cls([one[one.mask[:, 1]] for one in backbones], gather(rows))

    def __len__(self):
        return len(self.backbones)

    def __getitem__(self, rows):
        """Some of the chains, by indices."""
        rows, p = np.asarray(rows, dtype=int), self.population
        names = [p.names[k] for k in rows]
        some = Population(names, p.columns[rows], p.descriptors[rows])
        return Structures([self.backbones[k] for k in rows], some)


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Attributes
    ----------
    numbers : dict
        designs, real_chains, columns, modes, frechet and, where asked for, diversity and novelty;
        see `population` and `neighbours`. Plain numbers, ready for JSON.
    designs, real : Population
    matched : ndarray of int, shape (designs, neighbours)
        Real chains that stand beside each design.
    pairwise_tm : ndarray, shape (n, n), or None
    max_tm : dict of str to ndarray
        Largest TM-score to a known structure, of "designs" and of "held_out" real chains.
    nearest : list of str
        Name of the known structure nearest to each design.
    """

    numbers: dict
    designs: Population
    real: Population
    matched: np.ndarray
    pairwise_tm: np.ndarray | None = None
    max_tm: dict = field(default_factory=dict)
    nearest: list = field(default_factory=list)


def evaluate(
    designs,
    *,
    real=None,
    known=None,
    held_out=None,
    diversity=100,
    method="structure",
    jobs=1,
    seed=0,
    progress=None,
):
    """Compare designs with real chains of the same lengths.

    Parameters
    ----------
    designs : Structures
    real : Population, optional
        Real chains; the shipped ones by default.
    known : Structures, optional
        Known structures, for novelty.
    held_out : Structures, optional
        Real chains unrelated to `known`: the baseline of novelty. As many as there are designs,
        of like lengths, are taken.
    diversity : int
        Designs, from the first on, that are aligned with one another.
    method : {"structure", "tmalign"}
    jobs : int
        Processes; 0 for one per core.
    seed : int
    progress : callable, optional
        ``progress(total, what)`` gives a context of an ``advance(count)`` function.

    Returns
    -------
    Evaluation
    """
    progress = progress or (lambda total, what: nullcontext())
    real = real or real_population()
    matched = match_lengths(designs.population, real)
    numbers = {
        "designs": len(designs),
        "real_chains": len(real),
        "columns": compare_columns(designs.population, real, matched),
        "modes": band_ratios(designs.population, real, matched),
        "frechet": frechet_with_floor(designs.population, real, seed),
    }
    tm, max_tm, nearest = None, {}, []
    some = designs.backbones[:diversity]
    if len(some) > 1:
        with progress(len(some) * (len(some) - 1) // 2, "diversity") as advance:
            tm = pairwise_tm(some, method, jobs, advance)
        count = len(set(clusters(tm)))
        numbers["diversity"] = {
            "designs": len(some),
            "clusters": count,
            "clusters_per_design": count / len(some),
            "mean_pairwise_tm": summary(tm[np.tril_indices(len(tm), -1)]).get("mean"),
        }
    if known is not None:
        groups = {"designs": designs}
        if held_out is not None:
            groups["held_out"] = held_out[alike_lengths(designs, held_out, seed)]
        numbers["novelty"] = {}
        for title, group in groups.items():
            with progress(None, f"novelty of {title.replace('_', ' ')}") as advance:
                max_tm[title], which = nearest_known(group, known, method, jobs, advance)
            numbers["novelty"][title] = summary(max_tm[title])
            if title == "designs":
                nearest = [known.population.names[k] if k >= 0 else "" for k in which]
    return Evaluation(numbers, designs.population, real, matched, tm, max_tm, nearest)


def alike_lengths(designs, real, seed):
    """For each design a real chain of near length, none twice while there are enough."""
    rng = np.random.default_rng(seed)
    lengths = real.population.lengths + rng.random(len(real))  # ties at random
    free, chosen = np.ones(len(real), dtype=bool), []
    for length in designs.population.lengths:
        if not free.any():
            free[:] = True
        gap = np.where(free, np.abs(lengths - length), np.inf)
        chosen.append(int(gap.argmin()))
        free[chosen[-1]] = False
    return chosen


def summary(values):
    """Count, mean, median and largest of the values that are there."""
    values = values[np.isfinite(values)]
    if not len(values):
        return {"count": 0}
    return {
        "count": len(values),
        "mean": float(values.mean()),
        "median": float(np.median(values)),
        "largest": float(values.max()),
    }
