"""What a data set holds, as numbers and as a picture."""

from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from .._system.files import save_figure
from ..dataset.store import SPLITS

__all__ = ["draw_dataset", "summarise"]

COLORS = {"train": "#2b6cb0", "val": "#dd8a2e", "test": "#6b9e3f"}
LENGTH_EDGES = (0, 40, 65, 97, 129, 161, 193, 257, 321, 385, 449, 513, 1025, 10**9)


def summarise(chains):
    """Rows of numbers per split.

    Parameters
    ----------
    chains : ChainSet

    Returns
    -------
    dict of str to dict
        Per split, and for "all": chains, clusters, residues, mean length, helix, strand, median
        Rg ratio, chains flagged as extended, median resolution.
    """
    table = chains.table
    groups = {name: table["split"] == k for k, name in enumerate(SPLITS)}
    groups = {name: rows for name, rows in groups.items() if rows.any()}
    return {name: _numbers(table[rows]) for name, rows in groups.items()} | {"all": _numbers(table)}


def _numbers(table):
    length = table["length"].astype(float)
    known = table["resolution"][np.isfinite(table["resolution"])]
    return {
        "chains": len(table),
        "clusters": len(np.unique(table["cluster"])),
        "residues": int(length.sum()),
        "mean length": length.mean(),
        "helix": _mean(table["helix"]),
        "strand": _mean(table["strand"]),
        "Rg ratio": np.median(table["rg"] / (2.2 * length**0.38)),
        "extended": int(table["extended"].sum()),
        "resolution": np.median(known) if len(known) else np.nan,
    }


def _mean(values):
    """Mean of the values that are there."""
    values = values[np.isfinite(values)]
    return values.mean() if len(values) else np.nan


def length_rows(chains):
    """Chains per range of lengths and split: (first, last, counts) where there are any."""
    out = []
    for low, high in pairwise(LENGTH_EDGES):
        rows = (chains.lengths >= low) & (chains.lengths < high)
        counts = [int((chains.table["split"][rows] == k).sum()) for k in range(len(SPLITS))]
        if rows.any():
            out.append((low, min(high - 1, int(chains.lengths.max())), counts))
    return out


def draw_dataset(chains, path):
    """Draw lengths, secondary structure, size and resolution; write a PNG."""
    table, splits = chains.table, chains.table["split"]
    length = table["length"].astype(float)
    present = [k for k in range(len(SPLITS)) if (splits == k).any()]
    figure = Figure(figsize=(11, 7.5), dpi=110, layout="constrained")
    axes = figure.subplots(2, 2)
    for axis in axes.ravel():
        axis.spines[["top", "right"]].set_visible(False)

    def stacked(axis, values, edges, title, label):
        parts = [values[(splits == k) & np.isfinite(values)] for k in present]
        names = [SPLITS[k] for k in present]
        axis.hist(parts, edges, stacked=True, label=names, color=[COLORS[n] for n in names])
        axis.set(title=title, xlabel=label, ylabel="chains")

    stacked(axes[0, 0], length, np.linspace(length.min(), length.max() + 1, 41), "Length",
            "residues")  # fmt: skip
    axes[0, 0].legend(frameon=False)
    stacked(axes[1, 0], table["rg"] / (2.2 * length**0.38), np.linspace(0.8, 2.0, 41),
            "Size", "Rg / (2.2 N^0.38)")  # fmt: skip
    stacked(axes[1, 1], table["resolution"].astype(float), np.linspace(0, 4.1, 42),
            "Resolution, where known", "Å")  # fmt: skip
    axis = axes[0, 1]
    some = np.random.default_rng(0).permutation(len(table))[:5000]
    for k in present:
        rows = some[splits[some] == k]
        axis.scatter(table["helix"][rows], table["strand"][rows], s=6, alpha=0.5, linewidths=0,
                     color=COLORS[SPLITS[k]])  # fmt: skip
    method = "P-SEA" if chains.structure is None else "DSSP"
    axis.set(title=f"Secondary structure ({method})", xlabel="helix", ylabel="strand",
             xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))  # fmt: skip
    save_figure(figure, path)
