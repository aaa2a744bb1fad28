"""Named flows: the diffusions of the source papers, each as an instance of `Flow`.

>>> import torch
>>> from protdiff import flows
>>> flow = flows.get("rgdm", length=128)
>>> flow.kernel(torch.tensor([0.5])).alpha.shape  # signal of every mode half-way
torch.Size([1, 256])
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .chain_flow import ChainFlow
    from .process import Flow

__all__ = ["FLOWS", "SHIPPED", "get", "recipe"]

#: The flow of the shipped weights, and the default everywhere.
SHIPPED = "rg-harmonic"


class NamedFlow(NamedTuple):
    """A flow of the literature.

    Parameters
    ----------
    description : str
    changes : dict
        Fields of `protdiff.flow.ChainFlow` that differ from its defaults.
    """

    description: str
    changes: dict[str, Any]


#: Named flows.
FLOWS = {
    "rg": NamedFlow("RG, lognormal regulator, prior of real chains", {}),
    "rgdm": NamedFlow(
        "RGDM's schedule and prior of proteins (arXiv 2501.09064): CA trace alone, no atoms",
        {"schedule": "rgdm", "prior": "rgdm", "links": False},
    ),
    "rgdm-shell": NamedFlow(
        "RGDM as published: the same in its own discrete steps, for its training and sampler",
        {"schedule": "shell", "prior": "rgdm", "links": False},
    ),
    "rg-calibrated": NamedFlow(
        "RG from a free field with real bonds and radius of gyration", {"prior": "calibrated"},
    ),
    "rg-rational": NamedFlow("RG, RGDM's regulator of images", {"regulator": "rational"}),
    "rg-heat": NamedFlow("RG, heat kernel", {"regulator": "heat"}),
    "rg-harmonic": NamedFlow(
        "the flow of the shipped weights: RG, heat kernel, prior of EigenFold's chain of springs",
        {"regulator": "heat", "prior": "harmonic"},
    ),
    "rg-haar": NamedFlow("RG over Haar wavelets", {"basis": "haar", "links": False}),
    "harmonic": NamedFlow(
        "EigenFold's harmonic diffusion (arXiv 2304.02198), ln t as time",
        {"regulator": "heat", "prior": "harmonic", "basis": "laplacian"},
    ),
    "vp": NamedFlow(
        "variance preserving, log-SNR linear in time, prior of real chains", {"schedule": "vp"}
    ),
    "ddpm": NamedFlow(
        "variance preserving, β linear in time, white noise",
        {"schedule": "vp", "profile": "linear", "prior": "unit"},
    ),
    "cosine": NamedFlow(
        "variance preserving, cosine profile, prior of real chains",
        {"schedule": "vp", "profile": "cosine"},
    ),
    "edm": NamedFlow(
        "variance exploding, white noise, EDM's noise levels (arXiv 2206.00364)",
        {"schedule": "ve", "prior": "unit"},
    ),
    "gud": NamedFlow(
        "GUD's linear soft-conditioning over modes, coarse first (arXiv 2410.02667)",
        {"schedule": "gud"},
    ),
    "gud-residues": NamedFlow(
        "GUD's soft-conditioning over residues, first residue first",
        {"schedule": "gud", "basis": "identity", "clip": True, "links": False},
    ),
}  # fmt: skip


def recipe(name: str = SHIPPED, **changes: Any) -> ChainFlow:
    """Recipe of a named flow, for chains of any length.

    Parameters
    ----------
    name : str
        Key of `FLOWS`.
    **changes
        Fields of `protdiff.flow.ChainFlow` with other values, for example ``steepness=4``.

    Returns
    -------
    ChainFlow
        Called with a list of lengths it gives their `Flow`.

    Raises
    ------
    ValueError
        For an unknown name, with the nearest known one.

    Examples
    --------
    >>> from protdiff import flows
    >>> flows.recipe("gud", steepness=4).steepness
    4
    """
    from .chain_flow import ChainFlow
    from .reference_spectrum import real_spectrum

    if name not in FLOWS:
        near = get_close_matches(str(name), FLOWS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(FLOWS)}"
        raise ValueError(f"unknown flow {name!r}: {hint}")
    fields: dict[str, Any] = {"spectrum": real_spectrum()}
    return ChainFlow(**fields | FLOWS[name].changes | changes)


def get(name: str = SHIPPED, length: int = 128, **changes: Any) -> Flow:
    """The flow of one chain.

    Parameters
    ----------
    name : str
        Key of `FLOWS`.
    length : int
        Residues, at least 3.
    **changes
        As for `recipe`.

    Returns
    -------
    Flow
        Components 0 … N-1 are the trace in the recipe's basis, N … 2N-1 the link vectors, masked
        where the flow has none.

    Raises
    ------
    ValueError
        As `recipe`.

    Examples
    --------
    >>> import protdiff
    >>> protdiff.flows.get("vp", length=64).mask.sum().item()  # 63 modes and 63 links
    126
    """
    return recipe(name, **changes)([length])
