"""The composition of sequences that are drawn at a low temperature: that of real proteins.

A temperature below 1 makes likely types likelier, and so sequences of more E, K and L than real
ones, and of less C, H and W. Some nats for each type, fitted on real backbones
(`protdiff.training.composition_fit`), mend it. At temperature 1 nothing is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

__all__ = ["Composition"]


@dataclass(frozen=True)
class Composition:
    """What is added to log-probabilities (nats) by type, at some temperatures.

    Attributes
    ----------
    temperatures : tuple of float
        In rising order, below 1.
    bias : tuple of tuples of float
        For each temperature, 20 values in the order of the network's types.

    Examples
    --------
    >>> composition = Composition((0.0, 0.5), ((0.2,) * 20, (0.1,) * 20))
    >>> [round(float(composition.at(t)[0]), 3) for t in (0, 0.25, 0.75, 1, 2)]
    [0.2, 0.15, 0.05, 0.0, 0.0]
    """

    temperatures: tuple[float, ...]
    bias: tuple[tuple[float, ...], ...]

    def at(self, temperature: float) -> Float[np.ndarray, " types"]:
        """Nats for each type, linear between the temperatures of the table and 1."""
        points = [*self.temperatures, 1.0]
        rows = np.array([*self.bias, (0.0,) * len(self.bias[0])])
        return np.array([np.interp(temperature, points, column) for column in rows.T])
