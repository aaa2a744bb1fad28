"""What the tests of `protdiff design` read of its folders."""

import csv


def rows_of(out):
    return list(csv.DictReader((out / "designs.csv").open(newline="")))


def contents(out):
    return {p.relative_to(out): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
