# pyright: reportUnknownMemberType=false
# The stubs of torch leave parts of tensor methods without types.
"""The numbers that compare residues that correspond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import torch

from .._system.notebooks import mimebundle
from ..structure.superposition import rmsd
from .search import search
from .similarity import drmsd, residue_distances
from .structural import tmalign

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from ..structure.backbone import Backbone
    from .confidence.predicted import Confidence
    from .interfaces.complex_scores import ComplexScores
    from .search import Search

__all__ = ["SIMILARITY", "Normalization", "Scores", "compare"]

#: Whose length divides TM-score and GDT.
Normalization = Literal["reference", "model", "shorter"]
#: Places of CA and of all atoms in `Backbone.coords`.
CA, ALL_ATOMS = (1,), (0, 1, 2, 3)

#: Column and what it says, in the order of a row.
SIMILARITY = {
    "chains": "paired chains, MODEL:REFERENCE",
    "alignment": "what paired the residues: sequence, position, number, structure, …",
    "model_length": "residues with a CA in the paired chains of the model",
    "reference_length": "the same in the reference",
    "aligned": "pairs of residues",
    "identity": "share of the pairs with equal residue names",
    "rmsd": "CA rmsd of all pairs after their own superposition, Å",
    "tm": "TM-score, largest over the superpositions that TMscore searches",
    "gdt_ts": "GDT-TS: mean share within 1, 2, 4, 8 Å, each the largest found",
    "gdt_ha": "GDT-HA: the same for 0.5, 1, 2, 4 Å",
    "lddt": "lDDT of the CA",
    "lddt_backbone": "lDDT of N, CA, C and O",
    "drmsd": "root mean square difference of all CA-CA distances, Å",
}


@dataclass(frozen=True)
class Scores:
    """Result of `score`; NaN where there is nothing to measure.

    Attributes
    ----------
    chains : tuple of (str, str)
        Paired chain ids, model first; empty without a reference.
    alignment : str
        What paired the residues: "sequence", "position", "number", "structure", "identity" or
        "tmalign"; separated by commas, in the order of the chains, where that differs.
    model_length, reference_length, aligned : int
        Residues with a CA in the paired chains, and how many pairs they make.
    identity, rmsd, tm, gdt_ts, gdt_ha, lddt, lddt_backbone, drmsd : float
        See `SIMILARITY`.
    quality : dict of str to float
        Columns of `QUALITY` of the whole model; empty if they were not computed.
    all_atom : dict of str to float or str
        Columns of all atoms (`all_atom.ALL_ATOM_SIMILARITY` and `ALL_ATOM_ALONE`); empty if only
        backbones were read.
    confidence : Confidence or None
        What the predictor says of the model; None if that was not looked for.
    warnings : tuple of str
    pairs : ndarray of int, shape (aligned, 2)
        Residues of the two backbones that correspond. This and all that follows is None without
        a reference.
    rotation, translation : ndarray, shape (3, 3) and (3,)
        ``model.coords @ rotation + translation`` is the superposition of largest TM-score.
    distance : ndarray, shape (aligned,)
        CA distance of each pair in it, Å.
    residue_lddt : ndarray, shape (aligned,)
        CA lDDT of each pair.
    interfaces : ComplexScores or None
        Scores of the interfaces, if model and reference have two or more chains.
    """

    chains: tuple[tuple[str, str], ...] = ()
    alignment: str = ""
    model_length: int = 0
    reference_length: int = 0
    aligned: int = 0
    identity: float = np.nan
    rmsd: float = np.nan
    tm: float = np.nan
    gdt_ts: float = np.nan
    gdt_ha: float = np.nan
    lddt: float = np.nan
    lddt_backbone: float = np.nan
    drmsd: float = np.nan
    quality: dict[str, float] = field(default_factory=lambda: {})
    all_atom: dict[str, float | str] = field(default_factory=lambda: {})
    confidence: Confidence | None = None
    warnings: tuple[str, ...] = ()
    pairs: Int[np.ndarray, "aligned 2"] | None = field(default=None, repr=False)
    rotation: Float[np.ndarray, "3 3"] | None = field(default=None, repr=False)
    translation: Float[np.ndarray, "3"] | None = field(default=None, repr=False)
    distance: Float[np.ndarray, "aligned"] | None = field(default=None, repr=False)
    residue_lddt: Float[np.ndarray, "aligned"] | None = field(default=None, repr=False)
    interfaces: ComplexScores | None = field(default=None, repr=False)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """A table in notebooks: every column, its value, and the range of real chains."""
        return mimebundle(self)

    def row(self) -> dict[str, str | int | float]:
        """One flat dict: the columns of similarity, interfaces, quality, all atoms, warnings."""
        row: dict[str, str | int | float] = {}
        if self.chains:
            pairs = ",".join(f"{a}:{b}" for a, b in self.chains)
            row = {name: getattr(self, name) for name in SIMILARITY} | {"chains": pairs}
        if self.interfaces is not None:
            row |= self.interfaces.row()
        if self.confidence is not None:
            row |= self.confidence.row()
        return row | self.quality | self.all_atom | {"warning": "; ".join(self.warnings)}

    def superpose(self, model: Backbone) -> Backbone:
        """The model moved onto the reference.

        Raises
        ------
        ValueError
            If there was no reference.
        """
        if self.rotation is None or self.translation is None:
            raise ValueError("scores without a reference have no superposition")
        return replace(model, coords=model.coords @ self.rotation + self.translation)


def compare(
    model: Backbone,
    reference: Backbone,
    pairs: Int[np.ndarray, "aligned 2"],
    chains: Sequence[tuple[str, str]],
    normalize: Normalization,
    by_tmalign: bool = False,
) -> Scores:
    """Similarity of residues that correspond; `Scores` without quality and warnings.

    Parameters
    ----------
    model, reference : Backbone
    pairs : ndarray of int, shape (aligned, 2)
        Residues with a CA that correspond, model first.
    chains : list of (str, str)
        Chain ids that are paired.
    normalize : {"reference", "model", "shorter"}
    by_tmalign : bool
        Take TM-score and superposition from TM-align.
    """
    model_rows = np.isin(model.chain_ids, [a for a, _ in chains]) & model.mask[:, 1]
    rows = np.isin(reference.chain_ids, [b for _, b in chains]) & reference.mask[:, 1]
    lengths = {"model": int(model_rows.sum()), "reference": int(rows.sum())}
    lengths["shorter"] = min(lengths.values())
    length = lengths[normalize]
    i, j = pairs.T
    x, y = torch.tensor(model.ca[i]), torch.tensor(reference.ca[j])
    result = search(x, y, length)
    if by_tmalign:
        result = with_tmalign(result, model[model_rows], reference[rows], normalize)
    distance = cast("Tensor", (x @ result.rotation + result.translation - y).norm(dim=1))
    lddt, residue_lddt = _lddt(model, reference, pairs, rows, CA)
    lddt_backbone = np.nan
    if model.mask.all(axis=1).any() and reference.mask.all(axis=1).any():
        # Single precision: a distance within 1e-6 Å of a threshold is all that it can change.
        lddt_backbone, _ = _lddt(model, reference, pairs, rows, ALL_ATOMS, torch.float32)
    return Scores(
        chains=tuple(chains),
        model_length=lengths["model"],
        reference_length=lengths["reference"],
        aligned=len(pairs),
        identity=float((model.residue_names[i] == reference.residue_names[j]).mean()),
        rmsd=float(rmsd(x, y)),
        tm=result.tm,
        gdt_ts=result.gdt(length),
        gdt_ha=result.gdt(length, "ha"),
        lddt=lddt,
        lddt_backbone=lddt_backbone,
        drmsd=float(drmsd(x, y)),
        pairs=pairs,
        rotation=result.rotation.numpy(),
        translation=result.translation.numpy(),
        distance=distance.numpy(),
        residue_lddt=residue_lddt,
    )


def with_tmalign(
    result: Search, model: Backbone, reference: Backbone, normalize: Normalization
) -> Search:
    """The result of `search` with TM-align's own TM-score and superposition."""
    aligned = tmalign(model, reference)
    by_model, by_reference = float(aligned.tm_norm_chain1), float(aligned.tm_norm_chain2)
    tm = {"model": by_model, "reference": by_reference, "shorter": max(by_model, by_reference)}
    rotation = torch.tensor(aligned.u).T.contiguous()
    return replace(
        result, tm=tm[normalize], rotation=rotation, translation=torch.tensor(aligned.t)
    )  # fmt: skip


def _lddt(
    model: Backbone,
    reference: Backbone,
    pairs: Int[np.ndarray, "aligned 2"],
    rows: Bool[np.ndarray, "reference_residues"],
    atoms: Sequence[int],
    dtype: torch.dtype = torch.float64,
) -> tuple[float, Float[np.ndarray, "aligned"]]:
    """lDDT over the residues `rows` of the reference; distances that the model lacks are lost.

    Returns the lDDT of all residues together, and of each pair.
    """
    i, j = pairs.T
    coords = np.full((len(reference), len(atoms), 3), np.nan)
    coords[j] = model.coords[i][:, atoms]
    kept, total = residue_distances(
        torch.tensor(coords[rows], dtype=dtype),
        torch.tensor(reference.coords[:, atoms][rows], dtype=dtype),
    )
    per_residue = np.full(len(reference), np.nan)
    per_residue[rows] = (kept / total).numpy()
    return float(kept.sum() / total.sum()), per_residue[j]
