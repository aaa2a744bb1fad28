"""Progress on a terminal; silent when the output goes elsewhere."""

from contextlib import contextmanager

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(total, doing, unit):
    """Context that yields ``advance(count)``; a bar on stderr with the time that is left.

    A total of None is not known.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal or total == 0:
        # A disabled bar of older versions of rich still ends the line.
        yield lambda count: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda count: progress.advance(task, count)
