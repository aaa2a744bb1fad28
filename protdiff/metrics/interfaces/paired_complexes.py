"""Scores of interfaces from what a comparison of two structures knows: their pairs of chains."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from ..search import search
from .complex_atoms import complex_atoms, without_side_chains
from .complex_scores import score_complex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Int

    from ...structure.all_atoms import Structure
    from ...structure.backbone import Backbone
    from ..chain_candidates import Candidate
    from ..complexes import PairedChains
    from .complex_atoms import ComplexAtoms
    from .complex_scores import ComplexScores

__all__ = ["Side", "interface_scores"]


#: Share of equal residues that two chains must have, of that of the best partner of the model's.
NEAR_BEST = 0.9


class Side(NamedTuple):
    """Model or reference.

    Attributes
    ----------
    seen : Backbone
        Residues that have a CA.
    rows : ndarray of int, shape (residues,)
        Where they are in the backbone of the file.
    structure : Structure or None
        All atoms of the file.
    """

    seen: Backbone
    rows: Int[np.ndarray, " residues"]
    structure: Structure | None = None

    def atoms(self) -> ComplexAtoms:
        """Atoms of the residues."""
        return complex_atoms(self.seen, self.structure, self.rows)

    def of_chains(self, names: Sequence[str]) -> tuple[Side, Int[np.ndarray, " residues"]]:
        """The residues of some chains, and where each residue is among them."""
        kept = np.isin(self.seen.chain_ids, names)
        return Side(self.seen[kept], self.rows[kept], self.structure), np.cumsum(kept) - 1


def interface_scores(
    model: Side, reference: Side, paired: PairedChains, tm: float | None, chosen: bool
) -> ComplexScores | None:
    """Scores of the interfaces of a complex; None if model or reference has one chain.

    Parameters
    ----------
    model, reference : Side
    paired : PairedChains
        With places among the residues that have a CA.
    tm : float or None
        TM-score by the length of all chains of `paired` in the reference, if it is known.
    chosen : bool
        Only the chains of `paired` count, as where the caller chose them.
    """
    names = [list(pair) for pair in zip(*paired.chains, strict=True)]
    if not chosen:
        names = [list(side.seen.chains) for side in (model, reference)]
    (model, in_model), (reference, in_reference) = (
        side.of_chains(chains) for side, chains in zip((model, reference), names, strict=True)
    )
    sides = model.seen, reference.seen
    if any(len(side.chains) < 2 or not side.mask.all(1).any() for side in sides):
        return None
    atoms = model.atoms(), reference.atoms()
    if not all(side.side_chains for side in atoms):
        atoms = without_side_chains(atoms[0]), without_side_chains(atoms[1])
    place = [{name: k for k, name in enumerate(side.chains)} for side in sides]
    pairs = {
        (place[0][c.model], place[1][c.reference]): np.stack(
            [in_model[c.residues[:, 0]], in_reference[c.residues[:, 1]]], 1
        )
        for c in _of_equal_sequence(paired)
    }
    start = {place[1][b]: place[0][a] for a, b in paired.chains}
    if tm is None or len(start) < len(sides[1].chains):
        i, j = np.concatenate([pairs[a, b] for b, a in start.items()]).T
        x, y = torch.tensor(sides[0].ca[i]), torch.tensor(sides[1].ca[j])
        tm = search(x, y, len(sides[1])).tm
    scores = score_complex(*atoms, pairs, start, tm)
    return replace(scores, warnings=scores.warnings + _bare(*atoms, scores.chains))


def _bare(
    model: ComplexAtoms, reference: ComplexAtoms, chains: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    """What to say of chains of a backbone alone whose partner has side chains."""
    bare = model.bare_chains, reference.bare_chains
    lacking = [(a in bare[0], b in bare[1]) for a, b in chains]
    remarks = []
    for k, what in enumerate(("model", "reference")):
        names = [
            pair[k] for pair, lack in zip(chains, lacking, strict=True) if lack[k] > lack[1 - k]
        ]
        if names:
            names = ", ".join(name or "blank" for name in names)
            remarks.append(f"{what} chain {names} has no side chains: contacts of backbone there")
    return tuple(remarks)


def _of_equal_sequence(paired: PairedChains) -> list[Candidate]:
    """Candidates as alike in sequence as the best ones, and the pairs that were chosen.

    Light and heavy chains are similar, too, and a wrong pair may have the larger DockQ.
    """
    best: dict[str, float] = {}
    for c in paired.candidates:
        best[c.model] = max(best.get(c.model, 0.0), c.identical / len(c.residues))
    chosen = set(paired.chains)
    return [
        c
        for c in paired.candidates
        if (c.model, c.reference) in chosen
        or not c.named
        or c.identical >= NEAR_BEST * best[c.model] * len(c.residues)
    ]
