"""From what a user requests to one request per sample: length, residue types, condition."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from .._system.words import counted
from ..structure.backbone import RESIDUE_TYPES
from ..structure.constants import MAX_LENGTH, MIN_LENGTH
from ..structure.secondary_structure import STATES
from .blueprint import drawn_structure
from .counts import check_num
from .interior_plan import InteriorPlan, longest_chain

if TYPE_CHECKING:
    from ..conditioning.base import Condition, SampleCondition

__all__ = [
    "MAX_LENGTH", "MIN_LENGTH", "Request", "Texts", "check_lengths", "plan_requests", "resolved",
    "sample_length",
]  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One backbone to be drawn.

    Parameters
    ----------
    index : int
        Number of the sample: with the seed it fixes the random numbers.
    length : int
    sequence, structure : str, optional
        Residue types (X: not given) and secondary structure (H, E, C; - or X: not given).
    condition : SampleCondition, optional
        Condition of this sample, see `Condition.for_sample`.
    sequence_name : str
        Name of the sequence, for tables.
    window : int, optional
        Residues that the network sees at once, for a chain that is drawn by `InteriorPlan`.

    Examples
    --------
    >>> Request(0, 10, sequence="ACDEFGHIKX").length
    10
    """

    index: int
    length: int
    sequence: str | None = None
    structure: str | None = None
    condition: SampleCondition | None = field(default=None, compare=False)
    sequence_name: str = ""
    window: int | None = None

    def __post_init__(self) -> None:
        if self.window is None:
            check_length(self.length)
        else:
            InteriorPlan(self.length, self.window)
        _check_letters("`sequence`", self.sequence, RESIDUE_TYPES + "X", self.length)
        _check_letters("`secondary_structure`", self.structure, STATES + "-X", self.length)


def _check_letters(name: str, text: str | None, letters: str, length: int) -> None:
    """ValueError, which begins with the name, for unknown letters or another length."""
    if text is None:
        return
    bad = next((p for p, letter in enumerate(text) if letter not in letters), None)
    if bad is not None:
        raise ValueError(
            f"{name}: unknown letter {text[bad]!r} at position {bad + 1}; use {letters}"
        )
    if len(text) != length:
        raise ValueError(f"{name}: has {counted(len(text), 'letter')}, but the length is {length}")


def check_length(length: int, longest: int = MAX_LENGTH, note: str = "") -> int:
    """The length as an int; ValueError, with a note, below 8 or above the longest."""
    length = operator.index(length)
    if not MIN_LENGTH <= length <= longest:
        raise ValueError(
            f"`length` {length}: must lie between {MIN_LENGTH} and {longest} residues{note}"
        )
    return length


def check_lengths(lengths: int | Sequence[int], window: int | None = None) -> Sequence[int]:
    """A `range`, or a list of ints, every one of them between 8 and 2048; 4096 with a window.

    Raises
    ------
    ValueError
    TypeError
        For something that is not made of integers.

    Examples
    --------
    >>> check_lengths(100)
    [100]
    """
    if not isinstance(lengths, range):
        if isinstance(lengths, str):
            lengths = []
        elif isinstance(lengths, Iterable):
            lengths = [operator.index(n) for n in lengths]
        else:
            lengths = [operator.index(lengths)]
    if not lengths:
        raise ValueError("`length`: give an integer, a range or a list of integers, not empty")
    # Of a range the ends are enough, and it may be too long to be walked through.
    most, note = longest_chain(window)
    for length in (lengths[0], lengths[-1]) if isinstance(lengths, range) else lengths:
        check_length(length, most, note)
    return lengths


def _check_size(name: str, size: int, window: int | None) -> None:
    """ValueError, which begins with the name, if a text has too few or too many letters."""
    longest, note = longest_chain(window)
    if not MIN_LENGTH <= size <= longest:
        raise ValueError(
            f"{name}: has {counted(size, 'letter')}, and a chain has {MIN_LENGTH} to {longest} "
            f"residues{note}"
        )


def sample_length(lengths: Sequence[int], index: int, seed: int) -> int:
    """Length of a sample: one of a list in turn, or drawn from a range.

    Parameters
    ----------
    lengths : range or list of int
        From a `range` the length is drawn uniformly, by the sample's own random generator.
    index : int
        Number of the sample.
    seed : int
    """
    if isinstance(lengths, range):
        choices = np.random.SeedSequence(seed, spawn_key=(index, 1))
        return int(np.random.default_rng(choices).choice(lengths))
    return lengths[index % len(lengths)]


def _allowed_lengths(condition: Condition, wanted: Sequence[int] | None) -> Sequence[int]:
    """Lengths that a condition allows, of those wanted (None: any)."""
    lengths = condition.lengths(wanted)
    if lengths is None:
        raise ValueError("`length`: the condition leaves it open; give one")
    return lengths


