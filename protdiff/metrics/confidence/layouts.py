"""Where predictors write the confidence of a model: files beside it, by its name.

- AlphaFold 3: `X_model.cif` or `model.cif`; `X_confidences.json`, `X_summary_confidences.json`
- AlphaFold server: `fold_X_model_0.cif`; `fold_X_full_data_0.json`,
  `fold_X_summary_confidences_0.json`
- OpenFold3: `X_model.cif` or .pdb; `X_confidences.json` or .npz, `X_confidences_aggregated.json`
- Boltz 1 and 2: `X_model_0.cif` or .pdb; `confidence_X_model_0.json`, `pae_X_model_0.npz`,
  `plddt_X_model_0.npz`
- Chai-1: `pred.model_idx_0.cif`; `scores.model_idx_0.npz`. Its server: `pred.rank_0.cif`;
  `scores.rank_0.json`, `pae.rank_0.npy`
- ColabFold: `X_unrelaxed_rank_001_….pdb`; `X_scores_rank_001_….json`
- AlphaFold 2: `unrelaxed_model_1_….pdb`; `confidence_model_1_….json`, `pae_model_1_….json`
- AlphaFold data base, all versions: `AF-X-F1-model_v4.cif`;
  `AF-X-F1-predicted_aligned_error_v4.json`

No folder is listed: a few names are tried for each model.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...structure.io.paths import stem

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["chai_scores", "confidence_files", "has_name_of_prediction"]

#: Names of models, and templates of the names beside them; later ones add what the first lack.
LAYOUTS = tuple(
    (re.compile(model), files)
    for model, files in (
        (
            r"(?P<x>.+_|)model",
            (
                r"\g<x>confidences.json", r"\g<x>confidences.npz",
                r"\g<x>summary_confidences.json", r"\g<x>confidences_aggregated.json",
            ),
        ),
        (
            r"(?P<x>.+_|)model_(?P<n>\d+)",
            (r"\g<x>full_data_\g<n>.json", r"\g<x>summary_confidences_\g<n>.json"),
        ),
        (
            r"(?P<x>.+_model_\d+)",
            (r"confidence_\g<x>.json", r"pae_\g<x>.npz", r"plddt_\g<x>.npz"),
        ),
        (r"pred\.(?P<n>model_idx_\d+)", (r"scores.\g<n>.npz",)),
        (r"pred\.(?P<n>rank_\d+)", (r"scores.\g<n>.json", r"pae.\g<n>.npy")),
        (r"(?P<x>.+)_(?:un)?relaxed_(?P<y>.+)", (r"\g<x>_scores_\g<y>.json",)),
        (r"(?P<x>.+_(?:un)?relaxed_.+)", (r"\g<x>_scores.json",)),
        (
            r"(?:un)?relaxed_(?P<x>model_.+)",
            (r"confidence_\g<x>.json", r"pae_\g<x>.json"),
        ),
        (r"AF-(?P<x>.+)-model_(?P<v>v\d+)", (r"AF-\g<x>-predicted_aligned_error_\g<v>.json",)),
    )
)  # fmt: skip
#: Names of models whose B-factors are pLDDT: the AlphaFold data base, ColabFold, AlphaFold 2, Chai.
PREDICTIONS = re.compile(
    r"AF-.+-F\d+-model_v\d+|.+_(?:un)?relaxed_(?:rank_\d+_)?(?:alphafold2|AlphaFold2|model_\d).*"
    r"|ranked_\d+|(?:un)?relaxed_model_\d.*|pred\.(?:model_idx|rank)_\d+"
)


def confidence_files(model: Path) -> list[Path]:
    """Files beside a model that hold its confidence, by the names that predictors give them.

    Examples
    --------
    >>> from pathlib import Path
    >>> confidence_files(Path("data/examples/1tpk.pdb"))
    []
    """
    names = dict.fromkeys(
        match.expand(template)
        for pattern, templates in LAYOUTS
        if (match := pattern.fullmatch(stem(model)))
        for template in templates
    )
    return [path for name in names if (path := model.with_name(name)).is_file()]


def chai_scores(model: Path) -> Path:
    """Where Chai-1 writes the scores of a model with this name."""
    return model.with_name(f"scores.{stem(model).removeprefix('pred.')}.npz")


def has_name_of_prediction(model: Path) -> bool:
    """Whether the name is one that predictors give to models with pLDDT as B-factors.

    Examples
    --------
    >>> from pathlib import Path
    >>> has_name_of_prediction(Path("x_unrelaxed_rank_001_alphafold2_ptm_model_4_seed_000.pdb"))
    True
    >>> has_name_of_prediction(Path("1abc_model_1.pdb"))
    False
    """
    return PREDICTIONS.fullmatch(stem(model)) is not None
