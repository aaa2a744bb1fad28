"""The data set of chains: flat arrays and a table on disk (docs/reference/data-sets.md)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from .._system.reading import read_json, reason
from ..structure.backbone import ONE_TO_THREE, RESIDUE_TYPES, Backbone
from ..structure.peptide import link_vectors
from ..structure.secondary_structure import STATES
from .validation import check_chains, check_codes, mapped_array

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from jaxtyping import Float32, Int8, Int16, Int64, Shaped, UInt8

__all__ = ["FORMAT", "SPLITS", "TABLE", "UNIT", "UNKNOWN", "Chain", "ChainSet"]

FORMAT = "protdiff-dataset-1"
#: Å per unit of the stored integers.
UNIT = 0.01
#: Residue type of UNK. Read as a signed byte it is -1, which the network takes as "not given".
UNKNOWN = 255
SPLITS = ("train", "val", "test")
#: `split` of a chain that has not been assigned to one.
UNSPLIT = 255
SPLIT_CODES = (*range(len(SPLITS)), UNSPLIT)

#: Columns of the table. `start`: first residue of the chain in the arrays; `sequence`: 64-bit hash
#: of the residue types; `extended`: not globular on its own; `resolution` and `rg` in Å; `helix`
#: and `strand` as shares of the residues. What is not known is NaN or an empty string.
TABLE = np.dtype(
    [
        ("start", "i8"), ("length", "i4"), ("split", "u1"), ("extended", "?"), ("cluster", "i8"),
        ("sequence", "u8"), ("resolution", "f4"), ("rg", "f4"), ("helix", "f4"),
        ("strand", "f4"), ("method", "S12"), ("name", "S64"),
    ]
)  # fmt: skip

#: Data type and shape per residue of each array.
ARRAYS: dict[str, tuple[str, tuple[int, ...]]] = {
    "coords": ("<i2", (4, 3)),
    "types": ("u1", ()),
    "structure": ("u1", ()),
}


class Chain(NamedTuple):
    """One chain of a data set.

    Attributes
    ----------
    row : record of `TABLE`
    coords : ndarray, shape (residues, 4, 3), int16
        N, CA, C, O in units of 0.01 Å.
    types : ndarray, shape (residues,), uint8
    """

    row: Any
    coords: Int16[np.ndarray, "residues 4 3"]
    types: UInt8[np.ndarray, "residues"]

    @property
    def name(self) -> str:
        return self.row["name"].decode(errors="replace")

    @property
    def sequence(self) -> str:
        """One-letter codes, X for unknown."""
        return "".join("X" if t == UNKNOWN else RESIDUE_TYPES[t] for t in self.types)

    def backbone(self, ca_only: bool = False) -> Backbone:
        """The chain as a `Backbone`: chain A, residues numbered from 1."""
        coords = self.coords * UNIT
        if ca_only:
            coords[:, [0, 2, 3]] = np.nan
        return Backbone.from_coords(coords, self.sequence)


@dataclass(frozen=True)
class ChainSet:
    """Chains that lie one after the other in shared arrays.

    Parameters
    ----------
    coords : ndarray, shape (residues, 4, 3), int16
        N, CA, C, O in units of 0.01 Å.
    types : ndarray, shape (residues,), uint8
        Index into "ARNDCQEGHILKMFPSTWYV", 255 for unknown.
    structure : ndarray, shape (residues,), uint8, or None
        Secondary structure (DSSP) as an index into "HEC"; None if it has not been computed.
    table : ndarray of `TABLE`, shape (chains,)
        Rows of the chains that belong to the set, in any order; the arrays may hold others too.

    Examples
    --------
    Two chains of three and two residues:

    >>> import numpy as np
    >>> from protdiff.dataset.store import TABLE, ChainSet
    >>> table = np.zeros(2, TABLE)
    >>> table["start"], table["length"], table["name"] = [0, 3], [3, 2], [b"first", b"second"]
    >>> coords, types = np.zeros((5, 4, 3), np.int16), np.arange(5, dtype=np.uint8)
    >>> chains = ChainSet(coords, types, None, table)
    >>> [(chain.name, chain.sequence) for chain in chains]
    [('first', 'ARN'), ('second', 'DC')]
    >>> len(chains.select(max_length=2))
    1
    """

    coords: Int16[np.ndarray, "residues 4 3"]
    types: UInt8[np.ndarray, "residues"]
    structure: UInt8[np.ndarray, "residues"] | None
    table: Shaped[np.ndarray, "chains"]

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> ChainSet:
        """Open a data set by memory mapping, so that no chain is read before it is used.

        Raises
        ------
        ValueError
            If a file is missing or damaged, or does not fit the others.
        """
        folder = Path(folder)
        summary = read_summary(folder)
        arrays: dict[str, np.ndarray] = {}
        expected = {
            name: (kind, summary["residues"], *shape) for name, (kind, shape) in ARRAYS.items()
        }
        for name, (kind, *shape) in (expected | {"table": (TABLE, summary["chains"])}).items():
            path = folder / f"{name}.npy"
            arrays[name] = array = mapped_array(path)
            if array.dtype != np.dtype(kind) or array.shape != tuple(shape):
                raise ValueError(f"{path}: does not fit dataset.json; rebuild the data set")
        check_codes(folder / "types.npy", arrays["types"], len(RESIDUE_TYPES), UNKNOWN)
        check_codes(folder / "structure.npy", arrays["structure"], len(STATES), UNKNOWN)
        check_chains(folder / "table.npy", arrays["table"], summary["residues"], SPLIT_CODES)
        return cls(**arrays)

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[Chain]:
        return (self[k] for k in range(len(self)))

    @overload
    def __getitem__(self, k: int) -> Chain: ...
    @overload
    def __getitem__(self, k: slice) -> list[Chain]: ...
    def __getitem__(self, k: int | slice) -> Chain | list[Chain]:
        """`Chain` number k, or a list of them for a slice."""
        if isinstance(k, slice):
            return [self[i] for i in range(*k.indices(len(self)))]
        span = self.span(k)
        return Chain(self.table[k], np.asarray(self.coords[span]), np.asarray(self.types[span]))

    @cached_property
    def lengths(self) -> Int64[np.ndarray, "chains"]:
        """Number of residues of every chain."""
        return self.table["length"].astype(np.int64)

    @cached_property
    def starts(self) -> Int64[np.ndarray, "chains"]:
        """First residue of every chain in the arrays."""
        return self.table["start"].astype(np.int64)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of coordinates and residue types, by which a model card names its data."""
        digest = hashlib.sha256()
        for array in (self.coords, self.types):
            for k in range(len(self)):
                digest.update(array[self.span(k)].tobytes())
        return digest.hexdigest()

    def span(self, chain: int, start: int = 0, length: int | None = None) -> slice:
        """Slice of the arrays that holds a chain, or `length` residues of it from `start`."""
        first = self.starts[chain] + start
        return slice(first, first + (self.lengths[chain] - start if length is None else length))

    def crop(
        self, chain: int, start: int = 0, length: int | None = None
    ) -> tuple[
        Float32[np.ndarray, "residues 3"], Float32[np.ndarray, "links 3"],
        Int8[np.ndarray, "residues"], UInt8[np.ndarray, "residues"],
    ]:  # fmt: skip
        """Part of a chain, as the network is trained on it.

        Returns
        -------
        ca : ndarray, shape (residues, 3), float32
            Å.
        links : ndarray, shape (residues - 1, 3), float32
            Unit vector of the peptide link to the next residue.
        types : ndarray, shape (residues,), int8
            Residue type, -1 for unknown.
        structure : ndarray, shape (residues,), uint8
            State of secondary structure.

        Raises
        ------
        ValueError
            If the set has no secondary structure.
        """
        if self.structure is None:
            raise ValueError("structure: the secondary structure has not been computed")
        span = self.span(chain, start, length)
        coords = angstrom(self.coords[span])
        links = link_vectors(coords).astype(np.float32)
        # Copies, because torch takes no arrays that cannot be written to.
        types, states = np.array(self.types[span]), np.array(self.structure[span])
        return coords[:, 1], links, types.view(np.int8), states

    def select(
        self,
        split: str | None = None,
        max_length: int | None = None,
        globular: bool = False,
        min_length: int = 0,
    ) -> ChainSet:
        """The chains of one split (or all), within a range of lengths, all or only globular."""
        kept = self.table["length"] >= min_length
        if max_length is not None:
            kept &= self.table["length"] <= max_length
        if split is not None:
            kept &= self.table["split"] == SPLITS.index(split)
        if globular:
            kept &= ~self.table["extended"]
        return self.take(np.flatnonzero(kept))

    def take(self, rows: Int64[np.ndarray, "chosen"] | Sequence[int] | slice) -> ChainSet:
        """Some of the chains, by number; the arrays are shared."""
        return replace(self, table=self.table[rows])

    def compact(self) -> ChainSet:
        """A copy whose arrays hold these chains only, one after the other in memory."""
        spans = [self.span(k) for k in range(len(self))]

        def gather(array: np.ndarray) -> np.ndarray:
            return np.concatenate([array[s] for s in spans])

        structure = None if self.structure is None else gather(self.structure)
        table = np.array(self.table)
        table["start"] = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        return ChainSet(gather(self.coords), gather(self.types), structure, table)


