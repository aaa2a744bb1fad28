"""TM-scores between many structures: how diverse a set is, and how near to known ones."""

import multiprocessing
import os
from functools import partial

import numpy as np
import torch

from .search import search
from .structural import SHORTEST, align_structures, tmalign

__all__ = ["nearest_known", "pairwise_tm", "tm_of_pair"]

#: Known structures by which the nearest one is sought: this many of the most alike descriptors.
CANDIDATES = 100
#: Lengths of known structures relative to the design's.
LENGTHS = 0.6, 1.67


def tm_of_pair(one, two, method="structure"):
    """TM-score after structural alignment, by the length of each of the two chains.

    Parameters
    ----------
    one, two : Backbone
    method : {"structure", "tmalign"}

    Returns
    -------
    by_one, by_two : float
        NaN for chains of fewer than 5 residues.
    """
    if min(len(one), len(two)) < SHORTEST:
        return np.nan, np.nan
    if method == "tmalign":
        found = tmalign(one, two)
        return found.tm_norm_chain1, found.tm_norm_chain2
    i, j = align_structures(one, two).T
    x, y = torch.tensor(one.ca[i]), torch.tensor(two.ca[j])
    return search(x, y, len(one)).tm, search(x, y, len(two)).tm


def pairwise_tm(backbones, method="structure", jobs=1, advance=None):
    """Symmetric matrix of TM-scores, the mean of the two normalisations; (n, n), ones inside.

    Parameters
    ----------
    backbones : list of Backbone
    method : {"structure", "tmalign"}
    jobs : int
        Processes.
    advance : callable, optional
        Called with the number of pairs done since the last call.
    """
    n = len(backbones)
    pairs = [(i, j) for i in range(n) for j in range(i)]
    out = np.eye(n)
    tasks = [(backbones[i], backbones[j]) for i, j in pairs]
    for (i, j), scores in zip(pairs, _mapped(tasks, method, jobs, advance), strict=True):
        out[i, j] = out[j, i] = np.mean(scores)
    return out


def nearest_known(structures, known, method="structure", jobs=1, advance=None):
    """Largest TM-score of each structure to a set of known ones.

    TM-scores count by the length of the structure itself. Only the `CANDIDATES` known structures
    of similar length and nearest descriptor are aligned, so the result is a lower bound; it is
    one for designs and for held-out real chains alike.

    Parameters
    ----------
    structures, known : Structures
        Entries of the descriptor that are missing somewhere are left out.
    method, jobs, advance
        As in `pairwise_tm`.

    Returns
    -------
    tm : ndarray, shape (n,)
    nearest : ndarray of int, shape (n,)
        Index of the known structure; -1 if none has a similar length.
    """
    vectors, theirs = (x.population.descriptors for x in (structures, known))
    used = np.isfinite(vectors).all(0) & np.isfinite(theirs).all(0)
    scale = theirs[:, used].std(0).clip(min=1e-6)
    lengths, chosen = known.population.lengths, []
    for length, vector in zip(structures.population.lengths, vectors, strict=True):
        ratio = lengths / length
        fits = np.flatnonzero((ratio >= LENGTHS[0]) & (ratio <= LENGTHS[1]))
        gap = np.square((theirs[fits][:, used] - vector[used]) / scale).sum(1)
        chosen.append(fits[gap.argsort(kind="stable")[:CANDIDATES]])
    tasks = [
        (backbone, known.backbones[k])
        for backbone, ks in zip(structures.backbones, chosen, strict=True)
        for k in ks
    ]
    scores = _mapped(tasks, method, jobs, advance)
    tm, nearest = np.full(len(chosen), np.nan), np.full(len(chosen), -1)
    for row, ks in enumerate(chosen):
        values = np.array([next(scores)[0] for _ in ks])
        if np.isfinite(values).any():
            tm[row], nearest[row] = np.nanmax(values), ks[int(np.nanargmax(values))]
    return tm, nearest


def _mapped(tasks, method, jobs, advance):
    """`tm_of_pair` of every task, in order."""
    work, jobs = partial(_work, method=method), min(jobs or os.cpu_count() or 1, len(tasks))
    if jobs <= 1:
        results = map(work, tasks)
    else:
        pool = multiprocessing.get_context("spawn").Pool(jobs)
        results = pool.imap(work, tasks, chunksize=8)
    try:
        for result in results:
            if advance is not None:
                advance(1)
            yield result
    finally:
        if jobs > 1:
            pool.terminate()


def _work(pair, method):
    torch.set_num_threads(1)
    return tm_of_pair(*pair, method=method)
