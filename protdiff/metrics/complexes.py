"""Which chain of a model is which chain of the reference, and the residue pairs that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from .search import search, tm_d0

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Int
    from torch import Tensor

    from ..structure.backbone import Backbone
    from .correspondence import Aligner

__all__ = ["PairedChains", "check_once", "pair_chains"]

#: A chain may be paired with another if this share of the shorter one is aligned to equal
#: residues, and if it has at least this share of the equal residues that the best chain has.
MIN_IDENTITY, NEAR_BEST = 0.3, 0.9
#: Pairs of chains from which superpositions start, at most.
MAX_SEEDS = 150


class PairedChains(NamedTuple):
    """Chain ids in pairs, residues as indices into the two backbones, and remarks for the user."""

    chains: list[tuple[str, str]]
    residues: Int[np.ndarray, "aligned 2"]
    warnings: list[str]


class Candidate(NamedTuple):
    """Two chains that may correspond, their aligned residues, and how many of these are equal."""

    model: str
    reference: str
    residues: Int[np.ndarray, "aligned 2"]
    identical: int


def pair_chains(
    model: Backbone,
    reference: Backbone,
    align: Aligner,
    chains: Sequence[tuple[str, str]] | None = None,
    by_sequence: bool = True,
) -> PairedChains:
    """Pair the chains of two backbones, best sequences first, then best superposition.

    Among chains of equal sequence, the pairing with the largest TM-score counts: every two
    compatible chains are superposed in turn, and the others assigned under that superposition
    (Hungarian method).

    Parameters
    ----------
    model, reference : Backbone
        Residues with a CA.
    align : callable
        Two one-chain backbones to pairs of residue indices.
    chains : list of (str, str), optional
        Chain ids to pair, model first, instead of the best pairing.
    by_sequence : bool
        Whether only chains of similar sequence are paired.

    Returns
    -------
    PairedChains

    Raises
    ------
    ValueError
        If a chain of `chains` does not exist or comes twice, or no residue is aligned.
    """
    if chains is not None:
        check_once(chains)
        chosen = [_candidate(model, reference, names, align) for names in chains]
        warnings = []
    else:
        every = [
            _candidate(model, reference, (a, b), align)
            for a in model.chains
            for b in reference.chains
        ]
        every = [candidate for candidate in every if len(candidate.residues)]
        if by_sequence:
            every = _compatible(every, model, reference)
        chosen = _best_assignment(every, model, reference)
        warnings = _unpaired_chains(chosen, model, reference)
    residues = np.concatenate([c.residues for c in chosen]) if chosen else np.empty((0, 2), int)
    if not len(residues):
        raise ValueError("no residue of the model is aligned to one of the reference")
    return PairedChains([(c.model, c.reference) for c in chosen], residues, warnings)


def check_once(chains: Sequence[tuple[str, str]]) -> None:
    """ValueError if a chain has two partners."""
    for side, what in enumerate(("model", "reference")):
        names = [pair[side] for pair in chains]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"chain {repeated!r} of the {what} is paired twice")


def _candidate(
    model: Backbone, reference: Backbone, names: tuple[str, str], align: Aligner
) -> Candidate:
    """Alignment of two chains by their names."""
    rows, model_chain = _rows_of_chain(model, names[0], "model")
    columns, reference_chain = _rows_of_chain(reference, names[1], "reference")
    pairs = align(model_chain, reference_chain)
    i, j = pairs.T
    equal = model_chain.residue_names[i] == reference_chain.residue_names[j]
    return Candidate(*names, np.stack([rows[i], columns[j]], -1), int(equal.sum()))


def _rows_of_chain(
    backbone: Backbone, name: str, what: str
) -> tuple[Int[np.ndarray, "residues"], Backbone]:
    """Indices of the residues of a chain, and the chain."""
    rows = np.flatnonzero(backbone.chain_ids == name)
    if not len(rows):
        raise ValueError(f"no chain {name!r} in the {what}; it has {', '.join(backbone.chains)}")
    return rows, backbone if len(rows) == len(backbone) else backbone[rows]


def _compatible(
    candidates: list[Candidate], model: Backbone, reference: Backbone
) -> list[Candidate]:
    """Candidates of similar sequence; all of them if there are none."""
    sizes = [
        {name: int((backbone.chain_ids == name).sum()) for name in backbone.chains}
        for backbone in (model, reference)
    ]
    similar = [
        c
        for c in candidates
        if c.identical >= MIN_IDENTITY * min(sizes[0][c.model], sizes[1][c.reference])
    ]
    if not similar:
        return candidates
    best_of_model: dict[str, int] = {}
    best_of_reference: dict[str, int] = {}
    for c in similar:
        best_of_model[c.model] = max(best_of_model.get(c.model, 0), c.identical)
        best_of_reference[c.reference] = max(best_of_reference.get(c.reference, 0), c.identical)
    # Of several equal chains one may be half observed, so its partner need not be the best of the
    # other side too; a model of one chain takes the best chain of the reference.
    alone = len(sizes[0]) == 1

    def expected(c: Candidate) -> int:
        best = best_of_model[c.model]
        return best if alone else min(best, best_of_reference[c.reference])

    return [c for c in similar if c.identical >= NEAR_BEST * expected(c)]


def _best_assignment(
    candidates: list[Candidate], model: Backbone, reference: Backbone
) -> list[Candidate]:
    """Candidates of the best pairing, in the order of the model's chains."""
    if len(candidates) <= 1:
        return candidates
    if len({c.model for c in candidates}) == 1:  # most often: a predicted chain, and an assembly
        return [max(candidates, key=lambda c: _tm([c], model, reference))]
    seeds = candidates
    if len(seeds) > MAX_SEEDS:  # as in a capsid: one chain of the model in every place is enough
        first = max(candidates, key=lambda c: len(c.residues)).model
        seeds = [c for c in candidates if c.model == first]
    assignments = {}
    for seed in seeds:
        chosen = _assign(seed, candidates, model, reference)
        assignments[tuple((c.model, c.reference) for c in chosen)] = chosen
    order = {name: k for k, name in enumerate(model.chains)}
    best = max(assignments.values(), key=lambda chosen: _tm(chosen, model, reference))
    return sorted(best, key=lambda c: order[c.model])


