"""`protdiff train`: run or continue a training."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["train"]


def train(
    config: Annotated[Path, typer.Argument(help="TOML file; see docs/training.toml.")],
):
    """Train the network, or continue a run that was interrupted.

    Writes checkpoint-STEP, ema.safetensors (for `protdiff generate --weights`),
    training.csv and validation.csv into the folder `out` of the configuration.
    """
    from ..training.config import read_config

    settings = read_config(config)
    from ..training.loop import train as run

    path = run(settings, report=lambda text: print(text, flush=True))
    print(f"weights: {path}")
