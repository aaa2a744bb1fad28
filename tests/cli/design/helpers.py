"""What the tests of `protdiff design` read of its folders."""

import csv

from protdiff.cli._shared.run_file import RUN_FILE


def rows_of(out):
    return list(csv.DictReader((out / "designs.csv").open(newline="")))


def contents(out):
    """Bytes of the results; the options name the folder, and are none."""
    paths = [p for p in sorted(out.rglob("*")) if p.is_file() and p.name != RUN_FILE]
    return {p.relative_to(out): p.read_bytes() for p in paths}