def angstrom(coords: Int16[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    """Stored integers in Å."""
    return coords.astype(np.float32) / np.float32(100)


def read_summary(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Content of dataset.json, which counts the chains and says how the data set was built.

    Raises
    ------
    ValueError
        If the folder is not a data set, or the file is damaged.
    """
    path = Path(folder) / "dataset.json"
    try:
        summary = read_json(path)
        if summary["format"] != FORMAT:
            raise ValueError(f"format {summary['format']}")
        for name in ("chains", "residues"):
            if type(summary[name]) is not int or summary[name] < 0:
                raise ValueError(f"{name} is no count")
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"{folder}: not a data set; make one with protdiff data build") from None
    except (ValueError, KeyError, OSError) as error:
        raise ValueError(f"{path}: damaged ({reason(error)}); rebuild the data set") from None
    return summary


def sequence_hash(types: UInt8[np.ndarray, "residues"]) -> int:
    """64-bit hash of residue types."""
    digest = hashlib.blake2b(np.asarray(types, np.uint8).tobytes(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def residue_types(names: Iterable[str]) -> UInt8[np.ndarray, "residues"]:
    """Residue types of three-letter names, 255 for names other than the twenty."""
    index = {ONE_TO_THREE[letter]: k for k, letter in enumerate(RESIDUE_TYPES)}
    return np.array([index.get(name, UNKNOWN) for name in names], dtype=np.uint8)
