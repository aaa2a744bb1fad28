"""`protdiff report`: one page to look at structures, that opens anywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .._system.locks import output_file
from ._shared.options import JobsOption
from ._shared.report_writer import PAGE, STRUCTURES, check_page, write_report

__all__ = ["report"]


def report(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="DESIGNS...",
            help="Folders, files or patterns; tables of score; folders of evaluate and check.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="File to write.")] = Path(PAGE),
    title: Annotated[str, typer.Option(help="Of the page; by default what it is of.")] = "",
    structures: Annotated[
        int,
        typer.Option(min=0, help="So many are stored in the page: the best, if there are more."),
    ] = STRUCTURES,
    jobs: JobsOption = 0,
) -> None:
    """Write one HTML file in which structures can be sorted, filtered, turned and chosen.

    It needs no network and no other file: it opens from a file manager, and can be sent. Columns
    are those of score, and what a manifest, check or evaluate say; structures that no table scores
    are scored. Give a folder of designs and the folder of check, and every design has its
    predicted model laid over it.
    """
    check_page(out)
    with output_file(out):
        failed = write_report(sources, out, title=title, structures=structures, jobs=jobs)
    if failed:
        print(f"{failed} could not be read or scored; the page says why", file=sys.stderr)
        raise typer.Exit(1)
