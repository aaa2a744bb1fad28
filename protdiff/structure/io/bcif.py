"""BinaryCIF files whose declared lengths are checked before anything of that length is made.

A column says how long it will be when it is decoded: 671 bytes may say two billion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._system.reading import largest_size
from .atoms import FileError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from biotite.structure.io.pdbx import BinaryCIFFile

__all__ = ["unpacked"]

#: Bytes of a row of atoms as text: a table may have as many rows as the largest mmCIF file.
ROW_BYTES = 100
#: Values in one list, and in all lists and tables of a file: those of a structure have some ten
#: thousands, for numbers are packed as bytes.
LIST_VALUES, ALL_VALUES = 1_000_000, 2_000_000


def unpacked(content: bytes, wanted: Mapping[str, Collection[str]]) -> BinaryCIFFile:
    """The file; its columns are decoded when they are taken.

    Parameters
    ----------
    content : bytes
    wanted : mapping of str to collection of str
        Categories that will be used, and their columns in lower case. No others are checked.

    Returns
    -------
    BinaryCIFFile

    Raises
    ------
    FileError
        If it has many more values than a structure has, or a column declares another length than
        its category, or the category more rows than the largest file has.
    """
    import msgpack
    from biotite.structure.io.pdbx import BinaryCIFFile

    count = 0

    def counted(values: Any) -> Any:
        nonlocal count
        count += 1 + len(values)
        if count > ALL_VALUES:
            raise FileError("damaged: it has more values than a structure")
        return values

    fields = msgpack.unpackb(
        content,
        object_hook=counted,
        list_hook=counted,
        max_array_len=LIST_VALUES,
        max_map_len=LIST_VALUES,
    )
    for block in fields["dataBlocks"]:
        for category in block["categories"]:
            name = category["name"].removeprefix("_")
            if name in wanted:
                _check(category, wanted[name])
    return BinaryCIFFile.deserialize(fields)


def _check(category: Mapping[str, Any], wanted: Collection[str]) -> None:
    """FileError if the lengths of some columns of a category do not agree."""
    rows = category["rowCount"]
    if not 0 <= rows <= largest_size() // ROW_BYTES:
        raise FileError(f"damaged: its table {category['name']} declares {rows} rows")
    for column in category["columns"]:
        if column["name"].lower() not in wanted:
            continue
        for data in filter(None, (column["data"], column["mask"])):
            if not _fits(data["encoding"], rows):
                raise FileError(f"damaged: its column {column['name']} declares a wrong length")


def _fits(encodings: Sequence[Mapping[str, Any]], values: int) -> bool:
    """Whether no step of decoding makes much more than a number of values."""
    for encoding in encodings:
        kind = encoding["kind"]
        # Runs of equal numbers are two numbers each.
        if kind in ("RunLength", "IntegerPacking") and not 0 <= encoding["srcSize"] <= 2 * values:
            return False
        if kind == "StringArray" and not _strings_fit(encoding, values):
            return False
    return True


def _strings_fit(encoding: Mapping[str, Any], values: int) -> bool:
    """Whether texts, each with room for the longest of them, take no more than the limit."""
    from biotite.structure.io.pdbx.encoding import decode_stepwise, deserialize_encoding

    most = len(encoding["stringData"]) + 2  # each is there once
    steps = encoding["offsetEncoding"]
    if not _fits(steps, most) or not _fits(encoding["dataEncoding"], values):
        return False
    offsets = decode_stepwise(encoding["offsets"], [deserialize_encoding(step) for step in steps])
    lengths = np.diff(offsets.astype(np.int64), prepend=0)
    longest = int(lengths.max(initial=1))
    room = max(len(offsets), values) * longest * np.dtype("U1").itemsize
    return bool((lengths >= 0).all()) and room <= largest_size()
