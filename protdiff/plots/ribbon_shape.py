"""The shape and colours of ribbons along CA traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from ..structure.constants import DRAWN_BREAK
from ..structure.secondary_structure import psea

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float, Int

__all__ = [
    "KEPT", "NEW", "N_TO_C", "N_TO_C_STOPS", "OTHER", "Chain", "Look", "Ribbon", "pieces_of",
    "principal_view", "ribbon_of", "ribbons_of", "unit",
]  # fmt: skip

#: Colours from the N- to the C-terminus.
N_TO_C_STOPS = ["#3b4cc0", "#2f8fd0", "#2bb3a3", "#8cc751", "#f2c933", "#f08a2e", "#d7352f"]
N_TO_C = LinearSegmentedColormap.from_list("n_to_c", N_TO_C_STOPS)
#: Colours of residues by what they are, see `plot_backbones`; new ones run from N_TO_C.
NEW, KEPT, OTHER = 0, 1, 2
ROLE_COLORS = {KEPT: (0.24, 0.25, 0.31), OTHER: (0.74, 0.76, 0.80)}
#: Half width and thickness (Å) of a ribbon.
COIL, HELIX, STRAND = (0.36, 0.36), (1.35, 0.22), (1.05, 0.24)
#: Length (residues) of the arrow head of a strand.
ARROW = 1.9


class Ribbon(NamedTuple):
    """Points along a ribbon."""

    place: Float[np.ndarray, "points"]  # residues, or share of the chain from 0 to 1
    position: Float[np.ndarray, "points 3"]
    tangent: Float[np.ndarray, "points 3"]
    across: Float[np.ndarray, "points 3"]  # direction of the width
    size: Float[np.ndarray, "points 2"]  # half width and thickness, Å
    color: Float[np.ndarray, "points 3"]


class Look(NamedTuple):
    """How much of its secondary structure a ribbon shows, and how thick it is at least."""

    detail: float = 1.0  # 0: a tube, 1: helices wide, strands arrows
    radius: float = 0.0  # Å; ends are round


SHARP = Look()


@dataclass(frozen=True)
class Chain:
    """CA trace of a chain, Å, and what its residues are."""

    trace: Float[np.ndarray, "residues 3"]
    roles: Int[np.ndarray, " residues"]

    def __len__(self) -> int:
        return len(self.trace)

    @property
    def has_new(self) -> bool:
        """Whether some of its residues are new."""
        return bool((self.roles == NEW).any())


def catmull_rom(
    points: Float[np.ndarray, "residues d"], t: Float[np.ndarray, "points"]
) -> Float[np.ndarray, "points d"]:
    """Catmull-Rom spline through points, at residue positions t from 0 to L - 1."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    u = (t - (k := np.minimum(t.astype(int), len(points) - 2)))[:, None]
    a, b, c, d = (padded[k + shift] for shift in range(4))
    return b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))


def unit(vectors: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 3"]:
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9)


