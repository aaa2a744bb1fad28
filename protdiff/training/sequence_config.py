"""The configuration of a training run of the residue-type network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ..sequence.network import SequenceConfig

__all__ = ["SequenceTraining"]


class SequenceTraining(BaseModel):
    """Everything a training run of the residue-type network needs; unknown keys are errors.

    Parameters
    ----------
    data, out : path
        Data set or chain archive, and folder of the run.
    initial : str, optional
        Weights of residue types to start from, by name or path; they must have the sizes of
        `sequence`. From random ones if left out.
    sequence : SequenceConfig or dict
        Sizes of the network; the table ``[sequence]`` of the TOML file.
    steps, warmup, decay, learning_rate, weight_decay, clip, ema : int or float
        As in `TrainingConfig`.
    residues : int
        Residues in a batch.
    noise : float
        Standard deviation (Å) of the noise on every coordinate of the chains to learn from.
    max_length : int
        Longer chains are left out, residues.
    compile : bool
        Compile the network with `torch.compile`.
    half : bool
        Multiply in bfloat16, which the processors of some machines do faster.
    seed, threads, log_every, checkpoint_minutes, validate_minutes
        As in `TrainingConfig`.

    Examples
    --------
    >>> config = SequenceTraining(data="chains", out="runs/types", sequence={"hidden": 64})
    >>> config.sequence.hidden, config.noise
    (64, 0.1)
    """

    model_config = ConfigDict(extra="forbid")
    data: Path
    out: Path
    initial: str | None = None
    sequence: SequenceConfig = SequenceConfig()
    steps: int = Field(20000, gt=0)
    warmup: int = Field(300, ge=0)
    decay: float = Field(0.3, ge=0, le=1)
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    clip: float = Field(1.0, gt=0)
    ema: float = Field(0.999, gt=0, lt=1)
    residues: int = Field(2000, ge=64)
    noise: float = Field(0.1, ge=0)
    max_length: int = Field(512, ge=40, le=512)
    compile: bool = False
    half: bool = False
    seed: int = Field(0, ge=0)
    threads: int = Field(0, ge=0)
    log_every: int = Field(50, gt=0)
    checkpoint_minutes: float = Field(3, gt=0)
    validate_minutes: float = Field(10, gt=0)

    def recorded(self) -> dict[str, Any]:
        """What decides how a run goes on, as plain values for checkpoints and model cards."""
        return self.model_dump(mode="json", exclude={"data", "out"})
