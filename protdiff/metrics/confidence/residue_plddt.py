"""pLDDT of residues from a structure file alone: when B-factors are pLDDT, and on which scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...structure.io.stated_confidence import stated_confidence
from .layouts import has_name_of_prediction

if TYPE_CHECKING:
    from pathlib import Path

    from jaxtyping import Float

    from ...structure.backbone import Backbone

__all__ = ["OwnPlddt", "own_plddt", "plddt_factor", "scaled"]

#: What a file is said to have, in words for a row.
B_FACTORS, TABLE = "B-factors", "mmCIF"


class OwnPlddt(NamedTuple):
    """pLDDT that a structure file has itself.

    Attributes
    ----------
    values : ndarray of float, shape (residues,), or None
        0 to 100.
    source : str
        "B-factors", "mmCIF" (its table of quality metrics), or "".
    warnings : tuple of str
    """

    values: Float[np.ndarray, " residues"] | None = None
    source: str = ""
    warnings: tuple[str, ...] = ()


def own_plddt(path: Path, backbone: Backbone, chosen: bool, predicted: bool) -> OwnPlddt:
    """pLDDT of a structure file.

    Parameters
    ----------
    path : Path
    backbone : Backbone
        What `read` returns for it.
    chosen : bool
        Take the B-factors, whatever the file says.
    predicted : bool
        Whether something beside the file shows that it is a prediction.
    """
    source, warnings = B_FACTORS, list[str]()
    values = backbone.b_factors
    if not chosen:
        stated = stated_confidence(path, backbone)
        if stated.misfit:
            warnings.append("its table of pLDDT does not fit its residues, and is left out")
        if stated.plddt is not None:
            values, source = stated.plddt, TABLE
        elif not (stated.b_factors or predicted or has_name_of_prediction(path)):
            return OwnPlddt(warnings=tuple(warnings))
    factor = np.nan if values is None else plddt_factor(values)
    if values is None or np.isnan(factor):
        warnings.append(f"its {source} hold no pLDDT: not between 0 and 100, or all equal")
        return OwnPlddt(warnings=tuple(warnings))
    if factor != 1:
        warnings.append("pLDDT of the file is between 0 and 1: times 100")
    return OwnPlddt(values * factor, source, tuple(warnings))


def plddt_factor(values: Float[np.ndarray, " values"]) -> float:
    """What makes values pLDDT from 0 to 100: 1, or 100 if none is above 1; NaN if they are none.

    They are pLDDT if all are between 0 and 100 and not all are equal.

    Examples
    --------
    >>> plddt_factor(np.array([0.5, 0.75])), plddt_factor(np.array([50.0, 75.0]))
    (100.0, 1.0)
    >>> plddt_factor(np.array([100.0, 100.0]))
    nan
    """
    known = values[~np.isnan(values)]
    if not len(known) or known.min() < 0 or known.max() > 100 or np.ptp(known) == 0:
        return np.nan
    return 100.0 if known.max() <= 1 else 1.0


def scaled(values: Float[np.ndarray, " values"]) -> Float[np.ndarray, " values"]:
    """Values of a file of confidence from 0 to 100; some programs write them from 0 to 1."""
    return values * 100 if np.nanmax(values, initial=0) <= 1 else values
