"""The folder that `protdiff design` writes: FASTA, table, copies of structures; it continues.

While it runs, rows are added to the table, a structure at a time. In the end the table is written
anew in the order of the structures, so that an interrupted run and a whole one have equal bytes.
"""

from __future__ import annotations

import csv
import statistics
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..._system.files import making_folder, naming_full_disk, open_text, write_json
from ..._system.words import counted, were_there
from ...analysis.folding.records import FASTA, OPTIONS
from ...structure.io.members import beside, path_text
from .design_task import COLUMNS
from .design_workers import designed
from .next_step import merge_step, next_line, quoted
from .progress import progress_bar
from .sequence_files import (
    FORMAT,
    REMEDY,
    STRUCTURES,
    TABLE,
    SequenceFiles,
    check_options,
    drawn_rows,
    read_options,
    refuse_foreign,
    write_fasta,
    write_table,
)
from .shard_records import at_work, remove_shards
from .structure_sets import output_folder
from .table_shards import part_of_files
from .warning_kinds import WarningKinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from ..._system.cluster import Cluster
    from .design_task import DesignSettings, DesignTask, Row
    from .run_file import GivenOptions

__all__ = ["STRUCTURES", "TABLE", "write_sequences"]

#: Errors and kinds of warnings that are shown.
MAX_ERRORS, MAX_WARNINGS = 10, 5


