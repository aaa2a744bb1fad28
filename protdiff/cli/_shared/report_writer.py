"""Writes the report of structures and tables: measures what tables do not say, and draws."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._system.files import ensure_writable
from ..._system.processes import mapped
from ..._system.words import counted
from .pairing import Task
from .progress import progress_bar
from .report_tables import CONDITIONS
from .score_order import SMALL_IS_BETTER
from .score_task import RowOptions, score_task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...plots.report.entry import Entry
    from ...plots.report.report_page import Column

__all__ = ["PAGE", "STRUCTURES", "check_page", "write_report"]

#: Name of the page beside the tables of other verbs.
PAGE = "report.html"
#: Structures that are stored in the page, if there are more.
STRUCTURES = 5000
#: Structures that a process must have to be worth its start.
LEAST_STRUCTURES = 25
#: What is computed of structures of which no table says it.
QUALITY_ONLY = RowOptions("auto", None, "reference", True, (), None, None, None, "backbone")
#: Columns that are shown at first, the most wanted first.
BRIEF = (
    "tm", "lddt", "rmsd", "scrmsd", "sctm", "plddt", "designable", "relative_likelihood",
    "residues", "outside", "dssp_helix", "dssp_strand", "rg_ratio", "rama_outliers", "max_tm",
    "verdict", "check_error", "error",
)  # fmt: skip
#: What decides which structures are stored, the first that rows have; True: small is better.
BEST_BY = {"scrmsd": True, "tm": False, "relative_likelihood": False, "outside": True}


@dataclass(frozen=True)
class ReportTask:
    """Work on one row: scores of a structure, or what the page stores of it."""

    entry: Entry
    stored: bool


def check_page(path: Path, option: str = "--out") -> None:
    """ValueError if the page cannot be written, before any work."""
    from ...plots.report.library import ensure_library

    ensure_library()
    if path.suffix.lower() not in (".html", ".htm") or path.is_dir():
        raise ValueError(f"{option} {path}: must be a file that ends in .html")
    ensure_writable(path)


def write_report(
    sources: Sequence[str],
    out: Path,
    *,
    title: str = "",
    structures: int = STRUCTURES,
    jobs: int = 0,
) -> int:
    """Write the report, and print where it is.

    Parameters
    ----------
    sources : sequence of str
        See `entries_of`.
    out : Path
    title : str
    structures : int
        So many are stored in the page, the best if there are more.
    jobs : int

    Returns
    -------
    int
        Rows with an error.
    """
    from ...plots.report.report_page import write_page
    from .report_entries import entries_of

    entries = entries_of(sources)
    lacking = [k for k, entry in enumerate(entries) if _lacks_scores(entry)]
    for k, values in _done([ReportTask(entries[k], False) for k in lacking], "scoring", jobs):
        old = entries[lacking[k]]
        entries[lacking[k]] = replace(old, values=old.values | values)
    chosen, note = chosen_rows(entries, structures)
    stored: dict[int, dict[str, Any]] = {}
    for k, found in _done([ReportTask(entries[k], True) for k in chosen], "drawing", jobs):
        row = chosen[k]
        stored[row] = found
        more = {"error": found["error"]} if "error" in found else {"sequence": _letters(found)}
        entries[row] = replace(entries[row], values=entries[row].values | more)
    write_page(out, title or _title(sources), entries, columns_of(entries), stored, note)
    size = f"{out.stat().st_size / 1e6:.1f} MB"
    print(f"report of {counted(len(entries), 'structure')}: {out} ({size}); open it in a browser")
    return sum(bool(entry.values.get("error")) for entry in entries)


def _done(tasks: list[ReportTask], doing: str, jobs: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Results of tasks by their place."""
    with (
        progress_bar(len(tasks), doing, "structures") as advance,
        mapped(report_task, tasks, jobs, LEAST_STRUCTURES) as results,
    ):
        for k, values in enumerate(results):
            yield k, values
            advance(1)


