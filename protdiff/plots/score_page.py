"""A page of plots: the columns of `protdiff score` beside real chains of the same lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from .._system.files import save_figure
from .._system.words import counted
from ..metrics.population import NEIGHBOURS, real_population
from .histograms import PANELS, histograms, plain_axis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from jaxtyping import Int

__all__ = ["draw_scores"]

COLUMNS = 4
#: Columns against a reference, their titles, and the end of their axis.
SIMILARITY_PANELS = {
    "tm": ("TM-score", 1.0),
    "lddt": ("lDDT of CA", 1.0),
    "gdt_ts": ("GDT-TS", 1.0),
    "rmsd": ("RMSD, Å", None),
    "plddt": ("pLDDT", 100.0),
    "iptm": ("ipTM", 1.0),
    "ipsae": ("ipSAE", 1.0),
    "log_likelihood": ("log-likelihood, nats per degree of freedom", None),
    "relative_likelihood": ("the same beside real chains alike", None),
}


def draw_scores(numbers: Mapping[str, Sequence[float]], path: str | PathLike[str]) -> None:
    """Draw every column that has values, and write a picture, whole or not at all.

    Parameters
    ----------
    numbers : dict of str to sequence of float
        Values of the structures by column of `protdiff score`; those that are missing left out.
        With "residues", real chains of nearest lengths stand beside the quality columns.
    path : str or path-like

    Raises
    ------
    ValueError
        If no column that is drawn has values.
    """
    values = {name: np.array(column, dtype=float) for name, column in numbers.items()}
    scores = [name for name in SIMILARITY_PANELS if len(values.get(name, ()))]
    quality = [name for name in PANELS if len(values.get(name, ()))]
    if not scores and not quality:
        raise ValueError("nothing to draw: no structure has a score")
    rows = -(-(len(scores) + len(quality)) // COLUMNS)
    figure = Figure(figsize=(14, 2.9 * rows + 0.5), dpi=110, layout="constrained")
    axes = np.atleast_2d(figure.subplots(rows, COLUMNS)).ravel()
    for axis in axes:
        plain_axis(axis)
    for axis, name in zip(axes, scores, strict=False):
        title, end = SIMILARITY_PANELS[name]
        limits = None if end is None else (min(0.0, values[name].min()), end)
        histograms(axis, title, values[name], limits=limits)
    for axis, name in zip(axes[len(scores) :], quality, strict=False):
        real = real_population().column(name)[_alike(values["residues"])].ravel()
        histograms(axis, PANELS[name], values[name], real)
    for axis in axes[len(scores) + len(quality) :]:
        axis.set_axis_off()
    most = max(len(values[name]) for name in (*scores, *quality))
    beside = " (blue), and real chains of the same lengths (grey)" if quality else ""
    figure.suptitle(counted(most, "structure") + beside, fontsize=13)
    save_figure(figure, path)


def _alike(lengths: np.ndarray) -> Int[np.ndarray, "structures neighbours"]:
    """Real chains of nearest length for every structure."""
    gap = np.abs(lengths[:, None] - real_population().lengths)
    return np.argsort(gap, axis=1, kind="stable")[:, :NEIGHBOURS]
