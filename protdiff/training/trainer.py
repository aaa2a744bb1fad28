"""A training run: AdamW, a moving average of the weights, checkpoints, and logs of the loss."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

import torch

from .._system.locks import output_folder
from .._system.torch_settings import single_precision
from .._system.words import counted, either
from ..network.numerics import flush_denormals
from .batches import make_batch
from .chains import DeviceChains, load_chains, on_device
from .cuda_graphs import DeviceSteps
from .distributed import agree, average_gradients, join_group, leave_group, total
from .logs import RunLog
from .losses import loss_names
from .objective import SAMPLE_COLUMNS, batch_loss, held_out_loss, sample_quality
from .optimisation import learning_rate, take_step
from .run_state import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from jaxtyping import Float, Float64
    from torch import Tensor

    from .chains import ChainSet
    from .config import TrainingConfig

__all__ = ["Trainer"]


class StepResult(NamedTuple):
    """Mean loss, band sums and chains of the batches of one step in this process."""

    loss: Float[Tensor, ""]
    bands: Float64[Tensor, "bands 2"]
    chains: int


def scheduled_rate(config: TrainingConfig, step: int) -> float:
    """Learning rate of a step: warm-up, constant, and a fall to zero at the end of the run."""
    rise = (step + 1) / max(1, config.warmup)
    fall = (config.steps - step) / max(1.0, config.decay * config.steps)
    return learning_rate(config.learning_rate, rise, fall)


def summed(tensors: Iterable[Tensor]) -> Tensor:
    """Sum in the order given, so that equal runs log equal numbers."""
    first, *others = tensors
    for tensor in others:
        first = first + tensor
    return first


class Trainer(RunState):
    """A training run that can be interrupted and resumed.

    Parameters
    ----------
    config : TrainingConfig

    Attributes
    ----------
    denoiser : Denoiser
        With the weights as they are now; `averaged` gives one to generate with.
    progress : Progress
        Steps, chains, seconds, and the best loss on held-out chains so far.
    rank, world : int
        Number of this process, and of processes.

    Examples
    --------
    >>> from protdiff.training import Trainer, TrainingConfig
    >>> config = TrainingConfig(data="chains", out="runs/mine", initial="rg-base", steps=5000)
    >>> weights = Trainer(config).fit()  # doctest: +SKIP
    """

    def __init__(self, config: TrainingConfig):
        self.rank, self.world = join_group()
        if config.threads:
            torch.set_num_threads(config.threads)
        super().__init__(config)
        self.device_steps: DeviceSteps | None = None  # made at the first step on an accelerator

    @flush_denormals()
    @single_precision()
    def fit(
        self,
        report: Callable[[str], object] = print,
        progress: Callable[[dict[str, float]], object] | None = None,
    ) -> Path:
        """Run, or continue, the training to its end.

        Every step works on `accumulate` batches in every process, and the gradients are averaged:
        the same total of batches gives the same steps however many processes share them. Several
        are started by ``torchrun --nproc-per-node N`` or ``srun``.

        Writes to ``config.out``: checkpoint-STEP (to resume), ema.safetensors (averaged weights, to
        generate with), best.safetensors (those of the lowest loss on held-out chains), training.csv
        and validation.csv (errors per band over those of the Gaussian chain), and samples.csv
        (quality of a few samples) if `samples` is not zero.

        Parameters
        ----------
        report : callable
            Gets one line of text now and then.
        progress : callable, optional
            Gets every row of training.csv as a dict.

        Returns
        -------
        Path
            The averaged weights.

        Raises
        ------
        ValueError
            If another run writes into the folder.
        """
        with output_folder(self.config.out) if self.rank == 0 else nullcontext():
            chains, held_out = self._read_chains()
            return self._fit(chains, held_out, report, progress)

    def _fit(
        self,
        chains: ChainSet | DeviceChains,
        held_out: ChainSet | DeviceChains,
        report: Callable[[str], object],
        progress: Callable[[dict[str, float]], object] | None,
    ) -> Path:
        """The steps of `fit`."""
        config = self.config
        of_validation = counted(len(held_out), "validation chain")
        report(f"{counted(len(chains), 'training chain')}, {of_validation}")
        changes = self.restore()
        if self.step:
            report(", ".join([f"continuing at step {self.step}", *changes]))
        elif self.new_tensors:
            number = sum(self.denoiser.state_dict()[name].numel() for name in self.new_tensors)
            weights = counted(number, "weight")
            starts = either(number, "it starts", "they start")
            report(f"{config.initial} lacks {weights} of this network: {starts} anew")
        log = RunLog(config.out, config.tensorboard) if self.rank == 0 else None
        began = saved = validated = time.monotonic()
        steps: list[StepResult] = []
        stopped = self._is_stale()
        while self.step < config.steps and not stopped:
            rate = scheduled_rate(config, self.step)
            steps.append(self.train_step(chains, rate))
            now = time.monotonic()
            self.progress.chains += self.world * steps[-1].chains
            self.progress.seconds, began = self.progress.seconds + now - began, now
            if self.step % config.log_every == 0:
                row, steps = self._log_row(rate, steps), []
                if log is not None:
                    log.write("training", row)
                    if progress is not None:
                        progress(row)
            last = self.step == config.steps
            if log is not None and (last or now - validated > 60 * config.validate_minutes):
                self.validate(held_out, log, report)
                validated = began = time.monotonic()
            stopped = self._is_stale()
            if stopped:
                stale = self.progress.stale
                report(f"no better on held-out chains in {stale} validations: stopped")
            due = last or stopped or now - saved > 60 * config.checkpoint_minutes
            if log is not None and due:
                self.save()
                saved = time.monotonic()
        weights = config.out / "ema.safetensors"
        if log is not None and not weights.is_file():  # the checkpoint came here without them
            self.save()
        leave_group()
        return weights

    def _read_chains(self) -> list[ChainSet | DeviceChains]:
        """Training and validation chains."""
        config = self.config
        load = {"max_length": config.max_length, "cache": config.cache_folder}
        splits = (load_chains(config.data, split, **load) for split in ("train", "val"))
        return [on_device(chains, self.device) for chains in splits]

    def _is_stale(self) -> bool:
        """Whether `patience` is over; the first process decides for all."""
        patience = self.config.patience
        return bool(patience) and agree(self.progress.stale >= patience)

    def _log_row(self, rate: float, steps: list[StepResult]) -> dict[str, float]:
        """Row of training.csv about some steps of all processes."""
        bands = total(summed(step.bands for step in steps))
        loss = float(total(torch.stack([step.loss for step in steps]).mean())) / self.world
        ratios = (bands[:, 0] / bands[:, 1]).tolist()
        row = self._counters() | {"rate": rate, "loss": loss}
        return row | dict(zip(loss_names(self.config.packing), ratios, strict=True))

    def _counters(self) -> dict[str, float]:
        """Beginning of every row of the logs."""
        progress = self.progress
        return {"step": self.step, "chains": progress.chains, "seconds": round(progress.seconds)}

    def train_step(self, chains: ChainSet | DeviceChains, rate: float) -> StepResult:
        """Take one step of the optimiser, on `accumulate` batches of this process."""
        config, parts = self.config, self.config.accumulate
        network = self.denoiser.network
        # Every parameter has a gradient, used or not: processes must agree on what they average.
        for parameter in network.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        self.optimiser.zero_grad(set_to_none=False)
        # Results remain tensors, because to read a number would wait for the device.
        results: list[StepResult] = []
        for part in range(self.rank, parts * self.world, self.world):
            seed = self.step * parts * self.world + part
            if isinstance(chains, DeviceChains):
                self.device_steps = self.device_steps or DeviceSteps(self.denoiser, chains, config)
                results.append(StepResult(*self.device_steps(self.step, part, seed)))
            else:
                batch = make_batch(chains, self.denoiser.recipe, config, self.step, part)
                loss, bands = batch_loss(self.denoiser, batch, config, seed)
                (loss / parts).backward()
                results.append(StepResult(loss.detach(), bands, len(batch.lengths)))
        if self.world > 1:
            average_gradients(self.denoiser)
        take_step(self.optimiser, list(network.parameters()), rate, config.clip)
        self.progress.step += 1
        self.average.update(network)
        loss = summed(result.loss / parts for result in results)
        bands = summed(result.bands for result in results)
        return StepResult(loss, bands, sum(result.chains for result in results))

    def validate(
        self, held_out: ChainSet | DeviceChains, log: RunLog, report: Callable[[str], object]
    ) -> None:
        """Measure the averaged weights on held-out chains, and by samples; keep the best."""
        count, denoiser = self.config.samples, self.averaged()
        loss, ratios, _ = held_out_loss(denoiser, held_out, self.config)
        log.write("validation", self._counters() | ratios | {"loss": loss})
        # Losses other than "resolution" have no terms of distances.
        shown = {"loss": loss} | {k: v for k, v in ratios.items() if math.isfinite(v)}
        report(f"step {self.step}: " + ", ".join(f"{k} {v:.3f}" for k, v in shown.items()))
        if loss < self.progress.best:
            self.progress.best, self.progress.stale = loss, 0
            self.save_average("best.safetensors")
        else:
            self.progress.stale += 1
        if count:
            quality = sample_quality(denoiser, count)
            log.write("samples", self._counters() | quality)
            numbers = ", ".join(f"{key} {quality[key]:.3f}" for key in SAMPLE_COLUMNS)
            report(f"{counted(count, 'sample')}: {numbers}")
