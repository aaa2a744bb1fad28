"""What a data set holds, as numbers and as a picture."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .._system.files import save_figure
from .._system.words import counted
from ..dataset.store import SPLITS
from ..structure.constants import expected_rg

if TYPE_CHECKING:
    from os import PathLike

    from jaxtyping import Float
    from matplotlib.axes import Axes

    from ..dataset.store import ChainSet

__all__ = ["draw_dataset", "length_rows", "summarise"]

#: Edges of the classes of lengths in `length_rows`.
LENGTH_EDGES = (0, 40, 65, 97, 129, 161, 193, 257, 321, 385, 449, 513, 1025, 10**9)
#: Chains that are drawn as points, at most.
MAX_POINTS = 5000
#: Ends of the axis of sizes.
RG_RATIOS = (0.8, 2.0)
#: Colours of the splits.
COLORS = {"train": "#2b6cb0", "val": "#dd8a2e", "test": "#6b9e3f"}


def summarise(chains: ChainSet) -> dict[str, dict[str, float]]:
    """Numbers of every split, and of all of them.

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


def _numbers(table: np.ndarray) -> dict[str, float]:
    length = table["length"].astype(float)
    known = table["resolution"][np.isfinite(table["resolution"])]
    return {
        "chains": len(table),
        "clusters": len(np.unique(table["cluster"])),
        "residues": int(length.sum()),
        "mean length": length.mean(),
        "helix": _mean(table["helix"]),
        "strand": _mean(table["strand"]),
        "Rg ratio": np.median(table["rg"] / expected_rg(length)),
        "extended": int(table["extended"].sum()),
        "resolution": np.median(known) if len(known) else np.nan,
    }


def _mean(values: Float[np.ndarray, "chains"]) -> float:
    """Mean of the values that are not missing."""
    values = values[np.isfinite(values)]
    return values.mean() if len(values) else np.nan


def length_rows(chains: ChainSet) -> list[tuple[int, int, list[int]]]:
    """Chains per class of lengths: first and last length, and counts by split."""
    out = []
    for low, high in pairwise(LENGTH_EDGES):
        rows = (chains.lengths >= low) & (chains.lengths < high)
        counts = [int((chains.table["split"][rows] == k).sum()) for k in range(len(SPLITS))]
        if rows.any():
            out.append((low, min(high - 1, int(chains.lengths.max())), counts))
    return out


def draw_dataset(chains: ChainSet, path: str | PathLike[str]) -> None:
    """Draw lengths, secondary structure, size and resolution; write a picture, whole."""
    table, splits = chains.table, chains.table["split"]
    length = table["length"].astype(float)
    figure = Figure(figsize=(11, 7.5), dpi=110, layout="constrained")
    lengths, structure, size, resolution = figure.subplots(2, 2).ravel()
    for axis in (lengths, structure, size, resolution):
        axis.spines[["top", "right"]].set_visible(False)
    count = bins_for(len(table))
    _stacked(lengths, splits, length, np.linspace(length.min(), length.max() + 1, count + 1))
    lengths.set(title="Length", xlabel="residues", ylabel="chains")
    lengths.legend(frameon=False)
    ratio = (table["rg"] / expected_rg(length)).clip(*RG_RATIOS)  # what lies beyond is in the ends
    _stacked(size, splits, ratio, np.linspace(*RG_RATIOS, count + 1))
    size.set(title="Size", xlabel="Rg / (2.2 N^0.38)", ylabel="chains")
    _resolutions(resolution, splits, table["resolution"].astype(float), count)
    for axis in (lengths, size, resolution):
        axis.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    drawn = np.random.default_rng(0).permutation(len(table))[:MAX_POINTS]
    for k in _present(splits):
        rows = drawn[splits[drawn] == k]
        structure.scatter(
            table["helix"][rows], table["strand"][rows],
            s=point_size(len(drawn)), alpha=0.5, linewidths=0, color=COLORS[SPLITS[k]],
        )  # fmt: skip
    method = "P-SEA" if chains.structure is None else "DSSP"
    structure.plot([0, 1], [1, 0], color="0.8", lw=0.8, zorder=0)
    structure.annotate("all helix or strand", (0.55, 0.47), color="0.6", fontsize=8, rotation=-35)
    structure.set(
        title=f"Secondary structure ({method})", xlabel="helix", ylabel="strand",
        xlim=(-0.02, 1.02), ylim=(-0.02, 1.02),
    )  # fmt: skip
    save_figure(figure, path)


def _resolutions(
    axis: Axes, splits: np.ndarray, known: Float[np.ndarray, "chains"], bins: int
) -> None:
    """Histogram of resolutions, or a line that says that there are none."""
    given = int(np.isfinite(known).sum())
    if not given:
        axis.set_axis_off()
        axis.text(0.5, 0.5, "resolution: not known of any chain", ha="center", color="0.4")
        return
    _stacked(axis, splits, known, np.linspace(0, 4.1, bins + 1))
    title = "Resolution"
    if given < len(known):
        title += f", known of {counted(given, 'chain')}"
    axis.set(title=title, xlabel="Å", ylabel="chains")


def bins_for(chains: int) -> int:
    """Bins of a histogram: fewer for fewer chains."""
    return int(np.clip(2 * np.sqrt(chains), 8, 40))


def point_size(chains: int) -> float:
    """Area of a point, points²: single chains are seen, thousands do not hide each other."""
    return float(np.clip(3000 / max(chains, 1), 6, 60))


def _present(splits: np.ndarray) -> list[int]:
    """Splits that have chains, by their place in `SPLITS`."""
    return [k for k in range(len(SPLITS)) if (splits == k).any()]


def _stacked(
    axis: Axes,
    splits: np.ndarray,
    values: Float[np.ndarray, "chains"],
    edges: Float[np.ndarray, "edges"],
) -> None:
    """Histogram of the values that are not missing, the splits on top of each other."""
    present = _present(splits)
    parts = [values[(splits == k) & np.isfinite(values)] for k in present]
    names = [SPLITS[k] for k in present]
    axis.hist(
        parts, edges.tolist(), stacked=True, label=names, color=[COLORS[name] for name in names]
    )
