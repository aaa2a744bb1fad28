"""Structure files on the command line, and which model goes with which reference."""

import csv
import glob
from pathlib import Path
from typing import NamedTuple

__all__ = ["Task", "find_files", "pair_by_name", "pair_by_table", "stem"]

SUFFIXES = (".pdb", ".ent", ".cif", ".mmcif", ".bcif")
#: What may stand between the name of a reference and the rest of a model's name.
SEPARATORS = "._-"


class Task(NamedTuple):
    """One row of the output: a model, its reference if any, or why there is none."""

    model: Path
    reference: Path | None = None
    error: str = ""


def is_structure(path):
    """Whether the name is that of a structure file."""
    return path.name.lower().removesuffix(".gz").endswith(SUFFIXES)


def find_files(given, what):
    """Structure files of a list of files, folders (searched to the bottom) and patterns.

    Raises
    ------
    ValueError
        If a pattern or folder holds none. A file that is named is taken as it is.
    """
    found = {}
    for text in given:
        path = Path(text)
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.is_file() and is_structure(p))
            if not files:
                raise ValueError(f"{path}: no structure files ({', '.join(SUFFIXES)}) in it")
        elif any(letter in text for letter in "*?[") and not path.exists():
            files = [Path(name) for name in sorted(glob.glob(text, recursive=True))]
            files = [p for p in files if p.is_file() and is_structure(p)]
            if not files:
                raise ValueError(f"{text}: no structure file matches; check the {what}")
        else:
            files = [path]
        found |= dict.fromkeys(files)
    return list(found)


def stem(path):
    """Name of a structure file without its suffixes: 7dz2.C of 7dz2.C.pdb.gz."""
    name = path.name
    if name.lower().endswith(".gz"):
        name = name[:-3]
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


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
