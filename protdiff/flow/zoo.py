"""Named flows: the diffusions of the source papers as one process per component.

>>> from protdiff import flows
>>> flow = flows.get("rgdm", length=128)
>>> flow.kernel(torch.tensor([0.5])).alpha.shape  # signal of every mode half-way
torch.Size([1, 256])
"""

from difflib import get_close_matches

__all__ = ["FLOWS", "SHIPPED", "get", "recipe"]

#: The flow of the shipped weights, and the default everywhere.
SHIPPED = "rg-harmonic"

#: Name: what it is, and how its recipe differs from the house's (`protdiff.flow.ChainFlow`).
FLOWS = {
    "rg": ("RG, lognormal regulator, prior of real chains", {}),
    "rgdm": (
        "RGDM's proteins as published (arXiv 2501.09064)",
        {"schedule": "rgdm", "prior": "rgdm", "links": False},
    ),
    "rg-calibrated": (
        "RG from a free field with real bonds and radius of gyration", {"prior": "calibrated"},
    ),
    "rg-rational": ("RG, RGDM's regulator of images", {"regulator": "rational"}),
    "rg-heat": ("RG, heat kernel", {"regulator": "heat"}),
    "rg-harmonic": (
        "the flow of the shipped weights: RG, heat kernel, prior of EigenFold's chain of springs",
        {"regulator": "heat", "prior": "harmonic"},
    ),
    "rg-haar": ("RG over Haar wavelets", {"basis": "haar", "links": False}),
    "harmonic": (
        "EigenFold's harmonic diffusion (arXiv 2304.02198), ln t as time",
        {"regulator": "heat", "prior": "harmonic", "basis": "laplacian"},
    ),
    "vp": ("variance preserving, log-SNR linear in time, prior of real chains", {"schedule": "vp"}),
    "ddpm": (
        "variance preserving, β linear in time, white noise",
        {"schedule": "vp", "profile": "linear", "prior": "unit"},
    ),
    "cosine": (
        "variance preserving, cosine profile, prior of real chains",
        {"schedule": "vp", "profile": "cosine"},
    ),
    "edm": (
        "variance exploding, white noise, EDM's noise levels (arXiv 2206.00364)",
        {"schedule": "ve", "prior": "unit"},
    ),
    "gud": (
        "GUD's linear soft-conditioning over modes, coarse first (arXiv 2410.02667)",
        {"schedule": "gud"},
    ),
    "gud-residues": (
        "GUD's soft-conditioning over residues, first residue first",
        {"schedule": "gud", "basis": "identity", "clip": True, "links": False},
    ),
}  # fmt: skip


def recipe(name=SHIPPED, **changes):
    """Recipe of a named flow, for chains of any length.

    Parameters
    ----------
    name : str
        Key of `FLOWS`.
    **changes
        Fields of `protdiff.flow.ChainFlow` to set otherwise, for example ``steepness=4``.

    Returns
    -------
    ChainFlow
        Called with a list of lengths it gives their `Flow`.

    Raises
    ------
    ValueError
        For an unknown name, with the nearest known one.
    """
    from . import ChainFlow
    from .reference_spectrum import real_spectrum

    if name not in FLOWS:
        near = get_close_matches(str(name), FLOWS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(FLOWS)}"
        raise ValueError(f"unknown flow {name!r}: {hint}")
    return ChainFlow(**{"spectrum": real_spectrum()} | FLOWS[name][1] | changes)


def get(name=SHIPPED, length=128, **changes):
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
    """
    return recipe(name, **changes)([length])
