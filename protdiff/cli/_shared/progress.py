"""Progress on a terminal; silent when the output goes elsewhere."""

from contextlib import contextmanager

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(total, doing, unit):
    """Context that yields ``advance(count)``; a bar on stderr with the time that is left.

    A total of None is not known.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    hidden = not console.is_terminal or total == 0
    with Progress(*columns, console=console, disable=hidden, transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda count: progress.advance(task, count)
