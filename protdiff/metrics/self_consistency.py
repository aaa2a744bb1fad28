"""Self-consistency: whether the predicted structure of a sequence is the design it was made for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from .._system.notices import warn
from .._system.words import counted, either
from ..structure.backbone import ONE_TO_THREE
from ..structure.superposition import rmsd
from .auto_alignment import Aligned
from .comparison import compare
from .complexes import pair_chains
from .confidence.residue_plddt import plddt_factor
from .named_residues import has_sequence

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from numpy.typing import ArrayLike

    from ..structure.backbone import Backbone

__all__ = [
    "MAX_MOTIF_RMSD", "MAX_SCRMSD", "MIN_SCTM", "SELF_CONSISTENCY", "SelfConsistency",
    "predicted_lddt", "self_consistency",
]  # fmt: skip

#: The usual thresholds of the field: a design is designable if the CA rmsd of a sequence is below
#: the first (Å), a sequence has the fold of its design if the TM-score is above the second, and it
#: keeps a motif whose rmsd is below the third (Å).
MAX_SCRMSD, MIN_SCTM, MAX_MOTIF_RMSD = 2.0, 0.5, 1.0
#: Places of N, CA and C in `Backbone.coords`.
MOTIF_ATOMS = (0, 1, 2)

#: Column and what it says.
SELF_CONSISTENCY = {
    "sctm": "TM-score of the predicted structure to the design, by the length of the design",
    "scrmsd": "CA rmsd of all residues after superposition, Å",
    "motif_rmsd": "rmsd of N, CA and C of the motif after its own superposition, Å",
    "plddt": "mean pLDDT of the prediction, 0 to 100, from its B-factors",
    "designable": "yes if scRMSD is below 2 Å",
    "same_fold": "yes if scTM is above 0.5",
}


@dataclass(frozen=True)
class SelfConsistency:
    """Result of `self_consistency`; NaN where there is nothing to measure.

    Attributes
    ----------
    sctm, scrmsd, motif_rmsd, plddt : float
        See `SELF_CONSISTENCY`.
    plddt_scale : str
        How the file has the pLDDT: "0-1", "0-100", or "" if its B-factors are none.
    """

    sctm: float
    scrmsd: float
    motif_rmsd: float = np.nan
    plddt: float = np.nan
    plddt_scale: str = ""

    @property
    def designable(self) -> bool:
        """Whether scRMSD is below 2 Å."""
        return self.scrmsd < MAX_SCRMSD

    @property
    def same_fold(self) -> bool:
        """Whether scTM is above 0.5."""
        return self.sctm > MIN_SCTM

    @property
    def keeps_motif(self) -> bool:
        """Whether scRMSD is below 2 Å, and the rmsd of the motif below 1 Å."""
        return self.designable and self.motif_rmsd < MAX_MOTIF_RMSD

    def row(self) -> dict[str, str | float]:
        """The columns of `SELF_CONSISTENCY`."""
        yes_no = {True: "yes", False: "no"}
        return {name: getattr(self, name) for name in SELF_CONSISTENCY} | {
            "designable": yes_no[self.designable], "same_fold": yes_no[self.same_fold],
        }  # fmt: skip


def self_consistency(
    model: Backbone,
    design: Backbone,
    sequence: str | None = None,
    motif: ArrayLike | None = None,
) -> SelfConsistency:
    """Compare the predicted structure of a sequence with the design, residue by residue.

    Residue names of the design play no role: they are placeholders, mostly. Chains of equal
    sequence may come in another order; the best superposition counts.

    Parameters
    ----------
    model : Backbone
        The predicted structure: the residues of the design, in their order. Its numbers and chain
        ids do not matter.
    design : Backbone
    sequence : str, optional
        One-letter codes of what was folded, in the order of the design. The model must have it.
    motif : array_like of bool, shape (L,), optional
        Residues of the design that a motif gave.

    Returns
    -------
    SelfConsistency

    Raises
    ------
    ValueError
        If the model has other chains or another sequence, the sequence an unknown letter, or the
        motif another length.

    Warns
    -----
    ProtdiffWarning
        If the model has placeholders for residue names, so that its sequence is not known.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.metrics import self_consistency
    >>> design = protdiff.read("data/examples/1tpk.pdb").chain("A")
    >>> noise = np.random.default_rng(0).normal(scale=0.5, size=(len(design), 1, 3))
    >>> model = replace(design, coords=design.coords + noise)
    >>> result = self_consistency(model, design)
    >>> round(result.scrmsd, 1), result.designable
    (0.9, True)
    """
    letters = model.sequence if sequence is None else sequence.upper()
    for what, count in (("model", len(model)), ("sequence", len(letters))):
        if count != len(design):
            size = counted(count, "residue")
            raise ValueError(f"the {what} has {size}, the design {len(design)}")
    unknown = sorted(set(letters) - ONE_TO_THREE.keys())
    if unknown:
        raise ValueError(f"the sequence has {unknown[0]!r}, which is no residue type; X is any")
    if motif is not None and np.shape(motif) != (len(design),):
        raise ValueError(f"`motif`: must be {len(design)} booleans, one per residue of the design")
    _check_sequence(model, letters)
    names = [ONE_TO_THREE[letter] for letter in letters]
    pairs, chains = _pairs(*(replace(one, residue_names=names) for one in (model, design)))
    scores = compare(model, design, pairs, chains, "reference")
    plddt, scale = predicted_lddt(model)
    return SelfConsistency(
        scores.tm, scores.rmsd, _motif(model, design, pairs, motif), plddt, scale
    )


def _check_sequence(model: Backbone, sequence: str) -> None:
    """ValueError if the model has another sequence; X on either side agrees with anything.

    A model without a sequence, with ALA for every residue as in a design, gets a warning.
    """
    differs = [
        k for k, (a, b) in enumerate(zip(model.sequence, sequence, strict=True))
        if a != b and "X" not in (a, b)
    ]  # fmt: skip
    if differs and not has_sequence(model):
        warn("the model has no sequence: it cannot be known whether it is of this one", 3)
    elif differs:
        k = differs[0]
        raise ValueError(
            f"the model has another sequence: {len(differs)} of {len(sequence)} residues "
            f"{either(len(differs), 'differs', 'differ')}, "
            f"the first at {k + 1} ({model.sequence[k]} for {sequence[k]})"
        )


def _pairs(
    model: Backbone, design: Backbone
) -> tuple[Int[np.ndarray, "aligned 2"], list[tuple[str, str]]]:
    """Residues that correspond, and chains: those of equal sequence, best superposed."""
    sizes, others = ([int((b.chain_ids == c).sum()) for c in b.chains] for b in (model, design))
    if len(sizes) == 1:  # one chain, or several that were folded as one
        names = [(model.chains[0], chain) for chain in design.chains]
        return _with_ca(model, design, np.arange(len(model)), np.arange(len(design))), names
    if sorted(sizes) != sorted(others):
        shown = [", ".join(map(str, counts)) for counts in (sizes, others)]
        raise ValueError(
            f"the model has {len(sizes)} chains of {shown[0]} residues, "
            f"the design {len(others)} of {shown[1]}"
        )
    paired = pair_chains(model, design, _equal, by_sequence=False)
    if len(paired.chains) < len(others):
        raise ValueError("the chains of the model have other sequences than those of the design")
    return paired.residues, paired.chains


def _equal(model: Backbone, design: Backbone) -> Aligned:
    """Residues of two chains in order if their sequences are equal, else none."""
    rows = np.arange(len(model) if model.sequence == design.sequence else 0)
    return Aligned(_with_ca(model, design, rows, rows), "position")


def _with_ca(
    model: Backbone,
    design: Backbone,
    i: Int[np.ndarray, " residues"],
    j: Int[np.ndarray, " residues"],
) -> Int[np.ndarray, "aligned 2"]:
    """Pairs of residues of which both have a CA."""
    both = model.mask[i, 1] & design.mask[j, 1]
    return np.stack([i[both], j[both]], -1)


def _motif(
    model: Backbone, design: Backbone, pairs: Int[np.ndarray, "aligned 2"], motif: ArrayLike | None
) -> float:
    """Rmsd of the atoms of the motif that both have; NaN without any."""
    wanted: Bool[np.ndarray, " residues"] = np.zeros(len(design), bool)
    if motif is not None:
        wanted |= np.asarray(motif, bool)
    i, j = pairs[wanted[pairs[:, 1]]].T
    x, y = model.coords[i][:, MOTIF_ATOMS], design.coords[j][:, MOTIF_ATOMS]
    both = np.isfinite(x).all(-1) & np.isfinite(y).all(-1)
    return float(rmsd(torch.tensor(x[both]), torch.tensor(y[both]))) if both.any() else np.nan


def predicted_lddt(model: Backbone) -> tuple[float, str]:
    """Mean pLDDT of a prediction (0 to 100) from its B-factors, and on which scale they are.

    See `plddt_factor` for what is taken for pLDDT. Nothing in the numbers sets those of an
    experiment apart.

    Returns
    -------
    plddt : float
        NaN if the B-factors are no pLDDT.
    scale : str
        "0-1", "0-100" or "".

    Examples
    --------
    >>> from protdiff import Backbone
    >>> predicted_lddt(Backbone.from_coords(np.zeros((2, 4, 3)), b_factors=[0.5, 0.75]))
    (62.5, '0-1')
    """
    values: Float[np.ndarray, " residues"] = np.empty(0)
    if model.b_factors is not None:
        values = model.b_factors[model.mask[:, 1]]
    factor = plddt_factor(values)
    scale = "" if np.isnan(factor) else "0-100" if factor == 1 else "0-1"
    return factor * float(values.mean()) if scale else np.nan, scale