def write_sequences(
    tasks: Sequence[DesignTask],
    settings: DesignSettings,
    out: Path,
    jobs: int = 1,
    shard: str | None = None,
    given: GivenOptions | None = None,
    cluster: Cluster | None = None,
) -> None:
    """Design all structures that are not designed yet, and write the results.

    Parameters
    ----------
    tasks : sequence of DesignTask
        All of them, for a shard, too.
    settings : DesignSettings
    out : Path
        Made if it is not there.
    jobs : int
        Processes; 0: all cores there is work for.
    shard : str, optional
        The value of --shard.
    given : GivenOptions, optional
        The options of the command, which are written into the folder.
    cluster : Cluster, optional
        Does the work in place of processes.

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
        files = [path_text(task.file) for task in tasks if task.name == name]
        which = " and ".join(files[:2]) + (", …" if count > 2 else "")
        raise ValueError(
            f"{count} files are called {name} ({which}); rename them, for so are the outputs"
        )
    design = partial(
        designed, settings=settings, folder=out / STRUCTURES, jobs=jobs, cluster=cluster
    )
    if shard is None:
        with output_folder(out):
            _write_sequences(tasks, settings, SequenceFiles(out), given, design)
            remove_shards(out / TABLE, FASTA, OPTIONS)
        return
    part = part_of_files(shard, [task.file for task in tasks], tasks)
    check = partial(refuse_foreign, out)
    with making_folder(out), at_work(part, out / TABLE, "design", _options(settings), check=check):
        files = SequenceFiles(out, part.shard)
        _write_sequences(part.of(tasks), settings, files, given, design)
    print(merge_step(out, part.shard.count))


def _write_sequences(
    tasks: Sequence[DesignTask],
    settings: DesignSettings,
    files: SequenceFiles,
    given: GivenOptions | None,
    design: Callable[
        [Sequence[DesignTask]], AbstractContextManager[Iterator[tuple[int, list[Row]]]]
    ],
) -> None:
    """The steps of `write_sequences`, in a folder that is there."""
    done = _earlier_rows(tasks, settings, files)
    if given is not None:
        given.write(files.out)
    missing = [task for task in tasks if task.name not in done]
    with (
        naming_full_disk(files.table),
        open_text(files.table, "a") as handle,
        progress_bar(len(missing), "designing", "structures") as advance,
        design(missing) as results,
    ):
        writer: csv.DictWriter[str] = csv.DictWriter(handle, COLUMNS)
        for place, rows in results:
            writer.writerows(rows)
            handle.flush()  # a killed run must know what it has done when it goes on
            done[missing[place].name] = rows
            advance(1)
    rows = [row for task in tasks for row in done[task.name]]
    write_table(files.table, rows)
    write_fasta(files.fasta, rows)
    _report(rows, len(tasks), len(tasks) - len(missing), files)


def _earlier_rows(
    tasks: Sequence[DesignTask], settings: DesignSettings, files: SequenceFiles
) -> dict[str, list[Row]]:
    """Rows of earlier runs of the same command by design; the folder is ready to be written."""
    out, recorded = files.out, _recorded(tasks, settings)
    done: dict[str, list[Row]] = {}
    refuse_foreign(out)
    for earlier in files.earlier():
        before = read_options(earlier.options)
        if before is None or not (drawn := drawn_rows(earlier.table)):
            continue
        check_options(out, before["options"], recorded["options"])
        if earlier == files:
            _refuse_others(out, drawn, tasks)
        found = _complete_rows(out, drawn, tasks, settings.num)
        for file in (path_text(task.file) for task in tasks if task.name in found):
            if before["inputs"].get(file) != recorded["inputs"][file]:
                raise ValueError(f"{out}: {file} has changed since it was designed; {REMEDY}")
        done |= found
    (out / STRUCTURES).mkdir(exist_ok=True)
    write_json(files.options, recorded)
    write_table(files.table, [row for task in tasks for row in done.get(task.name, ())])
    return done


def _options(settings: DesignSettings) -> dict[str, str]:
    """What decides the sequences, as text by the name of the option."""
    from ... import __version__

    return settings.recorded() | {"protdiff": __version__}


def _recorded(tasks: Sequence[DesignTask], settings: DesignSettings) -> dict[str, Any]:
    """What decides the contents of the folder, as plain values."""
    inputs = {path_text(task.file): task.digest for task in tasks}
    return {"format": FORMAT, "options": _options(settings), "inputs": inputs}


def _refuse_others(out: Path, found: Mapping[str, list[Row]], tasks: Sequence[DesignTask]) -> None:
    """ValueError if a table has sequences for structures that are not given now."""
    files = {task.name: path_text(task.file) for task in tasks}
    drawn = ((name, rows[0]["file"]) for name, rows in found.items())
    if foreign := next((file for name, file in drawn if files.get(name) != file), None):
        raise ValueError(f"{out}: has sequences for {foreign}, which is not given now; {REMEDY}")


def _complete_rows(
    out: Path, found: Mapping[str, list[Row]], tasks: Sequence[DesignTask], num: int
) -> dict[str, list[Row]]:
    """Rows of the structures of which all sequences and copies are there, in the given order."""
    return {
        task.name: found[task.name]
        for task in tasks
        if len(found.get(task.name, [])) == num
        and found[task.name][0]["file"] == path_text(task.file)
        and all((out / STRUCTURES / row["structure"]).is_file() for row in found[task.name])
    }


def _inputs(rows: Sequence[Row]) -> str:
    """What stands for the structures on a command line."""
    files = {row["file"] for row in rows}
    folders = {str(beside(Path(file), "x").parent) for file in files}
    return next((names.pop() for names in (files, folders) if len(names) == 1), "DESIGNS")


def _warnings(rows: Sequence[Row], count: int) -> list[str]:
    """Lines of warnings by kind; each names a file that has it."""
    kinds = WarningKinds()
    # A warning belongs to a structure, not to each of its sequences.
    for row in {row["design"]: row for row in rows}.values():
        name = row["file"]
        texts = [text.removeprefix(f"{name}: ") for text in row["warning"].split("; ") if text]
        if count == 1:  # else the line ends with a file that the warning is of
            texts = [f"{name}: {text}" for text in texts]
        kinds.add("; ".join(texts), name)
    return kinds.lines(count, MAX_WARNINGS)


def _report(rows: Sequence[Row], count: int, present: int, files: SequenceFiles) -> None:
    """Warnings, errors, a summary and what to do next; exit code 1 if there are errors."""
    good = [row for row in rows if not row.get("error")]
    bad = [row for row in rows if row.get("error")]
    for line in _warnings(good, count):
        print(line, file=sys.stderr)
    for row in bad[:MAX_ERRORS]:
        text = row["error"] if row["file"] in row["error"] else f"{row['file']}: {row['error']}"
        print(text, file=sys.stderr)
    if good:
        median = statistics.median(float(row["nats"]) for row in good)
        note = f" ({were_there(present)})" if present else ""
        sequences = counted(len(good), "sequence")
        print(
            f"{counted(count - len(bad), 'design')}{note}, {sequences}, median {median:.2f} nats "
            f"per residue, in {files.fasta}"
        )
        if files.shard is None:
            words = quoted(_inputs(good)), quoted(files.out), "--fold ENGINE"
            print(next_line("protdiff check", *words, why="do they fold as designed?"))
    if bad:
        print(f"{len(bad)} of {count} could not be designed", file=sys.stderr)
        raise typer.Exit(1)
