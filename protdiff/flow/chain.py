"""The components of a chain: cosine modes of its trace, and vectors on its links.

A chain of N beads has 2N components: modes 0 … N-1 (mode 0, the centroid, is masked), then one
vector per link i -> i+1 (N-1 of them). The vectors are the ultraviolet end of the flow: one more
shell at an effective momentum above π, diagonal along the chain.
"""

from dataclasses import dataclass

import torch

from .basis import chain_momenta
from .process import Flow
from .schedule import RG, VP, rg_cutoff
from .spectrum import MeasuredSpectrum, calibrated_prior, free_field

__all__ = ["ChainFlow"]


@dataclass(frozen=True)
class ChainFlow:
    """Recipe for the flow of chains of any length: plain numbers, stored with the weights.

    Parameters
    ----------
    spectrum : MeasuredSpectrum or None
        Data variance of the modes, and by default the prior. None: the calibrated free field.
    schedule : {"rg", "vp"}
    regulator : str
        Of the RG schedule.
    prior : {"measured", "calibrated", "rgdm"}
        Stationary variance of the modes.
    signal_first : float
        α² of the link vectors, the fastest components, at u = 0: the resolution of the data.
    signal_last : float
        α² of mode 1, the slowest, at u = 1: what is left of the data in the prior.
    link_momentum : float
        Effective momentum of the link vectors, radians per residue.
    link_variance : float
        Variance per coordinate of the link vectors; 1/3 for unit vectors.
    """

    spectrum: MeasuredSpectrum | None = None
    schedule: str = "rg"
    regulator: str = "lognormal"
    prior: str = "measured"
    signal_first: float = 0.999
    signal_last: float = 0.003
    link_momentum: float = 2 * torch.pi
    link_variance: float = 1 / 3

    def __call__(self, lengths, size=None):
        """The `Flow` of a batch of chains padded to `size` beads, D = 2·size."""
        return chain_flow(self, [int(n) for n in lengths], size)


def chain_flow(recipe, lengths, size=None):
    """Build the `Flow` of a batch; see `ChainFlow`."""
    size = size or max(lengths)
    momenta, mode_mask = chain_momenta(lengths, size)
    link = torch.arange(size) < torch.tensor(lengths)[:, None] - 1
    flat = torch.ones(len(lengths), size, dtype=torch.float64)
    measured = (recipe.spectrum or calibrated_prior)(lengths, size)
    prior = {
        "measured": lambda: measured,
        "calibrated": lambda: calibrated_prior(lengths, size),
        "rgdm": lambda: free_field(momenta),
    }[recipe.prior]()
    links = flat * recipe.link_variance
    if recipe.schedule not in ("rg", "vp"):
        raise ValueError(f"unknown schedule {recipe.schedule!r}: rg or vp")
    if recipe.schedule == "rg":
        slowest = torch.pi / torch.tensor(lengths, dtype=torch.float64)
        schedule = RG(
            first=float(rg_cutoff(recipe.link_momentum, recipe.signal_first, recipe.regulator)),
            last=rg_cutoff(slowest, recipe.signal_last, recipe.regulator),
            regulator=recipe.regulator,
        )
    else:
        schedule = VP()
    return Flow(
        momenta=torch.cat([momenta, flat * recipe.link_momentum], 1),
        variance=torch.cat([measured, links], 1),
        prior=torch.cat([prior, links], 1),
        mask=torch.cat([mode_mask, link], 1),
        schedule=schedule,
    )
