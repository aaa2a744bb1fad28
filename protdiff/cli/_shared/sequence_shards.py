"""Folders of `protdiff design` that shards have written, and how they become that of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._system.files import write_json
from ..._system.words import counted
from ...analysis.folding.records import FASTA, OPTIONS
from .sequence_files import (
    FORMAT,
    STRUCTURES,
    TABLE,
    SequenceFiles,
    drawn_rows,
    read_options,
    write_fasta,
    write_table,
)
from .shard_records import Record, agreed, remove_shards, unfinished

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .design_task import Row

__all__ = ["merge_sequences"]


def merge_sequences(out: Path) -> str:
    """Join the files of all shards of a folder into those of a whole run; what was done, in words.

    Raises
    ------
    ValueError
        If shards are missing or unfinished, or of different commands; nothing is written then.
    """
    records = agreed(out / TABLE)
    options, total = records[0].options, records[0].part.total
    rows: dict[str, list[Row]] = {}
    digests: dict[str, str] = {}
    files: dict[int, str] = {}
    for source in SequenceFiles(out).earlier():
        before = read_options(source.options)
        if before is None or before["options"] != options:
            continue
        digests |= before["inputs"]
        files |= _places(records, source, before, total)
        for own in drawn_rows(source.table, errors=True).values():
            if _is_whole(out, own, int(options["num"])):
                rows[own[0]["file"]] = own
    lacking = {place for place in range(total) if files.get(place) not in rows}
    if lacking:
        raise ValueError(f"{out}: {unfinished(records, lacking, 'structure')}")
    ordered = [files[place] for place in range(total)]
    inputs = {file: digests[file] for file in ordered}
    table = [row for file in ordered for row in rows[file]]
    whole = SequenceFiles(out)
    write_json(whole.options, {"format": FORMAT, "options": options, "inputs": inputs})
    write_table(whole.table, table)
    write_fasta(whole.fasta, table)
    remove_shards(out / TABLE, FASTA, OPTIONS)
    return f"sequences of {counted(total, 'structure')} in {whole.fasta}"


def _places(
    records: Sequence[Record], source: SequenceFiles, before: dict[str, Any], total: int
) -> dict[int, str]:
    """Structures by their place in the whole list, as far as one run or shard knows them."""
    inputs = list(before["inputs"])
    if source.shard is None:
        return dict(enumerate(inputs)) if len(inputs) == total else {}
    [places] = [one.part.places for one in records if one.shard == source.shard] or [()]
    return dict(zip(places, inputs, strict=False))


def _is_whole(out: Path, rows: Sequence[Row], num: int) -> bool:
    """Whether a structure has all its sequences with their copies, or says why it has none."""
    if rows[0]["error"]:
        return True
    copies = [out / STRUCTURES / row["structure"] for row in rows]
    return len(rows) == num and all(path.is_file() for path in copies)
