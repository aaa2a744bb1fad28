"""Fine-tuning of weights on chains: the shipped network, changed a little towards a user's chains.

So that the network does not forget, some steps are rehearsals: on noised samples of the original
weights it must still give the original estimates (distillation). These samples stand for the
original training data, which the user does not have. A pull on the estimates preserves what the
network does; a pull on the parameters would penalise harmless and harmful changes alike.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from ..dataset.split import deal_splits
from ..dataset.store import SPLITS, UNSPLIT
from ..network.adapters import adapter_tensors, add_adapters
from ..network.numerics import flush_denormals, pick_device
from ..network.weights import DEFAULT, find_weights, load_weights, save_adapters, save_weights
from .batches import make_batch
from .config import TrainingConfig
from .losses import distillation_loss
from .objective import batch_loss, earlier_call, held_out_loss, is_self_conditioned, noise_of
from .optimisation import MovingAverage, adamw, averaged_in_place, learning_rate, take_step

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from jaxtyping import Float
    from torch import Tensor

    from .batches import Batch
    from .chains import ChainSet
    from .objective import HeldOutLoss

__all__ = ["ChainGroups", "FinetuneSettings", "finetune_chains", "hold_out_chains"]

#: Share of rehearsals, unless the settings say otherwise.
REHEARSAL_SHARE = 0.25
#: Shares: the learning rate begins with 2 % of the highest, reaches the highest after 3 % of the
#: training, and falls to zero over the second half.
FIRST_RATE, RISE, FALL = 0.02, 0.03, 0.5


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
    learning_rate : float
        Highest rate.
    keep : float, optional
        Share of the steps that are rehearsals; by default a quarter, and none for chains of one
        sequence (see `for_one_sequence`).
    full_share : float
        Share of the batches at full resolution.
    beads : int
        Beads in a batch, at full resolution.
    ema : float
        Decay of the moving average of the weights, per step.
    held_out_batches : int
        Batches of which the held-out loss is the mean.
    checks : int
        How often the held-out loss is measured; the weights of the lowest one are kept.
    seed : int
    device : str
        auto, cpu, cuda or mps.
    """

    rank: int | None = 8
    minutes: float = 10.0
    steps: int | None = None
    learning_rate: float = 3e-3
    keep: float | None = None
    full_share: float = 0.6
    beads: int = 512
    ema: float = 0.98
    held_out_batches: int = 12
    checks: int = 6
    seed: int = 0
    device: str = "cpu"

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
        if self.steps is not None:
            return step / self.steps
        return seconds / (60 * self.minutes) if self.minutes > 0 else 1.0


def for_one_sequence(settings: FinetuneSettings) -> FinetuneSettings:
    """Settings for an ensemble: the network learns its one fold and may forget all others.

    No rehearsals unless `keep` is given, twice the rate, and most batches at coarse scales, where
    the fold is decided.
    """
    keep, rate = settings.keep or 0.0, 2 * settings.learning_rate
    return replace(settings, keep=keep, full_share=0.25, learning_rate=rate)


class ChainGroups(NamedTuple):
    """Chains to learn from, chains to measure on, and samples of the original weights."""

    train: ChainSet
    held_out: ChainSet
    rehearsal: ChainSet | None = None


def hold_out_chains(
    chains: ChainSet, share: float, seed: int = 0
) -> tuple[ChainSet, ChainSet, bool]:
    """Training and held-out chains: whole clusters, or single chains if there is one cluster only.

    Parameters
    ----------
    chains : ChainSet
    share : float
        Of the chains to hold out.
    seed : int

    Returns
    -------
    train, held_out : ChainSet
    one_sequence : bool
        Whether all chains have the same sequence, as the conformations of an ensemble have.

    Raises
    ------
    ValueError
        If there are too few chains to hold out any.
    """
    cluster = chains.table["cluster"]
    if len(np.unique(cluster)) == 1:
        cluster = np.arange(len(chains))
    undecided = np.full(len(chains), UNSPLIT, np.uint8)
    split = deal_splits(cluster, undecided, {"val": share, "test": 0.0}, seed)
    held_out = np.flatnonzero(split == SPLITS.index("val"))
    if not len(held_out):
        raise ValueError(f"{len(chains)} chains are too few to hold out {share:.0%} of them")
    train = np.flatnonzero(split == SPLITS.index("train"))
    one_sequence = len(np.unique(chains.table["sequence"])) == 1
    return chains.take(train), chains.take(held_out), one_sequence


