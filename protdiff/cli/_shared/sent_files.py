"""Files of the work on a cluster: which workers must read, and which they send.

The client alone writes results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ..._system.files import replacing, temporary_folder
from ..._system.reading import real_path
from ...structure.io.members import split

__all__ = ["keeping_files", "real_inputs", "returning_files"]

Task = TypeVar("Task")
Result = TypeVar("Result")


def real_inputs(paths: Iterable[Path]) -> tuple[str, ...]:
    """Absolute paths of the files that are there, of structures and the archives of members."""
    members = ((path, split(path)) for path in paths)
    files = (path if member is None else member[0] for path, member in members)
    return tuple(str(real_path(file)) for file in files if file.is_file())


def returning_files(
    task: Task, *, work: Callable[[Task, Path], Result], folders: tuple[str, ...]
) -> tuple[Result, dict[str, bytes]]:
    """Do some work that writes files; its result, and the files by their name.

    Parameters
    ----------
    task
    work : callable
        ``work(task, place)`` may write into folders of a temporary one.
    folders : tuple of str
        Names of these.
    """
    with temporary_folder() as place:
        for name in folders:
            (place / name).mkdir()
        result = work(task, place)
        files = [path for path in sorted(place.rglob("*")) if path.is_file()]
        return result, {path.relative_to(place).as_posix(): path.read_bytes() for path in files}


def keeping_files(
    found: Iterable[tuple[Any, Mapping[str, bytes]]], folders: Mapping[str, Path]
) -> Iterator[Any]:
    """The results of `returning_files`, whose files are written.

    Parameters
    ----------
    found : iterable
    folders : dict of Path
        Where they go, by the name of the folder.
    """
    for result, files in found:
        for name, content in files.items():
            folder, _, rest = name.partition("/")
            path = folders[folder] / rest
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_bytes(content)
        yield result
