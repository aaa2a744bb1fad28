"""Tables of atoms in the text of mmCIF files.

The text is split by the rules of the STAR syntax and not by lines, so that comments, quoted values,
text fields, rows over several lines and capital letters in keywords are what they mean.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from .atoms import FileError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from jaxtyping import Shaped

__all__ = ["atom_site_columns", "first_values"]

#: A text field, some lines without quotes, comments and tags (for speed and memory, most of a file
#: is such rows), a quoted value, a comment, or a word. A quote ends only before white space. How
#: many quotes may be within others is bounded: without that, a line of open ones would be searched
#: to its end from each of them.
TOKEN = re.compile(
    r"""^;[\s\S]*?^;|^(?=[^\S\n]*[^\s'"\#;_])[^'"\#;_]{1,100000}\n"""
    r"""|'[^'\n]*+(?:'(?=\S)[^'\n]*+){0,32}+'(?!\S)"""
    r"""|"[^"\n]*+(?:"(?=\S)[^"\n]*+){0,32}+"(?!\S)"""
    r"""|\#[^\n]*|\S+""",
    re.MULTILINE,
)
#: Words that end the rows of a table.
KEYWORD = re.compile(r"(loop_|global_|stop_)$|data_|save_", re.IGNORECASE)
PREFIX = "_atom_site."
QUOTES = "'\";"
#: Values that are kept as text before they are put into arrays, which take less memory.
VALUES = 200_000
#: Letters of the longest value: an array has room for the longest one in every row.
LONGEST = 256


def atom_site_columns(
    text: str, wanted: Collection[str] | None = None
) -> tuple[dict[str, Shaped[np.ndarray, " rows"]], int]:
    r"""Columns of the first table of atoms.

    Parameters
    ----------
    text : str
        Content of the file; lines end with ``\n``.
    wanted : collection of str, optional
        Names in lower case of the columns to return; all by default.

    Returns
    -------
    columns : dict of str to ndarray of str, shape (rows,)
        By name, in lower case; values without their quotes.
    others : int
        How many further tables of atoms there are.

    Raises
    ------
    FileError
        If a row of the table is not complete, or a value is longer than any can be.

    Examples
    --------
    >>> from protdiff.structure.io.cif_text import atom_site_columns
    >>> text = "data_x LOOP_ _atom_site.id _atom_site.Label_atom_id 1 N # first\n 2 'CA'"
    >>> columns, others = atom_site_columns(text)
    >>> {name: values.tolist() for name, values in columns.items()}
    {'id': ['1', '2'], 'label_atom_id': ['N', 'CA']}
    """
    names, values, others = list[str](), None, 0
    tokens = _tokens(text)
    before = ""
    for token in tokens:
        is_head = token[: len(PREFIX)].lower() == PREFIX and before[:1] != "_"
        if is_head and values is None:
            # The columns are the tags in a row; their values end at the next tag or keyword.
            while token[:1] == "_":
                names.append(token[len(PREFIX) :].lower())
                token = next(tokens, "")
            values = _Values(names, wanted)
            while token and token[0] != "_" and not _is_keyword(token):
                values.add(token)
                token = next(tokens, "")
            is_head = token[: len(PREFIX)].lower() == PREFIX
        others += is_head and values is not None
        before = token
    return ({}, 0) if values is None else (values.columns(), others)


def first_values(text: str, tags: Collection[str]) -> dict[str, str]:
    """First value of some items of the first data block, by their tags in lower case.

    Examples
    --------
    >>> from protdiff.structure.io.cif_text import first_values
    >>> text = "data_x loop_ _exptl.entry_id _exptl.Method x 'SOLUTION NMR' x other _cell.a 7"
    >>> first_values(text, {"_exptl.method", "_refine.ls_d_res_high"})
    {'_exptl.method': 'SOLUTION NMR'}
    """
    found: dict[str, str] = {}
    waiting: list[str] = []  # tags whose first values are to come, the next one last
    blocks = 0
    for token in _tokens(text):
        if token[0] == "_":
            waiting.insert(0, token.lower())
        elif _is_keyword(token):
            waiting, blocks = [], blocks + (token[:5].lower() == "data_")
            if blocks > 1:
                break
        elif waiting:
            values = [_unquoted(token)] if token[0] in QUOTES else token.split(None, len(waiting))
            for value in values[: len(waiting)]:
                tag = waiting.pop()
                if tag in tags:
                    found.setdefault(tag, value)
    return found


def _tokens(text: str) -> Iterator[str]:
    """Tokens one after the other, without comments: a list of all would take much memory."""
    return (token for match in TOKEN.finditer(text) if (token := match[0])[0] != "#")


def _is_keyword(token: str) -> bool:
    return token[0] not in QUOTES and KEYWORD.match(token) is not None


class _Values:
    """Values of a table, which come row by row, in columns."""

    def __init__(self, names: list[str], wanted: Collection[str] | None) -> None:
        self.width = len(names)
        self.places = {name: k for k, name in enumerate(names) if wanted is None or name in wanted}
        self.parts = {name: [np.empty(0, np.str_)] for name in self.places}
        self.waiting: list[str] = []

    def add(self, token: str) -> None:
        """Values of the next rows."""
        if token[0] in QUOTES:
            self.waiting.append(_unquoted(token))
        else:
            self.waiting += token.split()
        if len(self.waiting) >= VALUES:
            self._store(len(self.waiting) // self.width * self.width)

    def _store(self, end: int) -> None:
        for name, place in self.places.items():
            values = self.waiting[place : end : self.width]
            if max(map(len, values), default=0) > LONGEST:
                raise FileError(f"damaged: a value of its column {name} is too long")
            self.parts[name].append(np.array(values, dtype=np.str_))
        del self.waiting[:end]

    def columns(self) -> dict[str, Shaped[np.ndarray, " rows"]]:
        """All of them; FileError if the last row is not complete."""
        if len(self.waiting) % self.width:
            raise FileError("the last row of its atom_site table is cut short; get a fresh copy")
        self._store(len(self.waiting))
        return {name: np.concatenate(parts) for name, parts in self.parts.items()}


def _unquoted(value: str) -> str:
    """Value without its quotes, or the semicolons of a text field."""
    if value[0] == ";" and value.endswith("\n;"):
        return value[1:-2]
    return value[1:-1].strip() if len(value) > 1 and value[-1] == value[0] != ";" else value
