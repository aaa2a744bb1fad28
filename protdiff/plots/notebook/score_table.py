"""Tables of scores: values outside the range of real chains are marked."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ...metrics.all_atom import ALL_ATOM_ALONE, ALL_ATOM_SIMILARITY
from ...metrics.comparison import SIMILARITY, Scores
from ...metrics.confidence.predicted import CONFIDENCE
from ...metrics.interfaces.complex_scores import COMPLEX
from ...metrics.quality import QUALITY
from ...metrics.self_consistency import SELF_CONSISTENCY
from ...metrics.verdict import VERDICT, Outside, real_range, verdict
from .table import ABOVE, BELOW, Cell, Heading, Table, cell_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...metrics.evaluation import Evaluation

__all__ = ["evaluation_table", "rows_table", "scores_bundle", "scores_table"]

#: Columns that are shown of rows with many.
BRIEF = (
    "model", "name", "file", "reference", "residues", "aligned", "rmsd", "tm", "gdt_ts", "lddt",
    "ca_bonds", "clashes_3.0", "overlaps", "rama_outliers", "dssp_helix", "dssp_strand",
    "hydrogen_bonds", "rg_ratio", "outside", "warning", "error",
)  # fmt: skip
#: Columns of a row of which all are shown.
FEW = 12


def scores_bundle(scores: Scores) -> dict[str, Any]:
    """What a notebook shows of scores, by MIME type."""
    return {"text/html": scores_table(scores).html()}


def scores_table(scores: Scores) -> Table:
    """Every column of scores in a row: value, range of real chains, and what it says."""
    values, outside = scores.row(), _outside(scores.quality, max(1, len(scores.chains)))
    rows: list[tuple[Cell, ...]] = []
    for name, value in values.items():
        cell = _marked(value, outside.get(name))
        if cell.text:
            span = real_range(name, scores.quality)
            ends = dict.fromkeys(_plain(end) for end in span or ())
            real = " to ".join(ends)
            rows.append((Cell(name), cell, Cell(real), Cell(_words().get(name, ""))))
    headings = (
        Heading("column"),
        Heading("value"),
        Heading("real chains", "range of 98 % of real chains of like length"),
        Heading("what it says"),
    )
    return Table(headings, tuple(rows), len(rows))


def rows_table(
    rows: Sequence[Mapping[str, Any]],
    titles: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    most: int = 20,
) -> Table:
    """Rows below one another, with the columns that are chosen, or the most important ones.

    Parameters
    ----------
    rows : sequence of dict
        Values by column; texts that are numbers count as such.
    titles : sequence of str, optional
        Names of the rows, which stand in front.
    columns : sequence of str, optional
    most : int
        Rows that are shown, at most.
    """
    names = list(columns or _names(rows))
    headings = [Heading(name, _words().get(name, "")) for name in names]
    body: list[tuple[Cell, ...]] = []
    for k, row in enumerate(rows[:most]):
        values = {name: _number(value) for name, value in row.items()}
        outside = _outside(values, _chain_count(values))
        cells = [_marked(values.get(name), outside.get(name)) for name in names]
        body.append((*([Cell(titles[k])] if titles is not None else []), *cells))
    first = [Heading("name")] if titles is not None else []
    return Table((*first, *headings), tuple(body), len(rows))


def evaluation_table(evaluation: Evaluation) -> Table:
    """Designs beside real chains: means of every column, and how far distributions differ."""
    headings = (
        Heading("column"),
        Heading("designs", "mean of the designs"),
        Heading("real", "mean of real chains of the same lengths"),
        Heading("ks", "Kolmogorov-Smirnov statistic: 0 for the same distribution, 1 at most"),
        Heading("what it says"),
    )
    rows = tuple(
        (
            Cell(name),
            *map(cell_of, (one["mean"], one["real_mean"], one["ks"])),
            Cell(_words()[name]),
        )
        for name, one in evaluation.numbers["columns"].items()
    )
    return Table(headings, rows, len(rows))


@cache
def _words() -> dict[str, str]:
    """What columns say, by name."""
    from ...analysis import LIKELIHOOD  # which imports the network

    compared = SIMILARITY | COMPLEX | ALL_ATOM_SIMILARITY
    alone = QUALITY | ALL_ATOM_ALONE | SELF_CONSISTENCY | CONFIDENCE
    return alone | compared | LIKELIHOOD | VERDICT


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Columns that some row has a value of; of many the most important ones."""
    present = [
        name
        for name in dict.fromkeys(name for row in rows for name in row)
        if any(cell_of(row.get(name)).text for row in rows)
    ]
    brief = [name for name in BRIEF if name in present]
    return brief if brief and len(present) > FEW else present


def _outside(values: Mapping[str, Any], n_chains: int) -> dict[str, Outside]:
    """Columns outside the range of real chains, by name."""
    numbers = {name: float(v) for name, v in values.items() if isinstance(v, (int, float))}
    if "residues" not in numbers or not numbers["residues"] >= 1:
        return {}
    return {one.column: one for one in verdict(numbers, n_chains).outside}


def _marked(value: Any, outside: Outside | None) -> Cell:
    if outside is None:
        return cell_of(value)
    mark = ABOVE if outside.value > outside.high else BELOW
    return cell_of(value, mark, str(outside))


def _number(value: Any) -> Any:
    """The number of a text, as of a CSV file, or the value itself."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _chain_count(row: Mapping[str, Any]) -> int:
    """Pairs of chains that a row of scores names, 1 where it names none."""
    return str(row.get("chains", "")).count(",") + 1


def _plain(value: float) -> str:
    return cell_of(value).text
