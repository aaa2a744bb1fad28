"""Building a data set from structures, as a stream: no more than a few inputs are in memory."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._system.files import making_folder, open_text, replacing_folder
from .._system.locks import one_writer
from .._system.names import UniqueNames
from .._system.processes import mapped, process_count
from .filters import Limits, Record, Rejected
from .inputs import tasks
from .set_writer import ChainSetWriter, stored_name
from .split import cluster_identical, cluster_mmseqs, deal_splits
from .store import UNSPLIT, read_summary, sequence_hash
from .tasks import Notice

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .tasks import Judged, Task

__all__ = ["Reading", "Splitting", "build_dataset", "listed_warnings"]


@dataclass(frozen=True)
class Reading:
    """How inputs are read.

    Attributes
    ----------
    stride : int
        Take every `stride`-th frame of a trajectory.
    models : {"first", "all"}
        Models to take of a structure file.
    identical : bool
        Keep chains whose sequence another input has already. Frames of one trajectory and models
        of one file are kept anyway.
    jobs : int
        Processes; 0 for one per core.
    """

    stride: int = 1
    models: str = "first"
    identical: bool = False
    jobs: int = 1


@dataclass(frozen=True)
class Splitting:
    """How chains are divided into training, validation and test.

    Attributes
    ----------
    cluster : {"auto", "mmseqs", "identical"}
        Which chains must be in the same split: clusters of 30 % sequence identity by the program
        MMseqs2, or chains of one sequence. "auto" takes MMseqs2 if it is on the PATH.
    val, test : float
        Shares of the chains.
    seed : int
        Seed of the random assignment.
    """

    cluster: str = "auto"
    val: float = 0.05
    test: float = 0.05
    seed: int = 0

    def resolved_cluster(self) -> str:
        """ "mmseqs" or "identical"; ValueError if the program is needed and missing."""
        present = shutil.which("mmseqs") is not None
        if self.cluster == "mmseqs" and not present:
            raise ValueError(
                "cluster: mmseqs is not on the PATH; install MMseqs2, or cluster by identical "
                "sequence"
            )
        if self.cluster == "auto":
            return "mmseqs" if present else "identical"
        return self.cluster


def build_dataset(
    inputs: Sequence[str],
    out: str | os.PathLike[str],
    *,
    limits: Limits | None = None,
    reading: Reading | None = None,
    splitting: Splitting | None = None,
    advance: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Build a data set from structures (docs/reference/data-sets.md).

    Parameters
    ----------
    inputs : sequence of str
        Structure files, folders, patterns, PDB ids, trajectories and data sets; see
        `protdiff.dataset.inputs.tasks`.
    out : path
        Folder of the data set; must not exist.
    limits : Limits, optional
        Conditions that a chain must meet.
    reading : Reading, optional
    splitting : Splitting, optional
    advance : callable, optional
        Called with the number of pieces of the inputs that are done since the last call.

    Returns
    -------
    dict
        Content of dataset.json: numbers of chains and residues, inputs, limits, how the splits
        were made, how many chains were rejected by kind, and how many warnings there were.

    Raises
    ------
    ValueError
        If `out` exists, another process is building it, or no chain was kept. Nothing is left
        behind.
    """
    out, limits = Path(out), limits or Limits()
    reading, splitting = reading or Reading(), splitting or Splitting()
    cluster = splitting.resolved_cluster()
    stream = tasks(inputs, stride=reading.stride, models=reading.models)
    work = partial(_judged_chains, limits=limits)
    with making_folder(out.parent), one_writer(out):
        if out.exists():
            raise ValueError(f"{out}: exists already; choose another folder, or remove it")
        with replacing_folder(out) as folder:
            writer = ChainSetWriter(folder)
            with mapped(work, stream, reading.jobs) as results:
                judged = _counted(results, advance)
                rejected, warned = _write_chains(judged, writer, reading.identical)
            writer.close_arrays()
            how = _assign_splits(folder, splitting, cluster, reading.jobs)
            writer.summarise(
                inputs=list(map(str, inputs)),
                limits=vars(limits),
                splits=how,
                rejected=dict(rejected),
                warnings=warned,
            )
    return read_summary(out)


def listed_warnings(dataset: str | os.PathLike[str]) -> list[str]:
    """Warnings about the inputs of a data set, with the input in front of each.

    Parameters
    ----------
    dataset : path
        Folder that `build_dataset` has made.
    """
    with (Path(dataset) / "warnings.csv").open(newline="", encoding="utf-8") as handle:
        return [f"{row['input']}: {row['warning']}" for row in csv.DictReader(handle)]


