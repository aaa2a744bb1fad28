"""The training loss of one batch, and how networks are measured: held-out chains and samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

from .batches import make_batch
from .losses import EarlierCall, denoising_loss, loss_names

if TYPE_CHECKING:
    from jaxtyping import Float, Float64
    from torch import Tensor

    from ..flow import Flow
    from ..network import Denoiser
    from .batches import Batch
    from .chains import ChainSet, DeviceChains
    from .config import TrainingConfig

__all__ = [
    "HeldOutLoss", "batch_loss", "earlier_call", "held_out_loss", "is_self_conditioned", "noise_of",
    "sample_quality", "validate",
]  # fmt: skip

SAMPLE_COLUMNS = (
    "ca_bonds", "clashes_3.0", "rama_outliers", "dssp_helix", "dssp_strand", "rg_ratio",
)  # fmt: skip
#: Share of the batches on which a network with self-conditioning is shown its earlier estimate.
SELF_CONDITIONED_SHARE = 0.5
#: Longest time from a call to the next that training prepares for: that of samplers with some
#: twelve calls in all. If the earlier estimate always came from the same noise, the network would
#: trust it more than it deserves when samplers call.
LONGEST_GAP = 0.12


class HeldOutLoss(NamedTuple):
    """Mean loss on held-out chains, and the error per band over that of the Gaussian chain.

    `draws`: the loss of every batch, to be compared with others on the same batches.
    """

    loss: float
    bands: dict[str, float]
    draws: tuple[float, ...] = ()


def batch_loss(
    denoiser: Denoiser,
    batch: Batch,
    config: TrainingConfig,
    seed: int,
    self_conditioned_share: float = SELF_CONDITIONED_SHARE,
) -> tuple[Float[Tensor, ""], Float64[Tensor, "bands 2"]]:
    """Loss and band sums of one batch, with noise that `seed` decides; see `denoising_loss`."""
    flow, epsilon, u = noise_of(denoiser, batch, seed)
    earlier = None
    if is_self_conditioned(denoiser, seed, self_conditioned_share):
        earlier = earlier_call(u, epsilon, torch.Generator(u.device).manual_seed(seed + 1))
    return denoising_loss(
        denoiser, flow, batch, epsilon, u, config.weighting, earlier, config.packing
    )


def earlier_call(
    u: Float64[Tensor, " batch"],
    epsilon: Float[Tensor, "batch components 3"],
    generator: torch.Generator | None = None,
) -> EarlierCall:
    """Draw the call before those at times `u`; short gaps are more frequent than long ones."""
    gap = torch.rand(u.shape, generator=generator, dtype=u.dtype, device=u.device).square()
    noise = torch.randn(epsilon.shape, generator=generator, device=u.device)
    return EarlierCall((u + LONGEST_GAP * gap).clamp_max(1), noise)


def is_self_conditioned(
    denoiser: Denoiser, seed: int, share: float = SELF_CONDITIONED_SHARE
) -> bool:
    """Whether the network is shown an earlier estimate of a batch; the same in every process."""
    draw = torch.rand((), generator=torch.Generator().manual_seed(seed)).item()
    return denoiser.self_conditioning and draw < share


def noise_of(
    denoiser: Denoiser, batch: Batch, seed: int
) -> tuple[Flow, Float[Tensor, "batch components 3"], Float64[Tensor, " batch"]]:
    """Flow, standard normal noise and times of a batch."""
    device = batch.clean.device
    flow = denoiser.recipe(batch.lengths, batch.clean.shape[1] // 2).to(device)
    generator = torch.Generator(device).manual_seed(seed)
    epsilon = torch.randn(batch.clean.shape, generator=generator, device=device)
    return flow, epsilon, flow.schedule.time_of(batch.log_cutoff)


def validate(
    denoiser: Denoiser,
    chains: ChainSet | DeviceChains,
    config: TrainingConfig,
    batches: int = 48,
    self_conditioned_share: float = 1,
) -> dict[str, float]:
    """Error per band on held-out chains over that of the Gaussian chain (a zero output).

    Every call uses the same chains, times and noise; no conditions are shown.

    Parameters
    ----------
    denoiser : Denoiser
    chains : ChainSet or DeviceChains
    config : TrainingConfig
        Of the batches.
    batches : int
    self_conditioned_share : float
        Share of the batches on which a network with self-conditioning is shown its earlier
        estimate: 1 as samplers use it, 0 as the likelihood does.

    Returns
    -------
    dict of str to float
        Ratio per band; below 1 is better than the Gaussian chain.
    """
    return held_out_loss(denoiser, chains, config, batches, self_conditioned_share).bands


@torch.no_grad()
def held_out_loss(
    denoiser: Denoiser,
    chains: ChainSet | DeviceChains,
    config: TrainingConfig,
    batches: int = 48,
    self_conditioned_share: float = 1,
) -> HeldOutLoss:
    """Mean loss on held-out chains, and the ratios of `validate`; parameters as there."""
    config = config.model_copy(
        update={"seed": 1, "sequence_share": 0.0, "structure_share": 0.0, "beads": 1024}
    )
    losses, total = [], torch.zeros(())
    for step in range(batches):
        batch = make_batch(chains, denoiser.recipe, config, step)
        loss, bands = batch_loss(denoiser, batch, config, step, self_conditioned_share)
        losses.append(loss.item())
        total = total + bands
    ratios = dict(
        zip(loss_names(config.packing), (total[:, 0] / total[:, 1]).tolist(), strict=True)
    )
    return HeldOutLoss(sum(losses) / batches, ratios, tuple(losses))


def sample_quality(denoiser: Denoiser, count: int) -> dict[str, float]:
    """Mean of the quality columns `SAMPLE_COLUMNS` over samples of 60 to 120 residues."""
    from ..metrics.quality import quality
    from ..sampling.draw import draw
    from ..sampling.plan import Request

    requests = [Request(k, 60 + 60 * k // max(1, count - 1)) for k in range(count)]
    rows = [quality(item.backbone) for batch in draw(denoiser, requests) for item in batch]
    return {key: _finite_mean([row[key] for row in rows]) for key in SAMPLE_COLUMNS}


def _finite_mean(values: list[float]) -> float:
    """Mean of the values that are numbers; NaN when none is."""
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan
