"""Writes the report: entries, their columns and structures in one HTML file, without a network."""

from __future__ import annotations

import base64
import gzip
import html
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._system.files import open_text, replacing
from ..._system.words import counted
from ...structure.constants import DRAWN_BREAK
from ...structure.torsions import regions_of
from .library import library_code
from .real_columns import column_histograms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from .entry import Entry

__all__ = ["Column", "write_page"]

TEMPLATE = Path(__file__).parent / "template"
#: Scripts of the page, in the order in which they use one another.
SCRIPTS = (
    "data", "ribbon", "colours", "preview", "viewer", "table", "plots", "histograms", "exports",
    "main",
)  # fmt: skip
#: Significant digits of numbers in the table.
DIGITS = 5


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    name : str
    words : str
        What it says.
    brief : bool
        Whether it is shown at first, and not only with all columns.
    small : bool
        Whether the first click on its name brings small values to the top.
    measured : bool
        Whether it is measured, and has a histogram if it has numbers; a seed has none.
    """

    name: str
    words: str = ""
    brief: bool = False
    small: bool = False
    measured: bool = True


def write_page(
    path: str | PathLike[str],
    title: str,
    entries: Sequence[Entry],
    columns: Sequence[Column],
    structures: Mapping[int, Mapping[str, Any]],
    note: str = "",
) -> None:
    """Write the report, whole or not at all.

    Parameters
    ----------
    path : str or path-like
    title : str
    entries : sequence of Entry
        Rows of the table.
    columns : sequence of Column
        Those without a value in any row are left out.
    structures : dict of int to dict
        What `stored_structure` returns, by the place of the entry; of some of the entries.
    note : str
        Which structures are stored, if these are not all.

    Raises
    ------
    ValueError
        If plotly is not installed.
    """
    data = page_data(entries, columns, structures, note)
    parts = {
        "title": html.escape(title),
        "footer": html.escape(_footer()),
        "style": (TEMPLATE / "page.css").read_text(encoding="utf-8"),
        "data": _compressed(json.dumps(data, allow_nan=False, separators=(",", ":"))),
        "library": _compressed(library_code()) if data["structures"] else "",
        "scripts": "".join(
            f"<script>\n{(TEMPLATE / f'{name}.js').read_text(encoding='utf-8')}</script>\n"
            for name in SCRIPTS
        ),
    }
    template = (TEMPLATE / "page.html").read_text(encoding="utf-8")
    # In one pass: what is filled in may itself look like a place to be filled.
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)
    with replacing(path) as temporary, open_text(temporary) as handle:
        handle.write(text)


def page_data(
    entries: Sequence[Entry],
    columns: Sequence[Column],
    structures: Mapping[int, Mapping[str, Any]],
    note: str = "",
) -> dict[str, Any]:
    """What the scripts of the page are given, as plain values."""
    table = []
    values = {one.name: [_plain(e.values.get(one.name)) for e in entries] for one in columns}
    histograms = column_histograms(values)
    for one in columns:
        if all(value is None for value in values[one.name]):
            continue
        text = any(isinstance(value, str) for value in values[one.name])
        table.append(
            {"name": one.name, "words": one.words, "brief": one.brief, "small": one.small,
             "text": text, "values": values[one.name]}
            | ({} if text or not one.measured else histograms.get(one.name, {}))
        )  # fmt: skip
    failed = [_text(entry.values.get("error")) for entry in entries]
    drawn = sum(1 for one in structures.values() if "ca" in one)
    return {
        "summary": _summary(len(entries), sum(map(bool, failed)), note),
        "beside": _beside(table),
        "without": f"The structures of {counted(drawn, 'row')} are stored in this page, and not "
        "this one: open its file, or write the report with a larger --structures.",
        "folder": str(Path.cwd()),
        "names": [_text(entry.name) for entry in entries],
        "files": [_text(entry.file or "") for entry in entries],
        "others": [_text(entry.other or "") for entry in entries],
        "errors": failed,
        "verdicts": [_text(entry.values.get("verdict")) for entry in entries],
        "columns": table,
        "structures": {str(k): one for k, one in structures.items() if one},
        "longest": DRAWN_BREAK,
        "regions": "".join(map(str, regions_of("general").ravel().tolist())),
    }


def _summary(rows: int, failed: int, note: str) -> str:
    parts = [counted(rows, "structure"), f"{failed} failed" if failed else "", note]
    return ", ".join(filter(None, parts))


def _beside(table: Sequence[Mapping[str, Any]]) -> str:
    if any("real" in column for column in table):
        return "blue: the rows that are shown; grey: real chains of the same lengths"
    return "of the rows that are shown"


def _footer() -> str:
    from ..._system.version import __version__

    return f"protdiff {__version__} · drawn by plotly.js (MIT licence)"


def _compressed(text: str) -> str:
    """gzip in base64; equal texts give equal bytes."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode("ascii")


def _plain(value: Any) -> float | int | str | None:
    """A value as JSON has it: numbers in few digits, None for what is missing."""
    if value is None or value == "":
        return None
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if not math.isfinite(number):
            return None
        return int(number) if number.is_integer() else float(f"{number:.{DIGITS}g}")
    return _text(value)


def _text(value: Any) -> str:
    """Text that UTF-8 holds: a byte in a file's name that is no text becomes an escape."""
    if value is None:
        return ""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
