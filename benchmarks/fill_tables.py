"""Fill the tables of README.md and docs/ from the result files.

    python benchmarks/fill_tables.py fill     # write the tables
    python benchmarks/fill_tables.py check    # say which tables differ; exit code 1 if any does

A table stands in a Markdown file between ``<!-- table: NAME -->`` and ``<!-- /table -->``; the
functions of the modules that end in ``_tables`` say which numbers it shows.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import condition_tables  # noqa: F401  (registers its tables)
import sample_tables  # noqa: F401
import scale_tables  # noqa: F401
import score_tables  # noqa: F401
import sequence_tables  # noqa: F401
import string_tables  # noqa: F401
import theory_tables  # noqa: F401
import training_tables  # noqa: F401
from results import ROOT
from table_cells import TABLES

MARKER = re.compile(r"<!-- table: ([\w-]+) -->\n(.*?)<!-- /table -->", re.DOTALL)


def pages() -> list[Path]:
    """The Markdown files that may hold tables."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


# Writing results


def filled(text: str, tables: dict[str, Any]) -> str:
    """A page with its tables made from the result files."""

    def table(match: re.Match[str]) -> str:
        name = match[1]
        if name not in tables:
            raise KeyError(f"no table named {name} in the modules of tables")
        return f"<!-- table: {name} -->\n\n{tables[name]()}\n\n<!-- /table -->"

    return MARKER.sub(table, text)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("action", choices=("fill", "check"))
    options = parser.parse_args()
    differ = False
    for page in pages():
        old = page.read_text(encoding="utf-8")
        new = filled(old, TABLES)
        if new == old:
            continue
        differ = True
        print(f"{page.relative_to(ROOT)}: {'filled' if options.action == 'fill' else 'differs'}")
        for before, after in zip(MARKER.finditer(old), MARKER.finditer(new), strict=True):
            if before[2] != after[2]:
                print(f"  table {before[1]}")
        if options.action == "fill":
            page.write_text(new, encoding="utf-8")
    if differ and options.action == "check":
        sys.exit(1)


if __name__ == "__main__":
    main()
