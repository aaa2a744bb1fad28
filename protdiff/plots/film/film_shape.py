"""How every frame of a film is drawn: colours, thickness, and where the viewer stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from ...structure.secondary_structure import psea
from ..ribbon_shape import Look, Ribbon, pieces_of, principal_view, ribbon_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float

    from ...analysis.films import Film

__all__ = [
    "COLORS", "N_TO_C_SAFE", "PAUSE", "UNRESOLVED", "Piece", "look_of", "moving_time",
    "pieces_of_film", "ribbons_of_frame", "viewed",
]  # fmt: skip

#: From the N- to the C-terminus; with any kind of colour blindness no two parts of a chain that are
#: far apart look alike.
COLORS = ("#27348b", "#2878bd", "#45a9d2", "#a3d3d6", "#f2cf5b", "#ee8b34", "#b02a1e")
N_TO_C_SAFE = LinearSegmentedColormap.from_list("n_to_c_safe", COLORS)
#: Residues: at longer wavelengths there is no secondary structure, at shorter ones all of it.
NO_STATES, ALL_STATES = 6.0, 2.6
#: Half thickness (Å) of a ribbon at the coarsest and finest wavelength, and of a noisy one.
THICK, THIN, NOISY = 1.7, 0.36, 0.3
#: Å; flat ribbons are at least so thick.
LEAST = 0.2
#: Colour of what never moves.
STILL = "#b4b9c3"


#: Milliseconds of all moving frames together, of one of them at most, and of the last.
RUNNING, LONGEST_FRAME, PAUSE = 5000, 250, 2500
#: What a frame without a wavelength says.
UNRESOLVED = "noise: no wave is resolved"


class Piece(NamedTuple):
    """A part of a chain without missing residues.

    Attributes
    ----------
    rows : ndarray of int, shape (residues,)
        Its residues in the film.
    states : str
        Secondary structure in the last frame.
    colors : ndarray, shape (residues, 3)
        From the N- to the C-terminus of the chain; grey for what never moves.
    """

    rows: np.ndarray
    states: str
    colors: np.ndarray


def moving_time(frames: int) -> int:
    """Milliseconds of every frame but the last, in tens, as GIF counts them."""
    return int(np.clip(RUNNING / frames, 20, LONGEST_FRAME)) // 10 * 10


def pieces_of_film(film: Film) -> list[Piece]:
    """Pieces of all chains, by the last frame."""
    pieces, trace = [], film.traces[-1]
    for name in film.backbone.chains:
        rows = np.flatnonzero(film.backbone.chain_ids == name)
        for first, part in pieces_of(trace[rows]):
            place = first + np.arange(len(part))
            share = place / max(1, len(rows) - 1)
            colors = N_TO_C_SAFE(share)[:, :3]
            colors[film.still[rows[place]]] = to_rgb(STILL)
            pieces.append(Piece(rows[place], psea(part), colors))
    return pieces


def viewed(film: Film, turn: float = 0.0) -> Float[np.ndarray, "frames residues 3"]:
    """Traces as they are seen: the last frame lies flat, the first is turned by an angle (degrees).

    Film and structure turn together, less and less towards the end.
    """
    last = film.traces[-1]
    view = principal_view(last, last[-1] - last[0])
    still = (film.traces - last.mean(0)) @ view
    left = np.linspace(1, 0, len(film)) ** 2 if len(film) > 1 else np.zeros(1)
    angle = np.radians(turn) * left
    cosine, sine, zero = np.cos(angle), np.sin(angle), np.zeros_like(angle)
    rows = [[cosine, zero, sine], [zero, zero + 1, zero], [-sine, zero, cosine]]
    return np.einsum("frj,ijf->fri", still, np.array(rows))


def look_of(film: Film, frame: int) -> Look:
    """The look of a frame: coarse ones are thick tubes, and fine ones ribbons."""
    if film.noisy and frame < len(film) - 1:
        return Look(0.0, NOISY)
    if film.still.any():  # what is around a loop has all its detail from the first frame on
        return Look(1.0, LEAST)
    period = film.periods[frame] if np.isfinite(film.periods[frame]) else 2.0 * film.longest
    if frame == len(film) - 1:
        period = ALL_STATES
    detail = np.log(NO_STATES / period) / np.log(NO_STATES / ALL_STATES)
    coarse = np.log(period / ALL_STATES) / np.log(2 * film.longest / ALL_STATES)
    radius = THIN * (THICK / THIN) ** float(np.clip(coarse, 0, 1))
    return Look(float(np.clip(detail, 0, 1)) ** 2, radius if radius > THIN else LEAST)


def ribbons_of_frame(
    trace: Float[np.ndarray, "residues 3"], pieces: list[Piece], look: Look, fine: float
) -> Iterator[Ribbon]:
    """Ribbons of a frame; `fine` is the number of points per Å."""
    for piece in pieces:
        part = trace[piece.rows]
        path = float(np.linalg.norm(np.diff(part, axis=0), axis=1).sum())
        samples = int(np.clip(1.7 * fine * path, 80, 5.5 * fine * len(part)))
        ribbon = ribbon_of(part, samples, piece.states, look)
        places = np.arange(len(part))
        color = [np.interp(ribbon.place, places, channel) for channel in piece.colors.T]
        yield ribbon._replace(color=np.stack(color, 1))
