"""How to fine-tune: one value that holds every default."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from .config import TrainingConfig
from .optimisation import learning_rate

__all__ = ["FinetuneSettings", "for_one_sequence"]

#: Shares: the learning rate begins with 2 % of the highest, reaches it after a tenth of the
#: training, and falls to zero over the rest.
FIRST_RATE, RISE, FALL = 0.02, 0.1, 0.9
#: Highest rates of adapters and of all weights, for chains of many sequences. At three times the
#: rate the loss on other proteins rose twice as much in two minutes, for much the same samples.
ADAPTER_RATE, FULL_RATE = 1e-3, 3e-4
#: The same for chains of one sequence, which have one fold to learn and none to keep.
ONE_ADAPTER_RATE, ONE_FULL_RATE = 6e-3, 6e-4


@dataclass(frozen=True)
class FinetuneSettings:
    """How to fine-tune.

    Attributes
    ----------
    rank : int or None
        Rank of the adapters; None to train all weights.
    minutes : float
    steps : int, optional
        Steps in place of minutes: equal commands then give equal weights.
    learning_rate : float, optional
        Highest rate, see `rate`; by default one for adapters, all weights, or one sequence.
    keep : float, optional
        Share of the steps that are rehearsals; by default a quarter, and none for chains of one
        sequence (see `for_one_sequence`).
    full_share : float
        Share of the batches at full resolution.
    beads : int
        Beads in a batch, at full resolution.
    ema : float
        Decay of the moving average of the weights, per step.
    held_out_batches : int, optional
        Draws of which the held-out loss is the mean, each a batch; 2 or more. By default the more,
        the fewer the chains are, see `draws`.
    checks : int
        How often the held-out loss is measured; which weights are kept follows from it, see
        `protdiff.training.loss_change.last_good`.
    seed : int
    device : str
        auto, cpu, cuda or mps.
    """

    rank: int | None = 8
    minutes: float = 10.0
    steps: int | None = None
    learning_rate: float | None = None
    keep: float | None = None
    full_share: float = 0.35
    beads: int = 512
    ema: float = 0.98
    held_out_batches: int | None = None
    checks: int = 4
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.steps is None and not 0 < self.minutes < math.inf:
            raise ValueError(f"`minutes` {self.minutes:g}: must be more than 0, and a number")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"`steps` {self.steps}: must be 1 or more")
        rate = 1.0 if self.learning_rate is None else self.learning_rate
        for name, fits, must in (
            ("rank", self.rank is None or self.rank >= 1, "at least 1, or None for all weights"),
            ("learning_rate", 0 < rate < math.inf, "more than 0"),
            ("keep", 0 <= (self.keep or 0) < 1, "a share from 0 to below 1"),
            ("full_share", 0 <= self.full_share <= 1, "a share from 0 to 1"),
            ("ema", 0 <= self.ema < 1, "from 0 to below 1"),
            ("seed", self.seed >= 0, "at least 0"),
        ):
            if not fits:
                raise ValueError(f"`{name}` {getattr(self, name)}: must be {must}")
        if (self.held_out_batches or 2) < 2 or self.checks < 1:
            raise ValueError("`held_out_batches`: at least 2, and `checks`: at least 1")

    def training(self) -> TrainingConfig:
        """Configuration of the batches."""
        return TrainingConfig.model_validate(
            {
                "data": ".", "out": ".", "beads": self.beads, "seed": self.seed,
                "sequence_share": 0.1, "structure_share": 0.2, "full_share": self.full_share,
                "max_length": 512, "device": self.device,
            }
        )  # fmt: skip

    def share_done(self, step: int, seconds: float) -> float:
        """Share of the training that is done after some steps and seconds."""
        return seconds / (60 * self.minutes) if self.steps is None else step / self.steps

    def draws(self, chains: int) -> int:
        """Batches for a loss on so many held-out chains: 24 for many, 48 for five or fewer.

        Two minutes change this loss by some tenths of a per cent. The standard error of a
        difference is about 0.2 % with 48 draws.

        Examples
        --------
        >>> [FinetuneSettings().draws(chains) for chains in (3, 6, 30)]
        [48, 40, 24]
        """
        least, most = 24, 48
        return self.held_out_batches or max(least, min(most, 240 // chains))

    def rate(self, done: float) -> float:
        """Learning rate after a share of the training, of steps or of time.

        A short rise from small, for AdamW does not know the scale of the gradients yet; then a
        fall to zero at the end, for the last weights are those that are kept.

        Examples
        --------
        >>> settings = FinetuneSettings(learning_rate=1e-3)
        >>> [round(settings.rate(done), 6) for done in (0, 0.05, 0.1, 0.55, 1)]
        [2e-05, 0.00052, 0.001, 0.0005, 0.0]
        """
        highest = self.learning_rate
        if highest is None:
            highest = FULL_RATE if self.rank is None else ADAPTER_RATE
        return learning_rate(highest, FIRST_RATE + done / RISE, (1 - done) / FALL)


def for_one_sequence(settings: FinetuneSettings) -> FinetuneSettings:
    """Settings for an ensemble: the network learns its one fold and may forget all others.

    No rehearsals unless `keep` is given, a higher rate unless `learning_rate` is, and most batches
    at coarse scales, where the fold is decided.
    """
    rate = settings.learning_rate
    if rate is None:
        rate = ONE_FULL_RATE if settings.rank is None else ONE_ADAPTER_RATE
    return replace(settings, keep=settings.keep or 0.0, full_share=0.25, learning_rate=rate)
