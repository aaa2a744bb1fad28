"""What is left in the loss of a training run: steps, unseen chains, and a floor."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._system.reading import read_text
from .._system.words import counted

if TYPE_CHECKING:
    from jaxtyping import Float

    Curve = Float[np.ndarray, "rows 2"]

__all__ = ["LossSplit", "read_curve", "split_loss"]

#: Rows that a curve must have; share of the steps at its start that is left out (warm-up), and at
#: its end that the last loss is the mean of; groups of rows that give errors.
MIN_ROWS, WARM_UP, LAST, GROUPS = 16, 0.1, 0.1, 8
#: Smallest and largest exponent that is tried.
EXPONENTS = (0.05, 3.0)


@dataclass(frozen=True)
class LossSplit:
    """Training loss at the last step in parts, after the law L(s) = floor + a s^-b.

    The parts are those of Wang, He & Tao (arXiv 2406.12839) as far as a history shows them:
    optimisation, and what it converges to, which holds the data's own noise, the network's capacity
    and the size of the training set. Standard errors by a jackknife over interleaved rows.

    Attributes
    ----------
    steps : int
        Last step.
    training : float
        Mean loss at the end.
    floor, floor_error : float
        Where the law goes: the loss after infinitely many steps alike.
    by_steps, by_steps_error : float
        What is left to gain by steps, a s^-b at the end.
    exponent : float
        b. At 0.05 or 3, the ends of what is tried, the curve does not decide it.
    held_out, gap, gap_error : float or None
        Last loss on held-out chains, and how far it is above the training loss: what more chains
        would take away at most. Held-out chains see averaged weights, so it may be below 0. None
        without validation.
    """

    steps: int
    training: float
    floor: float
    floor_error: float
    by_steps: float
    by_steps_error: float
    exponent: float
    held_out: float | None
    gap: float | None
    gap_error: float | None


def read_curve(path: Path) -> Curve:
    """Steps and losses of a CSV file that a training run has written.

    Raises
    ------
    ValueError
        If it has no columns step and loss, or values that are no finite numbers.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(path), newline="")))
        curve = np.array([[float(row["step"]), float(row["loss"])] for row in rows])
    except (KeyError, TypeError, ValueError, csv.Error):
        raise ValueError(f"{path}: needs numbers in columns step and loss") from None
    if not np.isfinite(curve).all():
        raise ValueError(f"{path}: a step or a loss is not finite")
    return curve.reshape(-1, 2)


def split_loss(training: Curve, held_out: Curve | None = None) -> LossSplit:
    """Split the loss of a run.

    Parameters
    ----------
    training, held_out : ndarray, shape (rows, 2)
        Steps and losses, as `read_curve` gives them.

    Raises
    ------
    ValueError
        If the training curve has fewer than 16 rows after the first tenth of its steps.

    Examples
    --------
    >>> steps = np.arange(10.0, 2000, 10)
    >>> split = split_loss(np.stack([steps, 1.2 + 3 * steps**-0.5], 1))
    >>> round(split.floor, 2), round(split.by_steps, 3)
    (1.2, 0.067)
    """
    last = training[:, 0].max() if len(training) else 0.0
    kept = training[training[:, 0] > WARM_UP * last]
    if len(kept) < MIN_ROWS:
        raise ValueError(
            f"{counted(len(kept), 'row')} after the warm-up; at least {MIN_ROWS} are needed"
        )
    place = kept[:, 0] / last
    floor, rest, exponent = _power_law(place, kept[:, 1])
    parts = []
    for k in range(GROUPS):
        chosen = np.arange(len(kept)) % GROUPS != k
        parts.append(_power_law(place[chosen], kept[chosen, 1])[:2])
    errors = (GROUPS - 1) ** 0.5 * np.std(parts, axis=0)
    end = kept[place > 1 - LAST, 1]
    mean = float(end.mean())
    held = None if held_out is None or not len(held_out) else float(held_out[-1, 1])
    error = float(end.std(ddof=1) / len(end) ** 0.5) if len(end) > 1 else float("nan")
    return LossSplit(
        steps=int(last),
        training=mean,
        floor=floor,
        floor_error=float(errors[0]),
        by_steps=rest,
        by_steps_error=float(errors[1]),
        exponent=exponent,
        held_out=held,
        gap=None if held is None else held - mean,
        gap_error=None if held is None else error,
    )


def _power_law(
    place: Float[np.ndarray, " rows"], loss: Float[np.ndarray, " rows"]
) -> tuple[float, float, float]:
    """Floor, a and b of floor + a place^-b by least squares, a ≥ 0."""
    from scipy.optimize import minimize_scalar

    def fit(exponent: float) -> tuple[float, float, float]:
        """Floor, a, and the sum of squares."""
        rise = place**-exponent
        slope = max(0.0, float(np.cov(rise, loss)[0, 1] / rise.var(ddof=1)))
        floor = float(loss.mean() - slope * rise.mean())
        return floor, slope, float(np.square(loss - floor - slope * rise).sum())

    grid = np.geomspace(*EXPONENTS, 12)
    k = int(np.argmin([fit(exponent)[2] for exponent in grid]))
    bounds = grid[max(0, k - 1)], grid[min(len(grid) - 1, k + 1)]
    near: Any = minimize_scalar(lambda b: fit(b)[2], bounds=bounds, method="bounded")
    exponent = min((float(near.x), float(grid[k])), key=lambda b: fit(b)[2])
    return *fit(exponent)[:2], exponent
