"""A page of plots: designs beside real chains of the same lengths."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator, MaxNLocator

from .._system.files import save_figure

__all__ = ["draw_page"]

MINE, REAL = "#2b6cb0", "#c9ced6"
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


def draw_page(found, path):
    """Draw an `Evaluation` and write a PNG, whole or not at all.

    Parameters
    ----------
    found : Evaluation
    path : str or path-like
    """
    figure = Figure(figsize=(14, 11.5), dpi=110, layout="constrained")
    axes = figure.subplots(4, 4).ravel()
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_yticks([])
        axis.tick_params(labelsize=8)
    for axis, (name, title) in zip(axes, PANELS.items(), strict=False):
        real = found.real.column(name)[found.matched].ravel()
        _two_histograms(axis, found.designs.column(name), real, title)
    _modes(axes[13], found.numbers["modes"])
    pairs = found.pairwise_tm
    if pairs is None:
        axes[14].set_axis_off()
    else:
        _two_histograms(
            axes[14],
            pairs[np.tril_indices(len(pairs), -1)],
            None,
            "TM-score between designs",
            (0, 1),
        )
    if found.max_tm:
        _two_histograms(
            axes[15],
            found.max_tm["designs"],
            found.max_tm.get("held_out"),
            "largest TM-score to a known structure",
            (0, 1),
        )
    else:
        axes[15].set_axis_off()
    figure.suptitle(
        f"{len(found.designs)} designs (blue) and real chains of the same lengths (grey)",
        fontsize=13,
    )
    save_figure(figure, path)


def _two_histograms(axis, mine, real, title, limits=None):
    axis.set_title(title, fontsize=9)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    groups = [
        (x[np.isfinite(x)], color) for x, color in ((real, REAL), (mine, MINE)) if x is not None
    ]
    groups = [(x, color) for x, color in groups if len(x)]
    if not groups:
        axis.text(0.5, 0.5, "no such atoms", ha="center", transform=axis.transAxes, fontsize=8)
        return
    everything = np.concatenate([x for x, _ in groups])
    low, high = limits or (everything.min(), everything.max())
    edges = np.linspace(low, high if high > low else low + 1, 31)
    for values, color in groups:
        weights = np.full(len(values), 1 / len(values))
        filled = color == REAL
        axis.hist(
            values,
            edges,
            weights=weights,
            color=color,
            lw=1.6,
            histtype="stepfilled" if filled else "step",
        )


def _modes(axis, modes):
    axis.set_title("log of mode variance, designs over real", fontsize=9)
    names = list(modes)
    height = [modes[name]["log_ratio"] for name in names]
    axis.bar(names, height, yerr=[modes[name]["error"] for name in names], color=MINE, width=0.6)
    axis.axhline(0, color="black", lw=0.8)
    axis.yaxis.set_major_locator(AutoLocator())
    axis.set_xlabel("period, residues", fontsize=8)
