"""Patches of 32×32 pixels from photographs that scikit-image and scikit-learn ship, and measures.

Every photograph is cut into tiles of 128 pixels, which go to training and to test like the squares
of a chessboard. So no pixel is in both. Patches are taken at three scales, one to three pixels of
the photograph to a side of one pixel of the patch, and are grey, from -1 to 1.

A Gaussian with the variances of the cosine modes has the right spectrum. So there are two measures
in which it fails: wavelet coefficients of photographs are zero almost everywhere and large at
edges, and they are large at the same place on several scales.
"""

from __future__ import annotations

import sys

import numpy as np

from protdiff.metrics.frechet import frechet_distance

SIDE = 32
TILE = 128
#: Pixels of the photograph to a side of one pixel, and the distance of neighbouring patches.
SCALES = {1: 16, 2: 8, 3: 5}
SKIMAGE = ("astronaut", "camera", "chelsea", "coffee", "coins", "rocket")
#: About a step of grey of 8-bit photographs: wavelets below it are no detail.
GREY_STEP = 1 / 127.5
#: What is measured, in the words of tables and pictures.
MEASURES = {
    "texture": "Fréchet distance of wavelet statistics",
    "kurtosis": "kurtosis of the finest wavelets",
    "spectrum": "ln(mode variance / real), rms",
}
LEVELS = 4
RINGS = 12


def photographs() -> list[np.ndarray]:
    """Grey photographs (H, W), from -1 to 1, none of which is downloaded."""
    try:
        from skimage import data
        from sklearn.datasets import load_sample_images
    except ImportError as error:
        print(f"{error.name} is missing: pip install scikit-image scikit-learn", file=sys.stderr)
        raise SystemExit(2) from None
    images = [getattr(data, name)() for name in SKIMAGE]
    images += [data.stereo_motorcycle()[0], *load_sample_images().images]
    grey = np.array([0.2126, 0.7152, 0.0722])  # Rec. 709
    return [(x @ grey if x.ndim == 3 else x) / 127.5 - 1.0 for x in images]


def patches(images: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Patches (N, 32, 32) for training, and others for tests."""
    found: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for image in images:
        for i in range(image.shape[0] // TILE):
            for j in range(image.shape[1] // TILE):
                tile = image[i * TILE : (i + 1) * TILE, j * TILE : (j + 1) * TILE]
                found[(i + j) % 2].extend(patches_of_tile(tile))
    train, test = (np.stack(some).astype(np.float32) for some in found)
    return train, test


def patches_of_tile(tile: np.ndarray) -> list[np.ndarray]:
    """All patches of a tile, coarse ones by averages of squares of pixels."""
    found = []
    for scale, stride in SCALES.items():
        side = TILE // scale
        coarse = tile[: side * scale, : side * scale].reshape(side, scale, side, scale).mean((1, 3))
        corners = range(0, side - SIDE + 1, stride)
        found += [coarse[i : i + SIDE, j : j + SIDE] for i in corners for j in corners]
    return found


# Measures


def haar(images: np.ndarray) -> list[np.ndarray]:
    """Orthonormal Haar wavelets, finest level first: (N, 3, S, S) across, down, diagonal."""
    levels, smooth = [], images.astype(float)
    for _ in range(LEVELS):
        a, b = smooth[:, ::2, ::2], smooth[:, ::2, 1::2]
        c, d = smooth[:, 1::2, ::2], smooth[:, 1::2, 1::2]
        levels.append(np.stack([a - b + c - d, a + b - c - d, a - b - c + d], 1) / 2)
        smooth = (a + b + c + d) / 2
    return levels


def statistics(images: np.ndarray) -> np.ndarray:
    """Statistics (N, 33) of the wavelets of every image: how strong, how sparse, how aligned."""
    sizes = [np.abs(level) + GREY_STEP / 2 for level in haar(images)]
    means = [size.mean((2, 3)) for size in sizes]
    columns = [np.log(mean) for mean in means]
    columns += [np.log(np.square(s).mean((2, 3))) - 2 * np.log(m)
                for s, m in zip(sizes[:3], means, strict=False)]  # fmt: skip
    for fine, coarse, first, second in zip(sizes, sizes[1:], means, means[1:], strict=False):
        parent = coarse.repeat(2, 2).repeat(2, 3)
        columns.append(np.log((fine * parent).mean((2, 3)) / (first * second)))
    pixels = images.reshape(len(images), -1).astype(float)
    mean, deviation = pixels.mean(1), pixels.std(1) + GREY_STEP / 2
    skewness = ((pixels - mean[:, None]) ** 3).mean(1) / deviation**3
    return np.concatenate([*columns, np.stack([mean, np.log(deviation), skewness], 1)], 1)


def kurtosis(images: np.ndarray) -> float:
    """⟨w⁴⟩/⟨w²⟩² of the finest wavelets across and down: 3 for Gaussian images of one spectrum."""
    finest = haar(images)[0][:, :2]
    return float((finest**4).mean() / np.square((finest**2).mean()))


def spectrum(images: np.ndarray) -> np.ndarray:
    """ln of the variance of the cosine modes, in rings of equal width of momentum."""
    from scipy.fft import dctn

    modes = dctn(images.astype(float), axes=(1, 2), norm="ortho")
    index = np.arange(SIDE)
    ring = (np.hypot(index[:, None], index) / SIDE * RINGS).astype(int)
    variance = modes.var(0)
    return np.log([variance[ring == r].mean() for r in range(RINGS)])


class Reference:
    """Measures of images, beside real ones."""

    def __init__(self, real: np.ndarray) -> None:
        found = statistics(real)
        self.scale = found.std(0)
        self.statistics = found / self.scale
        self.spectrum = spectrum(real)
        self.kurtosis = kurtosis(real)

    def measure(self, images: np.ndarray) -> dict[str, float]:
        """`MEASURES` of a set of images."""
        found = statistics(images) / self.scale
        return {
            "texture": frechet_distance(found, self.statistics),
            "kurtosis": kurtosis(images),
            "spectrum": float(np.sqrt(np.square(spectrum(images) - self.spectrum).mean())),
        }
