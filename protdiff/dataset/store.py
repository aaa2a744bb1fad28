"""A set of chains: flat arrays on disk, and a table with one row per chain (docs/data.md)."""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..structure.backbone import ONE_TO_THREE, RESIDUE_TYPES, Backbone
from ..structure.geometry import link_vectors

__all__ = ["FORMAT", "SPLITS", "TABLE", "UNIT", "UNKNOWN", "Chain", "ChainSet", "Writer"]

FORMAT = "protdiff-dataset-1"
#: Å per unit of the stored integers.
UNIT = 0.01
#: Residue type of UNK; -1 as a signed byte, which the network takes as "not given".
UNKNOWN = 255
SPLITS = ("train", "val", "test")
#: `split` of a chain that has not been given one.
UNSPLIT = 255

#: One row per chain. `start`: first residue in the arrays; `sequence`: 64-bit hash of the residue
#: types; `extended`: not globular on its own; Å for lengths, NaN and "" for what is not known.
TABLE = np.dtype(
    [
        ("start", "i8"), ("length", "i4"), ("split", "u1"), ("extended", "?"), ("cluster", "i8"),
        ("sequence", "u8"), ("resolution", "f4"), ("rg", "f4"), ("helix", "f4"),
        ("strand", "f4"), ("method", "S12"), ("name", "S64"),
    ]
)  # fmt: skip

ARRAYS = {"coords": ("<i2", (4, 3)), "types": ("u1", ()), "structure": ("u1", ())}


class Chain(NamedTuple):
    """One chain: its row of the table, coordinates int16 (L, 4, 3), residue types (L,)."""

    row: np.void
    coords: np.ndarray
    types: np.ndarray

    @property
    def name(self):
        return self.row["name"].decode(errors="replace")

    @property
    def sequence(self):
        """One-letter codes, X for unknown."""
        return "".join("X" if t == UNKNOWN else RESIDUE_TYPES[t] for t in self.types)

    def backbone(self, ca_only=False):
        """The chain as a `Backbone`, chain A, residues from 1."""
        coords = self.coords * UNIT
        if ca_only:
            coords[:, [0, 2, 3]] = np.nan
        return Backbone.from_coords(coords, self.sequence)


