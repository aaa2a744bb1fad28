"""Pictures of backbones: shaded ribbons on white, coloured from the N- to the C-terminus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from .._system.files import save_figure
from ..structure.backbone import Backbone
from .ribbon_shape import KEPT, N_TO_C, NEW, OTHER, Chain, Ribbon, principal_view, ribbons_of, unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from jaxtyping import Float, Int

__all__ = ["KEPT", "NEW", "OTHER", "plot_backbones"]

DPI = 160
#: Width and height of a panel, and height of the title above it, in pixels.
PANEL, TITLE = np.array([480, 400]), 40
#: Panels are drawn this many times larger, and averaged.
SUPERSAMPLE = 2
#: Lengths of chains in a title, at most.
MAX_LENGTHS = 3
#: Colour of text and outlines.
INK = np.array([0.13, 0.14, 0.18])
#: Direction of the light, from above left, and half-way between it and the viewer at +z.
LIGHT, HALFWAY = np.array([-0.43, 0.55, 0.72]), np.array([-0.23, 0.30, 0.925])
#: Points of a ribbon that are drawn at a time.
CHUNK = 250


def plot_backbones(
    coords_list: Sequence[Backbone | np.ndarray],
    path: str | PathLike[str],
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    *,
    roles: Sequence[Int[np.ndarray, " residues"]] | None = None,
    advance: Callable[[int], object] | None = None,
) -> None:
    """Draw backbones or assemblies as ribbons, one panel each, and write a PNG.

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
        PNG to write; it appears complete or not at all. Equal input gives equal bytes.
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
    for k, (chains, title) in enumerate(zip(structures, titles, strict=True)):
        left, top = k % columns * PANEL[0], height - k // columns * (PANEL[1] + TITLE) - TITLE
        image, (n_place, c_place) = _render(chains)
        figure.figimage(image, left, top - PANEL[1])
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
    chains: list[Chain],
) -> tuple[Float[np.ndarray, "height width 3"], list[Float[np.ndarray, "2"]]]:
    """Image, and the places in it (pixels) for the letters N and C of the first chain."""
    whole = np.concatenate([chain.trace for chain in chains])
    view = principal_view(whole, chains[0].trace[-1] - chains[0].trace[0])
    whole, chains = whole @ view, [Chain(c.trace @ view, c.roles) for c in chains]
    middle = (whole.min(0) + whole.max(0)) / 2
    width, height = PANEL * SUPERSAMPLE
    scale = min(PANEL * SUPERSAMPLE / (np.ptp(whole, axis=0) + 7)[:2])  # 3.5 Å of margin
    depth = np.full(height * width, -np.inf, np.float32)
    shade = np.ones((height * width, 3), np.float32)
    for chain in chains:
        centred = Chain(chain.trace - middle, chain.roles)
        for ribbon in ribbons_of(centred, 5.5 * scale):
            for start in range(0, len(ribbon.place), CHUNK):
                part = Ribbon(*(values[start : start + CHUNK] for values in ribbon))
                _draw_surface(depth, shade, part, scale)
    image = _with_outlines(depth.reshape(height, width), shade.reshape(height, width, 3), scale)
    image = image.reshape(PANEL[1], SUPERSAMPLE, PANEL[0], SUPERSAMPLE, 3).mean((1, 3))
    angle, letters = np.linspace(0, 2 * np.pi, 24, endpoint=False), []
    ends = chains[0].trace[[0, -1]] - middle
    for end in _pixels(ends, scale):  # the letter stands beside it, where the image is emptiest
        places = (end + 17 * np.stack([np.cos(angle), np.sin(angle)], 1)).clip(9, PANEL - 9)
        white = [image[y - 9 : y + 9, x - 8 : x + 8].mean() for x, y in places.astype(int)]
        letters.append(places[np.argmax(white)])
    return image, letters


def _pixels(points: Float[np.ndarray, "points 3"], scale: float) -> Float[np.ndarray, "points 2"]:
    """x to the right and y down the page, in pixels of the panel.

    `scale` is in pixels of the supersampled image per Å.
    """
    return points[:, :2] * [scale / SUPERSAMPLE, -scale / SUPERSAMPLE] + PANEL / 2


def _draw_surface(
    depth: Float[np.ndarray, "pixels"],
    shade: Float[np.ndarray, "pixels 3"],
    ribbon: Ribbon,
    scale: float,
) -> None:
    """Draw the surface points of a piece of ribbon that lie in front of what is drawn already."""
    _, position, tangent, across, size, color = ribbon
    # As many points around as pixels around the widest place of this piece.
    around = max(16, int(10 * scale * float(size.max())))
    theta = np.linspace(0, 2 * np.pi, around, endpoint=False)[:, None, None]
    wide, thick, up = size[:, :1].clip(1e-3), size[:, 1:].clip(1e-3), np.cross(tangent, across)
    normal = np.cos(theta) / wide * across + np.sin(theta) / thick * up
    seen = normal[..., 2] > 0
    normal = unit(normal[seen])
    point = (position + np.cos(theta) * wide * across + np.sin(theta) * thick * up)[seen]
    corner = PANEL * SUPERSAMPLE - 1  # a spline through broken bonds may overshoot the margin
    column, row = (SUPERSAMPLE * _pixels(point, scale)).astype(int).clip(0, corner).T
    place = row * PANEL[0] * SUPERSAMPLE + column
    ahead = np.flatnonzero(point[:, 2] > depth[place])
    order = ahead[np.argsort(point[ahead, 2], kind="stable")]
    place, normal = place[order], normal[order]
    diffuse, gleam = (normal @ LIGHT).clip(0)[:, None], (normal @ HALFWAY).clip(0)[:, None] ** 30
    base = color[np.broadcast_to(np.arange(len(color)), seen.shape)[seen][order]]
    depth[place] = point[order, 2]  # of equal places the last, nearest one stays
    shade[place] = base * (0.57 + 0.49 * diffuse) + 0.18 * gleam


def _with_outlines(
    depth: Float[np.ndarray, "height width"],
    shade: Float[np.ndarray, "height width 3"],
    scale: float,
) -> Float[np.ndarray, "height width 3"]:
    """Darken crevices, fade what is far, and outline every edge in depth."""
    drawn = np.isfinite(depth)
    near, far = depth[drawn].max(), depth[drawn].min()
    depth = np.where(drawn, depth, far - 4)
    around, reach = depth, int(1.5 * scale)
    for _ in range(2):  # mean depth of a square of 3 Å, one axis at a time
        total = np.cumsum(np.pad(around, ((reach + 1, reach), (0, 0)), mode="edge"), 0, dtype=float)
        around = ((total[2 * reach + 1 :] - total[: -2 * reach - 1]) / (2 * reach + 1)).T
    hidden = (around - depth).clip(0, 4) * drawn
    fog = ((near - depth) / (near - far + 1e-6) * 0.35 * drawn)[..., None]
    image = 1 - (1 - shade * (1 - 0.10 * hidden)[..., None]) * (1 - fog)
    front = depth
    reach = range(-SUPERSAMPLE, SUPERSAMPLE + 1)
    for dx, dy in ((dx, dy) for dx in reach for dy in reach if dx**2 + dy**2 <= SUPERSAMPLE**2):
        front = np.maximum(front, np.roll(depth, (dy, dx), (0, 1)))
    ink = 1 - (1 - INK) * (1 - 0.5 * (near - front) / (near - far + 1e-6))[..., None]
    return np.where((front - depth > 1.0)[..., None], ink, image).clip(0, 1)
