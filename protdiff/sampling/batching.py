"""Batches of requests of similar length, so that little of a batch is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .plan import Request
from .settings import DEFAULTS, SamplingSettings

__all__ = ["batches", "residues_at_once"]


def residues_at_once(device: object, settings: SamplingSettings = DEFAULTS) -> int:
    """Residues in one automatic batch on a device."""
    on_gpu = str(device).startswith("cuda")
    return settings.gpu_batch_residues if on_gpu else settings.batch_residues


def batches(
    requests: Sequence[Request],
    device: object = "cpu",
    settings: SamplingSettings = DEFAULTS,
) -> Iterator[list[Request]]:
    """Batches of requests, longest chains first, so that a lack of memory shows early.

    A batch has `batch_size` samples; by default as many as have at most `batch_residues` residues
    (on a GPU `gpu_batch_residues`), padding included, and at least one. Of a chain that is drawn in
    windows, the residues of a window count.

    Examples
    --------
    >>> from protdiff.sampling.plan import Request
    >>> requests = [Request(0, 20), Request(1, 400), Request(2, 500)]
    >>> [[r.index for r in batch] for batch in batches(requests)]
    [[2], [1, 0]]
    """
    residues = residues_at_once(device, settings)
    ordered = sorted(requests, key=lambda r: (-r.length, r.index))
    while ordered:
        at_once = ordered[0].window or ordered[0].length
        count = settings.batch_size or max(1, residues // at_once)
        yield ordered[:count]
        ordered = ordered[count:]
