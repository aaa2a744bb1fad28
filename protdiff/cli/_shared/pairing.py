"""Structure files on the command line, and which model goes with which reference."""

import csv
from pathlib import Path
from typing import NamedTuple

from ...structure.io.paths import find_files, stem

__all__ = ["Task", "find_files", "pair_by_name", "pair_by_table", "stem"]

#: What may stand between the name of a reference and the rest of a model's name.
SEPARATORS = "._-"


class Task(NamedTuple):
    """One row of the output: a model, its reference if any, or why there is none."""

    model: Path
    reference: Path | None = None
    error: str = ""


def pair_by_name(models, references):
    """Tasks of models and references with matching names; and references without a model.

    One reference serves all models. Of several, a model's own is the one of the same name, else
    the longest name that begins the model's name or is its folder's (7dz2.C.0 and 7dz2.C/0 go
    with 7dz2.C).

    Returns
    -------
    tasks : list of Task
    unused : list of Path
    """
    if len(references) == 1:
        return [Task(model, references[0]) for model in models], []
    by_name = {}
    for path in references:
        by_name.setdefault(stem(path), []).append(path)
    tasks, used = [], set()
    for model in models:
        name = next((n for n in candidate_names(model) if n in by_name), None)
        if name is None:
            tasks.append(Task(model, None, f"no reference for the name {stem(model)}"))
            continue
        used.add(name)
        found = by_name[name]
        if len(found) > 1:
            listed = ", ".join(map(str, found))
            tasks.append(Task(model, None, f"several references are called {name}: {listed}"))
        else:
            tasks.append(Task(model, found[0]))
    return tasks, [path for name in by_name if name not in used for path in by_name[name]]


def candidate_names(model):
    """Names that a model's reference may have, best first."""
    name = stem(model)
    yield name
    for cut in range(len(name) - 1, 0, -1):
        if name[cut] in SEPARATORS:
            yield name[:cut]
    yield model.parent.name


def pair_by_table(table, models, references):
    """Tasks of a CSV file with the columns model and reference.

    Names are looked up among the given files, then beside the table, then as they are.

    Raises
    ------
    ValueError
        If the table cannot be read or lacks a column.
    """
    known = [{path.name: path for path in files} for files in (models, references)]
    try:
        with table.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.DictReader(handle, skipinitialspace=True)
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table}: cannot be read as CSV ({error})") from None
    if not rows or not {"model", "reference"} <= rows[0][1].keys():
        raise ValueError(f"{table}: needs a header with the columns model and reference")

    def locate(name, files):
        if name in files:
            return files[name]
        beside = table.parent / name
        return beside if beside.is_file() else Path(name)

    tasks = []
    for number, row in rows:
        pair = tuple((row[key] or "").strip() for key in ("model", "reference"))
        if not all(pair):
            error = f"{table}, line {number}: model or reference is empty"
            tasks.append(Task(Path(pair[0] or "-"), None, error))
        else:
            tasks.append(Task(*map(locate, pair, known)))
    return tasks
