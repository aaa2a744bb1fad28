"""A set of designs beside real chains of the same lengths."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from .._system.resources import data_file
from ..structure.constants import BANDS
from .descriptor import NAMES, descriptor
from .quality import QUALITY, quality

__all__ = [
    "Population",
    "band_ratios",
    "clusters",
    "compare_columns",
    "describe",
    "frechet_distance",
    "frechet_with_floor",
    "match_lengths",
    "real_population",
]

#: Real chains of nearest length that stand beside each design.
NEIGHBOURS = 10
#: Designs below which a covariance means nothing.
LEAST = 5
#: Random draws of real chains for the Fréchet distance, and chains of the reference per design.
DRAWS, REFERENCE = 20, 5


@dataclass(frozen=True)
class Population:
    """Numbers of many chains.

    Parameters
    ----------
    names : list of str
    columns : ndarray, shape (chains, len(QUALITY))
    descriptors : ndarray, shape (chains, len(NAMES))
    """

    names: list
    columns: np.ndarray
    descriptors: np.ndarray

    def __len__(self):
        return len(self.names)

    @property
    def lengths(self):
        return self.columns[:, list(QUALITY).index("residues")]

    def column(self, name):
        return self.columns[:, list(QUALITY).index(name)]


def describe(name, backbone):
    """Row of a `Population`: name, quality columns (ndarray), descriptor."""
    columns = quality(backbone)
    return name, np.array(list(columns.values())), descriptor(backbone, columns)


def gather(rows):
    """`Population` of rows from `describe`."""
    names, columns, descriptors = zip(*rows, strict=True)
    return Population(list(names), np.stack(columns), np.stack(descriptors))


@cache
def real_population():
    """Real chains that the package ships (data/real_chains.npz, benchmarks/build_real.py)."""
    with np.load(data_file("real_chains.npz")) as data:
        if tuple(data["quality"]) != tuple(QUALITY) or tuple(data["descriptor"]) != NAMES:
            raise ValueError("data/real_chains.npz is of another version; build it again")
        return Population(
            data["names"].tolist(),
            data["columns"].astype(np.float64),
            data["descriptors"].astype(np.float64),
        )


def match_lengths(designs, real, neighbours=NEIGHBOURS):
    """Real chains of nearest length for each design; int (designs, neighbours).

    Ties are broken by the order of the real chains. Fewer neighbours if there are fewer chains.
    """
    gap = np.abs(designs.lengths[:, None] - real.lengths)
    return np.argsort(gap, axis=1, kind="stable")[:, :neighbours]


def compare_columns(designs, real, matched):
    """Quality columns of designs and of real chains of the same lengths.

    Returns
    -------
    dict of str to dict
        Per column: mean and median of both, and the Kolmogorov-Smirnov statistic, the largest
        difference between the two cumulative distributions.
    """
    from scipy.stats import ks_2samp

    out = {}
    for name in QUALITY:
        mine, theirs = designs.column(name), real.column(name)[matched].ravel()
        mine, theirs = mine[np.isfinite(mine)], theirs[np.isfinite(theirs)]
        if len(mine) and len(theirs):
            out[name] = {
                "mean": mine.mean(), "median": np.median(mine),
                "real_mean": theirs.mean(), "real_median": np.median(theirs),
                "ks": ks_2samp(mine, theirs).statistic,
            }  # fmt: skip
    return {name: {key: float(v) for key, v in row.items()} for name, row in out.items()}


def band_ratios(designs, real, matched):
    """Logarithm of mode variance, designs over real chains, and its standard error, by band.

    The variance of a band is the mean over chains; the error is that of the designs' mean.
    """
    out = {}
    for name in BANDS:
        index = NAMES.index(f"modes_{name}")
        mine = np.exp(designs.descriptors[:, index])
        theirs = np.exp(real.descriptors[matched, index])
        mine, theirs = mine[np.isfinite(mine)], theirs[np.isfinite(theirs)]
        if len(mine) and len(theirs):
            error = mine.std(ddof=1) / np.sqrt(len(mine)) / mine.mean() if len(mine) > 1 else np.nan
            out[name] = {
                "log_ratio": float(np.log(mine.mean() / theirs.mean())),
                "error": float(error),
            }
    return out


def frechet_distance(one, two):
    """Fréchet distance of two Gaussians with the moments of two sets of vectors.

    |m1 - m2|² + trace(C1 + C2 - 2 (C1 C2)^(1/2)), Dowson & Landau (1982).

    Parameters
    ----------
    one, two : ndarray, shape (n, D)
    """
    mean = one.mean(0) - two.mean(0)
    c1, c2 = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (one, two))
    values, vectors = np.linalg.eigh(c1)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ c2 @ root).clip(min=0)).sum()
    return float(mean @ mean + np.trace(c1) + np.trace(c2) - 2 * cross)


def frechet_with_floor(designs, real, seed=0):
    """Fréchet distance on descriptors, and what as many real chains would get.

    In each of `DRAWS` draws, distinct real chains of like lengths are drawn twice: as many as
    there are designs, to stand in for them, and up to `REFERENCE` times as many as the reference
    of both. So the floor is what a perfect generator would show at this number of designs.
    Entries are in units of their standard deviation among the reference chains; those that the
    designs lack, and constant ones, are left out.

    Returns
    -------
    dict
        distance and floor (means over draws), floor_sd, dimensions, reference (its chains); empty
        for fewer than 5 designs, or fewer than twice as many real chains.
    """
    count = len(designs)
    if count < LEAST or len(real) < 2 * count:
        return {}
    used = np.isfinite(designs.descriptors).all(0)
    rng, rows = np.random.default_rng(seed), []
    size = 0
    for _ in range(DRAWS):
        free = np.isfinite(real.descriptors[:, used]).all(1)
        share = min(REFERENCE, free.sum() // (2 * count) if free.sum() >= 4 * count else 1)
        sets = [_distinct_alike(designs, real, free, rng) for _ in range(1 + share)]
        stand_in, theirs = sets[0], np.concatenate(sets[1:])
        reference = real.descriptors[theirs][:, used]
        spread = reference.std(0)
        kept = spread > 0
        mine, others, reference = (
            x[:, kept] / spread[kept]
            for x in (designs.descriptors[:, used], real.descriptors[stand_in][:, used], reference)
        )
        rows.append((frechet_distance(mine, reference), frechet_distance(others, reference)))
        size = len(theirs)
    distance, floor = np.array(rows).T
    return {
        "distance": float(distance.mean()),
        "floor": float(floor.mean()),
        "floor_sd": float(floor.std()),
        "dimensions": int(used.sum()),
        "reference": size,
    }


def _distinct_alike(designs, real, free, rng):
    """One free real chain of near length for each design, none twice; takes them from `free`."""
    lengths, chosen = real.lengths + rng.random(len(real)), np.empty(len(designs), dtype=int)
    for k in rng.permutation(len(designs)):
        gap = np.where(free, np.abs(lengths - designs.lengths[k]), np.inf)
        near = np.argpartition(gap, min(NEIGHBOURS, free.sum()) - 1)[:NEIGHBOURS]
        near = near[np.isfinite(gap[near])]
        chosen[k] = rng.choice(near)
        free[chosen[k]] = False
    return chosen


def clusters(tm, cutoff=0.5):
    """Greedy clusters: each structure joins the first representative with TM-score >= cutoff.

    Parameters
    ----------
    tm : ndarray, shape (n, n)
        Symmetric.

    Returns
    -------
    list of int
        Representative of every structure.
    """
    chosen, out = [], []
    for i in range(len(tm)):
        home = next((k for k in chosen if tm[i, k] >= cutoff), i)
        if home == i:
            chosen.append(i)
        out.append(home)
    return out
