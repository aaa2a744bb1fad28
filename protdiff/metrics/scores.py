"""Score a model against a reference: correspondence, superposition, and every number."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .._system.notices import collected, warn
from ..structure.all_atoms import Structure
from ..structure.backbone import Backbone
from ..structure.io.read_write import read
from .all_atom import all_atom_similarity, atom_columns, with_side_chains
from .auto_alignment import Aligned, align_auto
from .comparison import Normalization, Scores, compare
from .complexes import pair_chains
from .confidence.predicted import PlddtSource, model_confidence
from .correspondence import align_identity, align_numbers, align_sequences
from .interfaces.paired_complexes import Side, interface_scores
from .quality import quality
from .structural import align_structures, align_tmalign

if TYPE_CHECKING:
    from jaxtyping import Int

    from .correspondence import Aligner

__all__ = [
    "ALIGNMENTS", "NORMALIZATIONS", "Atoms", "Given", "atoms_of_reference", "backbone_of",
    "read_given", "score",
]  # fmt: skip

#: What is read of files, and given.
Given = Backbone | Structure | str | os.PathLike[str]
Atoms = Literal["all", "backbone"]
#: How residues correspond.
Alignment = Literal["auto", "sequence", "identity", "number", "structure", "tmalign"]

#: Alignments that the caller chooses; "auto" chooses itself.
ALIGNERS: dict[str, Aligner] = {
    "sequence": align_sequences,
    "identity": align_identity,
    "number": align_numbers,
    "structure": align_structures,
    "tmalign": align_tmalign,
}
ALIGNMENTS = ("auto", *ALIGNERS)
#: Alignments that expect the same protein in model and reference.
SAME_PROTEIN = ("auto", "sequence", "identity", "number")
NORMALIZATIONS = ("reference", "model", "shorter")


def score(
    model: Given,
    reference: Given | None = None,
    *,
    alignment: Alignment = "auto",
    chains: Sequence[tuple[str, str]] | None = None,
    normalize: Normalization = "reference",
    with_quality: bool = True,
    confidence: bool = True,
    plddt: PlddtSource = "auto",
) -> Scores:
    """Compare a model with a reference, and measure how it looks beside real proteins.

    Parameters
    ----------
    model, reference : Backbone, Structure, str or os.PathLike
        A backbone, one with all atoms, or a structure file, which may have CA atoms only. Without
        a reference only the quality columns are there. Files and structures with all atoms have
        columns of side chains, ligands and nucleic acids, too.
    alignment : {"auto", "sequence", "identity", "number", "structure", "tmalign"}
        How residues correspond; see `correspondence` and `structural`. "auto" aligns sequences,
        and chains without one, as of designs, by position, number or structure (see
        `auto_alignment`); the scores say which. "tmalign" needs tmtools, and takes TM-score and
        superposition from it (one pair of chains).
    chains : list of (str, str), optional
        Chain ids to pair, model first; needs a reference. The best pairing by default.
    normalize : {"reference", "model", "shorter"}
        Whose length divides TM-score and GDT.
    with_quality : bool
        Compute the quality columns of the model.
    confidence : bool
        Read the confidence of a model that is a file: its pLDDT, and what predictors write beside
        it (see `model_confidence`).
    plddt : {"auto", "bfactor"}
        "bfactor" takes the B-factors for pLDDT, whatever the file says of them.

    Returns
    -------
    Scores

    Warns
    -----
    ProtdiffWarning
        For each of `Scores.warnings`: what `read` left out of a file, sequences that differ, few
        aligned residues, pairs that were guessed, chains without a partner.

    Raises
    ------
    ValueError
        If a file cannot be read (`FileError`), nothing is aligned, or an option is unknown.
        Also if a file of confidence is damaged.

    Examples
    --------
    >>> import protdiff
    >>> turn, rise = np.radians(100) * np.arange(40), 1.5 * np.arange(40)
    >>> coords = np.full((40, 4, 3), np.nan)
    >>> coords[:, 1] = np.stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), rise], -1)
    >>> helix = protdiff.Backbone.from_coords(coords)
    >>> scores = protdiff.score(helix[:30], helix, alignment="number")
    >>> scores.aligned, round(scores.tm, 3), scores.rmsd < 1e-6
    (30, 0.75, True)
    >>> scores.quality["right_handed"]
    1.0
    """
    if normalize not in NORMALIZATIONS:
        raise ValueError(f"`normalize` {normalize!r}: must be one of {', '.join(NORMALIZATIONS)}")
    if alignment not in ALIGNMENTS:
        raise ValueError(f"`alignment` {alignment!r}: must be one of {', '.join(ALIGNMENTS)}")
    if chains is not None and reference is None:
        raise ValueError(
            "`chains`: pairs chains of model and reference; without a reference give the chains "
            "alone, as in score(read(path).chain('A'))"
        )
    pairs = None if chains is None else _pairs(chains)
    is_file = not isinstance(model, (Backbone, Structure))
    name = f"{os.fspath(model)}: " if is_file else ""
    with collected() as texts:
        given = read_given(model, "all")
        scores = _score(given, reference, alignment, pairs, normalize, with_quality)
        if confidence and is_file:
            found = model_confidence(model, backbone_of(given), plddt)
            warnings = (*scores.warnings, *found.warnings)
            scores = replace(scores, confidence=found, warnings=warnings)
    reading = tuple(text for text in texts if text not in scores.warnings)
    for text in (*reading, *(name + text for text in scores.warnings)):
        warn(text, stacklevel=2)
    return replace(scores, warnings=reading + scores.warnings)


def _pairs(chains: Iterable[Any]) -> list[tuple[str, str]]:
    """Pairs of chain ids; ValueError for something else, such as the ids of one pair alone."""
    pairs = list(chains)
    if not pairs or any(isinstance(pair, str) or len(pair) != 2 for pair in pairs):
        raise ValueError("`chains`: must be pairs of chain ids, model first, as [('A', 'B')]")
    return pairs


def _score(
    model: Backbone | Structure,
    reference: Given | None,
    alignment: Alignment,
    chains: Sequence[tuple[str, str]] | None,
    normalize: Normalization,
    with_quality: bool,
) -> Scores:
    """The same with warnings that `read` issues, and others in the result alone."""
    model_atoms = model if isinstance(model, Structure) else None
    if reference is not None:
        reference = read_given(reference, atoms_of_reference(model))
    model = backbone_of(model)
    columns = quality(model) if with_quality else {}
    alone = atom_columns(model_atoms) if with_quality and model_atoms is not None else {}
    warnings = _ca_only_warning("model", model)
    if reference is None:
        return Scores(quality=columns, all_atom=alone, warnings=tuple(warnings))
    reference_atoms = reference if isinstance(reference, Structure) else None
    reference = backbone_of(reference)
    warnings += _ca_only_warning("reference", reference)
    rows, model_seen = _with_ca("model", model, warnings)
    reference_rows, reference_seen = _with_ca("reference", reference, warnings)
    if alignment == "tmalign":
        several = max(len(model.chains), len(reference.chains)) > 1
        if several if chains is None else len(chains) > 1:
            raise ValueError('`alignment` "tmalign" compares two chains; choose one pair')
    align = align_auto if alignment == "auto" else partial(_aligned, alignment)
    paired = pair_chains(model_seen, reference_seen, align, chains, alignment in SAME_PROTEIN)
    i, j = paired.residues.T
    pairs = np.stack([rows[i], reference_rows[j]], -1)
    scores = compare(model, reference, pairs, paired.chains, normalize, alignment == "tmalign")
    used = paired.alignments
    all_atom = dict[str, float | str]()
    if model_atoms is not None:
        all_atom |= all_atom_similarity(model_atoms, reference_atoms, pairs, paired.chains)
    warnings += paired.warnings
    interfaces = interface_scores(
        Side(model_seen, rows, model_atoms),
        Side(reference_seen, reference_rows, reference_atoms),
        paired,
        tm=scores.tm if normalize == "reference" else None,
        chosen=chains is not None,
    )
    if interfaces is not None:
        warnings += interfaces.warnings
    return replace(
        scores,
        alignment=used[0] if len(set(used)) == 1 else ",".join(used),
        quality=columns,
        all_atom=all_atom | alone,
        interfaces=interfaces,
        warnings=tuple(warnings),
    )


def _aligned(alignment: str, model: Backbone, reference: Backbone) -> Aligned:
    """Residues of two chains by the alignment of that name."""
    return Aligned(ALIGNERS[alignment](model, reference), alignment)


def read_given(given: Given, atoms: Atoms) -> Backbone | Structure:
    """A structure as it is, or the file that is given; it may have CA atoms only."""
    if isinstance(given, (Backbone, Structure)):
        return given
    if atoms == "all":
        return read(given, ca_only=True, atoms="all")
    return read(given, ca_only=True)


def backbone_of(structure: Backbone | Structure) -> Backbone:
    """The backbone of a structure."""
    return structure.backbone if isinstance(structure, Structure) else structure


def atoms_of_reference(model: Backbone | Structure) -> Atoms:
    """What has to be read of a reference: side chains if the model has them."""
    return "all" if isinstance(model, Structure) and with_side_chains(model) else "backbone"


def _ca_only_warning(what: str, backbone: Backbone) -> list[str]:
    if backbone.mask.all(axis=1).any():
        return []
    return [f"{what} of CA only: backbone columns are empty"]


def _with_ca(
    what: str, backbone: Backbone, warnings: list[str]
) -> tuple[Int[np.ndarray, "residues"], Backbone]:
    """Residues that have a CA: their indices, and the backbone of them.

    A chain of which no residue has one is a warning more.
    """
    rows = np.flatnonzero(backbone.mask[:, 1])
    if not len(rows):
        raise ValueError(f"the {what} has no CA atoms")
    seen = backbone if len(rows) == len(backbone) else backbone[rows]
    lost = [name or "blank" for name in backbone.chains if name not in seen.chains]
    if lost:
        warnings.append(f"{what} chain {', '.join(lost)} left out: it has no CA atoms")
    return rows, seen
