"""Cells and rows of the documentation's tables, and the register of all tables.

`TABLES` maps the name of a table to a function that returns its Markdown. A cell is a format
string over the numbers of a result, for instance ``{rms_n_ca:.3f} Å``.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

from results import is_stale, load, weights_identity


class Spread:
    """A number with its spread, or a range, that formats as one: ``3.7 ± 0.3``, ``0.2–0.3``.

    A deviation that rounds to nothing is left out.
    """

    def __init__(self, values: dict[str, float]) -> None:
        self.values = values

    def __format__(self, spec: str) -> str:
        if "mean" in self.values:
            mean, deviation = (f"{self.values[key]:{spec}}" for key in ("mean", "sd"))
            return f"{mean} ± {deviation}" if deviation.strip("0.") else mean
        low, high = (f"{self.values[key]:{spec}}" for key in ("low", "high"))
        return low if low == high else f"{low}–{high}"


class Cells(string.Formatter):
    """Format strings that reach into nested numbers: ``{cold_start.seconds:.0f}``."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Any) -> tuple[Any, str]:
        value: Any = kwargs
        for key in field_name.split("."):
            value = value[key]
        if isinstance(value, dict):
            value = Spread(value)
        return value, field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        text = super().format_field(value, format_spec)
        zero = not text.strip("-0.")
        return text.lstrip("-") if zero else text.replace("-", "−")


def cell(template: str, numbers: dict[str, Any]) -> str:
    """A template filled with numbers that may have dots in their keys."""
    safe = {key.replace(".", "_"): value for key, value in numbers.items()}
    return Cells().vformat(template, (), safe)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


#: Results that the table in the making has read.
READ: list[dict[str, Any]] = []


def numbers(name: str) -> dict[str, Any]:
    """Numbers of a result, for the table in the making."""
    READ.append(load(name))
    return READ[-1]["numbers"]


#: Below a table that shows a result of other weights than the shipped ones.
OF_EARLIER_WEIGHTS = "*Measured with earlier weights; `benchmarks/remake.py` makes it anew.*"

TABLES: dict[str, Callable[[], str]] = {}


def table(make: Callable[[], str]) -> Callable[[], str]:
    """Register a table under the name of its function; it says if its numbers are outdated."""

    @wraps(make)
    def with_note() -> str:
        READ.clear()
        text, identity = make(), weights_identity()
        stale = any(is_stale(result, identity) for result in READ)
        return f"{text}\n\n{OF_EARLIER_WEIGHTS}" if stale else text

    TABLES[make.__name__.replace("_", "-")] = with_note
    return with_note
