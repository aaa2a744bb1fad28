"""The temperature of a sample, scale by scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..structure.backbone import RESIDUE_TYPES
from ..structure.secondary_structure import STATES
from .plan import Request
from .settings import DEFAULTS, SamplingSettings, TemperatureLaw

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from ..flow import Flow

__all__ = ["least_power", "temperatures"]


def least_power(request: Request, law: TemperatureLaw = DEFAULTS.law) -> float:
    """Least power of the temperature of every mode for a request.

    It is `given_power` if the fold is given. Else it is proportional to the share of residues with
    a type or a state of secondary structure, up to `given_power`, or to `redesign_power` where
    parts of a chain are redrawn.
    """
    condition = request.condition
    if condition is not None and condition.keeps_fold:
        return law.given_power
    redraws = condition is not None and condition.redraws_part
    power = law.redesign_power if redraws else law.given_power
    texts = (request.sequence or "", RESIDUE_TYPES), (request.structure or "", STATES)
    given = max(sum(letter in letters for letter in text) for text, letters in texts)
    return power * given / request.length


def temperatures(
    flow: Flow,
    least: Sequence[float],
    settings: SamplingSettings = DEFAULTS,
) -> Float[Tensor, "batch components 1"]:
    """Temperature of every component.

    Below 1 only detail has a lower temperature, because variation of detail within a fold is mostly
    the network's uncertainty, not diversity. The fold keeps temperature 1, because at lower ones it
    has too many helices. Where residue types, secondary structure or modes are given, the fold has
    a lower temperature as well, and follows them better. From 1 on all components have the same
    temperature.

    Parameters
    ----------
    flow : Flow
        Of the batch, D components per chain.
    least : sequence of float, length B
        Least power of the modes of every chain, see `least_power`.
    settings : SamplingSettings

    Returns
    -------
    Tensor, shape (B, D, 1)
    """
    import torch

    momenta, law = flow.momenta, settings.law
    rise = ((momenta - law.fold_momentum) / (torch.pi - law.fold_momentum)).clamp(0, 1)
    power = torch.maximum(law.finest_power * rise, torch.tensor(least).double()[:, None])
    power[:, momenta.shape[1] // 2 :] = law.link_power
    if settings.temperature >= 1:
        power = torch.ones_like(power)
    return (settings.temperature**power)[..., None]
