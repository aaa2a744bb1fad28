"""Bonds that no chain has: what few steps, heat or a condition that asks for much may leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._system.notices import warn
from .._system.words import counted, either
from ..structure.constants import CIS_CA_CA, MEASURED_BREAK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..structure.backbone import Backbone
    from .plan import Request
    from .sample import Sample
    from .settings import SamplingSettings

__all__ = ["broken_bonds", "warn_of_broken_bonds", "warn_of_samples"]

#: CA-CA distances (Å) of bonds: as in `protdiff score`, from the shortest cis link to a break.
BONDED = CIS_CA_CA[0], MEASURED_BREAK


def broken_bonds(backbone: Backbone, request: Request) -> int:
    """Bonds of new residues whose CA-CA distance is under 2.7 or over 4.2 Å.

    Those between two residues of an input, and those of other chains, were there before. Of
    symmetric copies one counts.

    Parameters
    ----------
    backbone : Backbone
        As it was drawn for the request, and finished.
    request : Request

    Examples
    --------
    >>> from protdiff import Backbone
    >>> from protdiff.sampling.plan import Request
    >>> coords = np.zeros((8, 4, 3))
    >>> coords[:, :, 0] = 3.8 * np.arange(8)[:, None]
    >>> coords[5:] += 2.0
    >>> broken_bonds(Backbone.from_coords(coords), Request(0, 8))
    1
    """
    condition = request.condition
    if condition is not None and not condition.moves_atoms:
        return 0
    parts = () if condition is None else getattr(condition, "parts", (condition,))
    kept = [] if condition is None else condition.residues()
    written = np.ones(request.length, bool)
    for part in parts:
        written &= part.written
    place = np.flatnonzero(written)
    beside = kept and any(part.other_chains for part in parts)
    # The chain that is drawn comes first, but where other chains of the file are kept in order.
    ca = backbone.ca[backbone.chain_ids == (kept[0][1] if beside else backbone.chain_ids[0])]
    if len(ca) != len(place):  # a condition of one's own has made another chain of it
        return 0
    new = np.ones(len(place), bool)
    new[[row for row, *_ in kept]] = False
    bonds = (np.diff(place) == 1) & (new[1:] | new[:-1])
    distance = np.linalg.norm(np.diff(ca, axis=0), axis=1)[bonds]
    return int(((distance < BONDED[0]) | (distance > BONDED[1])).sum())


def warn_of_broken_bonds(
    counts: Sequence[int], temperature: float, where: str = "", stacklevel: int = 1
) -> None:
    """Issue a warning if some backbones have broken bonds.

    Parameters
    ----------
    counts : sequence of int
        Of every backbone, from `broken_bonds`.
    temperature : float
        Above 1 it breaks bonds, too.
    where : str
        Where the counts are written.
    stacklevel : int
        As of `protdiff._system.notices.warn`.
    """
    broken = sum(count > 0 for count in counts)
    if not broken:
        return
    cooler = " or a lower temperature" if temperature > 1 else ""
    warn(
        f"{broken} of {counted(len(counts), 'backbone')} {either(broken, 'has', 'have')} broken "
        f"bonds (CA-CA under {BONDED[0]} or over {BONDED[1]} Å{where}); take more steps{cooler}, "
        "or leave them out",
        stacklevel=stacklevel + 1,
    )


def warn_of_samples(
    samples: Iterable[Sample], settings: SamplingSettings, stacklevel: int = 1
) -> None:
    """Issue a warning if some samples, drawn with these settings, have broken bonds."""
    counts = [broken_bonds(sample.backbone, sample.request) for sample in samples]
    warn_of_broken_bonds(counts, settings.temperature, stacklevel=stacklevel + 1)
