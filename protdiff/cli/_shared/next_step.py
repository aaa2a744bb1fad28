"""The last line of `protdiff generate` and `extend`: what can be done with the structures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["next_step"]


def next_step(place: Path, options: str = "", letters: str | None = None) -> str:
    """Verbs that take structures without a sequence.

    Parameters
    ----------
    place : Path
        Folder or archive.
    options : str
        Options of `protdiff design`, by which types that are known are kept.
    letters : str, optional
        Types that the user has given; X is one to be drawn. The command itself knows which these
        are, and files say it of UNK alone.

    Examples
    --------
    >>> from pathlib import Path
    >>> next_step(Path("designs"), "--keep-known").partition(",")[0]
    'next: protdiff design designs --keep-known (sequences)'
    """
    sequences = f"protdiff design {place} {options}".rstrip()
    if letters is not None:
        sequences = "the same command with --sequences 8" if "X" in letters else ""
    verbs = [
        *([f"{sequences} (sequences)"] if sequences else []),
        f"protdiff score {place} (beside real chains)",
        f"protdiff report {place} (a page to look at)",
    ]
    return f"next: {', '.join(verbs)}"
