"""The numbers of many structures, and a set of designs beside real chains of the same lengths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .._system.resources import data_file
from ..structure.constants import BANDS
from .descriptor import NAMES, descriptor
from .quality import QUALITY, quality

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jaxtyping import Float, Int

    from ..structure.backbone import Backbone

__all__ = [
    "NEIGHBOURS",
    "Population",
    "Structures",
    "band_ratios",
    "clusters",
    "compare_columns",
    "describe",
    "gather",
    "match_lengths",
    "nearest_lengths",
    "real_population",
]

#: Real chains of nearest length that stand beside each design.
NEIGHBOURS = 10
#: TM-score from which on two structures belong to one cluster.
CLUSTER_TM = 0.5


@dataclass(frozen=True)
class Population:
    """Numbers of many chains.

    Parameters
    ----------
    names : list of str
    columns : ndarray, shape (chains, len(QUALITY))
        Quality columns.
    descriptors : ndarray, shape (chains, len(NAMES))
    """

    names: list[str]
    columns: Float[np.ndarray, "chains columns"]
    descriptors: Float[np.ndarray, "chains entries"]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def lengths(self) -> Float[np.ndarray, "chains"]:
        """Residues of each chain."""
        return self.column("residues")

    def column(self, name: str) -> Float[np.ndarray, "chains"]:
        """A quality column by its name."""
        return self.columns[:, list(QUALITY).index(name)]


@dataclass(frozen=True)
class Structures:
    """Backbones and their numbers, in the same order."""

    backbones: list[Backbone]
    population: Population

    @classmethod
    def of(cls, names: Sequence[str], backbones: Sequence[Backbone]) -> Structures:
        """Measure some backbones; residues without a CA are dropped.

        Raises
        ------
        ValueError
            If there are none, or one of them has no CA.
        """
        if not len(backbones):
            raise ValueError("no structures to measure")
        rows = [describe(name, backbone) for name, backbone in zip(names, backbones, strict=True)]
        return cls([backbone[backbone.mask[:, 1]] for backbone in backbones], gather(rows))

    def __len__(self) -> int:
        return len(self.backbones)

    def __getitem__(self, rows: Iterable[int]) -> Structures:
        """Some of the structures, by indices."""
        index, p = np.array(list(rows), dtype=int), self.population
        names = [p.names[k] for k in index]
        some = Population(names, p.columns[index], p.descriptors[index])
        return Structures([self.backbones[k] for k in index], some)


def describe(
    name: str, backbone: Backbone
) -> tuple[str, Float[np.ndarray, "columns"], Float[np.ndarray, "entries"]]:
    """Row of a `Population`: name, quality columns, descriptor."""
    columns = quality(backbone)
    return name, np.array(list(columns.values())), descriptor(backbone, columns)


def gather(
    rows: Iterable[tuple[str, Float[np.ndarray, "columns"], Float[np.ndarray, "entries"]]],
) -> Population:
    """`Population` of rows from `describe`."""
    names, columns, descriptors = zip(*rows, strict=True)
    return Population(list(names), np.stack(columns), np.stack(descriptors))


@cache
def real_population() -> Population:
    """Real chains that the package ships (data/real_chains.npz, benchmarks/build_real.py)."""
    with np.load(data_file("real_chains.npz")) as data:
        if tuple(data["quality"]) != tuple(QUALITY) or tuple(data["descriptor"]) != NAMES:
            raise ValueError(
                "data/real_chains.npz is of another version; benchmarks/build_real.py rebuilds it"
            )
        return Population(
            data["names"].tolist(),
            data["columns"].astype(np.float64),
            data["descriptors"].astype(np.float64),
        )


def match_lengths(
    designs: Population, real: Population, neighbours: int = NEIGHBOURS
) -> Int[np.ndarray, "designs neighbours"]:
    """Real chains of nearest length for each design.

    Ties are broken by the order of the real chains. Fewer neighbours if there are fewer chains.
    """
    gap = np.abs(designs.lengths[:, None] - real.lengths)
    return np.argsort(gap, axis=1, kind="stable")[:, :neighbours]


def nearest_lengths(wanted: Iterable[float], lengths: Float[np.ndarray, "chains"]) -> list[int]:
    """For each wanted length a chain of near length; none comes twice before all came once."""
    free, chosen = np.ones(len(lengths), dtype=bool), []
    for length in wanted:
        if not free.any():
            free[:] = True
        gap = np.where(free, np.abs(lengths - length), np.inf)
        chosen.append(int(gap.argmin()))
        free[chosen[-1]] = False
    return chosen


def compare_columns(
    designs: Population, real: Population, matched: Int[np.ndarray, "designs neighbours"]
) -> dict[str, dict[str, float]]:
    """Quality columns of designs and of real chains of the same lengths.

    Returns
    -------
    dict of str to dict
        Per column: mean and median of both, and the Kolmogorov-Smirnov statistic, the largest
        difference between the two cumulative distributions.
    """
    from scipy.stats import ks_2samp

    rows = {}
    for name in QUALITY:
        values, real_values = designs.column(name), real.column(name)[matched].ravel()
        values, real_values = values[np.isfinite(values)], real_values[np.isfinite(real_values)]
        if len(values) and len(real_values):
            test: Any = ks_2samp(values, real_values)
            rows[name] = {
                "mean": float(values.mean()),
                "median": float(np.median(values)),
                "real_mean": float(real_values.mean()),
                "real_median": float(np.median(real_values)),
                "ks": float(test.statistic),
            }
    return rows


def band_ratios(
    designs: Population, real: Population, matched: Int[np.ndarray, "designs neighbours"]
) -> dict[str, dict[str, float]]:
    """Logarithm of mode variance, designs over real chains, and its standard error, by band.

    The variance of a band is the mean over chains; the error is that of the designs' mean.
    """
    rows = {}
    for name in BANDS:
        index = NAMES.index(f"modes_{name}")
        values = np.exp(designs.descriptors[:, index])
        real_values = np.exp(real.descriptors[matched, index])
        values, real_values = values[np.isfinite(values)], real_values[np.isfinite(real_values)]
        if len(values) and len(real_values):
            error = np.nan
            if len(values) > 1:
                error = values.std(ddof=1) / np.sqrt(len(values)) / values.mean()
            rows[name] = {
                "log_ratio": float(np.log(values.mean() / real_values.mean())),
                "error": float(error),
            }
    return rows


def clusters(
    tm: Float[np.ndarray, "structures structures"], cutoff: float = CLUSTER_TM
) -> list[int]:
    """Greedy clusters: each structure joins the first representative with TM-score >= cutoff.

    Parameters
    ----------
    tm : ndarray, shape (n, n)
        Symmetric.
    cutoff : float

    Returns
    -------
    list of int
        Representative of every structure.

    Examples
    --------
    >>> clusters(np.array([[1, 0.3, 0.6], [0.3, 1, 0.2], [0.6, 0.2, 1]]))
    [0, 1, 0]
    """
    representatives, homes = [], []
    for i in range(len(tm)):
        home = next((k for k in representatives if tm[i, k] >= cutoff), i)
        if home == i:
            representatives.append(i)
        homes.append(home)
    return homes