@dataclass(frozen=True)
class ChainSet:
    """Chains one after the other.

    Parameters
    ----------
    coords : ndarray, shape (residues, 4, 3), int16
        N, CA, C, O in units of 0.01 Å.
    types : ndarray, shape (residues,), uint8
        Index into "ARNDCQEGHILKMFPSTWYV", 255 for unknown.
    structure : ndarray, shape (residues,), uint8, or None
        Index into "HEC" (DSSP); None when it has not been computed.
    table : ndarray of `TABLE`, shape (chains,)
        Rows of the chains that belong to the set, in any order.
    """

    coords: np.ndarray
    types: np.ndarray
    structure: np.ndarray | None
    table: np.ndarray

    @classmethod
    def open(cls, folder):
        """Map a data set of `Writer`; nothing is read yet.

        Raises
        ------
        ValueError
            If a file is absent, damaged or does not fit the others.
        """
        folder = Path(folder)
        summary = read_summary(folder)
        arrays = {}
        for name in (*ARRAYS, "table"):
            try:
                arrays[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
            except (OSError, ValueError, EOFError) as error:
                reason = " ".join(str(error).split())[:80]
                raise ValueError(
                    f"{folder / name}.npy: damaged or absent ({reason}); build the data set again"
                ) from None
        expected = dict.fromkeys(ARRAYS, summary["residues"]) | {"table": summary["chains"]}
        for name, array in arrays.items():
            kind = TABLE if name == "table" else np.dtype(ARRAYS[name][0])
            if array.dtype != kind or len(array) != expected[name]:
                raise ValueError(f"{folder / name}.npy: does not fit dataset.json; build it again")
        return cls(**arrays)

    def __len__(self):
        return len(self.table)

    def __iter__(self):
        return (self[k] for k in range(len(self)))

    def __getitem__(self, k):
        """`Chain` number k, or a list of them for a slice."""
        if isinstance(k, slice):
            return [self[i] for i in range(*k.indices(len(self)))]
        span = self.span(k)
        return Chain(self.table[k], np.asarray(self.coords[span]), np.asarray(self.types[span]))

    @cached_property
    def lengths(self):
        """Residues of every chain, int64."""
        return self.table["length"].astype(np.int64)

    @cached_property
    def starts(self):
        return self.table["start"].astype(np.int64)

    @cached_property
    def digest(self):
        """SHA-256 of coordinates and types: names the data in a model card."""
        digest = hashlib.sha256()
        for array in (self.coords, self.types):
            for k in range(len(self)):
                digest.update(array[self.span(k)].tobytes())
        return digest.hexdigest()

    def span(self, chain, start=0, length=None):
        """Slice of residues of one chain, or of a crop of it."""
        first = self.starts[chain] + start
        return slice(first, first + (self.lengths[chain] - start if length is None else length))

    def crop(self, chain, start=0, length=None):
        """Part of a chain as the network sees it.

        Returns
        -------
        ca : ndarray, shape (L, 3), float32
            Å.
        links : ndarray, shape (L - 1, 3), float32
            Unit vector of the link to the next residue.
        types, structure : ndarray, shape (L,)
            Signed residue type, -1 for unknown; state of secondary structure.
        """
        span = self.span(chain, start, length)
        coords = angstrom(self.coords[span])
        links = link_vectors(coords).astype(np.float32)
        # Copies: torch takes no arrays that cannot be written to.
        types, states = np.array(self.types[span]), np.array(self.structure[span])
        return coords[:, 1], links, types.view(np.int8), states

    def select(self, split=None, max_length=None, globular=False, min_length=0):
        """The chains of one split, within some lengths, all or only the globular ones."""
        kept = self.table["length"] >= min_length
        if max_length is not None:
            kept &= self.table["length"] <= max_length
        if split is not None:
            kept &= self.table["split"] == SPLITS.index(split)
        if globular:
            kept &= ~self.table["extended"]
        return self.take(np.flatnonzero(kept))

    def take(self, rows):
        """Some of the chains, by number."""
        return replace(self, table=self.table[rows])

    def compact(self):
        """The same chains with arrays of their own, one after the other in memory."""
        spans = [self.span(k) for k in range(len(self))]

        def gather(array):
            return None if array is None else np.concatenate([array[s] for s in spans])

        table = np.array(self.table)
        table["start"] = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        return ChainSet(gather(self.coords), gather(self.types), gather(self.structure), table)


def angstrom(coords):
    """Stored integers in Å, float32."""
    return coords.astype(np.float32) / np.float32(100)


def read_summary(folder):
    """dataset.json of a data set."""
    path = Path(folder) / "dataset.json"
    try:
        summary = json.loads(path.read_text())
        if summary["format"] != FORMAT or not {"chains", "residues"} <= summary.keys():
            raise ValueError(f"format {summary['format']}")
    except FileNotFoundError:
        raise ValueError(f"{folder}: not a data set; make one with protdiff data build") from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ValueError(f"{path}: damaged ({error}); build the data set again") from None
    return summary


class _GrowingArray:
    """A .npy file that is appended to; the header gets its length in the end."""

    def __init__(self, path, dtype, shape):
        self.dtype, self.shape, self.count = np.dtype(dtype), shape, 0
        self.handle = path.open("wb", buffering=1 << 20)
        self._header()
        self.begin = self.handle.tell()

    def _header(self):
        header = np.lib.format.header_data_from_array_1_0(np.empty((0, *self.shape), self.dtype))
        header["shape"] = (self.count, *self.shape)
        np.lib.format.write_array_header_1_0(self.handle, header)  # padded, so that it can grow

    def append(self, array):
        self.handle.write(np.ascontiguousarray(array, dtype=self.dtype).tobytes())
        self.count += len(array)

    def close(self):
        self.handle.seek(0)
        self._header()
        if self.handle.tell() != self.begin:
            raise RuntimeError("the header of a .npy file has grown")
        self.handle.close()


class Writer:
    """Appends chains to a new data set; what is in memory does not grow with their number.

    Parameters
    ----------
    folder : path
        Exists and is empty.
    """

    def __init__(self, folder):
        self.folder, self.chains, self.residues = Path(folder), 0, 0
        self.arrays = {
            name: _GrowingArray(self.folder / f"{name}.npy", *kind) for name, kind in ARRAYS.items()
        }
        self.table = _GrowingArray(self.folder / "table.npy", TABLE, ())

    def add(self, name, coords, types, structure, **values):
        """Append one chain: int16 coordinates (L, 4, 3), types and structure (L,), columns."""
        for key, array in {"coords": coords, "types": types, "structure": structure}.items():
            self.arrays[key].append(array)
        row = np.zeros(1, TABLE)
        row["start"], row["length"], row["name"] = self.residues, len(coords), name.encode()[:64]
        row["sequence"], row["split"] = sequence_hash(types), UNSPLIT
        for key in ("resolution", "rg", "helix", "strand"):
            row[key] = np.nan
        for key, value in values.items():
            row[key] = value
        self.table.append(row)
        self.chains += 1
        self.residues += len(coords)

    def close_arrays(self):
        """Complete the arrays: they can be opened from now on."""
        for array in (*self.arrays.values(), self.table):
            array.close()

    def summarise(self, **entries):
        """Write dataset.json, which makes the folder a data set."""
        counts = {"format": FORMAT, "chains": self.chains, "residues": self.residues}
        text = json.dumps(counts | entries, indent=1)
        (self.folder / "dataset.json").write_text(text + "\n")


def sequence_hash(types):
    """64-bit hash of residue types."""
    digest = hashlib.blake2b(np.asarray(types, np.uint8).tobytes(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def residue_types(names):
    """Types, uint8, of three-letter residue names."""
    index = {ONE_TO_THREE[letter]: k for k, letter in enumerate(RESIDUE_TYPES)}
    return np.array([index.get(name, UNKNOWN) for name in names], dtype=np.uint8)
