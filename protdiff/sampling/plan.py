"""What may be asked of a generated backbone: length, residue types, secondary structure."""

import operator
from dataclasses import dataclass, field, replace

import numpy as np

from ..structure.backbone import RESIDUE_TYPES
from ..structure.secondary_structure import STATES

__all__ = [
    "Request", "allowed_lengths", "batches", "check_fit", "check_lengths", "sample_length",
    "settled",
]  # fmt: skip

SHORTEST, LONGEST = 8, 2048
#: Residues in one automatic batch: enough to keep the matrix products busy, small in memory.
BATCH_RESIDUES = 800
#: A GPU takes as long for twenty times as many (docs/model.md), and 1.1 GB.
GPU_BATCH_RESIDUES = 16_384


def check_length(length):
    """The length as an int; ValueError outside 8-2048."""
    length = operator.index(length)
    if not SHORTEST <= length <= LONGEST:
        raise ValueError(f"length {length}: must lie between {SHORTEST} and {LONGEST} residues")
    return length


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
    condition : Condition, optional
        Settled for this sample.
    """

    index: int
    length: int
    sequence: str | None = None
    structure: str | None = None
    condition: object = field(default=None, compare=False)

    def __post_init__(self):
        check_length(self.length)
        for name, text, letters in (
            ("sequence", self.sequence, RESIDUE_TYPES + "X"),
            ("secondary structure", self.structure, STATES + "-X"),
        ):
            if text is None:
                continue
            bad = next((p for p, letter in enumerate(text) if letter not in letters), None)
            if bad is not None:
                raise ValueError(
                    f"{name}: unknown letter {text[bad]!r} at position {bad + 1}; use {letters}"
                )
            if len(text) != self.length:
                raise ValueError(f"{name} has {len(text)} letters, but the length is {self.length}")


def sample_length(lengths, index, seed):
    """Length of sample `index`: one of a list in turn, or drawn from a range.

    Parameters
    ----------
    lengths : range or list of int
        A `range` is drawn from uniformly, by a generator of the sample's own.
    """
    if isinstance(lengths, range):
        choices = np.random.SeedSequence(seed, spawn_key=(index, 1))
        return int(np.random.default_rng(choices).choice(lengths))
    return lengths[index % len(lengths)]


def allowed_lengths(condition, wanted):
    """Lengths that a condition allows, of those wanted (None: any)."""
    lengths = condition.lengths(wanted)
    if lengths is None:
        raise ValueError("length: the condition leaves it open; give one")
    return lengths


def check_fit(length, condition):
    """ValueError if a text has more or fewer letters than the condition gives residues."""
    allowed = None if condition is None else condition.lengths()
    if allowed is not None and length not in allowed:
        span = " to ".join(map(str, sorted({min(allowed), max(allowed)})))
        raise ValueError(f"{length} letters, but what else is asked for has {span} residues")


def settled(request, condition, seed):
    """The request with the condition as it is for this sample (None: as it was).

    The residue types that the condition knows are told, unless the request has its own.
    """
    if condition is None:
        return request
    # Random numbers of their own: (index,) draws the noise, (index, 1) the length.
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(request.index, 2)))
    condition = condition.settle(request.length, rng)
    return replace(request, condition=condition, sequence=request.sequence or condition.sequence())


def check_lengths(lengths):
    """A `range`, or a list of ints, every one of them between 8 and 2048.

    Raises
    ------
    ValueError
    TypeError
        For something that is not made of integers.
    """
    if not isinstance(lengths, range):
        try:
            lengths = [operator.index(lengths)]
        except TypeError:
            lengths = [] if isinstance(lengths, str) else [operator.index(n) for n in lengths]
    if not len(lengths):
        raise ValueError("length: give an integer, a range or a list of integers, not empty")
    for length in (min(lengths), max(lengths)):
        check_length(length)
    return lengths


def batches(requests, batch_size=None, device="cpu"):
    """Requests of similar length together, longest first, so that memory runs out early or never.

    A batch has `batch_size` samples, or at most 800 residues, padding included; 16,384 on a GPU.
    """
    residues = GPU_BATCH_RESIDUES if str(device).startswith("cuda") else BATCH_RESIDUES
    ordered = sorted(requests, key=lambda r: (-r.length, r.index))
    while ordered:
        count = batch_size or max(1, residues // ordered[0].length)
        yield ordered[:count]
        ordered = ordered[count:]
