"""Files in the folder of `protdiff design`, or of a shard of it: how they are read and written."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._system.files import open_text, replacing
from ..._system.reading import read_json
from ...analysis.folding.records import FASTA, OPTIONS
from .design_task import COLUMNS
from .shard_records import Record
from .shards import shard_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .design_task import Row
    from .shards import Shard

__all__ = [
    "FORMAT", "REMEDY", "STRUCTURES", "TABLE", "SequenceFiles", "check_options", "drawn_rows",
    "read_options", "refuse_foreign", "write_fasta", "write_table",
]  # fmt: skip

TABLE, STRUCTURES = "designs.csv", "structures"
FORMAT = "protdiff-sequences-1"
REMEDY = "choose another --out, or remove it"


@dataclass(frozen=True)
class SequenceFiles:
    """Names of the files in a folder, of a whole run or of a shard."""

    out: Path
    shard: Shard | None = None

    def _own(self, name: str) -> Path:
        return self.out / name if self.shard is None else self.shard.beside(self.out / name)

    @property
    def table(self) -> Path:
        """One row per sequence."""
        return self._own(TABLE)

    @property
    def fasta(self) -> Path:
        """One record per sequence."""
        return self._own(FASTA)

    @property
    def options(self) -> Path:
        """What decided the sequences."""
        return self._own(OPTIONS)

    def earlier(self) -> list[SequenceFiles]:
        """Files that may have what this run is to do: its own last.

        Those of other shards of the same number have other structures.
        """
        others = [shard for shard, _ in shard_tables(self.out / OPTIONS)]
        if self.shard is not None:
            others = [shard for shard in others if shard.count != self.shard.count]
            return [*(SequenceFiles(self.out, one) for one in (*others, None)), self]
        return [*(SequenceFiles(self.out, one) for one in others), self]


def refuse_foreign(out: Path) -> None:
    """ValueError if a folder holds files of the names to be written that are of something else."""
    if (out / OPTIONS).exists() or any(Record.each_of(out / TABLE)):
        return
    for name in (FASTA, TABLE, STRUCTURES):
        if (out / name).exists():
            raise ValueError(f"{out / name}: not of this command; {REMEDY}")


def read_options(path: Path) -> dict[str, Any] | None:
    """What an earlier run recorded; None if there was none."""
    if not path.exists():
        return None
    try:
        found = read_json(path)
        if found["format"] == FORMAT and isinstance(found["inputs"], dict):
            return found
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise ValueError(f"{path}: not of this version of protdiff; {REMEDY}")


def check_options(out: Path, before: Mapping[str, str], now: Mapping[str, str]) -> None:
    """ValueError if sequences in the folder were drawn with other options."""
    differs = [name for name in now if before.get(name) != now[name]]
    if differs == ["protdiff"]:
        raise ValueError(
            f"{out}: made by protdiff {before.get('protdiff')}, and this is {now['protdiff']}, "
            f"which may draw other sequences; {REMEDY}"
        )
    if differs:
        names = ", ".join(name.replace("_", "-") for name in differs)
        raise ValueError(f"{out}: made with other options ({names}); {REMEDY}")


def drawn_rows(table: Path, errors: bool = False) -> dict[str, list[Row]]:
    """Rows of an earlier run by design, with those that have an error or without these.

    There are none if there is no table.
    """
    try:
        text = table.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return {}
    whole = text[: text.rfind("\n") + 1]  # the last line of a killed run may be cut
    reader = csv.DictReader(io.StringIO(whole, newline=""))
    if tuple(reader.fieldnames or COLUMNS) != COLUMNS:
        raise ValueError(f"{table}: not of this command; {REMEDY}")
    found: dict[str, list[Row]] = {}
    for row in reader:
        if errors or row["error"] == "":
            found.setdefault(row["design"], []).append(row)
    return found


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write all rows, whole or not at all."""
    with (
        replacing(path) as temporary,
        open_text(temporary) as handle,
    ):
        writer: csv.DictWriter[str] = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def write_fasta(path: Path, rows: Sequence[Row]) -> None:
    """Write one record per sequence, whole or not at all."""
    with (
        replacing(path) as temporary,
        open_text(temporary) as handle,
    ):
        for row in rows:
            if not row.get("error"):
                name, number = row["design"], row["number"]
                handle.write(
                    f">{name}_{number} design={name} number={number} nats={row['nats']} "
                    f"seed={row['seed']}\n{row['sequence']}\n"
                )
