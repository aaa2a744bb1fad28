"""Shaded images of ribbons: every pixel shows the surface point that lies nearest to the viewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .ribbon_shape import Chain, Ribbon, ribbons_of, unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jaxtyping import Float

__all__ = ["INK", "Camera", "pixels", "shaded"]

#: Images are drawn this many times larger, and averaged.
SUPERSAMPLE = 2
#: Colour of text and outlines.
INK = np.array([0.13, 0.14, 0.18])
#: Direction of the light, from above left, and half-way between it and the viewer at +z.
LIGHT, HALFWAY = np.array([-0.43, 0.55, 0.72]), np.array([-0.23, 0.30, 0.925])
#: Points of a ribbon that are drawn at a time.
CHUNK = 250
#: Å that are left free around a structure.
MARGIN = 3.5


class DepthRange(NamedTuple):
    """Heights (Å) that are drawn clearest and palest."""

    near: float
    far: float


@dataclass(frozen=True)
class Camera:
    """How structures are seen: x to the right, y up, the viewer at +z.

    Parameters
    ----------
    size : tuple of int
        Width and height of the image, pixels.
    middle : ndarray, shape (3,)
        Point (Å) in the middle of the image.
    scale : float
        Pixels per Å.
    detail : int
        Factor of the pixels in either direction; lines keep their width.
    depth : tuple of float, optional
        Heights (Å, of the middle 0) that are drawn clearest and palest; by default the nearest and
        farthest of what is drawn.
    """

    size: tuple[int, int]
    middle: Float[np.ndarray, " 3"]
    scale: float
    detail: int = 1
    depth: DepthRange | None = None

    @classmethod
    def fitting(
        cls, points: Float[np.ndarray, "points 3"], size: Iterable[int], detail: int = 1
    ) -> Camera:
        """The camera that shows all points, as large as they fit."""
        width, height = (int(length) for length in size)
        middle = (points.min(0) + points.max(0)) / 2
        free = np.array([width, height]) * SUPERSAMPLE
        scale = float(min(free / (np.ptp(points, axis=0) + 2 * MARGIN)[:2])) / SUPERSAMPLE
        return cls((width, height), middle, scale, detail)

    @property
    def factor(self) -> int:
        """Pixels that are drawn for one of `size`, in either direction."""
        return SUPERSAMPLE * self.detail

    @property
    def grid(self) -> tuple[int, int]:
        """Width and height of what is drawn before it is averaged."""
        return self.size[0] * self.factor, self.size[1] * self.factor


def pixels(points: Float[np.ndarray, "points 3"], camera: Camera) -> Float[np.ndarray, "points 2"]:
    """x to the right and y down the image, in pixels, of points from the camera's middle."""
    return points[:, :2] * [camera.scale, -camera.scale] + np.array(camera.size) / 2


def shaded(chains: Iterable[Chain], camera: Camera) -> Float[np.ndarray, "height width 3"]:
    """Image of chains as ribbons on white, values from 0 to 1.

    Parameters
    ----------
    chains : iterable of Chain
    camera : Camera
    """
    fine = camera.scale * camera.factor
    middled = [Chain(chain.trace - camera.middle, chain.roles) for chain in chains]
    return drawn((ribbon for chain in middled for ribbon in ribbons_of(chain, 5.5 * fine)), camera)


def drawn(ribbons: Iterable[Ribbon], camera: Camera) -> Float[np.ndarray, "height width 3"]:
    """Image of ribbons whose positions count from the camera's middle."""
    width, height = camera.grid
    depth = np.full(height * width, -np.inf, np.float32)
    shade = np.ones((height * width, 3), np.float32)
    for ribbon in ribbons:
        for start in range(0, len(ribbon.place), CHUNK):
            part = Ribbon(*(values[start : start + CHUNK] for values in ribbon))
            _draw_surface(depth, shade, part, camera)
    image = _with_outlines(depth.reshape(height, width), shade.reshape(height, width, 3), camera)
    rows, columns = height // SUPERSAMPLE, width // SUPERSAMPLE
    return image.reshape(rows, SUPERSAMPLE, columns, SUPERSAMPLE, 3).mean((1, 3))


def _draw_surface(
    depth: Float[np.ndarray, "pixels"],
    shade: Float[np.ndarray, "pixels 3"],
    ribbon: Ribbon,
    camera: Camera,
) -> None:
    """Draw the surface points of a piece of ribbon that lie in front of what is drawn already."""
    _, position, tangent, across, size, color = ribbon
    # As many points around as pixels around the widest place of this piece.
    around = max(16, int(10 * camera.scale * camera.factor * float(size.max())))
    theta = np.linspace(0, 2 * np.pi, around, endpoint=False)[:, None, None]
    wide, thick, up = size[:, :1].clip(1e-3), size[:, 1:].clip(1e-3), np.cross(tangent, across)
    normal = np.cos(theta) / wide * across + np.sin(theta) / thick * up
    seen = normal[..., 2] > 0
    normal = unit(normal[seen])
    point = (position + np.cos(theta) * wide * across + np.sin(theta) * thick * up)[seen]
    corner = np.array(camera.grid) - 1  # a spline through broken bonds may overshoot the margin
    column, row = (camera.factor * pixels(point, camera)).astype(int).clip(0, corner).T
    place = row * camera.grid[0] + column
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
    camera: Camera,
) -> Float[np.ndarray, "height width 3"]:
    """Darken crevices, fade what is far, and outline every edge in depth."""
    drawn = np.isfinite(depth)
    near, far = camera.depth or DepthRange(depth[drawn].max(), depth[drawn].min())
    depth = np.where(drawn, depth, min(far, depth[drawn].min()) - 4)
    around, reach = depth, int(1.5 * camera.scale * camera.factor)
    for _ in range(2):  # mean depth of a square of 3 Å, one axis at a time
        total = np.cumsum(np.pad(around, ((reach + 1, reach), (0, 0)), mode="edge"), 0, dtype=float)
        around = ((total[2 * reach + 1 :] - total[: -2 * reach - 1]) / (2 * reach + 1)).T
    hidden = (around - depth).clip(0, 4) * drawn
    fog = ((near - depth) / (near - far + 1e-6) * 0.35 * drawn)[..., None]
    image = 1 - (1 - shade * (1 - 0.10 * hidden)[..., None]) * (1 - fog.clip(0, 0.35))
    front, line = depth, camera.factor
    reach = range(-line, line + 1)
    for dx, dy in ((dx, dy) for dx in reach for dy in reach if dx**2 + dy**2 <= line**2):
        front = np.maximum(front, np.roll(depth, (dy, dx), (0, 1)))
    pale = ((near - front) / (near - far + 1e-6)).clip(0, 1)
    ink = 1 - (1 - INK) * (1 - 0.5 * pale)[..., None]
    return np.where((front - depth > 1.0)[..., None], ink, image).clip(0, 1)
