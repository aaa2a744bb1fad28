"""Progress on stderr: a bar on a terminal, a plain line now and then where the output goes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .terminal import progress_console

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["duration", "progress_bar"]

#: Seconds until the first plain line, and from one to the next.
FIRST_LINE, NEXT_LINE = 10.0, 30.0
#: The unit of a share in percent; its total is 100.
PERCENT = "%"


@contextmanager
def progress_bar(total: int | None, doing: str, unit: str) -> Iterator[Callable[[int], None]]:
    """Context that yields ``advance(count)``, and shows how much is done and what time is left.

    Parameters
    ----------
    total : int or None
        None: not known.
    doing : str
        Such as "scoring".
    unit : str
        What is counted, or "%" for a share of a total of 100.
    """
    console = progress_console()
    if total == 0:
        yield lambda count: None
    elif console.is_terminal:
        with _bar(console, total, doing, unit) as advance:
            yield advance
    else:
        yield PlainLines(total, doing, unit).advance


@contextmanager
def _bar(
    console: Console, total: int | None, doing: str, unit: str
) -> Iterator[Callable[[int], None]]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    count = (
        [TextColumn("{task.percentage:.0f} %")]
        if unit == PERCENT
        else [MofNCompleteColumn(), TextColumn(unit)]
    )
    columns = (TextColumn(doing), BarColumn(), *count, TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty()
    ) as progress:
        task = progress.add_task("", total=total)
        yield lambda count: progress.advance(task, count)


class PlainLines:
    """Progress as lines for a file or a pipe; short work writes none."""

    def __init__(self, total: int | None, doing: str, unit: str) -> None:
        self.total, self.doing, self.unit = total, doing, unit
        self.done = 0
        self.start = time.monotonic()
        self.due = self.start + FIRST_LINE

    def advance(self, count: int) -> None:
        """Count, and write a line if one is due."""
        self.done += count
        now = time.monotonic()
        if now >= self.due:
            self.due = now + NEXT_LINE
            # In one piece: Ctrl-C between the line and its end would leave no line of its own.
            sys.stderr.write(f"{self.line(now - self.start)}\n")
            sys.stderr.flush()

    def line(self, seconds: float) -> str:
        """What is done after so many seconds.

        Examples
        --------
        >>> lines = PlainLines(200, "scoring", "structures")
        >>> lines.done = 50
        >>> lines.line(20)
        'scoring: 50 of 200 structures, about 1 min left'
        """
        if self.total is None:
            return f"{self.doing}: {self.done} {self.unit}"
        share = (
            f"{self.done} %" if self.unit == PERCENT else f"{self.done} of {self.total} {self.unit}"
        )
        left = seconds * (self.total - self.done) / max(self.done, 1)
        return f"{self.doing}: {share}" + (f", about {duration(left)} left" if self.done else "")


def duration(seconds: float) -> str:
    """A time in words, rounded.

    Examples
    --------
    >>> duration(4), duration(100), duration(9000)
    ('4 s', '2 min', '2.5 h')
    """
    if seconds < 55:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
