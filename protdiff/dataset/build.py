"""`build_dataset`: inputs to a data set, as a stream."""

import csv
import os
import shutil
import signal
from collections import Counter, deque
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .filters import Limits, Rejected
from .inputs import Unit, examine, units
from .split import cluster_identical, cluster_mmseqs, deal_splits
from .store import UNSPLIT, Writer, read_summary, sequence_hash

__all__ = ["build_dataset"]

#: Units that wait or are worked on, per process.
AHEAD = 4


def build_dataset(
    inputs,
    out,
    *,
    limits=None,
    stride=1,
    models="first",
    identical=False,
    cluster="auto",
    shares=None,
    jobs=1,
    seed=0,
    advance=None,
):
    """Build a data set from structures; see docs/data.md.

    Parameters
    ----------
    inputs : list of str
        See `sources.units`.
    out : path
        Folder of the data set; must not exist.
    limits : Limits, optional
    stride, models
        See `sources.units`.
    identical : bool
        Keep chains of a sequence that another one has already; those of one trajectory or one
        file are kept anyway.
    cluster : {"auto", "mmseqs", "identical"}
        What goes to a split as a whole: clusters of 30 % identity, or chains of one sequence;
        auto takes mmseqs if it is on the PATH.
    shares : dict of str to float, optional
        Share of the chains for "val" and "test"; 0.05 each.
    jobs : int
        Processes that read.
    seed : int
        Of the splits.
    advance : callable, optional
        Called with the number of units done since the last call.

    Returns
    -------
    dict
        Content of dataset.json: chains, residues, rejected by kind, unreadable, clusters.

    Raises
    ------
    ValueError
        If `out` exists, or no chain was kept. Nothing is left behind.
    """
    out, limits = Path(out), limits or Limits()
    shares = {"val": 0.05, "test": 0.05} | (shares or {})
    if out.exists():
        raise ValueError(f"{out}: exists already; choose another folder, or remove it")
    if cluster == "mmseqs" and not shutil.which("mmseqs"):
        raise ValueError("mmseqs is not on the PATH; install MMseqs2, or use --cluster identical")
    if cluster == "auto":
        cluster = "mmseqs" if shutil.which("mmseqs") else "identical"
    with _folder(out) as folder:
        writer, rejected, first = Writer(folder), Counter(), None
        with (folder / "rejected.csv").open("w", newline="") as handle:
            report = csv.writer(handle)
            report.writerow(["chain", "kind", "reason"])
            origins = {}
            stream = units(inputs, stride=stride, models=models)
            for found in _examined(stream, limits, jobs, advance):
                if not isinstance(found, Rejected) and not identical:
                    found = _first_of_its_sequence(found, origins)
                if isinstance(found, Rejected):
                    report.writerow([found.name, found.kind, found.reason])
                    rejected[found.kind] += 1
                    first = first or found
                else:
                    writer.add(*found[:4], **found.values)
        if not writer.chains:
            why = f"; the first: {first.name}: {first.reason}" if first else ""
            raise ValueError(f"no chain was kept, {rejected.total()} rejected{why}")
        writer.close_arrays()
        splits = _split(folder, cluster, shares, jobs, seed)
        writer.summarise(
            inputs=list(map(str, inputs)),
            limits=vars(limits),
            splits=splits,
            rejected=dict(rejected),
        )
    return read_summary(out)


def _split(folder, cluster, shares, jobs, seed):
    """Fill in clusters and splits of the table; how, in words."""
    table = np.lib.format.open_memmap(folder / "table.npy", "r+")
    if (table["split"] != UNSPLIT).all():
        return "as in the input"
    if cluster == "mmseqs":
        types = np.load(folder / "types.npy", mmap_mode="r")
        table["cluster"] = cluster_mmseqs(table, types, jobs=jobs)
    else:
        table["cluster"] = cluster_identical(table)
    table["split"] = deal_splits(table["cluster"], np.array(table["split"]), shares, seed)
    table.flush()
    return f"by clusters of {'30 % identity' if cluster == 'mmseqs' else 'one sequence'}"


@contextmanager
def _folder(out):
    """Context of an empty folder that takes the place of `out` in the end, or vanishes."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        temporary.rename(out)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(out)  # a full disk does not say where
        raise


def _first_of_its_sequence(record, origins):
    """The record, or its rejection if a chain of another origin has the same sequence."""
    key, origin = sequence_hash(record.types), hash(record.origin)
    if origins.setdefault(key, origin) == origin:
        return record
    return Rejected(record.name, "another chain has the same sequence", "identical")


def _examined(stream, limits, jobs, advance):
    """Records and rejections of all units in order; no more than a few units are in memory."""
    jobs = jobs or os.cpu_count() or 1
    if jobs == 1:
        results = (_work(unit, limits) for unit in stream)
        yield from _counted(results, advance)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _leave_ctrl_c) as pool:
        try:
            yield from _counted(_windowed(pool, stream, limits, AHEAD * jobs), advance)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _leave_ctrl_c():
    """In a worker: the main process decides what Ctrl-C means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _windowed(pool, stream, limits, size):
    waiting = deque()
    for unit in stream:
        waiting.append(pool.submit(_work, unit, limits))
        if len(waiting) >= size:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _counted(results, advance):
    for found in results:
        yield from found
        if advance is not None:
            advance(1)


def _work(unit, limits):
    return examine(unit, limits) if isinstance(unit, Unit) else [unit]
