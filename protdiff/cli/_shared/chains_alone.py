"""Some chains of a model that are scored as if they were alone, such as a binder's new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...metrics.confidence.predicted import Confidence
    from ...structure.all_atoms import Structure
    from ...structure.backbone import Backbone

__all__ = ["chains_alone", "confidence_alone"]


def chains_alone(given: Backbone | Structure, names: Sequence[str]) -> Backbone | Structure:
    """Chains of a model, with their side chains and ligands if those were read.

    Parameters
    ----------
    given : Backbone or Structure
    names : sequence of str
        Ids as on the command line, ``_`` for a blank one.

    Raises
    ------
    ValueError
        If the model has no such chain.
    """
    import numpy as np

    from ...metrics.scores import backbone_of
    from ...structure.all_atoms import Structure

    backbone = backbone_of(given)
    ids = _ids(backbone, names)
    if missing := [name for name in ids if name not in backbone.chains]:
        present = ", ".join(name or "_" for name in backbone.chains)
        raise ValueError(f"no chain {missing[0]!r} in the model; it has {present}")
    if isinstance(given, Structure):
        return given.of_chains(ids)
    return given[np.isin(given.chain_ids, ids)]


def confidence_alone(found: Confidence, whole: Backbone, names: Sequence[str]) -> Confidence:
    """pLDDT of chains; what a predictor says of the whole model is nothing that they have alone."""
    import numpy as np

    from ...metrics.confidence.predicted import Confidence

    rows = np.isin(whole.chain_ids, _ids(whole, names))
    if rows.all() or found.residues is None:
        return found if rows.all() else Confidence()
    values = found.residues[rows]
    known = values[~np.isnan(values)]
    return Confidence(
        plddt=float(known.mean()) if len(known) else np.nan,
        confidence_from=found.confidence_from,
        residues=values,
    )


def _ids(backbone: Backbone, names: Sequence[str]) -> list[str]:
    """Chain ids, in which ``_`` stands for a blank one."""
    return ["" if name == "_" and name not in backbone.chains else name for name in names]
