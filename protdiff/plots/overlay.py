"""Pictures of one CA trace laid over another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from matplotlib.figure import Figure

from .._system.files import save_figure
from ..metrics.nearest_trace import nearest_rmsd, overlap
from ..structure.superposition import superpose

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from jaxtyping import Float

__all__ = ["draw_overlays"]

MOVED, FIXED = "#2b6cb0", "#e07b39"


def draw_overlays(
    pairs: Sequence[tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "m 3"], str]],
    path: str | PathLike[str],
    columns: int = 4,
) -> None:
    """Draw pairs of traces, the first moved onto the second, and write a picture.

    Parameters
    ----------
    pairs : list of (ndarray (n, 3), ndarray (m, 3), str)
        Two CA traces, aligned without gaps at their best place, and a title.
    path : str or path-like
        The file appears whole or not at all.
    columns : int
        Panels per row, at most.
    """
    rows = -(-len(pairs) // columns)
    columns = min(columns, len(pairs))
    figure = Figure(figsize=(3.2 * columns, 3.2 * rows), dpi=110, layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, (trace, fixed, title) in zip(axes, pairs, strict=False):
        moved = _moved_onto(trace, fixed)
        # The page shows the plane of the two longest axes of the fixed trace.
        _, _, frame = np.linalg.svd(fixed - fixed.mean(0), full_matrices=False)
        for points, color in ((fixed, FIXED), (moved, MOVED)):
            flat = (points - fixed.mean(0)) @ frame[:2].T
            axis.plot(*flat.T, color=color, lw=1.8, alpha=0.85, solid_capstyle="round")
        axis.set_aspect("equal")
        axis.set_title(title, fontsize=7)
    save_figure(figure, path)


def _moved_onto(
    trace: Float[np.ndarray, "n 3"], fixed: Float[np.ndarray, "m 3"]
) -> Float[np.ndarray, "n 3"]:
    """The first trace moved onto the second, at the best place without gaps."""
    _, [offset] = nearest_rmsd(trace, [fixed])
    parts = overlap(trace, fixed, int(offset))
    rotation, translation = superpose(*(torch.tensor(p, dtype=torch.float64) for p in parts))
    return trace @ rotation.numpy() + translation.numpy()
