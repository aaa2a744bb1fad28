"""Which chain of a model is which chain of the reference, and the residue pairs that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from .auto_alignment import align_auto
from .chain_candidates import auto_candidates, candidate, candidates, compatible
from .search import search, tm_d0

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Int
    from torch import Tensor

    from ..structure.backbone import Backbone
    from .chain_candidates import Align, Candidate

__all__ = ["PairedChains", "check_once", "pair_chains"]

#: Why there is no score.
NOTHING = "no residue of the model is aligned to one of the reference"
#: Under this share of the shorter chain an alignment is remarked on.
LOW_COVERAGE = 0.5
#: Sequence identity under which an alignment that expects the same protein is remarked on.
LOW_IDENTITY = 0.3
#: Alignments that need a sequence.
LETTERS = ("sequence", "identity")
#: Residues from which on only some of the fragments rank the pairings.
STRIDE_FROM = 1000
#: Pairs of chains from which superpositions start, at most.
MAX_SEEDS = 150


class PairedChains(NamedTuple):
    """Chain ids in pairs, residues as indices into the two backbones, and remarks for the user.

    `alignments` says what paired the residues of each pair of chains; `candidates` are all pairs
    of chains that might be, with their residues.
    """

    chains: list[tuple[str, str]]
    residues: Int[np.ndarray, "aligned 2"]
    warnings: list[str]
    alignments: list[str]
    candidates: list[Candidate]


def pair_chains(
    model: Backbone,
    reference: Backbone,
    align: Align,
    chains: Sequence[tuple[str, str]] | None = None,
    by_sequence: bool = True,
) -> PairedChains:
    """Pair the chains of two backbones, best sequences first, then best superposition.

    Among chains of equal sequence, the pairing with the largest TM-score counts: every two
    compatible chains are superposed in turn, and the others assigned under that superposition
    (Hungarian method). For `align_auto`, chains without a sequence share what chains of similar
    sequence leave, and prefer partners of their own length.

    Parameters
    ----------
    model, reference : Backbone
        Residues with a CA.
    align : callable
        Two one-chain backbones to `Aligned` residues.
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
        If a chain of `chains` does not exist or comes twice, or no residue is aligned, in all or
        in one of the pairs of `chains`.
    """
    if chains is not None:
        check_once(chains)
        every = chosen = [candidate(model, reference, names, align) for names in chains]
        nothing = [f"{c.model}:{c.reference}" for c in chosen if not len(c.residues)]
        if nothing:
            raise ValueError(f"{NOTHING} in {', '.join(nothing)}")
    else:
        if align is align_auto:
            every = auto_candidates(model, reference)
        else:
            every = candidates(model, reference, align)
            every = compatible(every, len(model.chains) == 1) if by_sequence else every
        chosen = _best_assignment(every, model, reference)
        if not chosen:
            raise ValueError(NOTHING)
    warnings = _low_identity(chosen) if by_sequence else []
    warnings += [text for c in chosen for text in c.aligned.remarks]
    warnings += _low_coverage(chosen, model, reference)
    if align is not align_auto:
        warnings += _without_sequence(chosen)
    if chains is None:
        warnings += _unpaired_chains(chosen, model, reference)
    return PairedChains(
        [(c.model, c.reference) for c in chosen],
        np.concatenate([c.residues for c in chosen]),
        warnings,
        [c.aligned.by for c in chosen],
        every,
    )


def check_once(chains: Sequence[tuple[str, str]]) -> None:
    """ValueError if a chain has two partners."""
    for side, what in enumerate(("model", "reference")):
        names = [pair[side] for pair in chains]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"chain {repeated!r} of the {what} is paired twice")


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
    """TM-score of some pairs of chains as one body, by the length of the model.

    Of large complexes not every fragment is superposed: pairings differ by whole chains.
    """
    x, y = _points(candidates, model, reference)
    return search(x, y, len(model), stride=1 + len(x) // STRIDE_FROM).tm


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


def _low_identity(chosen: list[Candidate]) -> list[str]:
    """Remark on chains that both have a sequence, but not the same."""
    named = [c for c in chosen if c.named]
    identical, aligned = sum(c.identical for c in named), sum(len(c.residues) for c in named)
    if identical >= LOW_IDENTITY * aligned:
        return []
    return [f"sequence identity {100 * identical / aligned:.0f} %: the same protein?"]


def _low_coverage(chosen: list[Candidate], model: Backbone, reference: Backbone) -> list[str]:
    """Remarks on pairs of chains, or on all of them together, with few aligned residues."""
    remarks = []
    for c in chosen:
        if len(c.residues) < LOW_COVERAGE * c.shorter:
            text = f"only {len(c.residues)} of {c.shorter} residues aligned"
            names = f"{c.model or 'blank'}:{c.reference or 'blank'}"
            remarks.append(text if len(chosen) == 1 else f"{text} in {names}")
    aligned = sum(len(c.residues) for c in chosen)
    shorter = min(
        int(np.isin(model.chain_ids, [c.model for c in chosen]).sum()),
        int(np.isin(reference.chain_ids, [c.reference for c in chosen]).sum()),
    )
    if aligned < LOW_COVERAGE * shorter and not remarks:
        remarks.append(f"only {aligned} of {shorter} residues aligned")
    return remarks


def _without_sequence(chosen: list[Candidate]) -> list[str]:
    """Remark on chains aligned by letters that say nothing, where the caller wanted that."""
    blind = [c for c in chosen if not c.named and c.aligned.by in LETTERS]
    if all(c.identical == c.shorter for c in blind):
        return []
    return ['aligned by sequence, but a chain has none: alignment "auto" pairs by position']


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
