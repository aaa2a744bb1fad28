"""Names of structure files: their suffixes, and the files that folders and patterns stand for."""

from __future__ import annotations

import glob
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from .members import ARCHIVE, member_path, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "FRAMES_FOLDER", "SEPARATORS", "SEQUENCES_FOLDER", "SUFFIXES", "beginnings", "find_files",
    "is_structure", "stem",
]  # fmt: skip

SUFFIXES = (".pdb", ".ent", ".cif", ".mmcif", ".bcif")
#: Folders in one of designs, beside the manifest (or those of shards) with their names: how the
#: designs took shape, and copies of them with the residue names of each sequence.
FRAMES_FOLDER, SEQUENCES_FOLDER = "trajectories", "sequences"
OF_DESIGNS, MANIFEST = (FRAMES_FOLDER, SEQUENCES_FOLDER), "manifest*.csv"
#: What may stand between the name of a structure and the rest of the name of what is made of it.
SEPARATORS = "._-"


def is_structure(path: Path) -> bool:
    """Whether the name is that of a structure file, by its suffix."""
    return path.name.lower().removesuffix(".gz").endswith(SUFFIXES)


def _is_visible(path: Path, folder: Path, has_designs: Callable[[Path], bool]) -> bool:
    """Whether a file in a folder has structures, and is none that another program keeps there.

    macOS writes ``._x.pdb`` beside x.pdb and into ``__MACOSX``, notebooks ``.ipynb_checkpoints``.
    Trajectories of designs are no designs, and copies with sequences would count them repeatedly.
    """
    parts = path.relative_to(folder).parts
    if not set(OF_DESIGNS).isdisjoint(parts[:-1]):
        nearest = list(path.parents)[: len(parts) - 1]
        if any(place.name in OF_DESIGNS and has_designs(place.parent) for place in nearest):
            return False
    name = path if path.suffix.lower() != ARCHIVE else path.with_suffix("")
    return is_structure(name) and not any(part.startswith((".", "__MACOSX")) for part in parts)


def find_files(names: Iterable[str], what: str) -> list[Path]:
    """Structure files of a list of files, folders (with all folders in them) and patterns.

    Parameters
    ----------
    names : iterable of str
        Files, which are taken whatever their suffix and not checked, folders, or patterns. Of
        folders and patterns, hidden files, those in hidden folders, and trajectories and sequences
        beside the designs that they lead to are left out. An archive (.tar) stands for the
        structures in it, and ``archive::name`` for one of them, or some by a pattern; of a folder,
        archives whose name says that they hold structures, such as designs.bcif.tar, are taken.
    what : str
        What an error message calls a pattern.

    Returns
    -------
    list of Path
        Every file once, those of a folder, pattern or archive in sorted order.

    Raises
    ------
    ValueError
        If a pattern, folder or archive holds no structure file, an archive cannot be read, or a
        name is empty.

    Examples
    --------
    >>> from protdiff.structure.io import find_files
    >>> [path.name for path in find_files(["data/examples/*.cif"], "pattern")]
    ['3nzd.cif']
    """
    all_files: dict[Path, None] = {}

    @cache  # to look through a folder of many designs takes long
    def has_designs(folder: Path) -> bool:
        return any(folder.glob(MANIFEST))

    for text in names:
        if not text:  # which would be the working folder, where a shell variable is not set
            raise ValueError(f"{what}: an empty name; give a file, folder or pattern")
        path = Path(text)
        if path.is_dir():
            files = sorted(
                p for p in path.rglob("*") if p.is_file() and _is_visible(p, path, has_designs)
            )
            if not files:
                raise ValueError(f"{path}: no structure files ({', '.join(SUFFIXES)}) in it")
        elif member := split(text):
            files = some_members(*member)
        elif any(letter in text for letter in "*?[") and not path.exists():
            files = [Path(name) for name in sorted(glob.glob(text, recursive=True))]
            files = [p for p in files if p.is_file() and _is_visible(p, p.parent, has_designs)]
            if not files:
                raise ValueError(f"{text}: no structure file matches; check the {what}")
        else:
            files = [path]
        for file in files:
            is_archive = file.suffix.lower() == ARCHIVE
            all_files |= dict.fromkeys(all_members(file) if is_archive else [file])
    return list(all_files)


def all_members(archive: Path) -> list[Path]:
    """Structures in an archive, sorted by name, hidden ones and what was made of designs left out.

    Raises
    ------
    ValueError
        If it cannot be read, is damaged, or has none.

    Warns
    -----
    ProtdiffWarning
        For members that are left out for their name or kind, and for an archive without an end.
    """
    from ..._system.notices import warn
    from ..._system.words import counted
    from .tar_listing import cached_listing

    listing = cached_listing(archive)
    names = [PurePosixPath(name) for name in listing.names]
    designs = {name.parent for name in names if name.match(MANIFEST)}
    found = [name for name in names if _is_visible_member(name, designs)]
    if listing.ending == "damaged":
        raise ValueError(
            f"{archive}: damaged behind {counted(len(found), 'structure')}; get a fresh copy"
        )
    if not found:
        raise ValueError(f"{archive}: no structure files ({', '.join(SUFFIXES)}) in it")
    if left_out := listing.left_out:
        warn(
            f"{archive}: {counted(len(left_out), 'member')} left out, for they are no files or "
            f"their names lead elsewhere, such as {left_out[0]!a}"
        )
    count = counted(len(found), "structure")
    if listing.ending == "cut" and listing.indexed:
        warn(f"{archive}: truncated; of its {count} those at the end are lost")
    elif listing.ending != "marked":
        warn(f"{archive}: has no end; it is still written, or truncated, and has {count}")
    return [member_path(archive, str(name)) for name in found]


def _is_visible_member(name: PurePosixPath, designs: set[PurePosixPath]) -> bool:
    """As `_is_visible`, in an archive with manifests of designs in some folders."""
    of_designs = any(p.name in OF_DESIGNS and p.parent in designs for p in name.parents)
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    return is_structure(Path(name)) and not (of_designs or hidden)


def some_members(archive: Path, name: str) -> list[Path]:
    """The member of a name, not checked; or those that a pattern matches, with all warnings."""
    from .tar_listing import cached_listing

    if not any(letter in name for letter in "*?[") or cached_listing(archive).find(name):
        return [member_path(archive, name)]
    pattern = str(member_path(archive, name))
    beginning = len(pattern) - len(name)
    files = [p for p in all_members(archive) if fnmatchcase(str(p)[beginning:], name)]
    if not files:
        raise ValueError(f"{archive}::{name}: no structure in the archive matches")
    return files


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
