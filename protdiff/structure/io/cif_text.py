"""Tables of atoms in the text of mmCIF files.

The text is split by the rules of the STAR syntax and not by lines, so that comments, quoted values,
text fields, rows over several lines and capital letters in keywords are what they mean.
"""

from __future__ import annotations

import re

from .atoms import FileError

__all__ = ["atom_site_columns"]

#: A text field, a row of a table of atoms without quotes and tags (for speed, most of a file is
#: such rows), a quoted value, a comment, or a word. A quote ends only before white space.
TOKEN = re.compile(
    r"""^;[\s\S]*?^;|^(?:ATOM|HETATM)\s[^'"\#;_\n]*$"""
    r"""|'(?:[^'\n]|'(?=\S))*'(?!\S)|"(?:[^"\n]|"(?=\S))*"(?!\S)|\#[^\n]*|\S+""",
    re.MULTILINE,
)
#: Words that end the rows of a table.
KEYWORD = re.compile(r"(loop_|global_|stop_)$|data_|save_", re.IGNORECASE)
PREFIX = "_atom_site."
QUOTES = "'\";"


def atom_site_columns(text: str) -> tuple[dict[str, list[str]], int]:
    r"""Columns of the first table of atoms.

    Parameters
    ----------
    text : str
        Content of the file; lines end with ``\n``.

    Returns
    -------
    columns : dict of str to list of str
        By name, in lower case; values without their quotes.
    others : int
        How many further tables of atoms there are.

    Raises
    ------
    FileError
        If a row of the table is not complete.

    Examples
    --------
    >>> from protdiff.structure.io.cif_text import atom_site_columns
    >>> text = "data_x LOOP_ _atom_site.id _atom_site.Label_atom_id 1 N # first\n 2 'CA'"
    >>> atom_site_columns(text)
    ({'id': ['1', '2'], 'label_atom_id': ['N', 'CA']}, 0)
    """
    tokens = [token for token in TOKEN.findall(text) if token[0] != "#"]
    tags = [i for i, token in enumerate(tokens) if token[0] == "_"]
    heads = [k for k, i in enumerate(tags) if tokens[i][: len(PREFIX)].lower() == PREFIX]
    tables = [k for k in heads if k == 0 or tags[k - 1] != tags[k] - 1]
    if not tables:
        return {}, 0
    # The columns are the tags in a row; their values end at the next tag or keyword.
    last = tables[0]
    while last + 1 < len(tags) and tags[last + 1] == tags[last] + 1:
        last += 1
    names = [tokens[tags[k]][len(PREFIX) :].lower() for k in range(tables[0], last + 1)]
    stop = tags[last + 1] if last + 1 < len(tags) else None
    values: list[str] = []
    for token in tokens[tags[last] + 1 : stop]:
        if token[0] in QUOTES:
            values.append(_unquoted(token))
        elif KEYWORD.match(token):
            break
        else:
            values += token.split()
    if len(values) % len(names):
        raise FileError("the last row of its atom_site table is cut short; get a fresh copy")
    columns = {name: values[k :: len(names)] for k, name in enumerate(names)}
    return columns, len(tables) - 1


def _unquoted(value: str) -> str:
    """Value without its quotes, or the semicolons of a text field."""
    if value[0] == ";" and value.endswith("\n;"):
        return value[1:-2]
    return value[1:-1].strip() if len(value) > 1 and value[-1] == value[0] != ";" else value
