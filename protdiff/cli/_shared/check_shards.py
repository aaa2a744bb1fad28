"""Shards of `protdiff check`: all sequences of a design are of one shard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..._system.words import counted
from .check_report import BEST, TABLE
from .shard_records import agreed, remove_shards
from .shards import Part, digest_of, parse_shard
from .table_shards import join, whole_count

if TYPE_CHECKING:
    from pathlib import Path

    from ...analysis.folding.checking import Plan
    from ...analysis.folding.targets import Target

__all__ = ["check_options", "merge_checks", "own_plan"]


def own_plan(shard: str, plan: Plan) -> tuple[Part, Plan]:
    """What a shard does of a plan: the places of its sequences, and a plan of these.

    Designs are dealt by the residues of their sequences.
    """
    chosen = parse_shard(shard)
    designs: dict[str, list[int]] = {}
    for place, target in enumerate(plan.targets):
        designs.setdefault(target.design or f"/{target.name}", []).append(place)
    groups = list(designs.values())
    sizes = [sum(len(plan.targets[place].letters) for place in group) for group in groups]
    places = sorted(place for own in chosen.places(sizes) for place in groups[own])
    digest = digest_of((one.name, one.design, one.chains, *_file(one)) for one in plan.targets)
    part = Part(chosen, tuple(places), len(plan.targets), digest)
    return part, replace(plan, targets=part.of(plan.targets))


def _file(target: Target) -> tuple[str, int]:
    """Name and size of the file of a design; shards that compare other ones do not belong here."""
    from ...structure.io.members import path_text
    from ...structure.io.tar_listing import stored_size

    if target.structure is None:
        return "", 0
    return path_text(target.structure.file), stored_size(target.structure.file)


def check_options(plan: Plan) -> dict[str, str]:
    """What shards of one command have in common, by the name of the option."""
    from ... import __version__

    given = plan.options
    predictions = "" if given.predictions is None else str(given.predictions)
    return {"fold": given.fold or "", "predictions": predictions, "protdiff": __version__}


def merge_checks(out: Path) -> str:
    """Join the tables of all shards of a folder into those of a whole run; what was done, in words.

    Raises
    ------
    ValueError
        If shards are missing or unfinished, or of different commands; nothing is written then.
    """
    records = agreed(out / TABLE)
    count = whole_count(records, out / TABLE)
    shards = [one.shard for one in records if one.shard.count == count]
    for name in (BEST, TABLE):
        join([shard.beside(out / name) for shard in shards], out / name)
    remove_shards(out / TABLE, BEST)
    return f"{counted(records[0].part.total, 'sequence')} in {out / TABLE}"
