"""Which chain of a model is which chain of the reference, and the residue pairs that follow."""

from typing import NamedTuple

import numpy as np
import torch

from .search import search, tm_d0

__all__ = ["PairedChains", "pair_chains", "parse_chains"]

#: A chain is a candidate for another if this share of the shorter one is aligned to equal
#: residues, and if no other chain has much more.
LEAST_IDENTITY, NEAR_BEST = 0.3, 0.9
#: Pairs of chains from which superpositions start.
MOST_SEEDS = 150


class PairedChains(NamedTuple):
    """Chain ids in pairs, residues (aligned, 2) as indices into the two backbones, and remarks."""

    chains: list
    residues: np.ndarray
    warnings: list


class Candidate(NamedTuple):
    """Two chains that may be one: indices of aligned residues, and the equal ones among them."""

    model: str
    reference: str
    residues: np.ndarray
    identical: int


def parse_chains(text):
    """Pairs of chain ids of ``A:B`` or ``A:B,C:D``."""
    pairs = [tuple(part.split(":")) for part in text.split(",")]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"--chain {text}: write MODEL:REFERENCE, as in A:B or A:B,C:D")
    _check_once(pairs)
    return pairs


def _check_once(pairs):
    """ValueError if a chain has two partners."""
    for side, what in enumerate(("model", "reference")):
        names = [pair[side] for pair in pairs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"chain {twice!r} of the {what} is paired twice")


def pair_chains(model, reference, align, forced=None, by_sequence=True):
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
    forced : list of (str, str), optional
        Chain ids to pair, instead.
    by_sequence : bool
        Whether chains of other sequences are no candidates.

    Returns
    -------
    PairedChains

    Raises
    ------
    ValueError
        If a forced chain does not exist, or no residue is aligned.
    """
    if forced is not None:
        _check_once(forced)
        chosen = [_candidate(model, reference, a, b, align) for a, b in forced]
        warnings = []
    else:
        every = [
            _candidate(model, reference, a, b, align)
            for a in model.chains
            for b in reference.chains
        ]
        every = [candidate for candidate in every if len(candidate.residues)]
        if by_sequence:
            every = _compatible(every, model, reference)
        chosen = _best_assignment(every, model, reference)
        warnings = _left_out(chosen, model, reference)
    residues = np.concatenate([c.residues for c in chosen]) if chosen else np.empty((0, 2), int)
    if not len(residues):
        raise ValueError("no residue of the model is aligned to one of the reference")
    return PairedChains([(c.model, c.reference) for c in chosen], residues, warnings)


def _candidate(model, reference, a, b, align):
    """Alignment of two chains."""
    rows, columns = (
        np.flatnonzero(backbone.chain_ids == name)
        for backbone, name in ((model, a), (reference, b))
    )
    for name, found, backbone, what in (
        (a, rows, model, "model"),
        (b, columns, reference, "reference"),
    ):
        if not len(found):
            raise ValueError(
                f"no chain {name!r} in the {what}; it has {', '.join(backbone.chains)}"
            )
    one = model if len(rows) == len(model) else model[rows]
    two = reference if len(columns) == len(reference) else reference[columns]
    pairs = align(one, two)
    i, j = pairs.T
    identical = int((one.residue_names[i] == two.residue_names[j]).sum())
    return Candidate(a, b, np.stack([rows[i], columns[j]], -1), identical)


def _compatible(candidates, model, reference):
    """Candidates worth trying; all of them if none is similar."""
    sizes = [
        {name: int((backbone.chain_ids == name).sum()) for name in backbone.chains}
        for backbone in (model, reference)
    ]

    def similar(c):
        return c.identical >= LEAST_IDENTITY * min(sizes[0][c.model], sizes[1][c.reference])

    kept = [c for c in candidates if similar(c)]
    if not kept:
        return [c for c in candidates if len(c.residues)]
    best = {}
    for c in kept:
        for key in ((0, c.model), (1, c.reference)):
            best[key] = max(best.get(key, 0), c.identical)
    # One of several equal chains may be half observed; a lone model chain takes the best.
    alone = len(sizes[0]) == 1

    def wanted(c):
        return min(best[0, c.model], best[0, c.model] if alone else best[1, c.reference])

    return [c for c in kept if c.identical >= NEAR_BEST * wanted(c)]


def _best_assignment(candidates, model, reference):
    """Candidates of the best pairing, in the order of the model's chains."""
    if len(candidates) <= 1:
        return candidates
    if len({c.model for c in candidates}) == 1:  # the usual prediction: one chain, an assembly
        return [max(candidates, key=lambda c: _tm([c], model, reference))]
    seeds = candidates
    if len(seeds) > MOST_SEEDS:  # a capsid: one chain of the model in every place
        first = max(candidates, key=lambda c: len(c.residues)).model
        seeds = [c for c in candidates if c.model == first]
    assignments = {}
    for seed in seeds:
        chosen = _assign(seed, candidates, model, reference)
        assignments[tuple((c.model, c.reference) for c in chosen)] = chosen
    order = {name: k for k, name in enumerate(model.chains)}
    best = max(assignments.values(), key=lambda chosen: _tm(chosen, model, reference))
    return sorted(best, key=lambda c: order[c.model])


def _points(candidates, model, reference):
    pairs = np.concatenate([c.residues for c in candidates])
    return (
        torch.tensor(backbone.ca[pairs[:, side]])
        for side, backbone in enumerate((model, reference))
    )


def _tm(candidates, model, reference):
    """TM-score of some pairs of chains as one body, by the length of the model."""
    x, y = _points(candidates, model, reference)
    return search(x, y, len(model)).tm


def _assign(seed, candidates, model, reference):
    """Pairing of largest TM-score when `seed` decides the superposition."""
    from scipy.optimize import linear_sum_assignment

    x, y = _points([seed], model, reference)
    found = search(x, y, len(x))
    moved = torch.tensor(model.ca) @ found.rotation + found.translation
    target, scale = torch.tensor(reference.ca), tm_d0(len(model)) ** 2
    rows = list(dict.fromkeys(c.model for c in candidates))
    columns = list(dict.fromkeys(c.reference for c in candidates))
    worth = np.full((len(rows), len(columns)), -1.0)
    for c in candidates:
        i, j = c.residues.T
        squares = (moved[i] - target[j]).square().sum(1)
        worth[rows.index(c.model), columns.index(c.reference)] = (1 / (1 + squares / scale)).sum()
    table = {(c.model, c.reference): c for c in candidates}
    pairs = zip(*linear_sum_assignment(worth, maximize=True), strict=True)
    pairs = [(rows[i], columns[j]) for i, j in pairs]
    return [table[pair] for pair in pairs if pair in table]


def _left_out(chosen, model, reference):
    """Remarks on chains that got no partner."""
    out = []
    for backbone, field, what in ((model, "model", "model"), (reference, "reference", "reference")):
        used = {getattr(c, field) for c in chosen}
        left = [name or "blank" for name in backbone.chains if name not in used]
        if left:
            out.append(f"{what} chain {', '.join(left)} not paired")
    return out
