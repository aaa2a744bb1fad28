"""Halder's Δ: is the law of samples nearer to the training set's or to that of other real chains?

With P_T and P_O the kernel densities of the training set and of an original set (Gaussian kernels
of width n^{-1/d} times the spread), P_G the law of samples and d the squared L2 distance,

    Δ = d(P_G, P_T) - d(P_G, P_O)

is negative where samples are nearer to the training set (arXiv 2411.17807; the published code has
these widths and a Gaussian P_G). P_G enters linearly, its square cancels:
Δ = ⟨P_T²⟩ - ⟨P_O²⟩ + 2 E_G[P_O - P_T]. So the samples themselves can stand for P_G, and each adds a
term of its own, from which errors follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float

    Points = Float[np.ndarray, "points dimensions"]
    Traces = Sequence[Float[np.ndarray, "residues 3"]]

__all__ = ["KernelAudit", "KernelPair", "fold_shape", "kernel_audit", "kernel_pair"]

#: Modes whose shape describes a fold.
MODES = 3
#: Exponents of a pair of points that are computed at a time.
CHUNK = 4_000_000
#: Standard normal quantile of 5 %: for an error of this size, and for missing it as rarely.
QUANTILE = 1.645


def kernel_density(
    at: Points, points: Points, width: float, *, leave_out: bool = False
) -> Float[np.ndarray, " at"]:
    """Density of Gaussian kernels around points, times (2π)^{d/2}.

    Parameters
    ----------
    at, points : ndarray, shape (M, d) and (n, d)
    width : float
        Standard deviation of the kernels.
    leave_out : bool
        `at` is `points`, and every point is left out of its own density.
    """
    squares, rows = np.square(points).sum(1), max(1, CHUNK // len(points))
    total = np.empty(len(at))
    for start in range(0, len(at), rows):
        part = at[start : start + rows]
        gap = np.square(part).sum(1)[:, None] + squares - 2 * part @ points.T
        total[start : start + rows] = np.exp(-np.maximum(gap, 0) / (2 * width**2)).sum(1)
    count = len(points)
    if leave_out:
        total, count = total - 1, count - 1
    return total / (count * width ** points.shape[1])


@dataclass(frozen=True)
class KernelPair:
    """Kernel densities of a training and an original set; all densities times (2π)^{d/2}.

    Attributes
    ----------
    train, original : ndarray, shape (n, d) and (m, d)
    constant : float
        ⟨P_T²⟩ - ⟨P_O²⟩.
    """

    train: Points
    original: Points
    constant: float

    def terms(self, samples: Points) -> Float[np.ndarray, " samples"]:
        """Δ with one sample in the place of P_G; the mean over samples is Δ.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> train, other, fresh = rng.normal(size=(3, 400, 4))
        >>> pair = kernel_pair(train, other)
        >>> bool(pair.terms(train).mean() < -0.1 < pair.terms(fresh).mean())
        True
        """
        train = kernel_density(samples, self.train, _width(self.train))
        return self.constant + 2 * (
            kernel_density(samples, self.original, _width(self.original)) - train
        )

    def terms_of_original(self) -> Float[np.ndarray, " original"]:
        """The same for the original points, each left out of its own density."""
        width = _width(self.original)
        train = kernel_density(self.original, self.train, _width(self.train))
        own = kernel_density(self.original, self.original, width, leave_out=True)
        return self.constant + 2 * (own - train)


def _width(points: Points) -> float:
    return float(len(points) ** (-1 / points.shape[1]))


def kernel_pair(train: Points, original: Points) -> KernelPair:
    """`KernelPair` of points whose spread is 1 in every dimension."""

    def square(points: Points) -> float:
        return float(kernel_density(points, points, 2**0.5 * _width(points)).mean())

    return KernelPair(train, original, square(train) - square(original))


def fold_shape(ca: Float[np.ndarray, "residues 3"]) -> Float[np.ndarray, " 6"]:
    """Shape of the three slowest cosine modes of a trace: logarithms of lengths, and cosines.

    Lengths in units of √N times the usual radius of gyration. Turned chains have one shape, and so
    do mirror images.
    """
    from scipy.fft import dct

    modes = dct(np.asarray(ca, dtype=np.float64), axis=0, norm="ortho")[1 : MODES + 1]
    size = np.linalg.norm(modes, axis=1) + 1e-12
    first, second = np.triu_indices(MODES, 1)
    cosines = (modes[first] * modes[second]).sum(1) / (size[first] * size[second])
    return np.concatenate([np.log(size / (2.2 * len(ca) ** 0.88)), cosines])


@dataclass(frozen=True)
class KernelAudit:
    """Result of `kernel_audit`.

    Attributes
    ----------
    delta, delta_error : float
        Δ of the samples, and its standard error over them.
    real, copies : float
        Δ of held-out chains, and of training chains, in the place of samples.
    p : float
        Probability of so small a Δ by chance, beside held-out chains (Mann-Whitney, one-sided).
    detectable : float
        Smallest share of exact copies among so many samples that is found with 95 % certainty at
        the level of 5 %; above 1: not even samples that are all copies.
    """

    delta: float
    delta_error: float
    real: float
    copies: float
    p: float
    detectable: float


def kernel_audit(samples: Traces, train: Traces, held_out: Traces) -> KernelAudit:
    """Halder's Δ of CA traces (Å), by the shape of their slowest modes.

    Dimensions are whitened on both sets of real chains. Kernels are narrower for the larger set, so
    that Δ of a true sampler is not 0: held-out chains say what it is.

    Parameters
    ----------
    samples, train, held_out : list of ndarray, shape (L, 3)
        At least two of each, of four residues or more; shorter ones are left out.

    Raises
    ------
    ValueError
        If fewer than two of a set are left.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> walks = [rng.normal(size=(60, 3)).cumsum(0) for _ in range(300)]
    >>> found = kernel_audit(walks[:50], walks[:200], walks[200:])
    >>> found.p < 1e-3, found.detectable < 0.5
    (True, True)
    """
    from scipy.stats import mannwhitneyu

    shapes: list[Points] = []
    for name, traces in (("samples", samples), ("train", train), ("held_out", held_out)):
        kept = [fold_shape(ca) for ca in traces if len(ca) > MODES]
        if len(kept) < 2:
            raise ValueError(f"`{name}`: fewer than two chains of over {MODES} residues")
        shapes.append(np.array(kept))
    whiten = _whitening(np.concatenate(shapes[1:]))
    made, known, others = (whiten(points) for points in shapes)
    pair = kernel_pair(known, others)
    terms, real, copies = pair.terms(made), pair.terms_of_original(), pair.terms(known)
    gap = real.mean() - copies.mean()
    error = real.std(ddof=1) * np.sqrt(1 / len(terms) + 1 / len(real))
    test: Any = mannwhitneyu(terms, real, alternative="less")
    return KernelAudit(
        delta=float(terms.mean()),
        delta_error=float(terms.std(ddof=1) / len(terms) ** 0.5),
        real=float(real.mean()),
        copies=float(copies.mean()),
        p=float(test.pvalue),
        detectable=float(2 * QUANTILE * error / gap) if gap > 0 else float("inf"),
    )


def _whitening(points: Points) -> Callable[[Points], Points]:
    """Function that makes these points have mean 0 and the identity as covariance."""
    mean, covariance = points.mean(0), np.cov(points.T)
    values, vectors = np.linalg.eigh(covariance)
    matrix = vectors / np.sqrt(np.maximum(values, 1e-12))
    return lambda x: (x - mean) @ matrix
