"""Logs of a run: CSV files, and TensorBoard if it is asked for."""

import csv

from .config import ConfigError

__all__ = ["LOGS", "append", "forget_after", "scalar_writer"]

LOGS = ("training.csv", "validation.csv", "samples.csv")


def append(path, fields, row):
    """Add a row to a CSV file, and the header to a new one."""
    new = not path.is_file()
    with path.open("a", newline="") as handle:
        writer = csv.DictWriter(handle, fields)
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})


def forget_after(path, step):
    """Drop the rows of steps that will be run again."""
    if path.is_file():
        first, *rows = path.read_text().splitlines(keepends=True)
        kept = [row for row in rows if int(row.split(",")[0]) <= step]
        path.write_text("".join([first, *kept]))


def scalar_writer(config):
    """Function that takes (group, row) and logs the row's numbers to TensorBoard, if asked for.

    Raises
    ------
    ConfigError
        If it is asked for and not installed.
    """
    if not config.tensorboard:
        return lambda group, row: None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ConfigError("tensorboard: not installed; pip install tensorboard") from None
    writer = SummaryWriter(str(config.out / "tensorboard"))

    def write(group, row):
        for key, value in row.items():
            if key not in ("step", "chains"):
                writer.add_scalar(f"{group}/{key}", value, row["step"])
        writer.flush()

    return write
