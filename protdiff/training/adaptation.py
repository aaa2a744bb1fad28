"""Fine-tuning: the shipped weights, moved a little towards a user's own structures.

So that the network does not forget, some of the steps are rehearsals: on samples of the original
weights, noised, it must still give the original weights' estimates (distillation). The user has
no original data, but the original weights are a law over chains, and this pulls on the function
itself where a pull on the parameters would weigh harmless and harmful changes alike.
"""

import time
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..dataset.split import deal_splits
from ..network.adapters import adapter_tensors, add_adapters
from ..network.numerics import flush_denormals, pick_device
from ..network.weights import DEFAULT, find_weights, load_weights, save_adapters, save_weights
from .batches import make_batch
from .config import TrainingConfig
from .losses import distillation_loss
from .objective import batch_loss, earlier_call, held_out_loss, noise_of, sees_itself

__all__ = ["FinetuneSettings", "finetune_chains", "hold_out_chains"]


@dataclass(frozen=True)
class FinetuneSettings:
    """How to fine-tune.

    `rank`: of the adapters, None to train all weights; `minutes`: of training, or `steps` if
    given, which makes equal commands give equal weights; `keep`: share of the steps that are
    rehearsals, a quarter by default, none for chains of one sequence (see `for_one_sequence`);
    `full_share`: share of the batches at full resolution; `held_out_batches`: batches of the
    held-out loss; `checks`: how often it is measured, the best weights are kept.
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

    def training(self):
        """Configuration of the batches."""
        return TrainingConfig(
            data=".", out=".", beads=self.beads, seed=self.seed, sequence_share=0.1,
            structure_share=0.2, full_share=self.full_share, max_length=512, device=self.device,
        )  # fmt: skip


def for_one_sequence(settings):
    """Settings for an ensemble: its one fold is what must be learned, no other kept.

    No rehearsal, twice the rate, and most batches at coarse scales, where the fold is decided.
    """
    keep = 0.0 if settings.keep is None else settings.keep
    rate = 2 * settings.learning_rate
    return replace(settings, keep=keep, full_share=0.25, learning_rate=rate)


def hold_out_chains(chains, share, seed=0):
    """Training and held-out chains; whole clusters, or single chains when there is one cluster.

    Returns
    -------
    train, held_out : ChainSet
    random : bool
        Whether chains of one cluster are on both sides.
    """
    cluster = chains.table["cluster"]
    random = len(np.unique(cluster)) == 1
    if random:
        cluster = np.arange(len(chains))
    given = np.full(len(chains), 255, np.uint8)
    split = deal_splits(cluster, given, {"val": share, "test": 0.0}, seed)
    held_out = np.flatnonzero(split == 1)
    if not len(held_out):
        raise ValueError(f"{len(chains)} chains are too few to hold out {share:.0%} of them")
    return chains.take(np.flatnonzero(split == 0)), chains.take(held_out), random


class _Average:
    """Moving average of some parameters."""

    def __init__(self, parameters, decay):
        self.parameters, self.decay, self.count = parameters, decay, 0
        self.values = [p.detach().clone() for p in parameters]

    @torch.no_grad()
    def update(self):
        self.count += 1
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        for value, parameter in zip(self.values, self.parameters, strict=True):
            value.lerp_(parameter, 1 - decay)

    @torch.no_grad()
    def swap(self):
        """Exchange the average and the parameters."""
        for value, parameter in zip(self.values, self.parameters, strict=True):
            kept = parameter.clone()
            parameter.copy_(value)
            value.copy_(kept)


def learning_rate(settings, progress):
    """Rate when a share of the training is done: short rise, constant, linear fall to zero."""
    return settings.learning_rate * min(1.0, progress / 0.03 + 0.02, (1 - progress) / 0.5)


@flush_denormals()
def finetune_chains(
    train,
    held_out,
    out,
    *,
    weights=None,
    rehearsal=None,
    settings=None,
    report=print,
    card=None,
    progress=None,
):
    """Fine-tune weights on chains and write them.

    Parameters
    ----------
    train, held_out : ChainSet
        With secondary structure.
    out : path
        A .safetensors file: adapters, or all weights when there is no rank.
    weights : str or path, optional
        To start from; the default ones.
    rehearsal : ChainSet, optional
        Samples of the original weights.
    settings : FinetuneSettings, optional
    report : callable
        Gets a line of text now and then.
    card : dict, optional
        Stored with the weights.
    progress : callable, optional
        Called with the share that is done.

    Returns
    -------
    dict
        steps, minutes, loss_before, loss_after, bands_before, bands_after: the loss and its
        bands (relative to the Gaussian chain) on held-out chains, of the weights kept.
    """
    settings = settings or FinetuneSettings()
    config, device = settings.training(), pick_device(settings.device)
    origin = find_weights(weights or DEFAULT)
    base, denoiser = (load_weights(origin, device) for _ in "12")
    if settings.rank is None:
        denoiser.network.requires_grad_(True)
        trained = [p for p in denoiser.parameters() if p.requires_grad]
    else:
        trained = add_adapters(denoiser.network, settings.rank, settings.seed)
    average = _Average(trained, settings.ema)
    optimiser = torch.optim.AdamW(trained, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0)
    arguments = held_out, config, settings.held_out_batches
    before = held_out_loss(denoiser, *arguments)
    best, kept = before, [p.detach().clone() for p in trained]
    report(f"held-out loss {before[0]:.4f}")
    keep = 0.25 if settings.keep is None else settings.keep
    step, spent, began, checked = 0, 0.0, time.monotonic(), 0
    while (done := _progress(settings, step, spent)) < 1:
        rehearse = rehearsal is not None and (step + 1) * keep % 1 < keep
        batch = make_batch(rehearsal if rehearse else train, denoiser.recipe, config, step)
        if rehearse:
            flow, epsilon, u = noise_of(denoiser, batch, step)
            generator = torch.Generator().manual_seed(step + 1)
            earlier = earlier_call(u, epsilon, generator) if sees_itself(denoiser, step) else None
            loss = distillation_loss(
                denoiser, base, flow, batch, epsilon, u, config.resolution, earlier
            )
        else:
            loss, _ = batch_loss(denoiser, batch, config, step)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(settings, done)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, config.clip)
        optimiser.step()
        average.update()
        step, spent = step + 1, time.monotonic() - began
        if progress is not None:
            progress(min(1.0, _progress(settings, step, spent)))
        if _progress(settings, step, spent) * settings.checks >= checked + 1:
            checked += 1
            average.swap()
            found = held_out_loss(denoiser, *arguments)
            if found[0] < best[0]:
                best, kept = found, [p.detach().clone() for p in trained]
            average.swap()
            bands = ", ".join(f"{name} {value:.3f}" for name, value in found[1].items())
            report(f"step {step}: held-out loss {found[0]:.4f}; {bands}")
            began = time.monotonic() - spent  # measuring is not training
    with torch.no_grad():
        for parameter, value in zip(trained, kept, strict=True):
            parameter.copy_(value)
    results = {
        "steps": step, "loss_before": before[0], "loss_after": best[0],
        "bands_before": before[1], "bands_after": best[1],
    }  # fmt: skip
    card = (card or {}) | results  # without the time: equal steps give equal bytes
    if settings.rank is None:
        save_weights(out, denoiser, card)
    else:
        save_adapters(out, adapter_tensors(denoiser.network), origin, card)
    return results | {"minutes": round(spent / 60, 2)}


def _progress(settings, step, spent):
    """Share of the training that is done."""
    if settings.steps is not None:
        return step / settings.steps
    return spent / (60 * settings.minutes)
