"""Tables of docs/howto/scale.md: what large numbers of designs cost, from measured rates."""

from __future__ import annotations

from table_cells import cell, markdown, numbers, table

#: Designs of the table, and seconds of an hour.
MANY, HOUR = 1_000_000, 3600


def span(low: float, high: float) -> str:
    """A range of whole numbers."""
    return f"{low:,.0f}" if round(low) == round(high) else f"{low:,.0f}–{high:,.0f}"


@table
def million_designs() -> str:
    cost = numbers("cost")
    each, cores = cost["seconds_of_100_at_once"], cost["processes"]
    drawn = [each[end] * cores * MANY / HOUR for end in ("low", "high")]
    rates = numbers("score_speed")["pairs_per_second"]["all"]
    scored = [MANY / rates[end] / HOUR for end in ("high", "low")]
    rows = [
        ["drawn, 100 residues, on a CPU",
         cell("{each:.2f} s", {"each": each}) + f" on {cores} cores",
         f"{span(*drawn)} core-hours"],
        ["scored against references, all columns, 150 residues",
         f"{rates['low']}–{rates['high']} a second and core", f"{span(*scored)} core-hours"],
    ]  # fmt: skip
    return markdown(["", "measured, each", "a million"], rows)


@table
def rows_by_workers() -> str:
    result = numbers("cluster")
    rates = result["rows_per_second"]
    rows = [["two processes, `--jobs 2`", cell("{processes:.0f}", rates)],
            ["two Dask workers, one of them killed", cell("{workers:.0f}", rates)]]  # fmt: skip
    return markdown(
        [f"{result['rows']:,} models of {result['residues']} residues", "rows a second"], rows
    )
