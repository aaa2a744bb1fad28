"""Pictures of backbones: shaded ribbons on white, coloured from the N- to the C-terminus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from .._system.files import save_figure
from ..structure.backbone import Backbone
from .ribbon_image import INK, Camera, pixels, shaded
from .ribbon_shape import KEPT, N_TO_C, NEW, OTHER, Chain, principal_view

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from jaxtyping import Float, Int

__all__ = ["KEPT", "NEW", "OTHER", "plot_backbones"]

DPI = 160
#: Width and height of a panel, and height of the title above it, in pixels.
PANEL, TITLE = np.array([480, 400]), 40
#: Factor of the pixels where a picture is not a PNG: it may be printed in any size.
PRINT_DETAIL = 2
#: Lengths of chains in a title, at most.
MAX_LENGTHS = 3


def plot_backbones(
    coords_list: Sequence[Backbone | np.ndarray],
    path: str | PathLike[str],
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    *,
    roles: Sequence[Int[np.ndarray, " residues"]] | None = None,
    advance: Callable[[int], object] | None = None,
) -> None:
    """Draw backbones or assemblies as ribbons, one panel each, and write a PNG, SVG or PDF.

    Helices are wide ribbons, strands arrows that point to the C-terminus (P-SEA assignment from
    the CA trace), the rest tubes; colour runs from blue (N-terminus) to red (C-terminus) of every
    chain. Where residues are missing the ribbon is open. Each structure is turned so that its
    largest extent lies across the page and its smallest along the line of sight, never mirrored,
    and scaled to fill its panel.

    Parameters
    ----------
    coords_list : sequence of Backbone or of ndarray, (L, 4, 3) or (L, 3)
        Backbone (N, CA, C, O) or CA coordinates in Å; L >= 4. An array is one chain.
    path : str or path-like
        File to write, .png, .svg or .pdf; it appears complete or not at all. Equal input gives
        equal bytes. In SVG and PDF ribbons are images of 320 dots per inch, and text is text.
    titles : sequence of str, optional
        Name of each panel; the length is added to it.
    columns : int, optional
        Panels per row, by default at most four.
    roles : list of ndarray of int, shape (L,), optional
        What the residues of each structure are: `NEW` (blue to red), `KEPT` of an input (dark) or
        `OTHER` (grey), such as a binding partner. Left out: all are new.
    advance : callable, optional
        Called with the number of panels drawn since the last call.

    Raises
    ------
    ValueError
        If there are no backbones, a shape is wrong, coordinates are not finite, or there are not
        as many titles as backbones.
    """
    structures = [
        _chains(coords, k, None if roles is None else roles[k])
        for k, coords in enumerate(coords_list)
    ]
    titles = [""] * len(structures) if titles is None else titles
    if not structures or len(titles) != len(structures):
        raise ValueError(f"cannot draw {len(structures)} backbones with {len(titles)} titles")
    columns = columns or min(4, len(structures))
    width, height = (PANEL + np.array([0, TITLE])) * [columns, -(-len(structures) // columns)]
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
    detail = 1 if Path(path).suffix.lower() in ("", ".png") else PRINT_DETAIL
    for k, (chains, title) in enumerate(zip(structures, titles, strict=True)):
        left, top = k % columns * PANEL[0], height - k // columns * (PANEL[1] + TITLE) - TITLE
        image, (n_place, c_place) = _render(chains, detail)
        place = left / width, (top - PANEL[1]) / height, PANEL[0] / width, PANEL[1] / height
        axes = figure.add_axes(place, frameon=False)
        axes.imshow(image, interpolation="none", aspect="auto")
        axes.set_axis_off()
        caption = f"{title}  ·  {_size(chains)}" if title else _size(chains)
        for text, (x, y), color, weight in (
            (caption, (PANEL[0] / 2, -0.4 * TITLE), INK, "normal"),
            ("N", n_place, N_TO_C(0.0), "bold"),
            ("C", c_place, N_TO_C(1.0), "bold"),
        ):
            figure.text(
                (left + x) / width, (top - y) / height, text,
                color=color, fontsize=9, fontweight=weight, ha="center", va="center",
            )  # fmt: skip
        if advance is not None:
            advance(1)
    save_figure(figure, path)


def _size(chains: Sequence[Chain]) -> str:
    """Lengths of chains in words: 80 residues, 3 × 80 residues, 241 + 63 residues."""
    lengths = [len(chain) for chain in chains]
    if len(set(lengths)) == 1:
        return f"{len(chains)} × " * (len(chains) > 1) + f"{lengths[0]} residues"
    if len(lengths) > MAX_LENGTHS:
        return f"{len(lengths)} chains, {sum(lengths)} residues"
    return f"{' + '.join(map(str, lengths))} residues"


def _chains(
    structure: Backbone | np.ndarray, number: int, roles: Int[np.ndarray, " residues"] | None
) -> list[Chain]:
    """Trace of every chain; those with new residues first."""
    if not isinstance(structure, Backbone):
        trace = _ca_trace(structure, number)
        return [Chain(trace, np.zeros(len(trace), int) if roles is None else roles)]
    roles = np.zeros(len(structure), int) if roles is None else roles
    chains = [
        Chain(_ca_trace(structure.ca[rows], number), roles[rows])
        for rows in (structure.chain_ids == name for name in structure.chains)
    ]
    return sorted(chains, key=lambda chain: not chain.has_new)


def _ca_trace(coords: np.ndarray, number: int) -> Float[np.ndarray, "residues 3"]:
    coords = np.asarray(coords, dtype=float)
    if coords.ndim == 3 and coords.shape[1:] == (4, 3):
        coords = coords[:, 1]
    if coords.ndim != 2 or coords.shape[1] != 3 or len(coords) < 4:
        raise ValueError(f"backbone {number}: {coords.shape} is not (L, 4, 3) or (L, 3), L >= 4")
    if not np.isfinite(coords).all():
        raise ValueError(f"backbone {number}: coordinates that are not finite")
    return coords


def _render(
    chains: list[Chain], detail: int
) -> tuple[Float[np.ndarray, "height width 3"], list[Float[np.ndarray, "2"]]]:
    """Image, and the places in its panel (pixels) for the letters N and C of the first chain."""
    whole = np.concatenate([chain.trace for chain in chains])
    view = principal_view(whole, chains[0].trace[-1] - chains[0].trace[0])
    chains = [Chain(chain.trace @ view, chain.roles) for chain in chains]
    camera = Camera.fitting(whole @ view, PANEL, detail)
    image = shaded(chains, camera)
    angle, letters = np.linspace(0, 2 * np.pi, 24, endpoint=False), []
    ends, panel = chains[0].trace[[0, -1]] - camera.middle, image[::detail, ::detail]
    for end in pixels(ends, camera):  # the letter stands beside it, where the image is emptiest
        places = (end + 17 * np.stack([np.cos(angle), np.sin(angle)], 1)).clip(9, PANEL - 9)
        white = [panel[y - 9 : y + 9, x - 8 : x + 8].mean() for x, y in places.astype(int)]
        letters.append(places[np.argmax(white)])
    return image, letters