def report_task(task: ReportTask) -> dict[str, Any]:
    """Scores of a structure, or what the page stores of it."""
    import torch

    from ...plots.report.stored_structure import stored_structure

    torch.set_num_threads(1)
    if task.stored:
        return stored_structure(task.entry)
    assert task.entry.file is not None
    row, _ = score_task(Task(task.entry.file), QUALITY_ONLY)
    return {name: value for name, value in row.items() if name not in ("model", "reference")}


def _lacks_scores(entry: Entry) -> bool:
    """Whether no table says anything of the structure itself."""
    from ...metrics.quality import QUALITY

    if entry.file is None or entry.values.get("error"):
        return False
    return not any(name in entry.values for name in QUALITY if name != "residues")


def chosen_rows(entries: Sequence[Entry], most: int) -> tuple[list[int], str]:
    """Rows whose structures are stored, and in words which ones if these are not all."""
    good = [k for k, e in enumerate(entries) if e.file is not None and not e.values.get("error")]
    if len(good) <= most:
        return good, ""
    for column, small in BEST_BY.items():
        values = {k: entries[k].values.get(column) for k in good}
        known = {k: v for k, v in values.items() if isinstance(v, (int, float)) and v == v}
        if known:
            sign = 1 if small else -1
            best = sorted(good, key=lambda k: (sign * known.get(k, sign * math.inf), k))[:most]
            return sorted(best), f"the best {most} by {column} can be drawn"
    return good[:most], f"the first {most} can be drawn"


def _letters(found: dict[str, Any]) -> str:
    """Sequence of a stored structure, its chains separated by slashes."""
    out, place, before = [], 0, None
    for chain, _, _, count in found.get("runs", ()):
        out.append(("/" if before not in (None, chain) else "") + found["sequence"][place:][:count])
        place, before = place + count, chain
    return "".join(out)


def columns_of(entries: Sequence[Entry]) -> list[Column]:
    """Columns of the table, the most wanted first, with what they say."""
    from ...analysis import LIKELIHOOD
    from ...analysis.relative_likelihood import RELATIVE
    from ...metrics.all_atom import ALL_ATOM_ALONE, ALL_ATOM_SIMILARITY
    from ...metrics.comparison import SIMILARITY
    from ...metrics.confidence.predicted import CONFIDENCE
    from ...metrics.interfaces.complex_scores import COMPLEX
    from ...metrics.quality import QUALITY
    from ...metrics.self_consistency import SELF_CONSISTENCY
    from ...metrics.verdict import VERDICT
    from ...plots.report.report_page import Column

    words = {
        **SELF_CONSISTENCY, **SIMILARITY, **COMPLEX, **ALL_ATOM_SIMILARITY, **CONFIDENCE,
        **LIKELIHOOD, **RELATIVE, **QUALITY, **VERDICT, **ALL_ATOM_ALONE,
        "max_tm": "largest TM-score to a known structure", "nearest": "that structure",
        "best_sequence": "number of the sequence that folds best into the design",
        **CONDITIONS, "sequence": "residue types, chains separated by slashes",
        "warning": "what was guessed or left out", "check_error": "why its sequences have no model",
        "error": "why there is no structure",
    }  # fmt: skip
    there = dict.fromkeys(name for entry in entries for name in entry.values)
    order = [*BRIEF, *(name for name in words if name not in BRIEF)]
    names = [name for name in order if name in there] + [n for n in there if n not in order]
    small = (*SMALL_IS_BETTER, "scrmsd", "motif_rmsd")
    given = (*CONDITIONS, "best_sequence")
    return [
        Column(name, words.get(name, ""), name in BRIEF, name in small, name not in given)
        for name in names
    ]


def _title(sources: Sequence[str]) -> str:
    """What the report is called: the names of its sources."""
    names = [Path(source).resolve().name or source for source in sources]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
