"""Binders: a new chain in contact with hotspots of a target, and clear of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike

import numpy as np

from .._system.notices import warn
from .._system.words import counted
from ..structure.backbone import Backbone
from ..structure.io.read_write import read
from .base import Condition
from .contig import Fixed, binder_contig
from .energy import SECOND_PASS
from .placed_target import PlacedTarget
from .ranges import find_chain, find_residues, parse_range, residue_name
from .symmetry import CHAIN_IDS

__all__ = ["Target"]

#: CA atoms within 10 Å of a residue at the surface, at most.
SURFACE_NEIGHBOURS = 16


@dataclass(frozen=True)
class Target(Condition):
    """Draw a new chain beside a target: in contact with its hotspots, clear of its backbone.

    The pose of the chain is found while it folds. The finished structure has the new chain first,
    then the target as it is in its file. The network has seen single chains only: contact and
    clearance are what is met, not affinity.

    Parameters
    ----------
    source : Backbone or str or path
        The structure, or a file of it.
    chains : str or sequence of str, optional
        Chains that are the target, "B" or "A,B"; may be left out if there is only one.
    hotspots : str or sequence of str, optional
        Residues with which the new chain is in contact: "B30,B33,B60", "B30-33". By default one at
        the surface is drawn for every sample.
    contig : str, optional
        In place of `chains`, RFdiffusion's "A1-120/0 60-80": residues of the target, a chain break,
        and the new chain.

    Raises
    ------
    ValueError
        For chains, hotspots and contigs that the structure does not have or that cannot be read.

    Notes
    -----
    RFdiffusion: Watson et al., Nature 620, 1089 (2023).

    Examples
    --------
    >>> target = Target("complex.pdb", "B", hotspots="B30,B33,B60")  # doctest: +SKIP
    >>> protdiff.generate(length=range(60, 81), condition=target)  # doctest: +SKIP
    """

    source: Backbone | str | PathLike[str]
    chains: str | Sequence[str] | None = None
    hotspots: str | Sequence[str] | None = None
    contig: str | None = None
    structure: Backbone = field(init=False, repr=False)
    rows: dict[str, int] = field(init=False, repr=False)
    new_chain: str = field(init=False, repr=False)
    span: tuple[int, int] | None = field(init=False, repr=False)

    second_pass, adds_chains = SECOND_PASS, "target"

    def __post_init__(self) -> None:
        whole = self.source if isinstance(self.source, Backbone) else read(self.source)
        span = None
        if self.contig is None:
            structure = _chains(whole, _parts(self.chains))
        else:
            if self.chains is not None:
                raise ValueError("`contig`: names the residues of the target; leave out its chain")
            segments, new = binder_contig(self.contig)
            structure, span = _segments(whole, segments), (new.least, new.most)
        structure = _observed(structure)
        free = next((c for c in CHAIN_IDS if c not in structure.chains), None)
        if free is None:
            raise ValueError("`target`: leaves no chain id for the new chain; name fewer chains")
        rows = _hotspots(structure, _parts(self.hotspots))
        for name, value in (
            ("structure", structure), ("rows", rows), ("new_chain", free), ("span", span),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    def lengths(self, wanted: Sequence[int] | None = None) -> Sequence[int] | None:
        if self.span is None:
            return wanted
        least, most = self.span
        if wanted is None:
            return range(least, most + 1)
        places = [k for k, n in enumerate(wanted) if least <= n <= most]
        if not places:
            raise ValueError(
                f"`contig`: gives a new chain of {least} to {most} residues, which `length` does "
                "not allow; leave out `length`"
            )
        if isinstance(wanted, range):
            # Still a range: lengths of a range are drawn, those of a list are taken in turn.
            return wanted[places[0] : places[-1] + 1]
        return [wanted[k] for k in places]

    def for_sample(self, length: int, rng: np.random.Generator) -> PlacedTarget:
        rows = self.rows
        if not rows:
            row = int(rng.choice(_surface(self.structure)))
            rows = {residue_name(self.structure, row): row}
        return PlacedTarget(self.structure, self.new_chain, rows, int(rng.integers(2**31)))


def _parts(value: str | Sequence[str] | None) -> list[str] | None:
    if value is None:
        return None
    pieces = value.split(",") if isinstance(value, str) else value
    return [piece.strip() for piece in pieces]


def _chains(whole: Backbone, names: Sequence[str] | None) -> Backbone:
    """The chains of a structure that are the target."""
    if names is None:
        if len(whole.chains) != 1:
            raise ValueError(
                f"`target`: there are chains {', '.join(whole.chains)}; say which is the target "
                "with `chains`"
            )
        return whole
    found = [find_chain(whole, name, "`target`") for name in names]
    return whole[np.isin(whole.chain_ids, found)]


def _segments(whole: Backbone, segments: Sequence[Fixed]) -> Backbone:
    """The residues of a structure that a contig names, in the order of the file."""
    rows = np.concatenate([find_residues(whole, s, "`contig`") for s in segments])
    if len(np.unique(rows)) < len(rows):
        raise ValueError("`contig`: a residue is in two segments; name every residue once")
    return whole[np.sort(rows)]


def _observed(structure: Backbone) -> Backbone:
    """The residues with a CA; the others take no place."""
    seen = structure.mask[:, 1]
    if not seen.any():
        raise ValueError("`target`: no residue has a CA atom; choose another chain")
    if not seen.all():
        warn(f"`target`: {counted(int((~seen).sum()), 'residue')} without CA left out")
    return structure[seen]


def _hotspots(structure: Backbone, names: Sequence[str] | None) -> dict[str, int]:
    """Rows of the hotspots by name."""
    found: dict[str, int] = {}
    for name in names or ():
        segment = parse_range(name, "`hotspots`", more="; separate them by commas")
        for row in find_residues(structure, segment, "`hotspots`").tolist():
            found[residue_name(structure, row)] = row
    return found


def _surface(structure: Backbone) -> np.ndarray:
    """Rows of residues at the surface; of all if none is."""
    gaps = np.linalg.norm(structure.ca[:, None] - structure.ca, axis=-1)
    neighbours = (gaps < 10).sum(1) - 1
    limit = max(SURFACE_NEIGHBOURS, int(neighbours.min()))
    return np.flatnonzero(neighbours <= limit)
