"""`protdiff merge`: what shards have written, joined into what one run would have written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._shared.design_shards import merge_designs
from ._shared.groups import grouped
from ._shared.manifest import MANIFEST
from ._shared.shards import shard_tables
from ._shared.structure_sets import output_folder

__all__ = ["merge"]


@grouped
def merge(
    *,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder that shards wrote into.")],
) -> None:
    """Join what the shards of a command have written, as if one run had written it.

    Of a folder of protdiff generate or extend the manifests of all shards become manifest.csv. It
    says which shards are missing or unfinished, and then joins nothing; it can be run twice.
    """
    if not out.is_dir():
        raise ValueError(f"{out}: no such folder")
    with output_folder(out):
        if shard_tables(out / MANIFEST, ".shard"):
            print(merge_designs(out))
        elif (out / MANIFEST).is_file():
            print(f"nothing to merge in {out}: {MANIFEST} is there, and no shards are")
        else:
            raise ValueError(f"{out}: no shards of protdiff generate, extend or design in it")
