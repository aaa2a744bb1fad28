"""Lines of `protdiff flow report` on training runs and on grids of sampling times."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ...analysis.loss_history import LossSplit

__all__ = ["print_grids", "print_split", "split_of_run"]


def split_of_run(run: Path) -> LossSplit:
    """Loss of a training run's folder in parts.

    Raises
    ------
    ValueError
        If the folder has no training.csv that can be split.
    """
    from ...analysis.loss_history import read_curve, split_loss

    training, validation = run / "training.csv", run / "validation.csv"
    if not training.is_file():
        raise ValueError(f"--history {run}: no training.csv in it; give the folder of a run")
    held_out = read_curve(validation) if validation.is_file() else None
    try:
        return split_loss(read_curve(training), held_out)
    except ValueError as error:
        raise ValueError(f"--history {run}: {error}") from None


def print_split(run: str, split: LossSplit) -> None:
    """Two or three lines on one run."""
    from ...analysis.loss_history import EXPONENTS

    print(f"\n{run}: training loss {split.training:.4f} at step {split.steps}")
    print(
        f"  left to gain by steps alike {split.by_steps:.4f} ± {split.by_steps_error:.4f} (as "
        f"step^-{split.exponent:.2f}), floor {split.floor:.4f} ± {split.floor_error:.4f}"
    )
    if not 1.01 * EXPONENTS[0] < split.exponent < 0.99 * EXPONENTS[1]:
        print("  the power is the end of what is tried: this curve does not tell the two apart")
    if split.held_out is not None:
        print(
            f"  held-out loss {split.held_out:.4f}, {split.gap:+.4f} ± {split.gap_error:.4f} over "
            "the training loss:\n  what more chains would take away, at most"
        )


def print_grids(grids: dict[str, dict[int, float]]) -> None:
    """A table of what grids of times lose by their steps."""
    from ...analysis.schedule_bound import GRIDS

    calls = list(next(iter(grids.values())))
    print("\ntimes: nats per chain that steps of a first-order sampler lose in the bound")
    print(f"{'':<10}" + "".join(f"{f'{n} calls':>11}" for n in calls))
    for name, losses in grids.items():
        print(f"{name:<10}" + "".join(f"{losses[n]:11.1f}" for n in calls) + f"  {GRIDS[name]}")
