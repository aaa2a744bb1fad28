"""Confidence of a predicted model: pLDDT, predicted errors, and scores of its interfaces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...structure.io.file_residues import read_file_residues
from ...structure.io.members import as_path
from .confidence_data import read_confidence_data
from .interface_confidence import PairConfidence, interface_confidence
from .layouts import confidence_files
from .residue_plddt import own_plddt, scaled
from .token_mapping import TokenMapping

if TYPE_CHECKING:
    import os

    from jaxtyping import Float

    from ...structure.backbone import Backbone
    from .confidence_data import ConfidenceData

__all__ = ["CONFIDENCE", "PLDDT_SOURCES", "Confidence", "PlddtSource", "model_confidence"]

#: Where pLDDT may be taken from.
PlddtSource = Literal["auto", "bfactor"]
PLDDT_SOURCES = ("auto", "bfactor")

#: Column and what it says, in the order of a row.
CONFIDENCE = {
    "plddt": "mean pLDDT of the residues, 0 to 100",
    "ptm": "predicted TM-score, as the predictor gives it",
    "iptm": "the same of the interfaces",
    "pae": "mean predicted aligned error of two residues, Å",
    "pae_interface": "the same of two residues in different chains, Å",
    "ipsae": "ipSAE, the largest of all pairs of chains",
    "pdockq": "pDockQ, the largest of all pairs of chains",
    "pdockq2": "pDockQ2, the largest of all pairs of chains",
    "lis": "local interaction score, the largest of all pairs of chains",
    "confidence_from": "where pLDDT comes from, and files that were read",
}
#: Those that are the best of all pairs of chains.
OF_PAIRS = ("ipsae", "pdockq", "pdockq2", "lis")


@dataclass(frozen=True)
class Confidence:
    """Confidence of a predicted model; NaN for what its predictor has not written.

    Attributes
    ----------
    plddt, ptm, iptm, pae, pae_interface, ipsae, pdockq, pdockq2, lis : float
        See `CONFIDENCE`.
    confidence_from : str
    pairs : tuple of PairConfidence
        Every pair of protein chains.
    residues : ndarray of float, shape (residues,), or None
        pLDDT of every residue, 0 to 100.
    warnings : tuple of str
    """

    plddt: float = np.nan
    ptm: float = np.nan
    iptm: float = np.nan
    pae: float = np.nan
    pae_interface: float = np.nan
    ipsae: float = np.nan
    pdockq: float = np.nan
    pdockq2: float = np.nan
    lis: float = np.nan
    confidence_from: str = ""
    pairs: tuple[PairConfidence, ...] = ()
    residues: Float[np.ndarray, " residues"] | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()

    def of_pair(self, chains: tuple[str, str] | None) -> PairConfidence:
        """Confidence of two chains in any order; NaN for chains that it does not know."""
        for pair in self.pairs:
            if chains is not None and set(pair.chains) == set(chains):
                return pair
        return PairConfidence(chains or ("", ""))

    def row(self) -> dict[str, str | float]:
        """One value for every column of `CONFIDENCE`."""
        return {name: getattr(self, name) for name in CONFIDENCE}


def model_confidence(
    path: str | os.PathLike[str], backbone: Backbone, plddt: PlddtSource = "auto"
) -> Confidence:
    """Confidence of a model, from its file and from those that its predictor writes beside it.

    Parameters
    ----------
    path : str or os.PathLike
        The structure file; `layouts` has the names of the files beside it.
    backbone : Backbone
        What `read` returns for it.
    plddt : {"auto", "bfactor"}
        "bfactor" takes the B-factors for pLDDT. "auto" does so only where the file says it, by
        its header or its name, or where there is a file of confidence beside it.

    Raises
    ------
    ValueError
        If a file is damaged, or an option is unknown.

    Examples
    --------
    >>> import protdiff
    >>> path = "data/examples/1tpk.pdb"
    >>> model_confidence(path, protdiff.read(path)).plddt  # an experiment has none
    nan
    >>> round(model_confidence(path, protdiff.read(path), plddt="bfactor").plddt, 1)
    15.5
    """
    if plddt not in PLDDT_SOURCES:
        raise ValueError(f"`plddt` {plddt!r}: must be one of {', '.join(PLDDT_SOURCES)}")
    path = as_path(path)
    warnings: list[str] = []
    data, mapping = read_confidence_data(confidence_files(path)), None
    if data.files:
        mapping = TokenMapping(read_file_residues(path), len(backbone))
        data = mapping.fitting(data, warnings)
    if plddt == "auto" and mapping is not None and data.plddt is not None:
        values, of_beta = (scaled(v) for v in mapping.plddt(data.plddt))
        source = ""  # one of the files, which are named anyway
    else:
        own = own_plddt(path, backbone, plddt == "bfactor", bool(data.files))
        values, of_beta, source = own.values, own.values, own.source
        warnings += own.warnings
    pae = None if data.pae is None or mapping is None else mapping.pae(data.pae)
    pairs: list[PairConfidence] = []
    if len(backbone.chains) > 1 and (values is not None or pae is not None):
        mapping = mapping or TokenMapping(read_file_residues(path), len(backbone))
        pairs = interface_confidence(backbone.chain_ids, pae, of_beta, mapping.beta_coords)
        pairs = _with_iptm(pairs, data, mapping.chain_places(backbone.chain_ids))
    best = {name: _largest([getattr(pair, name) for pair in pairs]) for name in OF_PAIRS}
    between = backbone.chain_ids[:, None] != backbone.chain_ids
    return Confidence(
        plddt=_mean(values),
        ptm=data.ptm,
        iptm=data.iptm,
        pae=_mean(pae),
        pae_interface=np.nan if pae is None else _mean(pae[between]),
        **best,
        confidence_from=", ".join(filter(None, [source, *(file.name for file in data.files)])),
        pairs=tuple(pairs),
        residues=values,
        warnings=tuple(warnings),
    )


def _with_iptm(
    pairs: list[PairConfidence], data: ConfidenceData, places: dict[str, int]
) -> list[PairConfidence]:
    """The pairs with the ipTM that the predictor gives them."""
    matrix, labels = data.chain_iptm, data.chain_labels
    if matrix is None:
        return pairs
    if labels is not None and set(labels) & set(places):
        places = {label: k for k, label in enumerate(labels)}
    out: list[PairConfidence] = []
    for pair in pairs:
        i, j = (places.get(chain, len(matrix)) for chain in pair.chains)
        known = max(i, j) < len(matrix)
        out.append(pair._replace(iptm=_largest([matrix[i, j], matrix[j, i]])) if known else pair)
    return out


def _mean(values: Float[np.ndarray, "..."] | None) -> float:
    """Mean of the values that there are; NaN without any."""
    known = np.empty(0) if values is None else values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def _largest(values: list[float]) -> float:
    """The largest of the values that there are; NaN without any."""
    return max((float(value) for value in values if not np.isnan(value)), default=np.nan)
