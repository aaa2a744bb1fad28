"""Self-consistency of designs: `protdiff.check`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._system.files import write_json
from .._system.notices import collected
from ..metrics.self_consistency import self_consistency
from ..network.numerics import pick_device
from ..structure.io.read_write import read
from .folds import MODELS, Model, engine_of, folded, found, missing
from .records import design_files, own_name, read_records
from .targets import targets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..metrics.self_consistency import SelfConsistency
    from .folds import Engine
    from .targets import DesignFile, Target

    Paths = str | os.PathLike[str]

__all__ = ["COLUMNS", "Checked", "Plan", "best_of_designs", "check", "planned"]

#: Columns of the table, one row per sequence.
COLUMNS = (
    "design", "number", "name", "residues", "sctm", "scrmsd", "motif_rmsd", "plddt", "designable",
    "same_fold", "best", "model", "sequence", "warning", "error",
)  # fmt: skip
#: What the output records: a run with another engine must not continue it.
OPTIONS, FORMAT = "options.json", "protdiff-check-1"
REMEDY = "choose another `out`, or remove it"


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


def check(
    designs: Paths | Sequence[Paths],
    sequences: Paths,
    *,
    fold: str | None = None,
    predictions: Paths | None = None,
    out: Paths | None = None,
    device: str = "auto",
    chunk_size: int | None = None,
    batch: int = 1,
) -> list[Checked]:
    """Fold the sequences of designs, and compare the predicted structures with the designs.

    Parameters
    ----------
    designs : str, os.PathLike or list of these
        Structure files, folders and patterns. Copies in a folder of `protdiff design` are left
        out.
    sequences : str or os.PathLike
        What `protdiff design` wrote, or another FASTA file, or a folder of them. Names of records
        begin with the name of a design; chains are separated by ``/`` or ``:``.
    fold : str, optional
        What folds: "esmfold" or "esmfold:WEIGHTS" (needs transformers), the name of a program
        ("boltz", "chai", "colabfold", "esm-fold"), or a command such as
        ``"boltz predict {fasta} --out_dir {out}"``.
    predictions : str or os.PathLike, optional
        A folder with models that were folded elsewhere, in place of `fold`.
    out : str or os.PathLike, optional
        Folder for the models; needed with `fold`. Models that are there are not folded a second
        time.
    device : str
        For ESMFold: "auto", "cpu", "cuda" or "mps".
    chunk_size : int, optional
        For ESMFold: smaller takes less memory and more time.
    batch : int
        Sequences of a call of a program.

    Returns
    -------
    list of Checked
        One per sequence, in the order of the FASTA file. One that could not be folded or compared
        says why.

    Raises
    ------
    ValueError
        If nothing belongs together, or the engine is not there.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.folding import best_of_designs
    >>> results = protdiff.check("designs", "sequences", predictions="folded")  # doctest: +SKIP
    >>> best = best_of_designs(results)  # doctest: +SKIP
    """
    given = [designs] if isinstance(designs, str | os.PathLike) else designs
    plan = planned(
        [os.fspath(one) for one in given], Path(sequences), fold=fold,
        predictions=None if predictions is None else Path(predictions),
        out=None if out is None else Path(out), device=device, chunk_size=chunk_size, batch=batch,
    )  # fmt: skip
    return plan.in_order(plan.results())


@dataclass(frozen=True)
class Plan:
    """What is to be folded and compared.

    Attributes
    ----------
    targets : list of Target
    unused : list of str
        Designs without a sequence.
    engine : Engine or None
        None if the models are there.
    folder : Path
        Of models that are there, or else of the output.
    batch : int
    """

    targets: list[Target]
    unused: list[str]
    engine: Engine | None
    folder: Path
    batch: int = 1

    def results(self) -> Iterator[Checked]:
        """One result per target, as the models come."""
        good = [target for target in self.targets if not target.error]
        for target in self.targets:
            if target.error:
                yield _checked(target, Model(error=target.error))
        if self.engine is None:
            models = found(good, self.folder)
            yield from (_checked(target, models[target.name]) for target in good)
            return
        for target, model in folded(self.engine, good, self.folder, self.batch):
            yield _checked(target, model)

    def in_order(self, results: Iterable[Checked]) -> list[Checked]:
        """All results in the order of the targets."""
        place = {target.name: k for k, target in enumerate(self.targets)}
        return sorted(results, key=lambda one: place[one.name])


def planned(
    designs: Sequence[str],
    sequences: Path,
    *,
    fold: str | None,
    predictions: Path | None,
    out: Path | None,
    device: str = "auto",
    chunk_size: int | None = None,
    batch: int = 1,
) -> Plan:
    """The plan of `check`; everything that can be known to be wrong is refused here."""
    if (fold is None) == (predictions is None):
        raise ValueError("give `fold`, or `predictions` that were folded elsewhere")
    files = design_files(designs, out)
    names = [own_name(file) for file in files]
    targets = targets_of(read_records(sequences, names), files)
    used = {target.design for target in targets}
    unused = [name for name in names if name not in used]
    if predictions is not None:
        return Plan(targets, unused, None, predictions)
    if out is None or fold is None:
        raise ValueError("`out`: needed with `fold`, for the models")
    engine = engine_of(fold, pick_device(device), chunk_size)
    if batch > 1 and not engine.several:
        raise ValueError("`batch`: this program folds one sequence per call")
    _check_output(out, fold)
    if missing([target for target in targets if not target.error], out):
        engine.start()
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / OPTIONS, {"format": FORMAT, "fold": fold})
    return Plan(targets, unused, engine, out, batch)


def _check_output(out: Path, fold: str) -> None:
    """ValueError if the output holds models of another engine, or something else."""
    path, present = out / OPTIONS, (out / MODELS).exists()
    if path.exists() or present:
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
            same = before["format"] == FORMAT
        except (OSError, ValueError, KeyError, TypeError):
            same = False
        if not same:
            raise ValueError(f"{out}: holds something else; {REMEDY}")
        if present and before.get("fold") != fold:
            raise ValueError(f"{out}: models of another engine ({before.get('fold')}); {REMEDY}")


def _checked(target: Target, model: Model) -> Checked:
    """Compare a model with the design of its target; bad input gives an error."""
    same = (target.design, target.number, target.name, "/".join(target.chains), model.path)
    if model.path is None or target.structure is None:
        return Checked(*same, error=model.error)
    with collected() as texts:
        try:
            scores = _scores(target, target.structure, model.path)
        except ValueError as error:
            return Checked(*same, error=str(error))
    notes = [*filter(None, [model.note]), *target.structure.read[1], *texts]
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


def best_of_designs(results: Sequence[Checked]) -> list[Checked]:
    """The sequence of lowest scRMSD of every design, best designs first.

    Designs of which no sequence has scores are left out.
    """
    best: dict[str, tuple[float, float, Checked]] = {}
    for one in results:
        if one.scores is not None:
            key = (one.scores.scrmsd, -one.scores.sctm, one)
            best[one.design] = min(best.get(one.design, key), key, key=lambda entry: entry[:2])
    return [entry[2] for entry in sorted(best.values(), key=lambda entry: entry[:2])]
