"""Did a generator memorise? Distances of samples to training chains beside held-out ones.

After Halder (arXiv 2411.17807) and the practice of nearest-neighbour tests: a sampler of the true
law is as far from the training set as other real chains are.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from ..structure.superposition import largest_trace
from .search import search

__all__ = ["Audit", "NeighbourTest", "audit", "nearest_rmsd", "neighbour_test"]

#: Chains are compared whole; the shorter has at least this share of the longer one's length.
LENGTH_SHARE = 0.8
#: A sample is suspicious if its nearest training chain is this much nearer than the second one.
SUSPICIOUS = 1 / 3
#: Held-out chains that set the standard, at most.
BASELINE = 200
#: Samples below which nothing can be said for sure.
FEW = 20
#: Chains that are superposed at a time.
CHUNK = 500
#: Chains, nearest by RMSD, for which the TM-score is computed.
TM_CANDIDATES = 20


@dataclass(frozen=True)
class NeighbourTest:
    """Distances to the nearest training chain over those to the nearest held-out one.

    `ratio` is the median over samples, in units of what real chains get (which is 1 for sets of
    equal size): 1 for the true sampler, below it for copies. `nearer` is the share of samples
    below 1, `p` the Mann-Whitney probability of so small ratios by chance (one-sided).
    """

    ratio: float
    nearer: float
    p: float
    count: int


def neighbour_test(to_train, to_held_out, baseline=None):
    """`NeighbourTest` of two distances per sample; NaN pairs are left out.

    Parameters
    ----------
    to_train, to_held_out : ndarray, shape (samples,)
    baseline : tuple of ndarray, optional
        The same two distances of real chains that are in neither set. Without it the sets must be
        of equal size, and the distances themselves are tested against each other.
    """
    from scipy.stats import mannwhitneyu

    def ratios(a, b):
        both = np.isfinite(a) & np.isfinite(b)
        return np.asarray(a)[both] / np.maximum(np.asarray(b)[both], 1e-9)

    mine = ratios(to_train, to_held_out)
    usual = np.ones(0) if baseline is None else ratios(*baseline)
    if not len(mine) or (baseline is not None and not len(usual)):
        return NeighbourTest(np.nan, np.nan, np.nan, 0)
    if baseline is None:
        unit, groups = 1.0, (to_train, to_held_out)
    else:
        unit, groups = np.median(usual), (mine, usual)
    return NeighbourTest(
        ratio=float(np.median(mine) / unit),
        nearer=float((mine < unit).mean()),
        p=float(mannwhitneyu(*groups, alternative="less", nan_policy="omit").pvalue),
        count=len(mine),
    )


@dataclass(frozen=True)
class Audit:
    """What `audit` found.

    Attributes
    ----------
    rmsd, tm : NeighbourTest
        By CA RMSD in Å, and by 1 - TM-score.
    nearest : ndarray of int, shape (samples,)
        Nearest training chain by RMSD; -1 where none has a similar length.
    to_train, to_second, to_held_out : ndarray, shape (samples,)
        RMSD to it, to the second nearest, and to the nearest held-out chain; NaN without one.
    suspicious : ndarray of int
        Samples much nearer to one training chain than to any other, nearest first.
    usual : float
        Share of held-out chains that are suspicious in the same way.
    p_suspicious : float
        Fisher probability of so many suspicious samples by chance.
    verdict : str
        One sentence.
    """

    rmsd: NeighbourTest
    tm: NeighbourTest
    nearest: np.ndarray
    to_train: np.ndarray
    to_second: np.ndarray
    to_held_out: np.ndarray
    suspicious: np.ndarray
    usual: float
    p_suspicious: float
    verdict: str


class Distances(NamedTuple):
    """Of one chain: nearest training chain, RMSDs, and 1 - TM to both sets."""

    nearest: int
    to_train: float
    to_second: float
    to_held_out: float
    tm_train: float
    tm_held_out: float


def audit(samples, train, held_out, *, seed=0, advance=None):
    """Nearest-neighbour audit of samples.

    A poor sampler is far from everything and a large training set near to anything, so the
    distance to the nearest training chain is divided by that to the nearest held-out chain, and
    this ratio is compared with that of held-out chains of like lengths to the training set and to
    the rest of the held-out set. Samples far worse than real chains can hide copies from the
    ratio, and a few copies among many samples do not move a median: the suspicious ones are
    counted besides.

    Parameters
    ----------
    samples, train, held_out : list of ndarray, shape (L, 3)
        CA traces in Å, without gaps.
    seed : int
        Of ties in the choice of held-out chains.
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

    beside = _of_like_lengths(samples, held_out, seed)

    def measure(chain, held):
        found = _distances(chain, train, held)
        if advance is not None:
            advance(1)
        return found

    mine = [measure(sample, held_out) for sample in samples]
    usual = [measure(held_out[k], held_out[:k] + held_out[k + 1 :]) for k in beside]
    mine, usual = (Distances(*map(np.array, zip(*rows, strict=True))) for rows in (mine, usual))
    alone = np.flatnonzero(mine.to_train < SUSPICIOUS * mine.to_second)
    others = int((usual.to_train < SUSPICIOUS * usual.to_second).sum())
    counts = [[len(alone), len(samples) - len(alone)], [others, len(beside) - others]]
    p_suspicious = float(fisher_exact(counts, alternative="greater").pvalue)
    suspicious = alone[np.argsort(mine.to_train[alone], kind="stable")]
    rmsd = neighbour_test(mine.to_train, mine.to_held_out, (usual.to_train, usual.to_held_out))
    tm = neighbour_test(mine.tm_train, mine.tm_held_out, (usual.tm_train, usual.tm_held_out))
    return Audit(
        rmsd, tm, mine.nearest, mine.to_train, mine.to_second, mine.to_held_out, suspicious,
        others / len(beside), p_suspicious,
        sentence(rmsd, len(suspicious), len(samples), p_suspicious),
    )  # fmt: skip


