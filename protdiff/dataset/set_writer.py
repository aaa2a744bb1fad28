"""Writing a data set chain by chain, with memory that does not grow with their number."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._system.files import write_json
from .store import ARRAYS, FORMAT, TABLE, UNSPLIT, sequence_hash

if TYPE_CHECKING:
    from jaxtyping import Int16, UInt8

__all__ = ["ChainSetWriter", "name_bytes", "stored_name"]

#: Bytes of a name that are stored, and those that leave room for a suffix.
NAME_BYTES, SHORT_NAME_BYTES = 64, 56


def name_bytes(name: str) -> bytes:
    """UTF-8 of a name; bytes of a file name that is not UTF-8 are written as escapes."""
    return name.encode(errors="backslashreplace")


def stored_name(name: str) -> str:
    """The name, cut where the table has no room for it and a suffix.

    Examples
    --------
    >>> len(stored_name(70 * "x"))
    56
    """
    text = name_bytes(name)
    return name if len(text) <= NAME_BYTES else text[:SHORT_NAME_BYTES].decode(errors="ignore")


class ChainSetWriter:
    """Appends chains to a new data set.

    Parameters
    ----------
    folder : path
        Exists and is empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.chains, self.residues = Path(folder), 0, 0
        self.arrays = {
            name: _GrowingArray(self.folder / f"{name}.npy", *kind) for name, kind in ARRAYS.items()
        }
        self.table = _GrowingArray(self.folder / "table.npy", TABLE, ())

    def add(
        self,
        name: str,
        coords: Int16[np.ndarray, "residues 4 3"],
        types: UInt8[np.ndarray, "residues"],
        structure: UInt8[np.ndarray, "residues"],
        **values: Any,
    ) -> None:
        """Append one chain.

        Parameters
        ----------
        name : str
            At most 64 bytes of it are stored, see `stored_name`.
        coords, types, structure : ndarray
            As in `ChainSet`.
        **values
            Further columns of `TABLE`.
        """
        for key, array in {"coords": coords, "types": types, "structure": structure}.items():
            self.arrays[key].append(array)
        row = np.zeros(1, TABLE)
        row["start"], row["length"], row["name"] = (
            self.residues,
            len(coords),
            name_bytes(name)[:NAME_BYTES],
        )
        row["sequence"], row["split"] = sequence_hash(types), UNSPLIT
        for key in ("resolution", "rg", "helix", "strand"):
            row[key] = np.nan
        for key, value in values.items():
            row[key] = value
        self.table.append(row)
        self.chains += 1
        self.residues += len(coords)

    def close_arrays(self) -> None:
        """Complete the arrays, which can be opened from then on."""
        for array in (*self.arrays.values(), self.table):
            array.close()

    def summarise(self, **entries: Any) -> None:
        """Write dataset.json, which makes the folder a data set."""
        counts = {"format": FORMAT, "chains": self.chains, "residues": self.residues}
        write_json(self.folder / "dataset.json", counts | entries)


class _GrowingArray:
    """A .npy file that is appended to; its header gets the right length when it is closed."""

    def __init__(self, path: Path, dtype: str | np.dtype[Any], shape: tuple[int, ...]) -> None:
        self.dtype, self.shape, self.count = np.dtype(dtype), shape, 0
        self.handle = path.open("wb", buffering=1 << 20)
        self._write_header()
        self.begin = self.handle.tell()

    def _write_header(self) -> None:
        header = np.lib.format.header_data_from_array_1_0(np.empty((0, *self.shape), self.dtype))
        header["shape"] = (self.count, *self.shape)
        # numpy pads the header, so that the number in it has room to grow.
        np.lib.format.write_array_header_1_0(self.handle, header)

    def append(self, array: np.ndarray) -> None:
        self.handle.write(np.ascontiguousarray(array, dtype=self.dtype).tobytes())
        self.count += len(array)

    def close(self) -> None:
        self.handle.seek(0)
        self._write_header()
        if self.handle.tell() != self.begin:
            raise RuntimeError("the header of a .npy file has grown")
        self.handle.close()
