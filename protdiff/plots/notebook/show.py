"""`protdiff.show`: what a notebook shows of several values."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._system.reading import read_text, reason
from ...metrics.comparison import Scores
from ...metrics.evaluation import Evaluation
from ...structure.backbone import Backbone
from ...structure.io.read_write import read
from .gallery import Gallery
from .score_table import evaluation_table, rows_table, scores_table
from .table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["show"]

TAKES = (
    "a structure, scores, an evaluation, designs, rows of a table, several of one kind, or the "
    "path of a structure or of a CSV file"
)


def show(
    values: Any,
    titles: Sequence[str] | None = None,
    *,
    columns: Sequence[str] | None = None,
    rows: int = 20,
) -> Gallery | Table:
    """Show structures as ribbons to turn, and scores, designs and rows as a table.

    In a notebook the result shows itself as the last value of a cell, or by ``display``. Elsewhere
    it is text.

    Parameters
    ----------
    values : Backbone, Scores, Evaluation, Design, dict, path, or several of one kind
        Structures and paths of structures become ribbons: what `generate` and `read` return. All
        others become a table: what `score`, `design`, `check` and `evaluate` return, dicts of
        values by column, and a CSV file that a command has written.
    titles : sequence of str, optional
        Names of the values. Left out, structures are counted from 0 or have the names of their
        files, and rows of a table have none.
    columns : sequence of str, optional
        Columns of the table. Left out, the most important ones of many.
    rows : int
        Rows of a table that are shown, at most.

    Returns
    -------
    Gallery or Table

    Raises
    ------
    ValueError
        If there is nothing to show, there are not as many titles as values, a column is not there,
        or a file cannot be read.
    TypeError
        If the values are of another kind.

    Examples
    --------
    >>> import protdiff
    >>> protdiff.show([{"name": "a", "tm": 0.51234}, {"name": "b", "tm": 0.4}], columns=["tm"])
    tm
    0.5123
    0.4
    """
    if isinstance(values, Evaluation):
        return evaluation_table(values)
    if isinstance(values, Scores) and titles is None and columns is None:
        return scores_table(values)
    if isinstance(values, (str, os.PathLike)) and Path(values).suffix.lower() == ".csv":
        values = _csv_rows(Path(values))
    elif _is_one(values):
        values = [values]
    elif not isinstance(values, Iterable):
        raise TypeError(f"`values`: {type(values).__name__}; show takes {TAKES}")
    values = list(values)
    if not values:
        raise ValueError("`values`: there is nothing to show")
    if titles is not None and len(titles) != len(values):
        raise ValueError(f"`titles`: {len(titles)} of them for {len(values)} values")
    if all(isinstance(value, (Backbone, str, os.PathLike)) for value in values):
        return _gallery(values, titles)
    table = [_row(value) for value in values]
    known = list(dict.fromkeys(name for row in table for name in row))
    if missing := [name for name in columns or () if name not in known]:
        raise ValueError(
            f"`columns`: there is no column {missing[0]!r}; choose of {', '.join(known)}"
        )
    return rows_table(table, titles, columns, rows)


def _is_one(values: Any) -> bool:
    one = (Backbone, Scores, Mapping, str, os.PathLike)
    return isinstance(values, one) or hasattr(values, "row")


def _gallery(values: Sequence[Any], titles: Sequence[str] | None) -> Gallery:
    if titles is None:
        titles = [
            str(k if len(values) > 1 else "") if isinstance(value, Backbone) else Path(value).name
            for k, value in enumerate(values)
        ]
    backbones = [v if isinstance(v, Backbone) else read(v, ca_only=True) for v in values]
    return Gallery(tuple(backbones), tuple(map(str, titles)))


def _row(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    if hasattr(value, "row"):
        return value.row()
    raise TypeError(f"`values`: {type(value).__name__} among them; show takes {TAKES}")


def _csv_rows(path: Path) -> list[dict[str, Any]]:
    try:
        return list(csv.DictReader(io.StringIO(read_text(path), newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: cannot be read as a table ({reason(error)})") from None
