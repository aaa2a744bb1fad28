"""The last lines of a verb: commands that can be given next."""

from __future__ import annotations

import shlex
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["merge_step", "next_line", "next_steps", "quoted"]

LABEL = "next: "
#: Columns where no terminal is: a log has each command in one line.
ENDLESS = 10**6


def next_line(*words: str, why: str) -> str:
    r"""A command and why; longer than the terminal it is broken between words, as a shell does.

    A terminal would break it within a path, which then cannot be copied.

    Examples
    --------
    >>> next_line("protdiff report", "designs", why="a page")
    'next: protdiff report designs (a page)'
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else ENDLESS
    lines = [LABEL + words[0]]
    for word in words[1:]:
        if len(f"{lines[-1]} {word} \\") > width:
            lines[-1] += " \\"
            lines.append(" " * len(LABEL) + word)
        else:
            lines[-1] += f" {word}"
    note = f"({why})"
    if len(f"{lines[-1]} {note}") > width:
        return "\n".join([*lines, " " * len(LABEL) + note])
    return "\n".join(lines) + f" {note}"


def next_steps(place: Path, options: str = "", letters: str | None = None) -> str:
    """Verbs that take structures without a sequence, a line for each.

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
    >>> next_steps(Path("designs"), "--keep-known").splitlines()[0]
    'next: protdiff design designs --keep-known (sequences)'
    """
    name = quoted(place)
    lines = [
        next_line("protdiff score", name, why="beside real chains"),
        next_line("protdiff report", name, why="a page to look at"),
    ]
    if letters is None:
        words = ["protdiff design", name, *filter(None, [options])]
        lines.insert(0, next_line(*words, why="sequences"))
    elif "X" in letters:
        lines.insert(0, f"{LABEL}the same command with --sequences 8 (sequences)")
    return "\n".join(lines)


def merge_step(place: Path, shards: int) -> str:
    """What is done with the folder or table of several shards."""
    why = "when the shard has" if shards == 1 else f"when all {shards} shards have"
    return next_line("protdiff merge", quoted(place), why=f"{why} ended")


def quoted(path: Path | str) -> str:
    """A path as a shell takes it."""
    return shlex.quote(str(path))