def _distances(chain, train, held_out):
    """`Distances` of one chain."""
    distance, offset = nearest_rmsd(chain, train)
    other, place = nearest_rmsd(chain, held_out)
    first, second, held = (
        value if np.isfinite(value) else np.nan
        for value in (*np.partition(distance, 1)[:2], other.min())
    )
    return Distances(
        nearest=-1 if np.isnan(first) else int(distance.argmin()),
        to_train=first,
        to_second=second,
        to_held_out=held,
        tm_train=1 - _largest_tm(chain, train, distance, offset),
        tm_held_out=1 - _largest_tm(chain, held_out, other, place),
    )


def _of_like_lengths(samples, held_out, seed):
    """Up to `BASELINE` held-out chains, none twice, of lengths like the samples'."""
    rng = np.random.default_rng(seed)
    lengths = np.array([len(chain) for chain in held_out]) + rng.random(len(held_out))
    free, chosen = np.ones(len(held_out), dtype=bool), []
    order = [rng.permutation(len(samples)) for _ in range(-(-BASELINE // len(samples)))]
    for k in np.concatenate(order)[: min(BASELINE, len(held_out))]:
        gap = np.where(free, np.abs(lengths - len(samples[k])), np.inf)
        chosen.append(int(gap.argmin()))
        free[chosen[-1]] = False
    return chosen


def sentence(test, suspicious, count, p_suspicious):
    """Verdict in words."""
    if not test.count:
        return "No sample has a chain of similar length to be compared with."
    numbers = f"(ratio {test.ratio:.2f}, p = {test.p:.2g})"
    flagged = f"{suspicious} of {count} look like one training chain each (p = {p_suspicious:.2g})"
    if (test.ratio < 0.8 and test.p < 1e-3) or (suspicious > count / 2 and p_suspicious < 1e-3):
        return f"The samples are copies of training chains {numbers}: {flagged}."
    if suspicious and p_suspicious < 0.01:
        return f"Some samples are copies of training chains: {flagged}; the others not {numbers}."
    if test.p < 0.01:
        return f"The samples lie a little nearer to the training chains {numbers}; {flagged}."
    if test.count < FEW:
        return f"Too few samples to tell {numbers}; {flagged}."
    return f"The samples are as far from the training chains as real ones are {numbers}; {flagged}."


def nearest_rmsd(sample, chains):
    """CA RMSD of a trace to every chain, at the best gapless place; Å.

    Parameters
    ----------
    sample : ndarray, shape (n, 3)
    chains : list of ndarray, shape (L, 3)

    Returns
    -------
    distance : ndarray, shape (chains,)
        Infinite for lengths that differ too much.
    offset : ndarray of int, shape (chains,)
        Residue of the longer chain at the first residue of the shorter one.
    """
    n = len(sample)
    distance, offset = np.full(len(chains), np.inf), np.zeros(len(chains), dtype=int)
    by_length = {}
    for k, chain in enumerate(chains):
        if min(n, len(chain)) >= LENGTH_SHARE * max(n, len(chain)):
            by_length.setdefault(len(chain), []).append(k)
    for members in by_length.values():
        for part in np.split(members, range(CHUNK, len(members), CHUNK)):
            block = torch.tensor(np.stack([chains[k] for k in part]))
            values = _window_rmsd(torch.tensor(sample, dtype=block.dtype), block)
            best = values.min(1)
            distance[part], offset[part] = best.values.numpy(), best.indices.numpy()
    return distance, offset


def _window_rmsd(x, chains):
    """Least RMSD of x (n, 3) and each of chains (C, L, 3), at every place of the shorter one.

    Returns
    -------
    Tensor, shape (C, places)
    """
    size, places = min(len(x), chains.shape[1]), abs(len(x) - chains.shape[1]) + 1
    x, chains = x - x.mean(0), chains - chains.mean(1, keepdim=True)
    rows = torch.arange(places)[:, None] + torch.arange(size)
    # With the shorter one at the origin, and zeros around it, every covariance is one product.
    if len(x) <= chains.shape[1]:
        shifted = x.new_zeros(places, chains.shape[1], 3)
        shifted[torch.arange(places)[:, None], rows] = x
        covariance = torch.einsum("cla,plb->cpab", chains, shifted)
        longer, shorter = chains, x[None]
    else:
        covariance = torch.einsum("cla,plb->cpab", chains, x[rows])
        longer, shorter = x[None], chains
    sums = torch.cat([longer, longer.square().sum(-1, keepdim=True)], -1).cumsum(1)
    sums = torch.nn.functional.pad(sums, (0, 0, 1, 0))
    sums = sums[:, size:] - sums[:, :places]
    squares = sums[..., 3] - sums[..., :3].square().sum(-1) / size
    squares = squares + shorter.square().sum((1, 2))[:, None] - 2 * largest_trace(covariance)
    return (squares.clamp_min(0) / size).sqrt()


def _largest_tm(sample, chains, distance, offset):
    """Largest TM-score by the sample's length over the nearest chains; NaN without any."""
    best = np.nan
    for k in distance.argsort(kind="stable")[:TM_CANDIDATES]:
        if not np.isfinite(distance[k]):
            break
        chain, start = chains[k], offset[k]
        size = min(len(sample), len(chain))
        x, y = (
            points[start : start + size] if len(points) > size else points
            for points in (sample, chain)
        )
        found = search(torch.tensor(x), torch.tensor(y), len(sample), stride=40)
        best = np.nanmax([best, found.tm])
    return best
