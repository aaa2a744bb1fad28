"""A film as an animated GIF: the fold above, the wave at the cut-off below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from ..._system.files import replacing
from ...analysis.films import FINEST
from ..ribbon_image import INK, Camera, drawn
from .film_shape import (
    N_TO_C_SAFE,
    PAUSE,
    UNRESOLVED,
    Piece,
    look_of,
    moving_time,
    pieces_of_film,
    ribbons_of_frame,
    viewed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from jaxtyping import Float, UInt8
    from matplotlib.axes import Axes
    from PIL.Image import Image as PillowImage

    from ...analysis.films import Film

    Image = UInt8[np.ndarray, "height width 3"]

__all__ = ["draw_frames", "write_gif"]

#: Width and height of the fold, and height of the strip below it, pixels.
FOLD, STRIP = (480, 380), 96
DPI = 100
#: Degrees by which the first frame is turned.
TURN = -70.0
#: Colours of the whole film.
PALETTE = 128
#: Letters of a title, at most.
LONGEST_TITLE = 60
#: From here on a colour is white.
WHITE = 246
PALE = "#8a93a3"


def write_gif(
    film: Film, path: str | PathLike[str], advance: Callable[[int], object] | None = None
) -> None:
    """Write a film as an animated GIF that runs over and over, whole or not at all.

    Parameters
    ----------
    film : Film
    path : str or path-like
    advance : callable, optional
        Called with the number of frames drawn since the last call.
    """
    frames = draw_frames(film, advance)
    durations = [moving_time(len(frames))] * (len(frames) - 1) + [PAUSE]
    first, *others = in_one_palette(frames)
    with replacing(path) as temporary:
        first.save(
            temporary, format="GIF", save_all=True, append_images=others, duration=durations,
            loop=0, optimize=False, disposal=1,
        )  # fmt: skip


def in_one_palette(frames: Sequence[Image]) -> list[PillowImage]:
    """Images of one palette, without dithering, so that what does not change takes no bytes."""
    from PIL import Image as Pillow

    chosen = [*frames[:: max(1, len(frames) // 8)], frames[-1]]
    palette = Pillow.fromarray(np.concatenate(chosen)).quantize(PALETTE)
    # White is white: what is averaged with pale pixels would be seen on a white page.
    colors = np.array(palette.getpalette()).reshape(-1, 3)
    colors[(colors >= WHITE).all(1)] = 255
    palette.putpalette(colors.ravel().tolist())
    return [
        Pillow.fromarray(frame).quantize(palette=palette, dither=Pillow.Dither.NONE)
        for frame in frames
    ]


def draw_frames(film: Film, advance: Callable[[int], object] | None = None) -> list[Image]:
    """Images of all frames, in one view.

    Parameters
    ----------
    film : Film
    advance : callable, optional
        Called with the number of frames drawn since the last call.
    """
    traces, pieces = viewed(film, TURN), pieces_of_film(film)
    camera = Camera.fitting(traces.reshape(-1, 3), FOLD)
    images = []
    for frame, trace in enumerate(traces):
        images.append(_frame(film, frame, trace, pieces, camera))
        if advance is not None:
            advance(1)
    return images


def _frame(
    film: Film,
    frame: int,
    trace: Float[np.ndarray, "residues 3"],
    pieces: list[Piece],
    camera: Camera,
) -> Image:
    """One frame: the fold as an image, the strip and all text by matplotlib."""
    fine = camera.scale * camera.factor
    look = look_of(film, frame)
    fold = drawn(ribbons_of_frame(trace - camera.middle, pieces, look, fine), camera)
    width, height = FOLD[0], FOLD[1] + STRIP
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    figure.figimage(fold, 0, STRIP)
    if film.title:
        cut = len(film.title) > LONGEST_TITLE
        title = f"{film.title[: LONGEST_TITLE - 1]}…" if cut else film.title
        # A name is no formula, whatever is in it.
        figure.text(0.03, 0.965, title, color=INK, fontsize=9, va="top", parse_math=False)
    axes = figure.add_axes((0.07, 0.02, 0.86, STRIP / height - 0.02))
    _draw_strip(axes, film, frame)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _draw_strip(axes: Axes, film: Film, frame: int) -> None:
    """The wave at the cut-off along the longest chain, and its wavelength as a scale bar."""
    period, length = film.periods[frame], film.longest
    axes.set(xlim=(0, length), ylim=(-3.6, 1.5))
    axes.set_axis_off()
    resolved = np.isfinite(period)
    wave = max(period, FINEST) if resolved else np.inf
    x = np.linspace(0, length, max(400, 24 * length))
    y = np.cos(2 * np.pi * x / wave) if resolved else np.zeros_like(x)
    points = np.stack([x, y], 1)[:, None]
    line = LineCollection(
        list(np.concatenate([points[:-1], points[1:]], 1)), colors=N_TO_C_SAFE(x / length),
        linewidths=1.8, capstyle="round", clip_on=False,
    )  # fmt: skip
    axes.add_collection(line)
    for place, letter, color in ((0, "N", 0.0), (1, "C", 1.0)):
        axes.text(
            length * (1.055 * place - 0.0275), 0, letter, color=N_TO_C_SAFE(color),
            fontsize=10, fontweight="bold", ha="center", va="center", clip_on=False,
        )  # fmt: skip
    if not resolved:
        axes.text(0, -2.6, UNRESOLVED, color=PALE, fontsize=9, va="center")
        return
    shown, level = min(wave, length), -2.1
    axes.plot([0, shown], [level, level], color=INK, lw=1.6, clip_on=False, solid_capstyle="butt")
    ends = [0, shown] if wave <= length else [0]  # a longer wave goes on beyond the chain
    for end in ends:
        axes.plot([end, end], [level - 0.35, level + 0.35], color=INK, lw=1.6, clip_on=False)
    size = f"{wave:.0f}" if wave >= 10 else f"{wave:.1f}"
    finest = "2 residues: all detail" if period <= FINEST else f"{size} residues"
    axes.text(0, -3.1, f"wavelength  {finest}", color=INK, fontsize=9, va="center")
    modes = f"{film.modes(frame)} of {length - 1} modes"
    axes.text(length, -3.1, modes, color=PALE, fontsize=9, ha="right", va="center")