class Adaptation:
    """Weights while they are tuned: the original network, the tuned one, and its optimiser.

    Parameters
    ----------
    origin : path
        Weights file to start from.
    settings : FinetuneSettings
    """

    def __init__(self, origin: str | PathLike[str], settings: FinetuneSettings):
        self.origin, self.settings, self.config = origin, settings, settings.training()
        device = pick_device(settings.device)
        self.base, self.denoiser = load_weights(origin, device), load_weights(origin, device)
        network = self.denoiser.network
        if settings.rank is None:
            network.requires_grad_(True)
            trained = list(network.parameters())
        else:
            trained = add_adapters(network, settings.rank, settings.seed)
        self.trained = torch.nn.ParameterList(trained)
        self.average = MovingAverage(self.trained, settings.ema)
        self.optimiser = adamw(self.trained, weight_decay=0.0)
        self.keep = REHEARSAL_SHARE if settings.keep is None else settings.keep

    def take_step(self, step: int, chains: ChainGroups, done: float) -> None:
        """Step on one batch; the learning rate follows from the share of the training `done`."""
        source, loss_of = chains.train, self._loss
        # A share `keep` of the steps are rehearsals, evenly spaced.
        if chains.rehearsal is not None and (step + 1) * self.keep % 1 < self.keep:
            source, loss_of = chains.rehearsal, self._rehearsal_loss
        batch = make_batch(source, self.denoiser.recipe, self.config, step)
        self.optimiser.zero_grad(set_to_none=True)
        loss_of(batch, step).backward()
        highest = self.settings.learning_rate
        rate = learning_rate(highest, done / RISE + FIRST_RATE, (1 - done) / FALL)
        take_step(self.optimiser, list(self.trained), rate, self.config.clip)
        self.average.update(self.trained)

    def _loss(self, batch: Batch, seed: int) -> Float[Tensor, ""]:
        return batch_loss(self.denoiser, batch, self.config, seed)[0]

    def _rehearsal_loss(self, batch: Batch, seed: int) -> Float[Tensor, ""]:
        flow, epsilon, u = noise_of(self.denoiser, batch, seed)
        earlier = None
        if is_self_conditioned(self.denoiser, seed):
            earlier = earlier_call(u, epsilon, torch.Generator().manual_seed(seed + 1))
        return distillation_loss(
            self.denoiser, self.base, flow, batch, epsilon, u, self.config.resolution, earlier
        )

    def measure(self, held_out: ChainSet) -> HeldOutLoss:
        """Loss of the weights, as they are now, on held-out chains."""
        return held_out_loss(self.denoiser, held_out, self.config, self.settings.held_out_batches)

    def values(self) -> list[Tensor]:
        """Copies of the trained parameters."""
        return [parameter.detach().clone() for parameter in self.trained]

    @torch.no_grad()
    def set_values(self, values: list[Tensor]) -> None:
        """Give the trained parameters the values of `values`."""
        for parameter, value in zip(self.trained, values, strict=True):
            parameter.copy_(value)

    def save(self, out: str | PathLike[str], card: dict[str, Any]) -> None:
        """Write the adapters, or all weights if ``settings.rank`` is None."""
        if self.settings.rank is None:
            save_weights(out, self.denoiser, card)
        else:
            save_adapters(out, adapter_tensors(self.denoiser.network), self.origin, card)


@flush_denormals()
def finetune_chains(
    chains: ChainGroups,
    out: str | PathLike[str],
    *,
    weights: str | PathLike[str] | None = None,
    settings: FinetuneSettings | None = None,
    report: Callable[[str], object] = print,
    card: dict[str, Any] | None = None,
    progress: Callable[[float], object] | None = None,
) -> dict[str, Any]:
    """Fine-tune weights on chains and write them.

    Parameters
    ----------
    chains : ChainGroups
        With secondary structure.
    out : path
        A .safetensors file: adapters, or all weights if ``settings.rank`` is None.
    weights : str or path, optional
        Weights to start from; the shipped default if left out.
    settings : FinetuneSettings, optional
    report : callable
        Gets a line of text now and then.
    card : dict, optional
        Stored with the weights.
    progress : callable, optional
        Called after every step with the share of the training that is done.

    Returns
    -------
    dict
        steps, minutes; loss_before, loss_after: on held-out chains, of the original and the new
        weights; bands_before, bands_after: the same by band, relative to the Gaussian chain.
    """
    settings = settings or FinetuneSettings()
    tuning = Adaptation(find_weights(weights or DEFAULT), settings)
    before = best = tuning.measure(chains.held_out)
    kept = tuning.values()
    report(f"held-out loss {before.loss:.4f}")
    step, seconds, began, checked = 0, 0.0, time.monotonic(), 0
    while (done := settings.share_done(step, seconds)) < 1:
        tuning.take_step(step, chains, done)
        step, seconds = step + 1, time.monotonic() - began
        done = settings.share_done(step, seconds)
        if progress is not None:
            progress(min(1.0, done))
        if done * settings.checks >= checked + 1:
            checked += 1
            with averaged_in_place(tuning.average, list(tuning.trained)):
                measured = tuning.measure(chains.held_out)
                if measured.loss < best.loss:
                    best, kept = measured, tuning.values()
            bands = ", ".join(f"{name} {value:.3f}" for name, value in measured.bands.items())
            report(f"step {step}: held-out loss {measured.loss:.4f}; {bands}")
            began = time.monotonic() - seconds  # measuring is not training
    tuning.set_values(kept)
    results = {
        "steps": step, "loss_before": before.loss, "loss_after": best.loss,
        "bands_before": before.bands, "bands_after": best.bands,
    }  # fmt: skip
    # The file gets no times, so that equal steps give equal bytes.
    tuning.save(out, (card or {}) | results)
    return results | {"minutes": round(seconds / 60, 2)}
