"""Co-design: steps of the structure and steps of the types in turn, each sees the other's estimate.

    clean estimate of the backbone  <-  structure network (noisy backbone, types drawn so far)
    types of the region at time u   <-  residue-type network (clean estimate, types drawn so far)

Both go down the same times of the flow, around the same fixed surroundings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .plan import Request

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from ..conditioning.given import TypedRegion
    from ..flow.process import Denoise
    from ..sequence.type_walk import TypeWalk
    from ..structure.backbone import Backbone

__all__ = ["alternating", "designed_alone", "type_walks", "typed"]


def region_of(request: Request) -> TypedRegion | None:
    """Residues of a request whose types are drawn; None for none."""
    return None if request.condition is None else request.condition.region


def type_walks(requests: Sequence[Request], time: float, seed: int) -> list[TypeWalk | None]:
    """A walk of the types for every request that draws some, from a time of the flow.

    Letters that a request itself has for the region stay.
    """
    walks: list[TypeWalk | None] = []
    for request in requests:
        region = region_of(request)
        if region is None:
            walks.append(None)
            continue
        from ..sequence.sequence_weights import load_sequence_network
        from ..sequence.type_walk import TypeWalk

        # A stream of its own: plan.py and sample.py have the others.
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(request.index, 4)))
        given = request.sequence and "".join(request.sequence[k] for k in region.places.tolist())
        walks.append(
            TypeWalk(
                load_sequence_network(region.weights), region.rows, rng,
                temperature=region.temperature, letters=region.letters, kept=given, time=time,
            )
        )  # fmt: skip
    return walks


def typed(request: Request, walk: TypeWalk | None) -> Request:
    """The request with the types that have been drawn so far."""
    region = region_of(request)
    if walk is None or region is None:
        return request
    letters = list(request.sequence or "X" * request.length)
    for place, letter in zip(region.places.tolist(), walk.letters, strict=True):
        letters[place] = letter
    return replace(request, sequence="".join(letters))


def alternating(
    denoise: Denoise,
    walks: Sequence[TypeWalk | None],
    backbones: Callable[[Float[Tensor, "batch components 3"], int], Backbone],
) -> Denoise:
    """A denoiser after every call of which the types take their step to the same time.

    Parameters
    ----------
    denoise : callable
        On the samplers' protocol; it is to see the types of the walks.
    walks : sequence of (TypeWalk or None)
        One per chain.
    backbones : callable
        ``backbones(clean, row)``: the whole file with the estimate of a chain.
    """
    if all(walk is None for walk in walks):
        return denoise

    def both(
        x: Float[Tensor, "batch components 3"], u: Float[Tensor, " batch"]
    ) -> Float[Tensor, "batch components 3"]:
        for walk, time in zip(walks, u.tolist(), strict=True):
            if walk is not None:
                walk.noise(time)
        clean = denoise(x, u)
        for row, (walk, time) in enumerate(zip(walks, u.tolist(), strict=True)):
            if walk is not None:
                walk.draw(lambda row=row: backbones(clean, row), time)
        return clean

    return both


def designed_alone(requests: Sequence[Request], seed: int) -> Iterator[tuple[Request, Backbone]]:
    """The files of requests that move no atom, with the types of `protdiff.design`.

    Sample i is sequence i of the seed; letters that a request itself has for the region stay.
    """
    from ..sequence.designer import design
    from ..structure.backbone import ONE_TO_THREE

    by_letters: dict[str, list[Request]] = {}
    for request in requests:
        by_letters.setdefault(request.sequence or "", []).append(request)
    for letters, group in by_letters.items():
        region = region_of(group[0])
        assert region is not None and region.backbone is not None
        names = np.array(region.backbone.residue_names)
        fixed = np.ones(len(names), bool)
        fixed[region.rows] = False
        for place, row in zip(region.places.tolist(), region.rows.tolist(), strict=True):
            if letters and letters[place] != "X":
                names[row], fixed[row] = ONE_TO_THREE[letters[place]], True
        designs = design(
            replace(region.backbone, residue_names=names), 1 + max(r.index for r in group),
            temperature=region.temperature, fixed=fixed, seed=seed, weights=region.weights,
        )  # fmt: skip
        yield from ((request, designs[request.index].backbone) for request in group)