def _judged_chains(task: Task | Rejected, limits: Limits) -> list[Judged]:
    """Chains of a piece of the inputs; an input that cannot be used is passed on."""
    return [task] if isinstance(task, Rejected) else task.judged_chains(limits)


def _counted(
    results: Iterable[list[Judged]], advance: Callable[[int], None] | None
) -> Iterator[Judged]:
    """Chains and warnings of all results; `advance` is called after each piece of the inputs."""
    for chains in results:
        yield from chains
        if advance is not None:
            advance(1)


def _write_chains(
    judged: Iterable[Judged], writer: ChainSetWriter, identical: bool
) -> tuple[Counter[str], int]:
    """Store chains, and list the rejected ones in rejected.csv and warnings in warnings.csv.

    Returns the number of rejected chains by kind, and that of warnings.
    """
    rejected, warned = Counter[str](), 0
    stored = _Stored()
    first: Rejected | None = None
    with (
        _table(writer, "rejected.csv", "chain", "kind", "reason", "input") as reject,
        _table(writer, "warnings.csv", "input", "warning") as remark,
    ):
        for item in judged:
            if isinstance(item, Record) and not identical:
                item = stored.unless_repeated(item)
            if isinstance(item, Notice):
                remark([item.name, item.text])
                warned += 1
            elif isinstance(item, Rejected):
                reject([item.name, item.kind, item.reason, item.source or item.name])
                rejected[item.kind] += 1
                first = first or item
            else:
                name, remarks = stored.named(item)
                for text in remarks:
                    remark([item.source or item.name, text])
                warned += len(remarks)
                writer.add(name, item.coords, item.types, item.structure, **item.values)
    if not writer.chains:
        why = f"; the first: {first.name}: {first.reason}" if first else ""
        raise ValueError(f"no chain was kept, {rejected.total()} rejected{why}")
    return rejected, warned


class _Stored:
    """What the chains that are stored are called, come from, and have as sequences."""

    def __init__(self) -> None:
        self.names = UniqueNames()
        self.sources: dict[str, str] = {}
        self.by_sequence: dict[int, tuple[int, str]] = {}

    def unless_repeated(self, record: Record) -> Record | Rejected:
        """The record, or its rejection if a chain of another origin has the same sequence."""
        origin, name = self.by_sequence.get(sequence_hash(record.types), (0, ""))
        if not name or origin == hash(record.origin):
            return record
        reason = f"another chain has the same sequence: {self._with_source(name)}"
        return Rejected(record.name, reason, "identical", record.source)

    def named(self, record: Record) -> tuple[str, list[str]]:
        """What a chain is called that is to be stored, and remarks on it."""
        short = stored_name(record.name)
        name, remarks = self.names.new(short), list[str]()
        if name != short:
            other = self._with_source(short)
            remarks = [f"another chain has this name: {other}; this one is called {name}"]
        self.sources[name] = record.source
        self.by_sequence.setdefault(sequence_hash(record.types), (hash(record.origin), name))
        return name, remarks

    def _with_source(self, name: str) -> str:
        """A stored chain and the input that it is of."""
        source = self.sources.get(name, "")
        return f"{name} of {source}" if source else name


@contextmanager
def _table(
    writer: ChainSetWriter, name: str, *columns: str
) -> Iterator[Callable[[Sequence[str]], object]]:
    """Context of a function that adds rows to a new table in the folder of the data set."""
    with open_text(writer.folder / name) as handle:
        rows = csv.writer(handle)
        rows.writerow(columns)
        yield rows.writerow


def _assign_splits(folder: Path, splitting: Splitting, cluster: str, jobs: int) -> str:
    """Fill in clusters and splits of the table; returns in words how it was done."""
    table = np.lib.format.open_memmap(folder / "table.npy", "r+")
    if (table["split"] != UNSPLIT).all():
        return "as in the input"
    if cluster == "mmseqs":
        types = np.load(folder / "types.npy", mmap_mode="r")
        table["cluster"] = cluster_mmseqs(table, types, jobs=process_count(jobs))
    else:
        table["cluster"] = cluster_identical(table)
    shares = {"val": splitting.val, "test": splitting.test}
    given = np.array(table["split"])
    table["split"] = deal_splits(table["cluster"], given, shares, splitting.seed)
    table.flush()
    return f"by clusters of {'30 % identity' if cluster == 'mmseqs' else 'one sequence'}"
