"""Scores of interfaces from predicted errors, by their published formulas; proteins alone.

- ipSAE: Dunbrack, bioRxiv 2025.02.10.637595; the variant with d0 of each residue, cut-off 10 Å.
- pDockQ: Bryant, Pozzati and Elofsson, Nat. Commun. 13, 1265 (2022).
- pDockQ2: Zhu, Shenoy, Kundrotas and Elofsson, Bioinformatics 39, btad424 (2023).
- LIS: Kim et al., bioRxiv 2024.02.19.580970; cut-off 12 Å.

Values are those of the script ipsae.py by Dunbrack, which has all four.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from ..search import tm_d0

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Shaped

__all__ = ["PairConfidence", "interface_confidence", "ipsae", "lis", "pdockq", "pdockq2"]

#: Å of predicted error up to which pairs of residues count, and of CB up to which they touch.
IPSAE_CUTOFF, LIS_CUTOFF, CONTACT = 10.0, 12.0, 8.0
#: Residues for d0, at least.
SHORTEST = 27
#: Å of predicted error that halve the weight of a contact in pDockQ2.
PDOCKQ2_D0 = 10.0


#: Columns of a pair of chains and what they say.
PAIR_CONFIDENCE = {
    "iptm": "ipTM of the two chains, as the predictor gives it",
    "pae": "mean predicted aligned error between them, Å",
    "ipsae": "ipSAE, the larger of both ways",
    "pdockq": "pDockQ",
    "pdockq2": "pDockQ2, the larger of both ways",
    "lis": "local interaction score, mean of both ways",
}


class PairConfidence(NamedTuple):
    """Confidence of the interface of two chains; NaN for what cannot be computed.

    Attributes
    ----------
    chains : (str, str)
    iptm : float
        Of the pair, as the predictor gives it; the larger of both ways.
    pae : float
        Mean predicted aligned error between them, both ways, Å.
    ipsae : float
        The larger of both ways.
    pdockq : float
    pdockq2 : float
        The larger of both ways.
    lis : float
        Mean of both ways.
    """

    chains: tuple[str, str]
    iptm: float = np.nan
    pae: float = np.nan
    ipsae: float = np.nan
    pdockq: float = np.nan
    pdockq2: float = np.nan
    lis: float = np.nan

    def row(self) -> dict[str, float]:
        """The columns of `PAIR_CONFIDENCE`."""
        return dict(zip(PAIR_CONFIDENCE, self[1:], strict=True))


def interface_confidence(
    chain_ids: Shaped[np.ndarray, " residues"],
    pae: Float[np.ndarray, "residues residues"] | None,
    plddt: Float[np.ndarray, " residues"] | None,
    beta_coords: Float[np.ndarray, "residues 3"],
) -> list[PairConfidence]:
    """Scores of every pair of chains.

    Parameters
    ----------
    chain_ids : ndarray of str, shape (residues,)
    pae : ndarray of float, shape (residues, residues), or None
        Predicted aligned error, Å; row: the residue that is aligned.
    plddt : ndarray of float, shape (residues,), or None
        Of the CB, 0 to 100.
    beta_coords : ndarray of float, shape (residues, 3)
        Coordinates of the CB (CA in glycine), Å; NaN where there is none.

    Returns
    -------
    list of PairConfidence
        Chains in the order of the residues.

    Examples
    --------
    >>> import numpy as np
    >>> chains = np.repeat(["A", "B"], 30)
    >>> coords = np.outer(np.arange(60), [4.0, 0, 0])
    >>> [pair] = interface_confidence(chains, np.full((60, 60), 2.0), np.full(60, 90.0), coords)
    >>> pair.chains, round(pair.ipsae, 3), round(pair.lis, 3), round(pair.pdockq, 3)
    (('A', 'B'), 0.284, 0.833, 0.02)
    """
    rows = {chain: np.flatnonzero(chain_ids == chain) for chain in dict.fromkeys(chain_ids)}
    out: list[PairConfidence] = []
    for a, b in combinations(rows, 2):
        i, j = rows[a], rows[b]
        pair = PairConfidence((str(a), str(b)))
        gaps = cdist(beta_coords[i], beta_coords[j])
        touching = gaps <= CONTACT  # never where a coordinate is NaN
        known = np.isfinite(gaps).any()
        if plddt is not None and known:
            pair = pair._replace(pdockq=pdockq(plddt[i], plddt[j], touching))
        if pae is not None:
            there, back = pae[np.ix_(i, j)], pae[np.ix_(j, i)]
            pair = pair._replace(
                pae=_mean(np.concatenate([there.ravel(), back.ravel()])),
                ipsae=max(ipsae(there), ipsae(back)),
                lis=(lis(there) + lis(back)) / 2,
            )
            if plddt is not None and known:
                ways = (
                    pdockq2(plddt[i], plddt[j], touching, there),
                    pdockq2(plddt[j], plddt[i], touching.T, back),
                )
                known_ways = (way for way in ways if not np.isnan(way))
                pair = pair._replace(pdockq2=max(known_ways, default=np.nan))
        out.append(pair)
    return out


def ipsae(pae: Float[np.ndarray, "aligned scored"]) -> float:
    """ipSAE of one way: the largest over the aligned residues; 0 if no error is under the cut-off.

    Examples
    --------
    >>> import numpy as np
    >>> ipsae(np.full((5, 40), 11.0))
    0.0
    """
    valid = pae < IPSAE_CUTOFF
    counts = valid.sum(axis=1)
    d0 = np.array([tm_d0(max(int(n), SHORTEST)) for n in counts])
    terms = np.where(valid, 1 / (1 + (pae / d0[:, None]) ** 2), 0)
    return float((terms.sum(axis=1) / np.maximum(counts, 1)).max(initial=0))


def lis(pae: Float[np.ndarray, "aligned scored"]) -> float:
    """Local interaction score of one way: mean of 1 - error / 12 Å of errors up to that; else 0."""
    errors = pae[pae <= LIS_CUTOFF]
    return float(((LIS_CUTOFF - errors) / LIS_CUTOFF).mean()) if len(errors) else 0.0


def pdockq(
    plddt: Float[np.ndarray, " first"],
    other_plddt: Float[np.ndarray, " second"],
    touching: Bool[np.ndarray, "first second"],
) -> float:
    """Predicted DockQ from pLDDT and number of contacts; 0 without a contact."""
    if not touching.any():
        return 0.0
    x = _interface_plddt(plddt, other_plddt, touching) * np.log10(touching.sum())
    return float(0.724 / (1 + np.exp(-0.052 * (x - 152.611))) + 0.018)


def pdockq2(
    plddt: Float[np.ndarray, " first"],
    other_plddt: Float[np.ndarray, " second"],
    touching: Bool[np.ndarray, "first second"],
    pae: Float[np.ndarray, "first second"],
) -> float:
    """Predicted DockQ from pLDDT and the errors of contacts, one way; 0 without a contact."""
    if not touching.any():
        return 0.0
    weight = _mean(1 / (1 + (pae[touching] / PDOCKQ2_D0) ** 2))
    x = _interface_plddt(plddt, other_plddt, touching) * weight
    return float(1.31 / (1 + np.exp(-0.075 * (x - 84.733))) + 0.005)


def _interface_plddt(
    plddt: Float[np.ndarray, " first"],
    other_plddt: Float[np.ndarray, " second"],
    touching: Bool[np.ndarray, "first second"],
) -> float:
    """Mean pLDDT of the residues that touch the other chain."""
    return _mean(np.concatenate([plddt[touching.any(axis=1)], other_plddt[touching.any(axis=0)]]))


def _mean(values: Float[np.ndarray, " values"]) -> float:
    """Mean of the values that are known, as predictors may write null; NaN without any."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan
