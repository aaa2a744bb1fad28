"""Which chains of two backbones may correspond, and how their residues do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..structure.backbone import Backbone
from .auto_alignment import ENOUGH_LETTERS, Aligned, align_auto
from .named_residues import has_sequence

if TYPE_CHECKING:
    from jaxtyping import Int

__all__ = ["Align", "Candidate", "auto_candidates", "candidate", "candidates", "compatible"]

#: What pairs the residues of two chains, model first.
Align = Callable[[Backbone, Backbone], Aligned]
#: A chain may be paired with another if this share of the shorter one is aligned to equal
#: residues, and if it has at least this share of the equal residues that the best chain has.
MIN_IDENTITY, NEAR_BEST = 0.3, 0.9


class Candidate(NamedTuple):
    """Two chains that may correspond, their aligned residues, and how many of these are equal."""

    model: str
    reference: str
    residues: Int[np.ndarray, "aligned 2"]
    identical: int
    aligned: Aligned
    shorter: int  # residues of the shorter chain
    named: bool  # both chains have a sequence


def candidate(
    model: Backbone, reference: Backbone, names: tuple[str, str], align: Align
) -> Candidate:
    """Alignment of two chains by their names.

    Raises
    ------
    ValueError
        If there is no such chain.
    """
    rows, model_chain = _rows_of_chain(model, names[0], "model")
    columns, reference_chain = _rows_of_chain(reference, names[1], "reference")
    aligned = align(model_chain, reference_chain)
    i, j = aligned.residues.T
    return Candidate(
        *names,
        np.stack([rows[i], columns[j]], -1),
        int((model_chain.residue_names[i] == reference_chain.residue_names[j]).sum()),
        aligned,
        min(len(rows), len(columns)),
        has_sequence(model_chain) and has_sequence(reference_chain),
    )


def candidates(
    model: Backbone,
    reference: Backbone,
    align: Align,
    names: Iterable[tuple[str, str]] | None = None,
) -> list[Candidate]:
    """Pairs of chains, every one of them by default, that have aligned residues."""
    if names is None:
        names = [(a, b) for a in model.chains for b in reference.chains]
    every = [candidate(model, reference, pair, align) for pair in names]
    return [one for one in every if len(one.residues)]


def auto_candidates(model: Backbone, reference: Backbone) -> list[Candidate]:
    """Pairs of chains for `align_auto`, by sequence where both chains have one.

    A chain without a sequence may be paired with those that no chain of similar sequence claims,
    and among these only with those of its own length, if there are any.
    """
    sides = [
        {name: backbone[backbone.chain_ids == name] for name in backbone.chains}
        for backbone in (model, reference)
    ]
    if len(sides[0]) == len(sides[1]) == 1:
        return candidates(model, reference, align_auto)
    named = [{name for name, chain in side.items() if has_sequence(chain)} for side in sides]
    pairs = [(a, b) for a in sides[0] for b in sides[1]]
    both = [(a, b) for a, b in pairs if a in named[0] and b in named[1]]
    by_sequence = candidates(model, reference, align_auto, both)
    similar = _similar(by_sequence)
    taken = {c.model for c in similar}, {c.reference for c in similar}
    rest = [
        (a, b) for a, b in pairs
        if (a, b) not in set(both) and a not in taken[0] and b not in taken[1]
    ]  # fmt: skip
    equal = [(a, b) for a, b in rest if len(sides[0][a]) == len(sides[1][b])]
    fixed = {a for a, _ in equal}, {b for _, b in equal}
    rest = equal + [(a, b) for a, b in rest if a not in fixed[0] and b not in fixed[1]]
    unnamed = candidates(model, reference, align_auto, rest)
    return compatible(by_sequence, len(sides[0]) == 1) + _of_equal_letters(unnamed)


def _of_equal_letters(every: list[Candidate]) -> list[Candidate]:
    """Candidates without those of whose motif another chain has far more letters."""
    best: dict[str, int] = {}
    for c in every:
        best[c.model] = max(best.get(c.model, 0), c.aligned.letters)
    return [
        c for c in every
        if best[c.model] < ENOUGH_LETTERS or c.aligned.letters >= NEAR_BEST * best[c.model]
    ]  # fmt: skip


def _similar(every: list[Candidate]) -> list[Candidate]:
    """Candidates of similar sequence."""
    return [c for c in every if c.identical >= MIN_IDENTITY * c.shorter]


def _rows_of_chain(
    backbone: Backbone, name: str, what: str
) -> tuple[Int[np.ndarray, "residues"], Backbone]:
    """Indices of the residues of a chain, and the chain."""
    rows = np.flatnonzero(backbone.chain_ids == name)
    if not len(rows):
        present = ", ".join(chain or "_" for chain in backbone.chains)
        raise ValueError(f"no chain {name!r} in the {what}; it has {present}")
    return rows, backbone if len(rows) == len(backbone) else backbone[rows]


def compatible(every: list[Candidate], alone: bool) -> list[Candidate]:
    """Candidates of similar sequence; all of them if there are none.

    `alone` says that the model has one chain.
    """
    similar = _similar(every)
    if not similar:
        return every
    best_of_model: dict[str, int] = {}
    best_of_reference: dict[str, int] = {}
    for c in similar:
        best_of_model[c.model] = max(best_of_model.get(c.model, 0), c.identical)
        best_of_reference[c.reference] = max(best_of_reference.get(c.reference, 0), c.identical)

    # Of several equal chains one may be half observed, so its partner need not be the best of the
    # other side too; a model of one chain takes the best chain of the reference.
    def expected(c: Candidate) -> int:
        best = best_of_model[c.model]
        return best if alone else min(best, best_of_reference[c.reference])

    return [c for c in similar if c.identical >= NEAR_BEST * expected(c)]
