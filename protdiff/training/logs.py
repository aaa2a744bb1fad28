"""Logs of a run: CSV files, and TensorBoard if it is wanted."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from .._system.files import naming_full_disk
from .config_file import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["RunLog", "forget_after"]

#: Groups of rows; each has its file, GROUP.csv.
GROUPS = ("training", "validation", "samples")


class RunLog:
    """Rows of numbers in CSV files, and in TensorBoard.

    Parameters
    ----------
    folder : Path
        Of the run.
    tensorboard : bool

    Raises
    ------
    ConfigError
        If TensorBoard is wanted and not installed.
    """

    def __init__(self, folder: Path, tensorboard: bool = False):
        self.folder, self.writer = folder, None
        if tensorboard:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise ConfigError("tensorboard: not installed; pip install tensorboard") from None
            self.writer = SummaryWriter(str(folder / "tensorboard"))

    def write(self, group: str, row: Mapping[str, float]) -> None:
        """Add a row, which names its step, to a group of `GROUPS`."""
        append(self.folder / f"{group}.csv", row)
        if self.writer is None:
            return
        for key, value in row.items():
            if key not in ("step", "chains"):
                self.writer.add_scalar(f"{group}/{key}", value, row["step"])
        self.writer.flush()


def append(path: Path, row: Mapping[str, float]) -> None:
    """Add a row to a CSV file, and the header to a new one."""
    new = not path.is_file()
    with naming_full_disk(path), path.open("a", newline="") as handle:
        writer = csv.DictWriter(handle, list(row))
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})


def forget_after(folder: Path, step: int) -> None:
    """Drop the rows of steps that a resumed run takes a second time."""
    for group in GROUPS:
        path = folder / f"{group}.csv"
        if path.is_file():
            header, *rows = path.read_text().splitlines(keepends=True)
            kept = [row for row in rows if int(row.split(",")[0]) <= step]
            path.write_text("".join([header, *kept]))
