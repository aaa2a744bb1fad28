"""Did a generator memorise? Distances of samples to training chains beside held-out ones.

After Halder (arXiv 2411.17807) and the practice of nearest-neighbour tests: samples of a generator
that has learned the distribution are as far from the training set as other real chains are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from .nearest_trace import nearest_rmsd, overlap
from .population import nearest_lengths
from .search import search

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float, Int

__all__ = ["Audit", "NeighbourTest", "audit", "neighbour_test"]

#: A sample is suspicious if its nearest training chain is this much nearer than the second one.
SUSPICIOUS = 1 / 3
#: Held-out chains that samples are compared with, at most.
BASELINE = 200
#: Samples below which the verdict says that they are too few.
MIN_SAMPLES = 20
#: Chains, nearest by RMSD, for which the TM-score is computed, and the stride of its search.
TM_CANDIDATES, TM_STRIDE = 20, 40


@dataclass(frozen=True)
class NeighbourTest:
    """Distances to the nearest training chain over those to the nearest held-out one.

    Attributes
    ----------
    ratio : float
        Median over samples, in units of what real chains get (1 for sets of equal size): 1 for a
        generator that does not copy, below it for copies.
    nearer : float
        Share of samples whose ratio is below 1.
    auc : float
        Share of pairs (sample, real chain) whose sample has the smaller ratio; ties count half.
    p : float
        Probability of so small ratios by chance, by the one-sided Mann-Whitney test.
    count : int
        Samples that have both distances.
    """

    ratio: float
    nearer: float
    auc: float
    p: float
    count: int


def neighbour_test(
    to_train: Float[np.ndarray, "samples"],
    to_held_out: Float[np.ndarray, "samples"],
    baseline: tuple[Float[np.ndarray, "chains"], Float[np.ndarray, "chains"]] | None = None,
) -> NeighbourTest:
    """Test whether samples are nearer to the training set than real chains are.

    Parameters
    ----------
    to_train, to_held_out : ndarray, shape (samples,)
        Distance of each sample to the nearest training and the nearest held-out chain. Samples
        that lack one of them (NaN) are left out.
    baseline : tuple of ndarray, optional
        The same two distances of real chains that are in neither set. Without it the sets must be
        of equal size, and the distances themselves make the p-value and the AUC.

    Returns
    -------
    NeighbourTest
    """
    from scipy.stats import mannwhitneyu

    ratios = _ratios(to_train, to_held_out)
    real_ratios = np.ones(0) if baseline is None else _ratios(*baseline)
    if not len(ratios) or (baseline is not None and not len(real_ratios)):
        return NeighbourTest(np.nan, np.nan, np.nan, np.nan, 0)
    if baseline is None:
        unit = 1.0
        small, large = (x[~np.isnan(x)] for x in (to_train, to_held_out))
    else:
        unit, small, large = np.median(real_ratios), ratios, real_ratios
    result: Any = mannwhitneyu(small, large, alternative="less")
    return NeighbourTest(
        ratio=float(np.median(ratios) / unit),
        nearer=float((ratios < unit).mean()),
        auc=float(1 - result.statistic / (len(small) * len(large))),
        p=float(result.pvalue),
        count=len(ratios),
    )


def _ratios(
    to_train: Float[np.ndarray, "samples"], to_held_out: Float[np.ndarray, "samples"]
) -> Float[np.ndarray, "both"]:
    both = np.isfinite(to_train) & np.isfinite(to_held_out)
    return np.asarray(to_train)[both] / np.maximum(np.asarray(to_held_out)[both], 1e-9)


@dataclass(frozen=True)
class Audit:
    """Result of `audit`.

    Attributes
    ----------
    rmsd, tm : NeighbourTest
        By CA RMSD in Å, and by 1 - TM-score.
    nearest : ndarray of int, shape (samples,)
        Nearest training chain by RMSD; -1 where none has a similar length.
    to_train, to_second, to_held_out : ndarray, shape (samples,)
        RMSD (Å) to it, to the second nearest, and to the nearest held-out chain; NaN without one.
    suspicious : ndarray of int
        Samples much nearer to one training chain than to any other, nearest first.
    usual_share : float
        Share of held-out chains that are suspicious in the same way.
    p_suspicious : float
        Probability of so many suspicious samples by chance, by Fisher's exact test.
    verdict : str
        One sentence.
    """

    rmsd: NeighbourTest
    tm: NeighbourTest
    nearest: Int[np.ndarray, "samples"]
    to_train: Float[np.ndarray, "samples"]
    to_second: Float[np.ndarray, "samples"]
    to_held_out: Float[np.ndarray, "samples"]
    suspicious: Int[np.ndarray, "suspicious"]
    usual_share: float
    p_suspicious: float
    verdict: str


class Distances(NamedTuple):
    """Distances of many chains: nearest training chain, RMSDs, and 1 - TM-score to both sets."""

    nearest: Int[np.ndarray, "chains"]
    to_train: Float[np.ndarray, "chains"]
    to_second: Float[np.ndarray, "chains"]
    to_held_out: Float[np.ndarray, "chains"]
    tm_train: Float[np.ndarray, "chains"]
    tm_held_out: Float[np.ndarray, "chains"]


def audit(
    samples: Sequence[Float[np.ndarray, "residues 3"]],
    train: Sequence[Float[np.ndarray, "residues 3"]],
    held_out: Sequence[Float[np.ndarray, "residues 3"]],
    *,
    seed: int = 0,
    advance: Callable[[int], object] | None = None,
) -> Audit:
    """Look for copies of training chains among samples.

    A poor generator is far from everything and a large training set near to anything, so the
    distance to the nearest training chain is divided by that to the nearest held-out chain. This
    ratio is compared with that of held-out chains of like lengths to the training set and to the
    rest of the held-out set. Samples far worse than real chains can hide copies from the ratio,
    and a few copies among many samples do not move a median, so suspicious samples, which are
    much nearer to one training chain than to any other, are counted too.

    Parameters
    ----------
    samples, train, held_out : list of ndarray, shape (L, 3)
        CA traces in Å, without gaps.
    seed : int
        Decides ties in the choice of held-out chains.
    advance : callable, optional
        Called with 1 for each chain done: samples, then held-out chains.

    Returns
    -------
    Audit

    Notes
    -----
    The RMSD of chains of different lengths is the smallest over all places of the shorter one in
    the longer one, for lengths within 20 %; TM-scores are those of that gapless alignment.
    """
    from scipy.stats import fisher_exact

    show = advance or (lambda count: None)
    chosen = _of_like_lengths(samples, held_out, seed)
    rows, real_rows = [], []
    for sample in samples:
        rows.append(_distances(sample, train, held_out))
        show(1)
    for k in chosen:
        rest = [*held_out[:k], *held_out[k + 1 :]]
        real_rows.append(_distances(held_out[k], train, rest))
        show(1)
    of_samples, of_real = (
        Distances(*map(np.array, zip(*group, strict=True))) for group in (rows, real_rows)
    )
    suspicious = np.flatnonzero(of_samples.to_train < SUSPICIOUS * of_samples.to_second)
    suspicious = suspicious[np.argsort(of_samples.to_train[suspicious], kind="stable")]
    real_suspicious = int((of_real.to_train < SUSPICIOUS * of_real.to_second).sum())
    groups = (len(suspicious), len(samples)), (real_suspicious, len(chosen))
    counts = [[flagged, size - flagged] for flagged, size in groups]
    result: Any = fisher_exact(counts, alternative="greater")
    p_suspicious = float(result.pvalue)
    rmsd = neighbour_test(
        of_samples.to_train, of_samples.to_held_out, (of_real.to_train, of_real.to_held_out)
    )
    tm = neighbour_test(
        of_samples.tm_train, of_samples.tm_held_out, (of_real.tm_train, of_real.tm_held_out)
    )
    return Audit(
        rmsd=rmsd,
        tm=tm,
        nearest=of_samples.nearest,
        to_train=of_samples.to_train,
        to_second=of_samples.to_second,
        to_held_out=of_samples.to_held_out,
        suspicious=suspicious,
        usual_share=real_suspicious / len(chosen),
        p_suspicious=p_suspicious,
        verdict=verdict(rmsd, len(suspicious), len(samples), p_suspicious),
    )


def _distances(
    chain: Float[np.ndarray, "residues 3"],
    train: Sequence[Float[np.ndarray, "residues 3"]],
    held_out: Sequence[Float[np.ndarray, "residues 3"]],
) -> tuple[int, float, float, float, float, float]:
    """Fields of `Distances` for one chain."""
    distance, offset = nearest_rmsd(chain, train)
    held_distance, held_offset = nearest_rmsd(chain, held_out)
    first, second, held = (
        float(value) if np.isfinite(value) else np.nan
        for value in (*np.partition(distance, 1)[:2], held_distance.min())
    )
    return (
        -1 if np.isnan(first) else int(distance.argmin()),
        first,
        second,
        held,
        1 - _largest_tm(chain, train, distance, offset),
        1 - _largest_tm(chain, held_out, held_distance, held_offset),
    )


def _of_like_lengths(
    samples: Sequence[Float[np.ndarray, "residues 3"]],
    held_out: Sequence[Float[np.ndarray, "residues 3"]],
    seed: int,
) -> list[int]:
    """Up to `BASELINE` held-out chains, none twice, of lengths like the samples'."""
    rng = np.random.default_rng(seed)
    lengths = np.array([len(chain) for chain in held_out]) + rng.random(len(held_out))
    order = [rng.permutation(len(samples)) for _ in range(-(-BASELINE // len(samples)))]
    order = np.concatenate(order)[: min(BASELINE, len(held_out))]
    return nearest_lengths((len(samples[k]) for k in order), lengths)


def verdict(test: NeighbourTest, suspicious: int, count: int, p_suspicious: float) -> str:
    """What the numbers mean, in one sentence."""
    if not test.count:
        return "No sample has a chain of similar length to be compared with."
    numbers = f"(ratio {test.ratio:.2f}, p = {test.p:.2g})"
    be = "looks" if suspicious == 1 else "look"
    flagged = f"{suspicious} of {count} {be} like one training chain each (p = {p_suspicious:.2g})"
    if (test.ratio < 0.8 and test.p < 1e-3) or (suspicious > count / 2 and p_suspicious < 1e-3):
        return f"The samples are copies of training chains {numbers}: {flagged}."
    if suspicious and p_suspicious < 0.01:
        if suspicious == count:
            return f"All samples may be copies of training chains {numbers}: {flagged}."
        return f"Some samples are copies of training chains: {flagged}; of all samples {numbers}."
    if test.p < 0.01:
        return f"The samples lie a little nearer to the training chains {numbers}; {flagged}."
    if test.count < MIN_SAMPLES:
        return f"Too few samples to tell {numbers}; {flagged}."
    return f"The samples are as far from the training chains as real ones are {numbers}; {flagged}."


def _largest_tm(
    sample: Float[np.ndarray, "residues 3"],
    chains: Sequence[Float[np.ndarray, "residues 3"]],
    distance: Float[np.ndarray, "chains"],
    offset: Int[np.ndarray, "chains"],
) -> float:
    """Largest TM-score, by the sample's length, to the nearest chains; NaN if there are none."""
    best = np.nan
    for k in distance.argsort(kind="stable")[:TM_CANDIDATES]:
        if not np.isfinite(distance[k]):
            break
        x, y = (torch.tensor(part) for part in overlap(sample, chains[k], int(offset[k])))
        best = np.nanmax([best, search(x, y, len(sample), stride=TM_STRIDE).tm])
    return float(best)
