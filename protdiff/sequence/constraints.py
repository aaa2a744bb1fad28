"""What a sequence has to obey: residues that keep their type, types that are favoured, copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._system.notices import warn
from .._system.words import counted, either
from ..structure.backbone import ONE_TO_THREE, RESIDUE_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Bool, Float, Int
    from numpy.typing import ArrayLike

    from ..structure.backbone import Backbone

__all__ = [
    "Constraints",
    "bias_table",
    "fixed_rows",
    "named",
    "shared_types",
    "tie_numbers",
    "type_number",
]

LETTERS = tuple(ONE_TO_THREE)


@dataclass(frozen=True)
class Constraints:
    """What the residues of a backbone have to obey.

    Attributes
    ----------
    types : ndarray of int, shape (L,)
        Those of residues that keep theirs; 20 for unknown ones.
    stays : ndarray of bool, shape (L,)
        Residues that keep their type.
    bias : ndarray, shape (L, 20)
        Added to the log-probabilities (nats); -inf for types that are not drawn.
    ties : ndarray of int, shape (L,)
        Residues of equal number get one type.
    """

    types: Int[np.ndarray, " residues"]
    stays: Bool[np.ndarray, " residues"]
    bias: Float[np.ndarray, "residues types"]
    ties: Int[np.ndarray, " residues"]

    def at(self, rows: Int[np.ndarray, " nodes"]) -> Constraints:
        """Those of some residues."""
        return Constraints(self.types[rows], self.stays[rows], self.bias[rows], self.ties[rows])


def type_number(letter: str) -> int:
    """Number of a residue type; 20 for X.

    Examples
    --------
    >>> type_number("A"), type_number("X")
    (0, 20)
    """
    return LETTERS.index(letter)


def named(backbone: Backbone, row: int) -> str:
    """Chain, number and insertion code of a residue, for messages."""
    number = f"{backbone.residue_numbers[row]}{backbone.insertion_codes[row]}"
    return f"{backbone.chain_ids[row]}{number}"


def fixed_rows(fixed: ArrayLike | None, length: int) -> Bool[np.ndarray, " residues"]:
    """Residues that keep their type; ValueError if it is not one boolean per residue."""
    if fixed is None:
        return np.zeros(length, bool)
    kept = np.asarray(fixed)
    if kept.shape != (length,) or kept.dtype != bool:
        raise ValueError(f"`fixed`: must be {length} booleans, one per residue")
    return kept


def tie_numbers(
    backbone: Backbone, tied: Sequence[str] | Sequence[Sequence[str]]
) -> Int[np.ndarray, " residues"]:
    """A number for every residue, equal for those that have one type.

    Parameters
    ----------
    backbone : Backbone
    tied : sequence of str, or of sequences of str
        Chain ids of copies, or several groups of them.

    Returns
    -------
    ndarray of int, shape (L,)

    Raises
    ------
    ValueError
        If there are no such chains, one is there twice, or they are no copies.

    Notes
    -----
    Residues of copies belong together by number and insertion code. Chains that share no number
    are numbered on, one after the other; theirs belong together by place, and must be equally many.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff import Backbone
    >>> pair = Backbone.from_coords(np.zeros((4, 4, 3)), chain_ids=list("AABB"))
    >>> tie_numbers(pair, ["A", "B"]).tolist()
    [0, 1, 0, 1]
    """
    tied = list(tied)  # it may be an iterator, as of zip
    single = [item for item in tied if isinstance(item, str)]
    if 0 < len(single) < len(tied):
        raise ValueError("`tied`: name chains, or groups of chains, not both")
    groups = [single] if single else [list(group) for group in tied]
    chains = [chain for group in groups for chain in group]
    if any(len(group) < 2 for group in groups) or len(set(chains)) < len(chains):
        raise ValueError("`tied`: name two or more chains, each of them once")
    ties = np.arange(len(backbone))
    for group in groups:
        backbone.chain(group[0])  # its error names the chains that are there
        for chain in group[1:]:
            _tie(backbone, group[0], chain, ties)
    return ties


def _tie(backbone: Backbone, first: str, copy: str, ties: Int[np.ndarray, " residues"]) -> None:
    """Give the residues of a copy the numbers of those of the first chain."""
    backbone.chain(copy)
    rows, others = (np.flatnonzero(backbone.chain_ids == chain) for chain in (first, copy))
    keys, other_keys = (
        list(zip(backbone.residue_numbers[k], backbone.insertion_codes[k], strict=True))
        for k in (rows, others)
    )
    shared = set(keys) & set(other_keys)
    if not shared:
        if len(rows) != len(others):
            raise ValueError(
                f"`tied`: chain {copy!r} has {counted(len(others), 'residue')}, chain {first!r} "
                f"{len(rows)}, and no number is in both; copies have equally many, or equal numbers"
            )
        ties[others] = rows
        return
    alone = len(set(keys) ^ set(other_keys))
    if alone:
        warn(
            f"`tied`: chains {first} and {copy} belong together by residue number; "
            f"{counted(alone, 'residue')} that only one of them has "
            f"{either(alone, 'is drawn on its own', 'are drawn on their own')}"
        )
    place = dict(zip(keys, rows.tolist(), strict=True))
    for key, row in zip(other_keys, others.tolist(), strict=True):
        if key in shared:
            ties[row] = place[key]


def shared_types(
    backbone: Backbone, kept: Bool[np.ndarray, " residues"], ties: Int[np.ndarray, " residues"]
) -> tuple[Int[np.ndarray, " residues"], Bool[np.ndarray, " residues"]]:
    """Types, and residues that keep theirs: what is fixed in one copy is fixed in all.

    Raises
    ------
    ValueError
        If tied residues are fixed to different types.
    """
    types = np.array([type_number(letter) for letter in backbone.sequence])
    first: dict[int, int] = {}
    for row in np.flatnonzero(kept).tolist():
        other = first.setdefault(int(ties[row]), row)
        if types[other] != types[row]:
            raise ValueError(
                f"`fixed`: {named(backbone, other)} and {named(backbone, row)} are tied, but are "
                f"{backbone.residue_names[other]} and {backbone.residue_names[row]}; fix one"
            )
    stays = np.isin(ties, list(first))
    types[stays] = [types[first[unit]] for unit in ties[stays].tolist()]
    return types, stays


def bias_table(
    bias: Mapping[str, float] | ArrayLike | None, omit: str, length: int
) -> Float[np.ndarray, "residues types"]:
    """What is added to the log-probabilities (nats); -inf for types that are left out.

    Raises
    ------
    ValueError
        For letters of no residue type, values that are no numbers, and residues without a type.

    Examples
    --------
    >>> bias_table({"A": 2.0}, omit="C", length=3)[0, :5].tolist()
    [2.0, 0.0, 0.0, 0.0, -inf]
    """
    table = np.zeros((length, len(RESIDUE_TYPES)))
    letters = bias if isinstance(bias, Mapping) else {}
    for name, given in (("bias", letters), ("omit", omit)):
        for letter in given:
            if letter not in LETTERS[:-1]:
                raise ValueError(f"`{name}`: {letter!r} is no residue type; use {RESIDUE_TYPES}")
    for letter, nats in letters.items():
        table[:, type_number(letter)] = nats
    if bias is not None and not isinstance(bias, Mapping):
        table = np.array(bias, dtype=float)
        if table.shape != (length, len(RESIDUE_TYPES)):
            raise ValueError(
                f"`bias`: shape {table.shape}, expected {(length, len(RESIDUE_TYPES))}"
            )
    if np.isnan(table).any() or (table == np.inf).any():
        raise ValueError("`bias`: every value must be a number or -inf; for a must use 1000")
    table[:, [type_number(letter) for letter in omit]] = -np.inf
    if (table == -np.inf).all(axis=1).any():
        raise ValueError("`bias`, `omit`: every residue needs a type that may be drawn")
    return table
