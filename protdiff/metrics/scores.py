"""Score a model against a reference: correspondence, superposition, and every number."""

import os
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from ..structure.backbone import Backbone
from ..structure.io.read_write import read
from ..structure.superposition import rmsd
from .complexes import pair_chains
from .correspondence import align_identity, align_numbers, align_sequences
from .quality import quality
from .search import search
from .similarity import drmsd, residue_distances
from .structural import align_structures, align_tmalign, tmalign

__all__ = ["ALIGNMENTS", "NORMALIZATIONS", "SIMILARITY", "Scores", "score"]

ALIGNMENTS = {
    "sequence": align_sequences,
    "identity": align_identity,
    "number": align_numbers,
    "structure": align_structures,
    "tmalign": align_tmalign,
}
#: Alignments that take equal sequences for granted.
BY_SEQUENCE = ("sequence", "identity", "number")
NORMALIZATIONS = ("reference", "model", "shorter")
#: Sequence identity under which a row says so.
LOW_IDENTITY = 0.3

#: Column and what it says, in the order of a row.
SIMILARITY = {
    "chains": "paired chains, MODEL:REFERENCE",
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
    """What `score` found; NaN where there is nothing to measure.

    Attributes
    ----------
    chains : tuple of (str, str)
        Paired chain ids, model first.
    model_length, reference_length, aligned : int
        Residues with a CA in the paired chains, and how many pairs they make.
    identity, rmsd, tm, gdt_ts, gdt_ha, lddt, lddt_backbone, drmsd : float
        See `SIMILARITY`.
    quality : dict of str to float
        Columns of `QUALITY` of the whole model; empty if not asked for.
    warnings : tuple of str
    pairs : ndarray of int, shape (aligned, 2)
        Residues of the two backbones that correspond.
    rotation, translation : ndarray, shape (3, 3) and (3,)
        ``model.coords @ rotation + translation`` is the superposition of largest TM-score.
    distance : ndarray, shape (aligned,)
        CA distance of each pair in it, Å.
    residue_lddt : ndarray, shape (aligned,)
        CA lDDT of each pair.
    """

    chains: tuple = ()
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
    quality: dict = field(default_factory=dict)
    warnings: tuple = ()
    pairs: np.ndarray = field(default=None, repr=False)
    rotation: np.ndarray = field(default=None, repr=False)
    translation: np.ndarray = field(default=None, repr=False)
    distance: np.ndarray = field(default=None, repr=False)
    residue_lddt: np.ndarray = field(default=None, repr=False)

    def row(self):
        """One flat dict: the similarity columns, the quality columns, warnings."""
        pairs = ",".join(f"{a}:{b}" for a, b in self.chains)
        similar = {key: getattr(self, key) for key in SIMILARITY} | {"chains": pairs}
        return (
            (similar if self.chains else {}) | self.quality | {"warning": "; ".join(self.warnings)}
        )

    def superpose(self, model):
        """The model moved onto the reference."""
        coords = model.coords @ self.rotation + self.translation
        arrays = (getattr(model, name) for name in Backbone.__slots__[1:])
        return Backbone(coords, *arrays)


def score(
    model,
    reference=None,
    *,
    alignment="sequence",
    chains=None,
    normalize="reference",
    with_quality=True,
):
    """Compare a model with a reference, and say how it looks beside real proteins.

    Parameters
    ----------
    model, reference : Backbone, str or os.PathLike
        A backbone or a structure file; CA-only files are welcome. Without a reference only the
        quality columns are there.
    alignment : {"sequence", "identity", "number", "structure", "tmalign"}
        How residues correspond; see `correspondence` and `structural`. "tmalign" needs tmtools,
        and takes TM-score and superposition from it (one pair of chains).
    chains : list of (str, str), optional
        Chain ids to pair, model first. The best pairing by default.
    normalize : {"reference", "model", "shorter"}
        Whose length divides TM-score and GDT.
    with_quality : bool
        Compute the quality columns of the model.

    Returns
    -------
    Scores

    Raises
    ------
    ValueError
        If a file cannot be read (`FileError`), nothing is aligned, or an option is unknown.
    """
    if normalize not in NORMALIZATIONS:
        raise ValueError(f"normalize {normalize!r}: must be one of {', '.join(NORMALIZATIONS)}")
    if alignment not in ALIGNMENTS:
        raise ValueError(f"alignment {alignment!r}: must be one of {', '.join(ALIGNMENTS)}")
    model, reference = (_backbone(x) for x in (model, reference))
    columns = quality(model) if with_quality else {}
    warnings = []
    for what, backbone in (("model", model), ("reference", reference)):
        if backbone is not None and not backbone.mask.all(axis=1).any():
            warnings.append(f"{what} of CA only: backbone columns are empty")
    if reference is None:
        return Scores(quality=columns, warnings=tuple(warnings))
    known = [np.flatnonzero(x.mask[:, 1]) for x in (model, reference)]
    for what, rows in zip(("model", "reference"), known, strict=True):
        if not len(rows):
            raise ValueError(f"the {what} has no CA atoms")
    if alignment == "tmalign":
        several = max(len(model.chains), len(reference.chains)) > 1
        if several if chains is None else len(chains) > 1:
            raise ValueError('alignment "tmalign" compares two chains; choose one pair')
    seen = (
        x if len(rows) == len(x) else x[rows]
        for x, rows in zip((model, reference), known, strict=True)
    )
    paired = pair_chains(*seen, ALIGNMENTS[alignment], chains, alignment in BY_SEQUENCE)
    pairs = np.stack([known[side][paired.residues[:, side]] for side in (0, 1)], -1)
    values = compare(model, reference, pairs, paired.chains, normalize, alignment == "tmalign")
    if values["identity"] < LOW_IDENTITY and alignment in BY_SEQUENCE:
        warnings.append(f"sequence identity {100 * values['identity']:.0f} %: the same protein?")
    warnings += paired.warnings
    return Scores(
        chains=tuple(paired.chains),
        quality=columns,
        warnings=tuple(warnings),
        pairs=pairs,
        **values,
    )


def _backbone(given):
    if given is None or isinstance(given, Backbone):
        return given
    return read(os.fspath(given), ca_only=True)


def compare(model, reference, pairs, chains, normalize, by_tmalign=False):
    """Similarity of corresponding residues; fields of `Scores`.

    Parameters
    ----------
    pairs : ndarray of int, shape (aligned, 2)
    chains : list of (str, str)
    normalize : str
    by_tmalign : bool
        Take TM-score and superposition from TM-align.
    """
    one, two = (
        np.isin(backbone.chain_ids, [pair[side] for pair in chains]) & backbone.mask[:, 1]
        for side, backbone in enumerate((model, reference))
    )
    lengths = {"model": int(one.sum()), "reference": int(two.sum())}
    lengths["shorter"] = min(lengths.values())
    length = lengths[normalize]
    i, j = pairs.T
    x, y = torch.tensor(model.ca[i]), torch.tensor(reference.ca[j])
    found = search(x, y, length)
    if by_tmalign:
        found = with_tmalign(found, model[one], reference[two], normalize)
    distance = (x @ found.rotation + found.translation - y).norm(dim=1)
    local, local_of_pairs = _lddt(model, reference, pairs, two, [1])
    everywhere = np.nan
    if model.mask.all(axis=1).any() and reference.mask.all(axis=1).any():
        # Single precision: a distance within 1e-6 Å of a threshold is all that it can change.
        everywhere, _ = _lddt(model, reference, pairs, two, [0, 1, 2, 3], torch.float32)
    return {
        "model_length": lengths["model"],
        "reference_length": lengths["reference"],
        "aligned": len(pairs),
        "identity": float((model.residue_names[i] == reference.residue_names[j]).mean()),
        "rmsd": float(rmsd(x, y)),
        "tm": found.tm,
        "gdt_ts": found.gdt(length),
        "gdt_ha": found.gdt(length, "ha"),
        "lddt": local,
        "lddt_backbone": everywhere,
        "drmsd": float(drmsd(x, y)),
        "rotation": found.rotation.numpy(),
        "translation": found.translation.numpy(),
        "distance": distance.numpy(),
        "residue_lddt": local_of_pairs,
    }


def with_tmalign(found, model, reference, normalize):
    """The search's result with TM-align's own TM-score and superposition."""
    aligned = tmalign(model, reference)
    by_model, by_reference = aligned.tm_norm_chain1, aligned.tm_norm_chain2
    tm = {"model": by_model, "reference": by_reference, "shorter": max(by_model, by_reference)}
    rotation = torch.tensor(aligned.u).T.contiguous()
    return replace(found, tm=tm[normalize], rotation=rotation, translation=torch.tensor(aligned.t))


def _lddt(model, reference, pairs, rows, atoms, dtype=torch.float64):
    """lDDT over the residues `rows` of the reference, where what the model lacks is lost.

    Returns
    -------
    total : float
    per_pair : ndarray, shape (aligned,)
    """
    i, j = pairs.T
    made = np.full((len(reference), len(atoms), 3), np.nan)
    made[j] = model.coords[i][:, atoms]
    kept, total = residue_distances(
        *(torch.tensor(x[rows], dtype=dtype) for x in (made, reference.coords[:, atoms]))
    )
    per_residue = np.full(len(reference), np.nan)
    per_residue[rows] = (kept / total).numpy()
    return float(kept.sum() / total.sum()), per_residue[j]
