"""The likelihood of a structure beside real chains of its length and secondary structure.

The network finds helices more probable than strands and loops, and short chains less than long
ones, as they are in real proteins. A ranking by the likelihood alone therefore ranks by helix.
What is left after a fit over real chains ranks what a user wants to know: whether a structure is
probable for what it is.
"""

from __future__ import annotations

import json
import math
from functools import cache
from typing import TYPE_CHECKING, Any

from .._system.resources import data_file
from ..structure.secondary_structure import psea

if TYPE_CHECKING:
    from ..structure.backbone import Backbone
    from .structure_likelihood import Likelihood

__all__ = ["RELATIVE", "features", "relative_likelihood"]

#: Column of a table of likelihoods, and what it means.
RELATIVE = {
    "relative_likelihood": "nats per degree of freedom above the mean of real chains of like "
    "length, helix and strand; empty where these were not measured",
}

#: Relative difference of resolutions that count as equal.
SAME_RESOLUTION = 0.01


def features(backbone: Backbone) -> list[float]:
    """What the mean likelihood of real chains is linear in: 1, helix, strand, 1 / length."""
    letters = psea(backbone.ca[backbone.mask[:, 1]])
    return [1.0, letters.count("H") / len(letters), letters.count("E") / len(letters),
            100 / len(letters)]  # fmt: skip


@cache
def _fits() -> dict[str, Any]:
    """The fits that the package ships (benchmarks/build_likelihoods.py)."""
    return json.loads(data_file("real_likelihoods.json").read_text(encoding="utf-8"))


def relative_likelihood(
    likelihood: Likelihood, backbone: Backbone, weights_sha256: str, has_sequence: bool
) -> float:
    """Nats per degree of freedom above the mean of real chains like a structure.

    Parameters
    ----------
    likelihood : Likelihood
        By the method "elbo".
    backbone : Backbone
    weights_sha256 : str
        Of the weights that gave the likelihood.
    has_sequence : bool
        Whether the network was given residue types.

    Returns
    -------
    float
        NaN where no real chains were measured: other weights, another method or resolution, a
        CA-only file.
    """
    fits = _fits()
    same = abs(likelihood.resolution / fits["resolution"] - 1) < SAME_RESOLUTION
    if weights_sha256 != fits["weights_sha256"] or not likelihood.gain or not same:
        return math.nan
    fit = fits["with sequence" if has_sequence else "without sequence"]
    expected = sum(a * b for a, b in zip(fit["coefficients"], features(backbone), strict=True))
    return likelihood.value - expected
