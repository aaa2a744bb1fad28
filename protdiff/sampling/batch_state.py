"""What the samples of a batch have beside their noisy components: starts, types, backbones."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import torch

from ..flow import to_coords
from ..network.condition_features import condition_features
from ..structure.backbone import RESIDUE_TYPES, Backbone
from ..structure.peptide import Deviations, place_backbone
from ..structure.secondary_structure import STATES
from .alternation import type_walks, typed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from jaxtyping import Float
    from torch import Tensor

    from ..flow import Flow
    from .plan import Request

    Components = Float[Tensor, "batch components 3"]

__all__ = ["BatchState"]


class BatchState:
    """Requests that are drawn together.

    Parameters
    ----------
    requests : sequence of Request
    flow : Flow
        Of the batch.
    seed : int

    Attributes
    ----------
    until : float
        Time at which the samples start: 1, or that up to which inputs are noised.
    types : list of (TypeWalk or None)
        Types that are drawn with the backbones.

    Raises
    ------
    ValueError
        If the requests start at several times.
    """

    def __init__(self, requests: Sequence[Request], flow: Flow, seed: int) -> None:
        self.requests, self.flow = requests, flow
        self.lengths = [request.length for request in requests]
        self.size = max(self.lengths)
        self.conditions = [request.condition for request in requests]
        self.starts = [None if c is None else c.start() for c in self.conditions]
        times = {1.0 if start is None else start.time for start in self.starts}
        if len(times) != 1:
            raise ValueError("the samples of a batch must start at one time; use `batch_size` 1")
        self.until = times.pop()
        self.types = type_walks(requests, self.until, seed)

    @property
    def features(
        self,
    ) -> (
        Float[Tensor, "batch residues features"]
        | Callable[[], Float[Tensor, "batch residues features"]]
    ):
        """Condition features of the chains; a function, if types change on the way."""
        return self._features if any(self.types) else self._features()

    def _features(self) -> Float[Tensor, "batch residues features"]:
        requests = [typed(*pair) for pair in zip(self.requests, self.types, strict=True)]
        return condition_features(
            [_indices(request.sequence, RESIDUE_TYPES) for request in requests],
            [_indices(request.structure, STATES) for request in requests],
            self.size,
        )

    def start(self, noise: Callable[[], Components]) -> Components | None:
        """State to start from; None for noise alone."""
        if self.until == 1:
            return None
        state = torch.zeros(*self.flow.mask.shape, 3, dtype=torch.float64)
        noisy = torch.zeros(len(state), 1, 1, dtype=torch.bool)
        for row, start in enumerate(self.starts):
            assert start is not None  # all start at one time
            n, noisy[row] = self.lengths[row], start.noisy
            state[row, :n], state[row, self.size : self.size + n] = start.components.split(n)
        noised = self.flow.noise(state, torch.full((len(state),), self.until), noise())
        return torch.where(noisy, state, noised)

    def estimate(self, clean: Components, row: int) -> Backbone:
        """The file of a sample as it is estimated, with the types around what is drawn."""
        n = self.lengths[row]
        ca = to_coords(clean[row : row + 1, :n], [n], self.flow.basis)[0].numpy()
        return backbone_of(self.requests[row], ca, clean[row, self.size :].numpy())

    def backbones(self, clean: Components, times: Sequence[float]) -> list[Backbone]:
        """Finished backbones of clean components, which were noised to some times."""
        ca = to_coords(clean[:, : self.size], self.lengths, self.flow.basis).numpy()
        links = clean[:, self.size :].numpy()
        return [self._finished(row, ca[row], links[row], times) for row in range(len(ca))]

    def _finished(
        self,
        row: int,
        ca: Float[np.ndarray, "size 3"],
        links: Float[np.ndarray, "size 3"],
        times: Sequence[float],
    ) -> Backbone:
        """Backbone of a sample; the types of its region are drawn anew now that it is known."""
        request, walk, off = self.requests[row], self.types[row], self.deviations(row, times)
        if walk is not None:
            walk.redraw(backbone_of(request, ca, links, off))
        return backbone_of(typed(request, walk), ca, links, off)

    def deviations(self, row: int, times: Sequence[float]) -> Deviations | None:
        """What is left of an input's deviations after it was noised to some times and flowed back.

        They are a Gaussian shell like the link vectors. Samples have its mean, so there is no noise
        in it: noising and the clean estimate leave the share of signal.
        """
        start = self.starts[row]
        if start is None or start.off is None:
            return None
        kernels = [self.flow.kernel(torch.full((len(self.lengths),), time)) for time in times]
        share = prod(float((k.alpha * k.c_skip)[row, self.size]) for k in kernels)
        return start.off.scaled(share)


def backbone_of(
    request: Request,
    ca: Float[np.ndarray, "size 3"],
    links: Float[np.ndarray, "size 3"],
    off: Deviations | None = None,
) -> Backbone:
    """Backbone of a request, with its condition's last touch, from CA trace (Å) and link vectors.

    Parameters
    ----------
    request : Request
    ca, links : ndarray, shape (size, 3)
        Padded.
    off : Deviations, optional
        See `place_backbone`.
    """
    n = request.length
    coords = place_backbone(ca[:n], links[: n - 1], off)
    backbone = Backbone.from_coords(coords, request.sequence)
    return backbone if request.condition is None else request.condition.finish(backbone)


def _indices(text: str | None, letters: str) -> list[int] | None:
    return [letters.find(letter) for letter in text] if text else None
