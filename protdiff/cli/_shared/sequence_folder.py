"""The folder that `protdiff design` writes: FASTA, table, copies of structures; it continues.

While it runs, rows are added to the table, a structure at a time. In the end the table is written
anew in the order of the structures, so that an interrupted run and a whole one have equal bytes.
"""

from __future__ import annotations

import csv
import io
import statistics
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..._system.files import naming_full_disk, open_text, replacing, write_json
from ..._system.processes import mapped
from ..._system.reading import read_json
from ..._system.words import counted, were_there
from ...analysis.folding.records import FASTA, OPTIONS
from .design_task import COLUMNS, design_task
from .progress import progress_bar
from .structure_sets import output_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .design_task import DesignSettings, DesignTask, Row

__all__ = ["FASTA", "STRUCTURES", "TABLE", "write_sequences"]

TABLE, STRUCTURES = "designs.csv", "structures"
FORMAT = "protdiff-sequences-1"
#: Errors and kinds of warnings that are shown.
MAX_ERRORS, MAX_WARNINGS = 10, 5
REMEDY = "choose another --out, or remove it"


def write_sequences(
    tasks: Sequence[DesignTask], settings: DesignSettings, out: Path, jobs: int = 1
) -> None:
    """Design all structures that are not designed yet, and write the results.

    Parameters
    ----------
    tasks : sequence of DesignTask
    settings : DesignSettings
    out : Path
        Made if it is not there.
    jobs : int
        Processes; 0: one per core.

    Raises
    ------
    ValueError
        If two structures have one name, or the folder holds results of something else.
    typer.Exit
        With code 1 if some structures could not be designed.
    """
    names = Counter(task.name for task in tasks)
    [(name, count)] = names.most_common(1)
    if count > 1:
        raise ValueError(f"{count} files are called {name}; rename them, for so are the outputs")
    with output_folder(out):
        _write_sequences(tasks, settings, out, jobs)


def _write_sequences(
    tasks: Sequence[DesignTask], settings: DesignSettings, out: Path, jobs: int
) -> None:
    """The steps of `write_sequences`, in a folder that is there."""
    done = _earlier_rows(tasks, settings, out)
    missing = [task for task in tasks if task.name not in done]
    work = partial(design_task, settings=settings, folder=out / STRUCTURES)
    with (
        naming_full_disk(out / TABLE),
        open_text(out / TABLE, "a") as handle,
        progress_bar(len(missing), "designing", "structures") as advance,
        mapped(work, missing, jobs) as results,
    ):
        writer: csv.DictWriter[str] = csv.DictWriter(handle, COLUMNS)
        for task, rows in zip(missing, results, strict=True):
            writer.writerows(rows)
            handle.flush()  # a killed run must know what it has done when it goes on
            done[task.name] = rows
            advance(1)
    rows = [row for task in tasks for row in done[task.name]]
    _write_table(out / TABLE, rows)
    _write_fasta(out / FASTA, rows)
    _report(rows, len(tasks), len(tasks) - len(missing), out)


def _earlier_rows(
    tasks: Sequence[DesignTask], settings: DesignSettings, out: Path
) -> dict[str, list[Row]]:
    """Rows of an earlier run of the same command by design; the folder is ready to be written."""
    recorded = _recorded(tasks, settings)
    before = _read_options(out)
    (out / STRUCTURES).mkdir(exist_ok=True)
    done: dict[str, list[Row]] = {}
    if before is not None and (drawn := _drawn_rows(out / TABLE)):
        _check_options(out, before["options"], recorded["options"])
        done = _complete_rows(out, drawn, tasks, settings.num)
        for file in (str(task.file) for task in tasks if task.name in done):
            if before["inputs"].get(file) != recorded["inputs"][file]:
                raise ValueError(f"{out}: {file} has changed since it was designed; {REMEDY}")
    write_json(out / OPTIONS, recorded)
    _write_table(out / TABLE, [row for rows in done.values() for row in rows])
    return done