def _check_fit(name: str, text: str, condition: Condition | None) -> None:
    """ValueError if a text has more or fewer letters than the condition gives residues."""
    allowed = None if condition is None else condition.lengths()
    if allowed is not None and len(text) not in allowed:
        span = " to ".join(map(str, sorted({min(allowed), max(allowed)})))
        note = "" if condition is None else condition.length_note
        raise ValueError(
            f"{name}: {counted(len(text), 'letter')}, but the condition gives {span} residues{note}"
        )


def resolved(request: Request, condition: Condition | None, seed: int) -> Request:
    """The request with the condition of this sample.

    The residue types that the condition knows are given, unless the request has its own.
    """
    if condition is None:
        return request
    # A stream of its own: (index,) is that of the noise, (index, 1) that of the length.
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(request.index, 2)))
    placed = condition.for_sample(request.length, rng)
    if request.structure is not None and not placed.moves_atoms:
        raise ValueError("`secondary_structure`: no atom moves; leave it out")
    return replace(request, condition=placed, sequence=request.sequence or placed.sequence())


@dataclass(frozen=True)
class Texts:
    """Residue types and secondary structure for the samples.

    Parameters
    ----------
    sequences : sequence of str
        One-letter codes, X for "not given"; the samples take them in turn.
    sequence_names : sequence of str
        Name of each of them, for tables and error messages; empty for none.
    sequence_file : str
        File that they are records of, for error messages.
    structure : str, optional
        H, E and C per residue, - for "not given", the same for all samples; ? for a state that is
        drawn for each of them.
    blueprint : str, optional
        Fold class of what is drawn, see `protdiff.sampling.blueprint`.
    """

    sequences: Sequence[str] = ()
    sequence_names: Sequence[str] = ()
    sequence_file: str = ""
    structure: str | None = None
    blueprint: str | None = None

    def structure_of_sample(self, index: int, length: int, seed: int) -> str | None:
        """Secondary structure of a sample, of which nothing is left to be drawn."""
        _check_letters("`secondary_structure`", self.structure, STATES + "-X?", length)
        return drawn_structure(self.structure, self.blueprint, length, index, seed)

    def of_sample(self, index: int) -> tuple[str | None, str]:
        """Sequence of a sample, and the name in error messages of the text that sets its length."""
        if not self.sequences:
            return None, "`secondary_structure`"
        name = self.name_of_sample(index)
        where = f"{self.sequence_file}, record {name}" if self.sequence_file else name
        return self.sequences[index % len(self.sequences)], f"`sequence` {where}".rstrip()

    def name_of_sample(self, index: int) -> str:
        """Name of the sequence of a sample; empty if it has none."""
        return self.sequence_names[index % len(self.sequences)] if self.sequence_names else ""


#: Neither residue types nor secondary structure.
NO_TEXTS = Texts()


def plan_requests(
    num: int,
    seed: int,
    *,
    length: int | Sequence[int] | None = None,
    texts: Texts = NO_TEXTS,
    condition: Condition | None = None,
    window: int | None = None,
) -> list[Request]:
    """Requests for `num` samples.

    Parameters
    ----------
    num, seed : int
    length : int, range or sequence of int, optional
        May be left out when the texts or the condition decide it.
    texts : Texts
    condition : Condition, optional
    window : int, optional
        Chains longer than this are drawn in windows of so many residues, see `InteriorPlan`.

    Raises
    ------
    ValueError
        For lengths outside 8-2048, unknown letters, texts that do not fit the length, and more than
        a million samples.

    Examples
    --------
    >>> [request.length for request in plan_requests(3, seed=0, length=[20, 30])]
    [20, 30, 20]
    """
    check_num(num)
    window = None if window is None else operator.index(window)
    has_text = bool(texts.sequences) or texts.structure is not None
    if length is None and not has_text and condition is None:
        raise ValueError("`length` is missing; give a number, a range or a list")
    if window is not None and condition is not None:
        raise ValueError(
            "`window`: goes with no condition (motif, input, symmetry …); leave out one of the two"
        )
    lengths = None if length is None else check_lengths(length, window)
    if condition is not None and not has_text:
        lengths = check_lengths(_allowed_lengths(condition, lengths))
    requests = []
    for index in range(num):
        sequence, name = texts.of_sample(index)
        text = sequence if sequence is not None else texts.structure
        if text == "":
            raise ValueError(f"{name}: has no letters")
        if text is not None:
            size = len(text) if lengths is None else sample_length(lengths, index, seed)
            letters = STATES + "-X?" if sequence is None else RESIDUE_TYPES + "X"
            _check_letters(name, text, letters, size)
            _check_fit(name, text, condition)
            _check_size(name, size, window)
        else:
            assert lengths is not None  # there is no text, so a length or a condition
            size = sample_length(lengths, index, seed)
        named = texts.name_of_sample(index)
        structure = texts.structure_of_sample(index, size, seed)
        cut = window if window and size > window else None
        request = Request(index, size, sequence, structure, sequence_name=named, window=cut)
        requests.append(resolved(request, condition, seed))
    if window is not None and requests:  # a window for none of the chains is a mistake
        InteriorPlan(max(lengths or [request.length for request in requests]), window)
    return requests
