"""The temperature of a sample, scale by scale."""

from ..structure.backbone import RESIDUE_TYPES
from ..structure.secondary_structure import STATES

__all__ = [
    "DEFAULT_TEMPERATURE",
    "check_temperature",
    "least_power",
    "temperatures",
]

#: 1 draws from the law that the network has learned; below it, detail is more regular.
DEFAULT_TEMPERATURE = 0.8
#: Beyond this every estimate is lost in the noise.
HIGHEST_TEMPERATURE = 10.0
#: Below T = 1 the temperature of a component is T^p: p = 0 for the fold (momenta up to the first
#: number), rises to the second for the finest mode, and is the third for links.
COLDER_FROM, FINEST, LINKS = 1.0, 6.0, 16.0
#: Least power p where the fold itself is given, or a letter for every residue (in proportion if for
#: fewer): little is left to choose.
TOLD = 8.0
#: The same where the letters are of a chain of which parts are redrawn: of ten loops one should be
#: right, they should not be alike.
REDRAWN = 2.0


def check_temperature(temperature, name="temperature"):
    """ValueError unless it is positive and not absurd."""
    if not 0 < temperature <= HIGHEST_TEMPERATURE:
        raise ValueError(
            f"{name} {temperature}: must be positive and at most {HIGHEST_TEMPERATURE:g}"
        )


def least_power(request):
    """Least power of a request: its residues with a type or a secondary structure, or its fold."""
    if getattr(request.condition, "keeps_fold", False):
        return TOLD
    power = REDRAWN if getattr(request.condition, "redraws", False) else TOLD
    texts = (request.sequence or "", RESIDUE_TYPES), (request.structure or "", STATES)
    told = (sum(letter in letters for letter in text) for text, letters in texts)
    return power * max(told) / request.length


def temperatures(flow, temperature, least):
    """Temperature of every component.

    Below 1 only detail is drawn colder: what a given fold leaves open is mostly the network's
    uncertainty, not diversity. The fold has temperature 1; colder folds have too many helices.
    Where letters or modes say how to fold, the fold is colder too, and obeys them better. Above 1
    all components have the same.

    Parameters
    ----------
    flow : Flow
        Of the batch, D components per chain.
    temperature : float
    least : sequence of float, length B
        Least power of a component, see `least_power`.

    Returns
    -------
    Tensor, shape (B, D, 1)
    """
    import torch

    momenta = flow.momenta
    rise = ((momenta - COLDER_FROM) / (torch.pi - COLDER_FROM)).clamp(0, 1)
    power = torch.maximum(FINEST * rise, torch.tensor(least).double()[:, None])
    power[:, momenta.shape[1] // 2 :] = LINKS
    if temperature >= 1:
        power = torch.ones_like(power)
    return (temperature**power)[..., None]
