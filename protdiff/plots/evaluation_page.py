"""A page of plots: designs beside real chains of the same lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator, MaxNLocator

from .._system.files import save_figure
from .._system.words import counted

if TYPE_CHECKING:
    from os import PathLike

    from jaxtyping import Float
    from matplotlib.axes import Axes

    from ..metrics.evaluation import Evaluation

__all__ = ["draw_page"]

DESIGNS, REAL = "#2b6cb0", "#c9ced6"
#: Panels of the page, and bins of a histogram.
ROWS, COLUMNS, BINS = 4, 4, 30
#: Quality columns that are drawn, and their titles.
PANELS = {
    "ca_bonds": "CA–CA bonds within 0.1 Å",
    "clashes_3.6": "CA pairs under 3.6 Å, per 100 residues",
    "ca_angles_out": "CA angles outside 75–160°",
    "rms_n_ca_c": "N–CA–C angle, rms off ideal (°)",
    "rama_outliers": "Ramachandran outliers",
    "hydrogen_bonds": "hydrogen bonds per residue",
    "dssp_helix": "helix (DSSP)",
    "dssp_strand": "strand (DSSP)",
    "psea_helix": "helix (P-SEA)",
    "psea_strand": "strand (P-SEA)",
    "rg_ratio": "Rg / (2.2 N^0.38)",
    "contacts": "contacts per residue",
    "contact_order": "relative contact order",
}


def draw_page(evaluation: Evaluation, path: str | PathLike[str]) -> None:
    """Draw an `Evaluation` and write a PNG, whole or not at all."""
    figure = Figure(figsize=(14, 11.5), dpi=110, layout="constrained")
    axes = figure.subplots(ROWS, COLUMNS).ravel()
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_yticks([])
        axis.tick_params(labelsize=8)
    for axis, (name, title) in zip(axes, PANELS.items(), strict=False):
        real = evaluation.real.column(name)[evaluation.matched].ravel()
        _histograms(axis, title, evaluation.designs.column(name), real)
    modes, diversity, novelty = axes[-3:]
    _modes(modes, evaluation.numbers["modes"])
    if evaluation.pairwise_tm is None:
        diversity.set_axis_off()
    else:
        tm = evaluation.pairwise_tm[np.tril_indices(len(evaluation.pairwise_tm), -1)]
        _histograms(diversity, "TM-score between designs", tm, limits=(0, 1))
    if evaluation.max_tm:
        tm, real_tm = evaluation.max_tm["designs"], evaluation.max_tm.get("held_out")
        _histograms(novelty, "largest TM-score to a known structure", tm, real_tm, limits=(0, 1))
    else:
        novelty.set_axis_off()
    figure.suptitle(
        f"{counted(len(evaluation.designs), 'design')} (blue) and real chains of the same lengths "
        "(grey)",
        fontsize=13,
    )
    save_figure(figure, path)


def _histograms(
    axis: Axes,
    title: str,
    designs: Float[np.ndarray, "designs"],
    real: Float[np.ndarray, "chains"] | None = None,
    limits: tuple[float, float] | None = None,
) -> None:
    axis.set_title(title, fontsize=9)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    groups = [
        (values[np.isfinite(values)], color)
        for values, color in ((real, REAL), (designs, DESIGNS))
        if values is not None
    ]
    groups = [(values, color) for values, color in groups if len(values)]
    if not groups:
        axis.text(0.5, 0.5, "no such atoms", ha="center", transform=axis.transAxes, fontsize=8)
        return
    everything = np.concatenate([values for values, _ in groups])
    low, high = limits or (everything.min(), everything.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1).tolist()
    for values, color in groups:
        weights = np.full(len(values), 1 / len(values))
        kind = "stepfilled" if color == REAL else "step"
        axis.hist(values, edges, weights=weights, color=color, lw=1.6, histtype=kind)


def _modes(axis: Axes, modes: dict[str, dict[str, float]]) -> None:
    axis.set_title("log of mode variance, designs over real", fontsize=9)
    names = list(modes)
    height = [modes[name]["log_ratio"] for name in names]
    axis.bar(names, height, yerr=[modes[name]["error"] for name in names], color=DESIGNS, width=0.6)
    axis.axhline(0, color="black", lw=0.8)
    axis.yaxis.set_major_locator(AutoLocator())
    axis.set_xlabel("period, residues", fontsize=8)
