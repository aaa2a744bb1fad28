"""A small picture of ribbons, for notebooks whose scripts are off."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..ribbon_image import INK, Camera, pixels, shaded
from ..ribbon_shape import N_TO_C, NEW, Chain, principal_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float

    from ...structure.backbone import Backbone

__all__ = ["still_picture"]

#: Pixels per inch.
DPI = 80
#: Height of the line below a ribbon, in pixels.
CAPTION = 18
#: Letters of a caption in a picture, at most, for every pixel of its width.
LETTERS = 0.15
#: Colours of the file: a third of the size of one with all, and no difference is seen.
COLOURS = 128
#: Width of the picture, and of a structure, and height over width of a structure.
WIDTH, SHAPE = 960, 5 / 6


def still_picture(backbones: Sequence[Backbone], captions: Sequence[str], width: int) -> bytes:
    """PNG of backbones side by side.

    Parameters
    ----------
    backbones : sequence of Backbone
        All residues have a CA.
    captions : sequence of str
        One below each.
    width : int
        Pixels for each.
    """
    columns = min(len(backbones), WIDTH // width)
    size = width, round(SHAPE * width)
    whole = columns * width, -(-len(backbones) // columns) * (size[1] + CAPTION)
    figure = Figure(figsize=(whole[0] / DPI, whole[1] / DPI), dpi=DPI, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    for k, (backbone, caption) in enumerate(zip(backbones, captions, strict=True)):
        left, top = k % columns * width, whole[1] - k // columns * (size[1] + CAPTION)
        view = principal_view(backbone.ca, backbone.ca[-1] - backbone.ca[0])
        chains = [
            Chain(backbone.ca[rows] @ view, np.full(rows.sum(), NEW))
            for rows in (backbone.chain_ids == name for name in backbone.chains)
        ]
        camera = Camera.fitting(np.concatenate([chain.trace for chain in chains]), size)
        figure.figimage(shaded(chains, camera), left, top - size[1])
        ends = _beside(pixels(chains[0].trace[[0, -1]] - camera.middle, camera), size)
        shown = caption if len(caption) < LETTERS * width else caption[: int(LETTERS * width)] + "…"
        for text, (x, y), colour, weight in (
            (shown, (width / 2, size[1] + CAPTION / 2), INK, "normal"),
            ("N", ends[0], N_TO_C(0.0), "bold"),
            ("C", ends[1], N_TO_C(1.0), "bold"),
        ):
            figure.text(
                (left + x) / whole[0], (top - y) / whole[1], text,
                color=colour, fontsize=9, fontweight=weight, ha="center", va="center",
            )  # fmt: skip
    canvas.draw()
    return _small_png(np.asarray(canvas.buffer_rgba())[..., :3])


def _beside(ends: Float[np.ndarray, "2 2"], size: tuple[int, int]) -> Float[np.ndarray, "2 2"]:
    """Places for letters at the ends of a chain, on the far side of the middle."""
    away = ends - np.array(size) / 2
    away /= np.linalg.norm(away, axis=1, keepdims=True) + 1e-9
    return (ends + 10 * away).clip(6, np.array(size) - 6)


def _small_png(image: np.ndarray) -> bytes:
    """PNG with few colours."""
    from PIL import Image  # which matplotlib needs, too

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).quantize(COLOURS).save(
        buffer, "PNG", optimize=True
    )
    return buffer.getvalue()
