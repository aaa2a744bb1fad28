"""The protein backbone: the one value that every part of the package takes and returns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from .._system.notebooks import mimebundle
from .constants import MEASURED_BREAK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Bool, Float, Int, Shaped
    from numpy.typing import ArrayLike, DTypeLike

    #: Text per residue.
    Strings = Shaped[np.ndarray, "residues"]

__all__ = [
    "BACKBONE_ATOMS", "ONE_TO_THREE", "RESIDUE_TYPES", "THREE_TO_ONE", "Backbone",
    "bonded_to_next", "joined", "names_from_sequence",
]  # fmt: skip

BACKBONE_ATOMS = ("N", "CA", "C", "O")
"""Atom order of the second axis of `Backbone.coords`."""

ONE_TO_THREE = {
    "A": "ALA", "R": "ARG", "N": "ASN", "D": "ASP", "C": "CYS", "Q": "GLN", "E": "GLU",
    "G": "GLY", "H": "HIS", "I": "ILE", "L": "LEU", "K": "LYS", "M": "MET", "F": "PHE",
    "P": "PRO", "S": "SER", "T": "THR", "W": "TRP", "Y": "TYR", "V": "VAL", "X": "UNK",
}  # fmt: skip
"""Three-letter residue name of each one-letter code; X is the unknown residue, UNK."""

RESIDUE_TYPES = "".join(ONE_TO_THREE).removesuffix("X")
"""The twenty residue types in the order in which the network knows them."""

THREE_TO_ONE = {name: letter for letter, name in ONE_TO_THREE.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Backbone:
    """Backbone atoms of one or more protein chains, with the numbering they came with.

    Immutable: the arrays are private copies and cannot be written to.

    Parameters
    ----------
    coords : array_like of float, shape (L, 4, 3)
        Positions of N, CA, C and O in Å. Where `mask` is False they are set to NaN.
    mask : array_like of bool, shape (L, 4)
        True for the atoms that are present.
    residue_names : array_like of str, shape (L,)
        Three-letter names, one of the twenty standard ones or ``UNK``.
    chain_ids : array_like of str, shape (L,)
        Author chain ids; an empty string is a blank chain id.
    residue_numbers : array_like of int, shape (L,)
        Author residue numbers.
    insertion_codes : array_like of str, shape (L,)
        Insertion codes; an empty string where there is none.
    b_factors : array_like of float, shape (L,), optional
        One B-factor per residue in Å² (or a confidence in its place); None when unknown.

    Raises
    ------
    ValueError
        If an array has the wrong shape or type, a present atom is not finite, or a residue
        name is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff import Backbone
    >>> backbone = Backbone.from_coords(np.zeros((3, 4, 3)), "GLY", residue_numbers=[7, 8, 9])
    >>> backbone
    Backbone(3 residues, chains 'A')
    >>> backbone[1:].sequence, backbone[1:].residue_numbers.tolist()
    ('LY', [8, 9])
    """

    coords: Float[np.ndarray, "residues 4 3"]
    mask: Bool[np.ndarray, "residues 4"]
    residue_names: Strings
    chain_ids: Strings
    residue_numbers: Int[np.ndarray, "residues"]
    insertion_codes: Strings
    b_factors: Float[np.ndarray, "residues"] | None = None

    def __post_init__(self) -> None:
        coords = _copy("coords", self.coords, np.float64)
        if coords.ndim != 3 or coords.shape[1:] != (4, 3):
            raise ValueError(f"coords: shape {coords.shape}, expected (L, 4, 3) for N, CA, C, O")
        length = len(coords)
        arrays: dict[str, np.ndarray[Any, Any]] = {
            "coords": coords,
            "mask": _copy("mask", self.mask, np.bool_, (length, 4)),
            "residue_names": _copy("residue_names", self.residue_names, np.str_, (length,)),
            "chain_ids": _copy("chain_ids", self.chain_ids, np.str_, (length,)),
            "residue_numbers": _copy("residue_numbers", self.residue_numbers, np.int64, (length,)),
            "insertion_codes": _copy("insertion_codes", self.insertion_codes, np.str_, (length,)),
        }
        if self.b_factors is not None:
            arrays["b_factors"] = _copy("b_factors", self.b_factors, np.float64, (length,))
            if not np.isfinite(arrays["b_factors"]).all():
                raise ValueError("b_factors: every value must be finite; pass None when unknown")
        present = arrays["mask"]
        if not np.isfinite(coords[present]).all():
            raise ValueError("coords: an atom that the mask marks as present is not finite")
        coords[~present] = np.nan
        unknown = set(arrays["residue_names"].tolist()) - THREE_TO_ONE.keys()
        if unknown:
            names = ", ".join(repr(name) for name in sorted(unknown))
            raise ValueError(f"residue_names: {names} not among the twenty standard names and UNK")
        for name, array in arrays.items():
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def __reduce__(self) -> tuple[type[Backbone], tuple[Any, ...]]:
        # Rebuilt through the constructor, so that copies and unpickled values are read-only too.
        return Backbone, tuple(getattr(self, field.name) for field in fields(self))

    @classmethod
    def from_coords(
        cls,
        coords: ArrayLike,
        sequence: str | None = None,
        *,
        chain_ids: str | ArrayLike = "A",
        residue_numbers: ArrayLike | None = None,
        insertion_codes: str | ArrayLike = "",
        b_factors: ArrayLike | None = None,
    ) -> Backbone:
        """Build a backbone from coordinates, with default names and numbers.

        Parameters
        ----------
        coords : array_like of float, shape (L, 4, 3)
            Positions of N, CA, C and O in Å; an atom with a NaN or infinite coordinate is missing.
        sequence : str, optional
            L one-letter codes, X for unknown; all alanine when left out.
        chain_ids, insertion_codes : str or array_like of str, shape (L,)
            One value for all residues, or one each.
        residue_numbers : array_like of int, shape (L,), optional
            1 to L when left out.
        b_factors : array_like of float, shape (L,), optional
            One B-factor per residue.

        Returns
        -------
        Backbone

        Raises
        ------
        ValueError
            As the constructor, or if the sequence has another length or an unknown letter.

        Examples
        --------
        >>> import numpy as np
        >>> from protdiff import Backbone
        >>> Backbone.from_coords(np.zeros((3, 4, 3))).sequence
        'AAA'
        """
        coords = _copy("coords", coords, np.float64)
        length = len(coords) if coords.ndim else 0
        if sequence is None:
            names = np.full(length, "ALA")
        else:
            names = names_from_sequence(sequence, length)
        residue_numbers = np.arange(1, length + 1) if residue_numbers is None else residue_numbers
        if isinstance(chain_ids, str):
            chain_ids = np.full(length, chain_ids)
        if isinstance(insertion_codes, str):
            insertion_codes = np.full(length, insertion_codes)
        mask = np.isfinite(coords).all(axis=-1)
        columns: list[Any] = [mask, names, chain_ids, residue_numbers, insertion_codes, b_factors]
        return cls(coords, *columns)

    def __len__(self) -> int:
        return len(self.coords)

    def __repr__(self) -> str:
        return f"Backbone({len(self)} residues, chains {', '.join(map(repr, self.chains))})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """A ribbon to turn in notebooks, and a picture of it where scripts are off."""
        return mimebundle(self)

    @property
    def ca(self) -> Float[np.ndarray, "residues 3"]:
        """CA positions in Å, NaN where missing; a read-only view."""
        return self.coords[:, 1]

    @property
    def sequence(self) -> str:
        """One-letter sequence of all residues in order, X for unknown."""
        return "".join(THREE_TO_ONE[name] for name in self.residue_names.tolist())

    @property
    def chains(self) -> tuple[str, ...]:
        """Distinct chain ids in order of first appearance."""
        return tuple(dict.fromkeys(self.chain_ids.tolist()))

    def chain(self, chain_id: str) -> Backbone:
        """Select the residues of one chain.

        Parameters
        ----------
        chain_id : str
            Author chain id.

        Returns
        -------
        Backbone

        Raises
        ------
        ValueError
            If there is no such chain.
        """
        if chain_id not in self.chains:
            present = ", ".join(map(repr, self.chains)) or "none"
            raise ValueError(f"no chain {chain_id!r}; chains present: {present}")
        return self[self.chain_ids == chain_id]

    def __getitem__(self, index: slice | ArrayLike) -> Backbone:
        """Select residues by slice, boolean mask (L,) or array of indices."""
        if not isinstance(index, slice):
            index = np.asarray(index)
            if index.ndim != 1:
                raise TypeError(
                    "select residues with a slice, a boolean mask or an array of indices; "
                    "for one residue write backbone[i : i + 1]"
                )
            if index.size == 0 and index.dtype.kind == "f":  # what numpy makes of []
                index = index.astype(np.int64)
        columns = (getattr(self, field.name) for field in fields(self))
        selected: list[Any] = [c if c is None else c[index] for c in columns]
        return Backbone(*selected)


def joined(parts: Sequence[Backbone]) -> Backbone:
    """Concatenate backbones; the result has B-factors if all parts have them."""
    columns: list[np.ndarray[Any, Any] | None] = []
    for field in fields(Backbone):
        values = [getattr(part, field.name) for part in parts]
        absent = any(value is None for value in values)
        columns.append(None if absent else np.concatenate(values))
    return Backbone(*columns)  # type: ignore[arg-type]


def _copy(
    name: str, values: Any, dtype: DTypeLike, shape: tuple[int, ...] | None = None
) -> np.ndarray[Any, Any]:
    """Private array of a type and shape, or a ValueError that names the field."""
    try:
        raw = np.asarray(values)
        if dtype is np.int64 and raw.size and not np.issubdtype(raw.dtype, np.integer):
            raise ValueError("not integers")
        array = np.array(raw, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name}: cannot be read as {np.dtype(dtype).name}: {error}") from None
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name}: shape {array.shape}, expected {shape}")
    return array


def names_from_sequence(sequence: str, length: int) -> Strings:
    """Three-letter names of a one-letter sequence."""
    if len(sequence) != length:
        raise ValueError(f"sequence: {len(sequence)} letters for {length} residues")
    names: list[str] = []
    for position, letter in enumerate(sequence.upper(), start=1):
        if letter not in ONE_TO_THREE:
            raise ValueError(f"sequence: unknown residue {letter!r} at position {position}")
        names.append(ONE_TO_THREE[letter])
    return np.array(names, dtype=np.str_)


def bonded_to_next(backbone: Backbone) -> Bool[np.ndarray, "residues-1"]:
    """Whether each residue and the next one in the file are neighbours in a chain.

    Neighbours have the same chain id. They have consecutive numbers, or one number and different
    insertion codes, or CA atoms less than `MEASURED_BREAK` (4.2 Å) apart.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff.structure import Backbone, bonded_to_next
    >>> far_apart = 50 * np.arange(3 * 4 * 3).reshape(3, 4, 3)
    >>> bonded_to_next(Backbone.from_coords(far_apart, residue_numbers=[1, 2, 9])).tolist()
    [True, False]
    """
    number = np.diff(backbone.residue_numbers)
    inserted = (number == 0) & (backbone.insertion_codes[1:] != backbone.insertion_codes[:-1])
    near = np.linalg.norm(np.diff(backbone.ca, axis=0), axis=1) < MEASURED_BREAK
    same_chain = backbone.chain_ids[1:] == backbone.chain_ids[:-1]
    return same_chain & ((number == 1) | inserted | near)
