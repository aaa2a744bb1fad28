"""`protdiff train`: run or continue a training."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._shared.terminal import progress_console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["train"]


def train(
    config: Annotated[
        Path,
        typer.Argument(help="TOML file; see training.toml and types.toml in docs/examples."),
    ],
) -> None:
    """Train a network, or continue a run that was interrupted.

    The network is that of the flow; with a table `sequence` in the configuration, that of
    residue types.

    Writes checkpoint-STEP, ema.safetensors (for `protdiff generate --weights`),
    best.safetensors (of the lowest loss on held-out chains), training.csv and validation.csv into
    the folder `out` of the configuration.
    """
    from ..training.config_file import read_config

    settings = read_config(config)
    from ..training.sequence_config import SequenceTraining
    from ..training.sequence_run import SequenceRun
    from ..training.trainer import Trainer

    run = SequenceRun(settings) if isinstance(settings, SequenceTraining) else Trainer(settings)
    first = run.rank == 0  # the only one of several processes that prints

    def report(text: str) -> None:
        if first:
            print(text, flush=True)

    with progress_line(settings.steps, first) as progress:
        path = run.fit(report=report, progress=progress)
    report(f"weights: {path}")


@contextmanager
def progress_line(steps: int, shown: bool = True) -> Iterator[Callable[[dict[str, float]], None]]:
    """Context of a function that shows a row of training.csv: steps, loss, and loss by band."""
    console = progress_console()
    if not (shown and console.is_terminal):
        # A disabled bar of older versions of rich still ends the line.
        yield lambda row: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    from ..training.losses import BAND_NAMES

    columns = (MofNCompleteColumn(), BarColumn(20), Remaining(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("", total=steps)

        def show(row: dict[str, float]) -> None:
            bands = "  ".join(
                f"{name.removeprefix('modes_')} {row[name]:.2f}"
                for name in BAND_NAMES
                if name in row
            )
            bar.update(task, completed=row["step"], description=f"loss {row['loss']:.3f}  {bands}")

        yield show