def _recorded(tasks: Sequence[DesignTask], settings: DesignSettings) -> dict[str, Any]:
    """What decides the contents of the folder, as plain values."""
    from ... import __version__

    options = settings.recorded() | {"protdiff": __version__}
    inputs = {str(task.file): task.digest for task in tasks}
    return {"format": FORMAT, "options": options, "inputs": inputs}


def _read_options(out: Path) -> dict[str, Any] | None:
    """What an earlier run recorded; None if there was none.

    Raises
    ------
    ValueError
        If the folder holds files of the names to be written that are of something else.
    """
    path = out / OPTIONS
    if not path.exists():
        for name in (FASTA, TABLE, STRUCTURES):
            if (out / name).exists():
                raise ValueError(f"{out / name}: not of this command; {REMEDY}")
        return None
    try:
        found = read_json(path)
        if found["format"] == FORMAT and isinstance(found["inputs"], dict):
            return found
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise ValueError(f"{path}: not of this version of protdiff; {REMEDY}")


def _check_options(out: Path, before: Mapping[str, str], now: Mapping[str, str]) -> None:
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


def _drawn_rows(table: Path) -> dict[str, list[Row]]:
    """Rows of an earlier run that have a sequence, by design; none if there is no table."""
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
        if row["error"] == "":
            found.setdefault(row["design"], []).append(row)
    return found


def _complete_rows(
    out: Path, found: Mapping[str, list[Row]], tasks: Sequence[DesignTask], num: int
) -> dict[str, list[Row]]:
    """Rows of the structures of which all sequences and copies are there, in the given order."""
    files = {task.name: str(task.file) for task in tasks}
    drawn = ((name, rows[0]["file"]) for name, rows in found.items())
    if foreign := next((file for name, file in drawn if files.get(name) != file), None):
        raise ValueError(f"{out}: has sequences for {foreign}, which is not given now; {REMEDY}")
    return {
        task.name: found[task.name]
        for task in tasks
        if len(found.get(task.name, [])) == num
        and all((out / STRUCTURES / row["structure"]).is_file() for row in found[task.name])
    }


def _write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write all rows, whole or not at all."""
    with (
        replacing(path) as temporary,
        open_text(temporary) as handle,
    ):
        writer: csv.DictWriter[str] = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _write_fasta(path: Path, rows: Sequence[Row]) -> None:
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


def _inputs(rows: Sequence[Row]) -> str:
    """What stands for the structures on a command line."""
    files = {row["file"] for row in rows}
    folders = {str(Path(file).parent) for file in files}
    return next((names.pop() for names in (files, folders) if len(names) == 1), "DESIGNS")


def _report(rows: Sequence[Row], count: int, present: int, out: Path) -> None:
    """Warnings, errors, a summary and what to do next; exit code 1 if there are errors."""
    good = [row for row in rows if not row.get("error")]
    bad = [row for row in rows if row.get("error")]
    # A warning belongs to a structure, not to each of its sequences.
    warnings = Counter({row["design"]: row["warning"] for row in good if row["warning"]}.values())
    for text, times in warnings.most_common(MAX_WARNINGS):
        print(f"warning, {times} of {count}: {text}", file=sys.stderr)
    for row in bad[:MAX_ERRORS]:
        text = row["error"] if row["file"] in row["error"] else f"{row['file']}: {row['error']}"
        print(text, file=sys.stderr)
    if good:
        median = statistics.median(float(row["nats"]) for row in good)
        note = f" ({were_there(present)})" if present else ""
        sequences = counted(len(good), "sequence")
        print(
            f"{counted(count - len(bad), 'design')}{note}, {sequences}, median {median:.2f} nats "
            f"per residue, in {out / FASTA}"
        )
        print(
            f"next: protdiff check {_inputs(good)} {out} --fold ENGINE (do they fold as designed?)"
        )
    if bad:
        print(f"{len(bad)} of {count} could not be designed", file=sys.stderr)
        raise typer.Exit(1)
