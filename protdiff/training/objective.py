"""What training lowers, on one batch, and how it is measured on held-out chains and by samples."""

import math

import torch

from .batches import make_batch
from .losses import BAND_NAMES, denoising_loss

__all__ = [
    "batch_loss", "earlier_call", "held_out_loss", "noise_of", "sample_quality", "sees_itself",
    "validate",
]  # fmt: skip

SAMPLE_COLUMNS = (
    "ca_bonds", "clashes_3.0", "rama_outliers", "dssp_helix", "dssp_strand", "rg_ratio",
)  # fmt: skip
#: Share of the batches on which a network with self-conditioning sees its own earlier estimate.
AGAIN = 0.5
#: Longest time from a call to the next that it is prepared for: of some twelve calls in all. Shown
#: estimates from the same noise only, a network trusts them more than samplers' calls deserve.
LONGEST_GAP = 0.12


def batch_loss(denoiser, batch, config, seed, again=AGAIN):
    """Loss and band sums of one batch, with noise from a generator of its own."""
    flow, epsilon, u = noise_of(denoiser, batch, seed)
    earlier = None
    if sees_itself(denoiser, seed, again):
        earlier = earlier_call(u, epsilon, torch.Generator(u.device).manual_seed(seed + 1))
    return denoising_loss(denoiser, flow, batch, epsilon, u, config.resolution, earlier)


def earlier_call(u, epsilon, generator=None):
    """Times and noise of the call before those at times u (B,); short gaps are frequent."""
    gap = torch.rand(u.shape, generator=generator, dtype=u.dtype, device=u.device).square()
    noise = torch.randn(epsilon.shape, generator=generator, device=u.device)
    return (u + LONGEST_GAP * gap).clamp_max(1), noise


def sees_itself(denoiser, seed, share=AGAIN):
    """Whether the network is shown an earlier estimate of a batch; the same in every process."""
    draw = torch.rand((), generator=torch.Generator().manual_seed(seed)).item()
    return denoiser.self_conditioning and draw < share


def noise_of(denoiser, batch, seed):
    """Flow, noise and times (B,) of a batch."""
    device = batch.clean.device
    flow = denoiser.recipe(batch.lengths, batch.clean.shape[1] // 2).to(device)
    generator = torch.Generator(device).manual_seed(seed)
    epsilon = torch.randn(batch.clean.shape, generator=generator, device=device)
    return flow, epsilon, flow.schedule.time_of(batch.log_cutoff)


@torch.no_grad()
def validate(denoiser, chains, config, batches=48, again=1):
    """Loss per band on held-out chains, relative to the Gaussian chain (a zero output).

    The same chains, times and noise at every call; no conditions are shown. A network with
    self-conditioning is judged with an earlier estimate in view, as samplers use it; with `again` 0
    without, as the likelihood does.

    Returns
    -------
    dict of str to float
        Ratio per band; below 1 is better than the Gaussian chain.
    """
    return held_out_loss(denoiser, chains, config, batches, again)[1]


@torch.no_grad()
def held_out_loss(denoiser, chains, config, batches=48, again=1):
    """Mean loss on held-out chains, and the dict of `validate`."""
    config = config.model_copy(
        update={"seed": 1, "sequence_share": 0.0, "structure_share": 0.0, "beads": 1024}
    )
    losses, total = [], 0
    for step in range(batches):
        batch = make_batch(chains, denoiser.recipe, config, step)
        loss, bands = batch_loss(denoiser, batch, config, step, again)
        losses.append(loss.item())
        total = total + bands
    ratios = dict(zip(BAND_NAMES, (total[:, 0] / total[:, 1]).tolist(), strict=True))
    return sum(losses) / batches, ratios


def sample_quality(denoiser, count):
    """Mean quality columns of some samples of 60 to 120 residues; dict of str to float."""
    from ..metrics.quality import quality
    from ..sampling.draw import draw
    from ..sampling.plan import Request

    requests = [Request(k, 60 + 60 * k // max(1, count - 1)) for k in range(count)]
    drawn = draw(denoiser, requests)
    rows = [quality(one.backbone) for batch in drawn for one in batch]
    return {
        key: sum(values) / len(values) if (values := _finite(rows, key)) else math.nan
        for key in SAMPLE_COLUMNS
    }


def _finite(rows, key):
    return [row[key] for row in rows if math.isfinite(row[key])]
