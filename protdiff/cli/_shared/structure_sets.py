"""Sets of structures that verbs compare: files of which some may be unreadable, and archives."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ..._system import locks
from .progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ...structure.backbone import Backbone

__all__ = ["MAX_LENGTH", "output_folder", "read_files"]

#: Residues of the longest chains of an archive that are read.
MAX_LENGTH = 512


@contextmanager
def output_folder(path: Path, what: str = "--out ") -> Iterator[None]:
    """Context in which the folder of --out is there, and this process alone writes into it.

    If it is new, and an error leaves nothing in it, it goes.

    Parameters
    ----------
    path : Path
    what : str
        What an error message puts before the path; "" for a folder that no option gives.

    Raises
    ------
    ValueError
        If it cannot be made or written, or another process writes into it.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locks.output_folder(path))
        except OSError as error:
            raise ValueError(f"{what}{path}: cannot be written ({error.strerror})") from None
        yield


def read_files(
    files: Sequence[Path], what: str
) -> tuple[list[Path], list[Backbone], list[tuple[Path, str]]]:
    """Files that can be read, their backbones, and (file, error) of the others.

    Raises
    ------
    ValueError
        If none can be read.
    """
    from ...structure.io.read_write import read

    kept, backbones, errors = [], [], []
    with progress_bar(len(files), f"reading {what}", "files") as advance:
        for path in files:
            try:
                backbone = read(path, ca_only=True)
                if not backbone.mask[:, 1].any():
                    raise ValueError("no residue has a CA atom")
                kept.append(path)
                backbones.append(backbone)
            except ValueError as error:
                errors.append((path, " ".join(str(error).split())))
            advance(1)
    if not backbones:
        raise ValueError(f"{what}: none can be read; the first: {errors[0][1]}")
    return kept, backbones, errors