def ribbon_of(
    trace: Float[np.ndarray, "residues 3"],
    samples: int,
    states: str | None = None,
    look: Look = SHARP,
) -> Ribbon:
    """The ribbon of an unbroken trace; places in residues.

    The secondary structure is that of the trace, unless its states are given.
    """
    letters = np.array(list(states or psea(trace)))
    steps, center = np.diff(trace, axis=0), trace.copy()
    pleat = np.flatnonzero(letters[1:-1] == "E") + 1
    # Averaging neighbours takes the pleat out of strands, which look crumpled otherwise.
    center[pleat] = (trace[pleat - 1] + 2 * trace[pleat] + trace[pleat + 1]) / 4
    # The normal of three CA is the axis of a helix. In a strand it lies in the sheet and changes
    # sign with every residue. Straight pieces, and those of two residues, have none: there any
    # direction will do.
    normals = np.cross(steps[:-1], steps[1:]) if len(trace) > 2 else np.zeros((1, 3))
    side = unit(normals + np.array([1e-3, 2e-3, 3e-3]))
    side[1:] *= np.cumprod(np.where((side[1:] * side[:-1]).sum(1) < 0, -1, 1))[:, None]
    side = np.concatenate([side[:1], side, side[-1:]])[: len(trace)]
    side[1:-1] = (side[:-2] + 2 * side[1:-1] + side[2:]) / 4
    t = np.linspace(0, len(trace) - 1, samples)
    position, across = catmull_rom(center, t), catmull_rom(side, t)
    tangent = unit(np.gradient(position, axis=0))
    across = unit(across - (across * tangent).sum(1, keepdims=True) * tangent)
    size = np.array([{"H": HELIX, "E": STRAND}.get(letter, COIL) for letter in letters])
    size = catmull_rom(size, t).clip(0.2)
    for end in np.flatnonzero((letters == "E") & (np.append(letters[1:], "C") != "E")):
        tip = end + 0.8 - t  # residues to go to the tip of the arrow head
        head = (tip >= 0) & (tip <= ARROW)
        size[head, 0] = np.minimum(COIL[0] + 0.95 * tip[head], 1.05 + 6 * (ARROW - tip[head]))
        size[head, 1] = np.interp(tip[head], [0, 0.5], [COIL[1], STRAND[1]])
    rounding = np.minimum(np.minimum(t, t[-1] - t) / 0.12, 1)[:, None]
    if look != SHARP:
        size = (COIL + look.detail * (size - COIL)).clip(look.radius)
        rounding = _from_ends(position, float(size[[0, -1]].max()))
    size = size * np.sqrt(1 - (1 - rounding) ** 2)
    return Ribbon(t, position, tangent, across, size, N_TO_C(t / t[-1])[:, :3])


def _from_ends(
    position: Float[np.ndarray, "points 3"], radius: float
) -> Float[np.ndarray, "points 1"]:
    """Distance from the nearer end along a curve in units of a radius, 1 at most."""
    path = np.append(0, np.cumsum(np.linalg.norm(np.diff(position, axis=0), axis=1)))
    return (np.minimum(path, path[-1] - path) / radius).clip(0, 1)[:, None]


def pieces_of(
    chain: Float[np.ndarray, "residues 3"],
) -> list[tuple[int, Float[np.ndarray, "piece 3"]]]:
    """Start and trace of every piece between missing residues; single residues are not drawn."""
    gaps = np.flatnonzero(np.linalg.norm(np.diff(chain, axis=0), axis=1) > DRAWN_BREAK) + 1
    starts = [0, *gaps.tolist()]
    pieces = zip(starts, np.split(chain, gaps), strict=True)
    return [(start, piece) for start, piece in pieces if len(piece) > 1]


def ribbons_of(chain: Chain, samples: float) -> Iterator[Ribbon]:
    """Ribbons of the pieces of a chain; places as shares of the chain, colours by its residues.

    `samples` is the number of points per residue.
    """
    for first, piece in pieces_of(chain.trace):
        ribbon = ribbon_of(piece, int(samples * len(piece)))
        place = ribbon.place + first
        share = place / (len(chain) - 1)
        color = N_TO_C(share)[:, :3]
        roles = chain.roles[np.rint(place).astype(int)]
        for role, one in ROLE_COLORS.items():
            color[roles == role] = one
        yield ribbon._replace(place=share, color=color)


def principal_view(
    trace: Float[np.ndarray, "residues 3"], along: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "3 3"]:
    """Rotation, never a mirror: x is the largest extent, z, towards the viewer, the smallest.

    Singular vectors have no sign; the vector `along` gives one, so that equal structures get equal
    views.
    """
    # Fewer than three points have three axes, too.
    axes = np.linalg.svd(trace - trace.mean(0), full_matrices=len(trace) < 3)[2]
    axes[:2] *= np.where(axes[:2] @ along >= 0, 1, -1)[:, None]
    axes[2] = np.cross(axes[0], axes[1])
    return axes.T
