"""How many network calls are enough, by what the network draws with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float

    from ..network import Denoiser

__all__ = ["MEASURES", "REFERENCE_CALLS", "CallQuality", "measure_calls"]

#: Calls of the samples that the others are compared with.
REFERENCE_CALLS = 100
#: Columns of `protdiff.metrics.QUALITY`, and the direction in which they are worse.
MEASURES = {"rama_outliers": 1, "ca_bonds": -1}
#: Loss in a column that does not matter: one residue, or bond, of a hundred.
TOLERANCE = 0.01
#: Standard errors that a loss must stay below the tolerance by.
CERTAIN = 2.0


@dataclass(frozen=True)
class CallQuality:
    """What samples lose when the network is called less often.

    Attributes
    ----------
    samples : int
        Samples per number of calls.
    reference : dict of str to float
        Mean of every measure with `REFERENCE_CALLS` calls.
    loss, error : dict of int to dict of str to float
        By number of calls and measure: how much worse the mean is than the reference, and its
        standard error.
    recommended : int or None
        Fewest of the given calls whose loss in every measure is below 0.01 by two standard errors;
        None if there are none.
    """

    samples: int
    reference: dict[str, float]
    loss: dict[int, dict[str, float]]
    error: dict[int, dict[str, float]]
    recommended: int | None


def measure_calls(
    denoiser: Denoiser,
    length: int,
    calls: Sequence[int],
    *,
    samples: int = 32,
    seed: int = 0,
    advance: Callable[[int], None] | None = None,
) -> CallQuality:
    """Draw samples with few calls and with many, and compare them.

    All other settings are the defaults of `protdiff.generate`.

    Parameters
    ----------
    denoiser : Denoiser
    length : int
        Residues of the samples.
    calls : sequence of int
        Numbers of network calls per sample to compare with `REFERENCE_CALLS`.
    samples : int
        Samples per number of calls, at least 2.
    seed : int
    advance : callable, optional
        Called with 1 for each number of calls, and for the reference.

    Examples
    --------
    >>> from protdiff.network.weights import load_weights
    >>> measure_calls(load_weights(), 100, [16, 32]).recommended  # doctest: +SKIP
    32
    """
    drawn = {}
    for count in [REFERENCE_CALLS, *calls]:
        drawn[count] = _measures(denoiser, length, count, samples, seed)
        if advance is not None:
            advance(1)
    return compare_calls({n: drawn[n] for n in calls}, drawn[REFERENCE_CALLS])


def compare_calls(
    few: dict[int, Float[np.ndarray, "samples measures"]],
    many: Float[np.ndarray, "samples measures"],
) -> CallQuality:
    """Losses of samples of few calls against those of many, and the fewest that are enough."""
    signs = np.array(list(MEASURES.values()))

    def named(values: Float[np.ndarray, "measures"]) -> dict[str, float]:
        return dict(zip(MEASURES, values.tolist(), strict=True))

    def spread(values: Float[np.ndarray, "samples measures"]) -> Float[np.ndarray, "measures"]:
        return values.var(0, ddof=1) / len(values)

    loss = {n: signs * (values.mean(0) - many.mean(0)) for n, values in few.items()}
    error = {n: np.sqrt(spread(values) + spread(many)) for n, values in few.items()}
    enough = [n for n in sorted(few) if (loss[n] + CERTAIN * error[n] < TOLERANCE).all()]
    return CallQuality(
        samples=len(many),
        reference=named(many.mean(0)),
        loss={n: named(values) for n, values in loss.items()},
        error={n: named(values) for n, values in error.items()},
        recommended=enough[0] if enough else None,
    )


def _measures(
    denoiser: Denoiser, length: int, calls: int, samples: int, seed: int
) -> Float[np.ndarray, "samples measures"]:
    """The measures of samples."""
    from ..metrics import quality
    from ..sampling.draw import draw
    from ..sampling.plan import Request
    from ..sampling.settings import SamplingSettings

    requests = [Request(k, length) for k in range(samples)]
    made = draw(denoiser, requests, SamplingSettings(steps=calls), seed=seed)
    rows = [quality(sample.backbone) for batch in made for sample in batch]
    return np.array([[row[name] for name in MEASURES] for row in rows])