def _points(
    candidates: list[Candidate], model: Backbone, reference: Backbone
) -> tuple[Float[Tensor, "aligned 3"], Float[Tensor, "aligned 3"]]:
    """CA of the aligned residues."""
    i, j = np.concatenate([c.residues for c in candidates]).T
    return torch.tensor(model.ca[i]), torch.tensor(reference.ca[j])


def _tm(candidates: list[Candidate], model: Backbone, reference: Backbone) -> float:
    """TM-score of some pairs of chains as one body, by the length of the model."""
    x, y = _points(candidates, model, reference)
    return search(x, y, len(model)).tm


def _assign(
    seed: Candidate, candidates: list[Candidate], model: Backbone, reference: Backbone
) -> list[Candidate]:
    """Pairing of largest TM-score under the superposition of the pair `seed`."""
    from scipy.optimize import linear_sum_assignment

    x, y = _points([seed], model, reference)
    result = search(x, y, len(x))
    moved = torch.tensor(model.ca) @ result.rotation + result.translation
    target, scale = torch.tensor(reference.ca), tm_d0(len(model)) ** 2
    rows = list(dict.fromkeys(c.model for c in candidates))
    columns = list(dict.fromkeys(c.reference for c in candidates))
    worth = np.full((len(rows), len(columns)), -1.0)
    for c in candidates:
        i, j = c.residues.T
        squares = (moved[i] - target[j]).square().sum(1)
        score = float((1 / (1 + squares / scale)).sum())
        worth[rows.index(c.model), columns.index(c.reference)] = score
    table = {(c.model, c.reference): c for c in candidates}
    pairs = zip(*linear_sum_assignment(worth, maximize=True), strict=True)
    names = [(rows[i], columns[j]) for i, j in pairs]
    return [table[pair] for pair in names if pair in table]


def _unpaired_chains(chosen: list[Candidate], model: Backbone, reference: Backbone) -> list[str]:
    """Remarks on chains that have no partner."""
    sides = (
        ("model", model, {c.model for c in chosen}),
        ("reference", reference, {c.reference for c in chosen}),
    )
    remarks = []
    for what, backbone, used in sides:
        left = [name or "blank" for name in backbone.chains if name not in used]
        if left:
            remarks.append(f"{what} chain {', '.join(left)} not paired")
    return remarks
