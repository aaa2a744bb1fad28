"""Structure files by name: what counts as one, and which ones a list of paths stands for."""

import glob
from pathlib import Path

__all__ = ["SUFFIXES", "find_files", "is_structure", "stem"]

SUFFIXES = (".pdb", ".ent", ".cif", ".mmcif", ".bcif")


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
