"""The last line of `protdiff generate` and `extend`: what can be done with the structures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["next_step"]


def next_step(place: Path, options: str = "") -> str:
    """Verbs that take structures without a sequence.

    Parameters
    ----------
    place : Path
        Folder or archive.
    options : str
        Options of `protdiff design`, by which types that are known are kept.

    Examples
    --------
    >>> from pathlib import Path
    >>> next_step(Path("designs"), "--keep-known").partition(",")[0]
    'next: protdiff design designs --keep-known (sequences)'
    """
    design = f"protdiff design {place} {options}".rstrip()
    return (
        f"next: {design} (sequences), protdiff score {place} (beside real chains), "
        f"protdiff report {place} (a page to look at)"
    )
