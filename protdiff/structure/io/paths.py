"""Names of structure files: their suffixes, and the files that folders and patterns stand for."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "FRAMES_FOLDER", "SEPARATORS", "SUFFIXES", "beginnings", "find_files", "is_structure", "stem",
]  # fmt: skip

SUFFIXES = (".pdb", ".ent", ".cif", ".mmcif", ".bcif")
#: Folder of trajectories in one of designs, beside the manifest (or those of shards) with their
#: names.
FRAMES_FOLDER, MANIFEST = "trajectories", "manifest*.csv"
#: What may stand between the name of a structure and the rest of the name of what is made of it.
SEPARATORS = "._-"


def is_structure(path: Path) -> bool:
    """Whether the name is that of a structure file, by its suffix."""
    return path.name.lower().removesuffix(".gz").endswith(SUFFIXES)


def _is_visible(path: Path, folder: Path) -> bool:
    """Whether a file in a folder is a structure, and not one that another program keeps there.

    macOS writes ``._x.pdb`` beside x.pdb and into ``__MACOSX``, notebooks ``.ipynb_checkpoints``.
    Trajectories of designs are no designs.
    """
    parts = path.relative_to(folder).parts
    if FRAMES_FOLDER in parts[:-1] and _of_designs(path, len(parts)):
        return False
    return is_structure(path) and not any(part.startswith((".", "__MACOSX")) for part in parts)


def _of_designs(path: Path, depth: int) -> bool:
    """Whether one of the nearest folders holds the trajectories of designs."""
    nearest = list(path.parents)[: depth - 1]
    return any(p.name == FRAMES_FOLDER and any(p.parent.glob(MANIFEST)) for p in nearest)


def find_files(names: Iterable[str], what: str) -> list[Path]:
    """Structure files of a list of files, folders (with all folders in them) and patterns.

    Parameters
    ----------
    names : iterable of str
        Files, which are taken whatever their suffix and not checked, folders, or patterns. Of
        folders and patterns, hidden files, those in hidden folders, and trajectories beside the
        designs that they lead to are left out.
    what : str
        What an error message calls a pattern.

    Returns
    -------
    list of Path
        Every file once, those of a folder or pattern in sorted order.

    Raises
    ------
    ValueError
        If a pattern or folder holds no structure file, or a name is empty.

    Examples
    --------
    >>> from protdiff.structure.io import find_files
    >>> [path.name for path in find_files(["data/examples/*.cif"], "pattern")]
    ['3nzd.cif']
    """
    all_files: dict[Path, None] = {}
    for text in names:
        if not text:  # which would be the working folder, where a shell variable is not set
            raise ValueError(f"{what}: an empty name; give a file, folder or pattern")
        path = Path(text)
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.is_file() and _is_visible(p, path))
            if not files:
                raise ValueError(f"{path}: no structure files ({', '.join(SUFFIXES)}) in it")
        elif any(letter in text for letter in "*?[") and not path.exists():
            files = [Path(name) for name in sorted(glob.glob(text, recursive=True))]
            files = [p for p in files if p.is_file() and _is_visible(p, p.parent)]
            if not files:
                raise ValueError(f"{text}: no structure file matches; check the {what}")
        else:
            files = [path]
        all_files |= dict.fromkeys(files)
    return list(all_files)


def stem(path: Path) -> str:
    """Name of a structure file without its suffixes.

    Examples
    --------
    >>> from pathlib import Path
    >>> from protdiff.structure.io.paths import stem
    >>> stem(Path("7dz2.C.pdb.gz"))
    '7dz2.C'
    """
    name = path.name
    if name.lower().endswith(".gz"):
        name = name[:-3]
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def beginnings(name: str) -> Iterator[str]:
    """A name, and what is before each separator in it, the longest first.

    Examples
    --------
    >>> from protdiff.structure.io.paths import beginnings
    >>> list(beginnings("a_1.relaxed"))
    ['a_1.relaxed', 'a_1', 'a']
    """
    yield name
    for cut in range(len(name) - 1, 0, -1):
        if name[cut] in SEPARATORS:
            yield name[:cut]
