"""Which residues correspond where a chain may have no sequence, as designs have none.

A designed backbone comes as poly-glycine, poly-alanine or UNK, or as a motif amid such residues.
Its letters say nothing about which residue of a prediction is which, and an alignment of
sequences pairs what looks alike by chance. Position and number do say it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from .correspondence import align_numbers, align_sequences
from .named_residues import has_sequence, unnamed
from .search import search
from .structural import (
    MIN_RESIDUES,
    STRIDE,
    TracePair,
    align_scores,
    align_structures,
    threadings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Int, Shaped

    from ..structure.backbone import Backbone

__all__ = ["Aligned", "align_auto"]

#: Equal letters of named residues that settle which residues correspond.
ENOUGH_LETTERS = 5
#: Equal letters that an alignment may have less than the best one, and which share of the named
#: residues more where so few are equal that it may be by chance.
SLACK, SLACK_SHARE = 2, 0.15
#: Share of the shorter chain that equal numbers must pair.
HALF = 0.5
#: Scores of an alignment of motifs: two letters that differ, a pair of which one has no name, and
#: the cost of a gap, where two equal letters count 1.
OTHER_LETTER, UNNAMED_PAIR, MOTIF_GAP = -0.5, 0.01, 1.5
#: Share of the shorter chain from which on an alignment by sequence leaves nothing open.
NEARLY_ALL = 0.9
#: TM-score that another pairing must reach, and by how much it must exceed that by number.
MIN_TM, BETTER = 0.6, 0.2
#: The same for numbers with jumps against positions, in chains of equal length.
MIN_TM_OF_NUMBERS, BETTER_NUMBERS = 0.5, 0.05


class Aligned(NamedTuple):
    """Pairs of residues of two chains, what paired them, and remarks for the user."""

    residues: Int[np.ndarray, "aligned 2"]
    by: str
    remarks: tuple[str, ...] = ()
    letters: int = 0  # equal ones, where a chain has no sequence


def align_auto(model: Backbone, reference: Backbone) -> Aligned:
    """Pairs of residues by sequence, or by what there is where a chain has no sequence.

    Two chains with a sequence are aligned by it (`align_sequences`). Otherwise chains of equal
    length are paired residue by residue, others by their numbers. Three things can overrule
    this. Letters that both chains have, as those of a motif, must agree as well as in any other
    alignment. Numbers may be shifted by a constant, as by a tag at the start. And if a shift, or
    a structural alignment, superposes chains of different length far better, it counts.

    Parameters
    ----------
    model, reference : Backbone
        One chain each.

    Returns
    -------
    Aligned
        `by` is "sequence", "position", "number" or "structure".
    """
    by_sequence = align_sequences(model, reference)
    if has_sequence(model) and has_sequence(reference):
        return Aligned(by_sequence, "sequence")
    pair = ChainPair(model, reference)
    if pair.agrees(by_sequence):
        return Aligned(by_sequence, "sequence")
    best = pair.best(by_sequence)
    return best._replace(letters=pair.equal_letters(best.residues))


class ChainPair:
    """Two chains, at least one of them without a sequence, and how their residues may pair."""

    def __init__(self, model: Backbone, reference: Backbone) -> None:
        self.model, self.reference = model, reference
        self.shorter = min(len(model), len(reference))
        self.same_length = len(model) == len(reference)
        self.letters: tuple[Shaped[np.ndarray, " model"], Shaped[np.ndarray, " reference"]] = (
            np.where(unnamed(model), "", model.residue_names),
            np.where(unnamed(reference), "", reference.residue_names),
        )

    @cached_property
    def named(self) -> int:
        """Residues with a name, of the chain that has fewer."""
        return min(int((letters != "").sum()) for letters in self.letters)

    @cached_property
    def same_numbers(self) -> bool:
        """Whether position and number say the same about chains of equal length."""
        model, reference = self.model, self.reference
        return np.array_equal(model.residue_numbers, reference.residue_numbers) and (
            np.array_equal(model.insertion_codes, reference.insertion_codes)
        )

    def agrees(self, pairs: Int[np.ndarray, "aligned 2"]) -> bool:
        """Whether the whole shorter chain is aligned to equal letters, and has some variety."""
        i, j = pairs.T
        names = self.model.residue_names[i]
        equal = (names == self.reference.residue_names[j]) & (names != "UNK")
        return int(equal.sum()) == self.shorter and len(np.unique(names)) > 1

    def equal_letters(self, pairs: Int[np.ndarray, "aligned 2"]) -> int:
        """Pairs of named residues with equal names."""
        names, others = self.letters[0][pairs[:, 0]], self.letters[1][pairs[:, 1]]
        return int(((names == others) & (names != "")).sum())

    def tm(self, pairs: Int[np.ndarray, "aligned 2"]) -> float:
        """TM-score of some pairs by the length of the shorter chain."""
        if len(pairs) < 3:
            return 0.0
        x, y = (
            torch.tensor(self.model.ca[pairs[:, 0]]),
            torch.tensor(self.reference.ca[pairs[:, 1]]),
        )
        return search(x, y, self.shorter, stride=STRIDE).tm

    def shifted(self, shift: int) -> Aligned:
        """Pairs of residues whose numbers differ by `shift`."""
        moved = self.model.residue_numbers + shift
        remark = f"no sequence: residue n of the model paired with n{shift:+d} of the reference"
        return Aligned(
            align_numbers(with_numbers(self.model, moved), self.reference),
            "number",
            (remark,) if shift else (),
        )

    def letter_shifts(self) -> list[int]:
        """Differences of residue numbers, other than 0, at which most letters are equal."""
        same = self.letters[0][:, None] == self.letters[1]
        i, j = np.nonzero(same & (self.letters[0] != "")[:, None])
        shifts = (self.reference.residue_numbers[j] - self.model.residue_numbers[i]).tolist()
        return [shift for shift, _ in Counter(shifts).most_common(2) if shift]

    def candidates(self, by_sequence: Int[np.ndarray, "aligned 2"]) -> list[Aligned]:
        """Pairings that need no look at the coordinates, the most trusted first."""
        out: list[Aligned] = []
        if self.same_length:
            out.append(Aligned(np.stack([np.arange(self.shorter)] * 2, -1), "position"))
        out.append(self.shifted(0))
        out += [self.shifted(shift) for shift in self.letter_shifts()]
        out = [one for one in out if len(one.residues) >= HALF * self.shorter]
        enough = max(ENOUGH_LETTERS, HALF * self.named)
        return out + [
            Aligned(pairs, "sequence")
            for pairs, least in ((self.motif_alignment(), enough), (by_sequence, ENOUGH_LETTERS))
            if self.equal_letters(pairs) >= least
        ]

    def motif_alignment(self) -> Int[np.ndarray, "aligned 2"]:
        """Most equal letters of named residues, with gaps of any length at one cost.

        The pieces of a motif lie anywhere in a design. Other residues add next to nothing.
        """
        if self.named < ENOUGH_LETTERS:
            return np.empty((0, 2), dtype=int)
        names, others = self.letters[0][:, None], self.letters[1]
        equal, both = names == others, (names != "") & (others != "")
        scores = np.where(both, np.where(equal, 1.0, OTHER_LETTER), UNNAMED_PAIR)
        return align_scores(scores, MOTIF_GAP)

    def best(self, by_sequence: Int[np.ndarray, "aligned 2"]) -> Aligned:
        """The pairing that counts."""
        every = self.candidates(by_sequence)
        most = max((self.equal_letters(one.residues) for one in every), default=0)
        decided = most >= max(ENOUGH_LETTERS, HALF * self.named)
        # Unless the letters are those of one motif, some are equal by chance in any alignment.
        fewest = most - SLACK - (0 if decided else SLACK_SHARE * self.named)
        kept = [one for one in every if self.equal_letters(one.residues) >= fewest]
        if not kept:
            return self.by_structure() or Aligned(by_sequence, "sequence")
        chosen = kept[0]
        if chosen.by == "position":
            return chosen if self.same_numbers else self.position_or_number(kept)
        if chosen.by == "sequence":
            return self.sequence_or_structure(chosen)
        return chosen if decided else self.superposed(chosen, kept)

    def sequence_or_structure(self, chosen: Aligned) -> Aligned:
        """By the letters of a motif, and by structure around it if that agrees with them."""
        if len(chosen.residues) >= NEARLY_ALL * self.shorter:
            return chosen
        letters = self.equal_letters(chosen.residues) - SLACK
        for one in self.structures():
            more = len(one.residues) > len(chosen.residues)
            if more and self.equal_letters(one.residues) >= letters:
                return one
        return chosen

    def position_or_number(self, kept: list[Aligned]) -> Aligned:
        """Of two chains of equal length that have other numbers.

        Either one of them lacks as many residues as a tag adds, and the numbers count, or they
        were counted from somewhere else or have jumps, as at the ends of a motif.
        """
        position, *others = kept
        numbered = next((one for one in others if one.by == "number"), None)
        if numbered is None:
            return position
        score, other = self.tm(position.residues), self.tm(numbered.residues)
        better = other > max(MIN_TM_OF_NUMBERS, score + BETTER_NUMBERS)
        return numbered if better else position

    def superposed(self, chosen: Aligned, kept: list[Aligned]) -> Aligned:
        """The pairing `chosen`, or one that superposes the chains far better."""
        tm = self.tm(chosen.residues)
        if tm >= 1 - BETTER:
            return chosen
        rivals = [one for one in kept if one is not chosen]
        rivals += [self.shifted(shift) for shift in self.threading_shifts()]
        for group in (iter(rivals), self.structures()):
            scored = [(self.tm(one.residues), k, one) for k, one in enumerate(group)]
            reached, _, rival = max(scored, default=(0.0, 0, chosen))
            if reached >= max(MIN_TM, tm + BETTER):
                if rival.by != "structure":
                    return rival
                remark = f"no sequence: paired by structure, as by number TM is only {tm:.2f}"
                return rival._replace(remarks=(remark,))
        if tm < HALF:
            remark = "no sequence, other lengths, no superposition: pairs by number may be shifted"
            chosen = chosen._replace(remarks=(*chosen.remarks, remark))
        return chosen

    def threading_shifts(self) -> list[int]:
        """Differences of residue numbers in the best superpositions without gaps."""
        if self.shorter < MIN_RESIDUES:
            return []
        traces = TracePair(
            torch.tensor(self.model.ca).double(), torch.tensor(self.reference.ca).double()
        )
        shifts = set[int]()
        for pairs in threadings(traces):
            i, j = pairs.T
            off = self.reference.residue_numbers[j] - self.model.residue_numbers[i]
            shifts.add(Counter(off.tolist()).most_common(1)[0][0])
        return sorted(shifts)

    def structures(self) -> Iterator[Aligned]:
        """The structural alignment, if there is one."""
        pairs = align_structures(self.model, self.reference)
        if len(pairs):
            yield Aligned(pairs, "structure")

    def by_structure(self) -> Aligned | None:
        """By a shift of the numbers if the chains superpose that way, or by structure."""
        shifts = [self.shifted(shift) for shift in self.threading_shifts()]
        best = max(shifts, key=lambda one: self.tm(one.residues), default=None)
        if best is not None and self.tm(best.residues) >= MIN_TM:
            return best
        remark = "no sequence, and numbers do not agree: paired by structure"
        found = next(self.structures(), None)
        return None if found is None else found._replace(remarks=(remark,))


def with_numbers(chain: Backbone, numbers: Int[np.ndarray, " residues"]) -> Backbone:
    """The chain with other residue numbers."""
    return replace(chain, residue_numbers=numbers)
