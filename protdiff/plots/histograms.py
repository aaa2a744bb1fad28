"""Histograms of a set of structures over those of real chains, in panels of one look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float
    from matplotlib.axes import Axes

__all__ = [
    "DESIGNS", "FEWEST_BINS", "MOST_BINS", "PANELS", "REAL", "ends_of", "histograms", "plain_axis",
]  # fmt: skip

DESIGNS, REAL = "#2b6cb0", "#c9ced6"
#: Bins of a histogram: two for the square root of the number of structures, within these bounds.
FEWEST_BINS, MOST_BINS = 8, 30
#: Structures up to which each has a mark of its own.
MAX_MARKS = 50
#: From so many structures on, the axis is that of 98 % of them; the rest is in the last bins.
MANY = 100
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


def plain_axis(axis: Axes) -> None:
    """No frame, small numbers."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)


def histograms(
    axis: Axes,
    title: str,
    designs: Float[np.ndarray, "designs"],
    real: Float[np.ndarray, "chains"] | None = None,
    limits: tuple[float, float] | None = None,
    unit: str = "share of structures",
) -> None:
    """Share of the structures, and of real chains, in every bin.

    Parameters
    ----------
    axis : Axes
    title : str
        What is counted.
    designs, real : ndarray
        Values that are missing are left out.
    limits : (float, float), optional
        Ends of the axis; by default those of the values.
    unit : str
        Label of the vertical axis.
    """
    axis.set_xlabel(title, fontsize=9)
    axis.set_ylabel(unit, fontsize=8)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.yaxis.set_major_locator(MaxNLocator(4))
    designs = designs[np.isfinite(designs)]
    groups = [(designs, DESIGNS)]
    if real is not None:
        groups.insert(0, (real[np.isfinite(real)], REAL))
    groups = [(values, color) for values, color in groups if len(values)]
    if not len(designs):
        axis.set_axis_off()
        text = f"{title}:\nno such atoms"
        axis.text(0.5, 0.5, text, ha="center", color="0.4", transform=axis.transAxes, fontsize=8)
        return
    low, high = limits or ends_of([values for values, _ in groups])
    count = int(np.clip(2 * np.sqrt(len(designs)), FEWEST_BINS, MOST_BINS))
    edges = np.linspace(low, high if high > low else low + 1, count + 1).tolist()
    for values, color in groups:
        weights, values = np.full(len(values), 1 / len(values)), values.clip(edges[0], edges[-1])
        kind = "stepfilled" if color == REAL else "step"
        axis.hist(values, edges, weights=weights, color=color, lw=1.6, histtype=kind)
    if len(designs) <= MAX_MARKS:
        marks = np.zeros(len(designs))
        axis.plot(designs, marks, "|", color=DESIGNS, ms=9, mew=1.2, clip_on=False, zorder=3)


def ends_of(groups: Sequence[Float[np.ndarray, "values"]]) -> tuple[float, float]:
    """Ends of an axis for groups of values, which a few structures that have flown apart do not
    decide."""
    if max(map(len, groups)) < MANY:
        return min(float(values.min()) for values in groups), max(
            float(values.max()) for values in groups
        )
    ends = [(0.01, 0.99) if len(values) >= MANY else (0, 1) for values in groups]
    quantiles = [np.quantile(values, q) for values, q in zip(groups, ends, strict=True)]
    return float(min(low for low, _ in quantiles)), float(max(high for _, high in quantiles))
