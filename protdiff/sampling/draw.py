"""Draw the samples of any number of requests, batch after batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from .alternation import designed_alone
from .batching import batches
from .plan import Request
from .sample import Sample, sample
from .settings import DEFAULTS, SamplingSettings

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from ..network import Denoiser

__all__ = ["draw"]


def draw(
    denoiser: Denoiser,
    requests: Sequence[Request],
    settings: SamplingSettings = DEFAULTS,
    *,
    seed: int = 0,
    times: Float[Tensor, " steps"] | None = None,
    advance: Callable[[int], None] | None = None,
) -> Iterator[list[Sample]]:
    """Draw the samples of the requests; one list per batch, longest chains first.

    Parameters
    ----------
    denoiser : Denoiser
    requests : sequence of Request
    settings : SamplingSettings
    seed : int
        Sample i of a seed is the same whatever the batches are.
    times : Tensor, shape (steps,), optional
        Grid from 1 down, in place of the flow's own.
    advance : callable, optional
        Called with the number of chains after every network call.
    """
    if any(request.condition and not request.condition.moves_atoms for request in requests):
        yield _sequences_alone(requests, seed)
        return
    for batch in batches(requests, denoiser.device, settings):
        yield sample(denoiser, batch, settings, seed=seed, times=times, advance=advance)


def _sequences_alone(requests: Sequence[Request], seed: int) -> list[Sample]:
    """Samples of requests that move no atom; the structure network is not called."""
    began = time.perf_counter()
    designed = list(designed_alone(requests, seed))
    seconds = (time.perf_counter() - began) / len(requests)
    return [Sample(request, backbone, 0, seconds) for request, backbone in designed]
