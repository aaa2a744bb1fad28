"""Histograms of columns: their ends, and the shares of real chains of the same lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...metrics.population import NEIGHBOURS, real_population
from ...metrics.quality import QUALITY
from ..histograms import FEWEST_BINS, MOST_BINS, ends_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jaxtyping import Float, Int

__all__ = ["column_histograms"]

#: Real chains beside the structures, at least: ten alone, of one length, make no distribution.
FEWEST_REAL = 200


def column_histograms(columns: Mapping[str, Sequence[Any]]) -> dict[str, dict[str, Any]]:
    """Ends and bins of the histogram of every column of numbers.

    Parameters
    ----------
    columns : dict of str to sequence
        Values by column. With "residues", quality columns get the shares of real chains of nearest
        lengths.

    Returns
    -------
    dict of str to dict
        By column of which not all values are equal: low, high, bins, and for quality columns
        real, a share for each bin.

    Examples
    --------
    >>> found = column_histograms({"tm": [0.2, 0.4, None], "name": ["a", "b", "c"]})
    >>> list(found), found["tm"]["low"], found["tm"]["bins"]
    (['tm'], 0.2, 8)
    """
    out: dict[str, dict[str, Any]] = {}
    alike = _alike(_numbers(columns.get("residues", ())))
    for name, column in columns.items():
        values = _numbers(column)
        if not len(values):
            continue
        real = None
        if name in QUALITY and len(alike):
            real = real_population().column(name)[alike]
            real = real[np.isfinite(real)]
        groups = [group for group in (values, real) if group is not None and len(group)]
        low, high = ends_of(groups)
        if low == high:  # all have one value, and nothing is to be seen
            continue
        bins = int(np.clip(2 * np.sqrt(len(values)), FEWEST_BINS, MOST_BINS))
        out[name] = {"low": low, "high": high, "bins": bins}
        if real is not None and len(real):
            counts = np.histogram(real.clip(low, high), bins, (low, high))[0]
            out[name]["real"] = [round(float(share), 4) for share in counts / counts.sum()]
    return out


def _numbers(values: Sequence[Any]) -> Float[np.ndarray, " values"]:
    known = [value for value in values if isinstance(value, (int, float))]
    numbers = np.array(known, dtype=float)
    return numbers[np.isfinite(numbers)]


def _alike(lengths: Float[np.ndarray, " structures"]) -> Int[np.ndarray, " chains"]:
    """Real chains of nearest length: `NEIGHBOURS` for every structure, or more if these are few."""
    if not len(lengths):
        return np.zeros(0, int)
    real = real_population().lengths
    distinct, counts = np.unique(lengths, return_counts=True)
    each = max(NEIGHBOURS, -(-FEWEST_REAL // len(distinct)))
    parts = [
        np.tile(np.argsort(np.abs(real - length), kind="stable")[:each], count)
        for length, count in zip(distinct, counts, strict=True)
    ]
    return np.concatenate(parts)
