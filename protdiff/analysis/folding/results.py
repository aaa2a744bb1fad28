"""A sequence of a design beside its predicted structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..._system.notices import collected
from ..._system.torch_settings import one_thread
from ...metrics.self_consistency import self_consistency
from ...structure.io.read_write import read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ...metrics.self_consistency import SelfConsistency
    from .folds import Model
    from .targets import DesignFile, Target

__all__ = ["COLUMNS", "Checked", "best_of_designs", "compared", "compared_alone"]

#: Columns of the table, one row per sequence.
COLUMNS = (
    "design", "number", "name", "residues", "sctm", "scrmsd", "motif_rmsd", "plddt", "designable",
    "same_fold", "best", "model", "sequence", "warning", "error",
)  # fmt: skip

#: Below this scRMSD (Å) a model is a copy of the design: files hold three decimals.
COPY = 2e-3


@dataclass(frozen=True)
class Checked:
    """A sequence, its predicted structure, and how well that agrees with the design.

    Attributes
    ----------
    design : str
        Name of the design; empty for a record that belongs to none.
    number : int
        Which sequence of the design it is.
    name : str
        NAME_2 for sequence 2 of design NAME.
    sequence : str
        One-letter codes, chains separated by slashes.
    model : Path or None
        The predicted structure.
    scores : SelfConsistency or None
        None if there is an error.
    warning, error : str
        What was guessed; why there are no scores.
    """

    design: str
    number: int
    name: str
    sequence: str
    model: Path | None = None
    scores: SelfConsistency | None = None
    warning: str = ""
    error: str = ""

    def row(self) -> dict[str, Any]:
        """Values of `COLUMNS`, but for the best."""
        row: dict[str, Any] = {
            "design": self.design, "name": self.name, "sequence": self.sequence,
            "residues": len(self.sequence.replace("/", "")), "warning": self.warning,
            "error": self.error, "model": str(self.model or ""),
            "number": self.number if self.design else "",
        }  # fmt: skip
        return row | (self.scores.row() if self.scores else {})


def compared(pair: tuple[Target, Model]) -> Checked:
    """Compare a model with the design of its target; bad input gives an error."""
    target, model = pair
    same = (target.design, target.number, target.name, "/".join(target.chains), model.path)
    if model.path is None or target.structure is None:
        return Checked(*same, error=model.error)
    with collected() as texts:
        try:
            scores = _scores(target, target.structure, model.path)
        except ValueError as error:
            return Checked(*same, error=str(error))
    reading = (text.replace("; ", ", ") for text in (*target.structure.read[1], *texts))
    notes = [*filter(None, [model.note]), *reading]
    if scores.scrmsd < COPY:
        notes.append("the model has the coordinates of the design: is it a prediction?")
    if scores.plddt_scale == "0-1":
        notes.append("pLDDT of the file is between 0 and 1: times 100")
    return Checked(*same, scores=scores, warning="; ".join(notes))


def _scores(target: Target, structure: DesignFile, path: Path) -> SelfConsistency:
    """Scores of a model; a ValueError names the file that is wrong."""
    model, motif = read(path, ca_only=True), structure.motif
    try:
        return self_consistency(model, structure.backbone, target.letters, motif)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


@one_thread()
def compared_alone(pair: tuple[Target, Model]) -> Checked:
    """`compared` in one of several processes, which share the cores."""
    return compared(pair)


def rank(one: Checked) -> tuple[float, float]:
    """Numbers that are small for a good sequence, which has scores."""
    assert one.scores is not None
    return float(one.scores.scrmsd), -float(one.scores.sctm)


def best_of_designs(results: Sequence[Checked]) -> list[Checked]:
    """The sequence of lowest scRMSD of every design, best designs first.

    Designs of which no sequence has scores are left out.
    """
    scored = [(*rank(one), k) for k, one in enumerate(results) if one.scores]
    best: dict[str, Checked] = {}
    for *_, k in sorted(scored):
        best.setdefault(results[k].design, results[k])
    return list(best.values())
