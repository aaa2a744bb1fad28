"""Pictures of one CA trace laid over another."""

import numpy as np
import torch
from matplotlib.figure import Figure

from .._system.files import save_figure
from ..metrics.nearest_trace import nearest_rmsd
from ..structure.superposition import superpose

__all__ = ["draw_overlays"]

ONE, TWO = "#2b6cb0", "#e07b39"


def draw_overlays(pairs, path, columns=4):
    """Draw pairs of traces, the first moved onto the second, and write a PNG.

    Parameters
    ----------
    pairs : list of (ndarray (n, 3), ndarray (m, 3), str)
        Two CA traces, aligned without gaps at their best place, and a title.
    path : str or path-like
    """
    rows = -(-len(pairs) // columns)
    columns = min(columns, len(pairs))
    figure = Figure(figsize=(3.2 * columns, 3.2 * rows), dpi=110, layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, (one, two, title) in zip(axes, pairs, strict=False):
        moved, fixed = _laid_over(one, two)
        # Across the page the two longest axes of the fixed trace.
        _, _, frame = np.linalg.svd(fixed - fixed.mean(0), full_matrices=False)
        for trace, color in ((fixed, TWO), (moved, ONE)):
            flat = (trace - fixed.mean(0)) @ frame[:2].T
            axis.plot(*flat.T, color=color, lw=1.8, alpha=0.85, solid_capstyle="round")
        axis.set_aspect("equal")
        axis.set_title(title, fontsize=7)
    save_figure(figure, path)


def _laid_over(one, two):
    """The first trace moved onto the second."""
    _, [start] = nearest_rmsd(one, [two])
    size = min(len(one), len(two))
    parts = [p[start : start + size] if len(p) > size else p for p in (one, two)]
    rotation, translation = superpose(*(torch.tensor(p, dtype=torch.float64) for p in parts))
    return one @ rotation.numpy() + translation.numpy(), two
