"""Structure files on the command line, and which model goes with which reference."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..._system.reading import read_text, reason
from ...structure.io.members import as_path, is_there
from ...structure.io.paths import beginnings, find_files, stem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "Task", "chosen_chains", "find_files", "pair_by_name", "pair_by_table", "parse_chains",
    "refuse_missing", "stem",
]  # fmt: skip


class Task(NamedTuple):
    """One row of the output: a model, its reference if any, or why there is none."""

    model: Path
    reference: Path | None = None
    error: str = ""


def refuse_missing(files: Sequence[Path]) -> None:
    """ValueError if none of the files is there: a mistyped name makes no table of errors.

    Where only some are missing, their rows say so.
    """
    if files and not any(is_there(path) or path.exists() for path in files):
        raise ValueError(f"{files[0]}: no such file or folder; check the path")


def parse_chains(text: str) -> list[tuple[str, str]]:
    """Pairs of chain ids, model first, of ``A:B`` or ``A:B,C:D``.

    Raises
    ------
    ValueError
        For any other text, or a chain that comes twice.
    """
    from ...metrics.complexes import check_once

    pairs = []
    for part in text.split(","):
        model, colon, reference = part.partition(":")
        if not colon or ":" in reference:
            raise ValueError(f"--chain {text}: write MODEL:REFERENCE, as in A:B or A:B,C:D")
        pairs.append((model, reference))
    check_once(pairs)
    return pairs


def chosen_chains(
    text: str | None, compared: bool
) -> tuple[list[tuple[str, str]] | None, tuple[str, ...] | None]:
    """Pairs of chains beside references, or without references the chains that are scored."""
    if text is None:
        return None, None
    return (parse_chains(text), None) if compared else (None, parse_alone(text))


def parse_alone(text: str) -> tuple[str, ...]:
    """Chain ids of ``A`` or ``A,B``, which are scored without a reference.

    Raises
    ------
    ValueError
        For a pair, or a chain that comes twice.
    """
    names = tuple(text.split(","))
    if not text or ":" in text or len(set(names)) < len(names):
        raise ValueError(
            f"--chain {text}: without --reference write chains of the models, as in A or A,B"
        )
    return names


def pair_by_name(
    models: Sequence[Path], references: Sequence[Path]
) -> tuple[list[Task], list[Path]]:
    """Tasks of models and references with matching names; and references without a model.

    One reference serves all models. Of several, a model gets the one of its own name; else the
    one with the longest name that the model's name begins with; else the one that has the name of
    the model's folder. So 7dz2.C.0 and 7dz2.C/0 go with 7dz2.C.

    Returns
    -------
    tasks : list of Task
    unused : list of Path
    """
    if len(references) == 1:
        return [Task(model, references[0]) for model in models], []
    by_name: dict[str, list[Path]] = {}
    for path in references:
        by_name.setdefault(stem(path), []).append(path)
    tasks, used = [], set()
    for model in models:
        name = next((n for n in candidate_names(model) if n in by_name), None)
        if name is None:
            tasks.append(Task(model, None, f"no reference for the name {stem(model)}"))
            continue
        used.add(name)
        matching = by_name[name]
        if len(matching) > 1:
            listed = ", ".join(map(str, matching))
            tasks.append(Task(model, None, f"several references are called {name}: {listed}"))
        else:
            tasks.append(Task(model, matching[0]))
    return tasks, [path for name in by_name if name not in used for path in by_name[name]]


def candidate_names(model: Path) -> Iterator[str]:
    """Names that a model's reference may have, best first."""
    yield from beginnings(stem(model))
    yield model.parent.name


def pair_by_table(table: Path, models: Sequence[Path], references: Sequence[Path]) -> list[Task]:
    """Tasks of a CSV file with the columns model and reference.

    Names are looked up among the given files, then beside the table, then as they are. Where
    several given files have one name, as much of the path as tells them apart must be written.

    Raises
    ------
    ValueError
        If the table cannot be read or lacks a column.
    """
    try:
        reader = csv.DictReader(io.StringIO(read_text(table), newline=""), skipinitialspace=True)
        rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table}: cannot be read as CSV ({reason(error)})") from None
    if not rows or not {"model", "reference"} <= rows[0][1].keys():
        raise ValueError(f"{table}: needs a header with the columns model and reference")
    model_files, reference_files = _by_name(models), _by_name(references)
    tasks = []
    for number, row in rows:
        model, reference = ((row[key] or "").strip() for key in ("model", "reference"))
        if not (model and reference):
            error = f"{table}, line {number}: model or reference is empty"
            tasks.append(Task(Path(model or "-"), None, error))
            continue
        try:
            tasks.append(
                Task(
                    _locate(model, model_files, table.parent),
                    _locate(reference, reference_files, table.parent),
                )
            )
        except ValueError as error:
            tasks.append(Task(Path(model), None, f"{table}, line {number}: {error}"))
    return tasks


def _by_name(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Files by their names without folders."""
    out: dict[str, list[Path]] = {}
    for path in paths:
        out.setdefault(path.name, []).append(path)
    return out


def _locate(name: str, files: dict[str, list[Path]], folder: Path) -> Path:
    """File of a name: one of `files`, or one in the folder, or the name as a path.

    Raises
    ------
    ValueError
        If several of `files` have the name.
    """
    parts = as_path(name).parts
    matching = [path for path in files.get(parts[-1], []) if path.parts[-len(parts) :] == parts]
    if len(matching) > 1:
        listed = ", ".join(map(str, matching))
        raise ValueError(f"several files are called {name} ({listed}); write the path")
    if matching:
        return matching[0]
    beside = as_path(folder / name)
    return beside if is_there(beside) else as_path(name)
