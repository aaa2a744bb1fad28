"""Fine-tuning of weights on chains: the shipped network, changed a little towards a user's chains.

So that the network does not forget, some steps are rehearsals: on noised samples of the original
weights it must still give the original estimates (distillation). These samples stand for the
original training data, which the user does not have. A pull on the estimates preserves what the
network does; a pull on the parameters would penalise harmless and harmful changes alike.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from .._system.notices import warn
from ..network.adapters import adapter_tensors, add_adapters
from ..network.numerics import flush_denormals, pick_device
from ..network.weights import DEFAULT, find_weights, load_weights, save_adapters, save_weights
from .batches import make_batch
from .finetune_settings import FinetuneSettings
from .loss_change import last_good, loss_change
from .losses import distillation_loss
from .objective import batch_loss, earlier_call, held_out_loss, is_self_conditioned, noise_of
from .optimisation import MovingAverage, adamw, averaged_in_place, take_step

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from jaxtyping import Float
    from torch import Tensor

    from .batches import Batch
    from .chain_groups import ChainGroups
    from .chains import ChainSet
    from .loss_change import LossChange
    from .objective import HeldOutLoss

__all__ = ["finetune_chains"]

#: Share of rehearsals, unless the settings say otherwise.
REHEARSAL_SHARE = 0.25


class Check(NamedTuple):
    """Weights of a step, averaged over the steps before, and their loss on held-out chains."""

    step: int
    held_out: HeldOutLoss
    values: list[Tensor]


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
        take_step(self.optimiser, list(self.trained), self.settings.rate(done), self.config.clip)
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

    def measure(self, chains: ChainSet) -> HeldOutLoss:
        """Loss of the weights, as they are now; always on the same draws of the chains."""
        draws = self.settings.draws(len(chains))
        return held_out_loss(self.denoiser, chains, self.config, draws)

    def check(self, step: int, held_out: ChainSet) -> Check:
        """Loss of the averaged weights on held-out chains, and copies of these weights."""
        with averaged_in_place(self.average, list(self.trained)):
            values = [parameter.detach().clone() for parameter in self.trained]
            return Check(step, self.measure(held_out), values)

    @torch.no_grad()
    def keep_best(self, checks: list[Check]) -> Check:
        """Take over the weights of one of the checks, which is returned; see `last_good`."""
        kept = checks[last_good([check.held_out.draws for check in checks])]
        for parameter, value in zip(self.trained, kept.values, strict=True):
            parameter.copy_(value)
        return kept

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
        steps, minutes; kept_step: step of the weights that are written, 0 for the original ones;
        loss_before, loss_after: on held-out chains, of the original and the new weights, and
        loss_change: the difference and its standard error as shares of the loss before;
        others_change: the same on ``chains.others``, if there are any; bands_before, bands_after:
        loss on held-out chains by band, relative to the Gaussian chain.

    Raises
    ------
    KeyboardInterrupt
        When it is interrupted. The weights that are best so far are written first, if the loss on
        held-out chains has been measured since the first step.

    Warns
    -----
    ProtdiffWarning
        If the original weights are better than all that came after, so that they are written.
    """
    settings = settings or FinetuneSettings()
    tuning = Adaptation(find_weights(weights or DEFAULT), settings)
    checks = [tuning.check(0, chains.held_out)]
    others = tuning.measure(chains.others) if chains.others is not None else None
    report(f"held-out loss {checks[0].held_out.loss:.4f} with the original weights")
    results: dict[str, Any] = {}
    try:
        steps, seconds = train(tuning, chains, checks, report, progress)
        kept = tuning.keep_best(checks)
        if chains.others is not None and others is not None:
            # The original weights have been measured on the same draws.
            after = tuning.measure(chains.others) if kept.step else others
            results["others_change"] = loss_change(others.draws, after.draws)._asdict()
    except KeyboardInterrupt:
        kept = tuning.keep_best(checks)
        if kept.step:
            tuning.save(out, (card or {}) | {"steps": kept.step} | comparison(checks[0], kept))
            report(f"interrupted; the weights of step {kept.step} are kept: {out}")
        else:
            report("interrupted before any weights were measured to be good: none are written")
        raise
    results |= {"steps": steps} | comparison(checks[0], kept)
    # The file gets no times, so that equal steps give equal bytes.
    tuning.save(out, (card or {}) | results)
    if not kept.step:
        last = loss_change(checks[0].held_out.draws, checks[-1].held_out.draws)
        warn(
            f"{out}: NOTHING WAS LEARNED, THE WEIGHTS ARE THE ORIGINAL ONES: the loss on held-out "
            f"chains was higher at every check, at the end by {last}; give more structures or time"
        )
    return results | {"minutes": round(seconds / 60, 2)}


def train(
    tuning: Adaptation,
    chains: ChainGroups,
    checks: list[Check],
    report: Callable[[str], object],
    progress: Callable[[float], object] | None,
) -> tuple[int, float]:
    """Take all steps, and append what is measured on the way to `checks`.

    Returns
    -------
    steps : int
    seconds : float
        Of the steps alone: measuring is not training.
    """
    settings, first = tuning.settings, checks[0].held_out
    step, seconds, done = 0, 0.0, 0.0
    while done < 1:
        began = time.monotonic()
        tuning.take_step(step, chains, done)
        step, seconds = step + 1, seconds + time.monotonic() - began
        done = min(1.0, settings.share_done(step, seconds))
        if progress is not None:
            progress(done)
        if done * settings.checks >= len(checks):
            checks.append(tuning.check(step, chains.held_out))
            now = checks[-1].held_out
            report(
                f"step {step} ({100 * done:.0f} %): held-out loss {now.loss:.4f}, "
                f"{loss_change(first.draws, now.draws)}"
            )
    return step, seconds


def comparison(before: Check, after: Check) -> dict[str, Any]:
    """Numbers of the original and the kept weights on held-out chains."""
    change: LossChange = loss_change(before.held_out.draws, after.held_out.draws)
    return {
        "kept_step": after.step,
        "loss_before": before.held_out.loss, "loss_after": after.held_out.loss,
        "loss_change": change._asdict(),
        "bands_before": before.held_out.bands, "bands_after": after.held_out.bands,
    }  # fmt: skip
