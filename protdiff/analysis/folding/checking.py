"""Self-consistency of designs: `protdiff.check`."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._system.files import write_json
from ..._system.locks import output_folder
from ..._system.processes import mapped
from ..._system.reading import read_json
from ...network.numerics import pick_device
from .folds import Model, engine_of, folded, found, kept, predicted_files
from .records import OPTIONS, design_files, own_name, read_records
from .results import compared, compared_alone
from .targets import fitted, targets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .folds import Engine
    from .results import Checked
    from .targets import Target

__all__ = ["CheckOptions", "Plan", "check", "planned"]

#: What the output records: a run with another engine or other sequences must not continue it.
FORMAT = "protdiff-check-1"
#: Models that a process must have to be worth its start.
LEAST_MODELS = 64


@dataclass(frozen=True)
class CheckOptions:
    """How sequences are folded and compared: arguments of `check`."""

    fold: str | None = None
    predictions: Path | None = None
    out: Path | None = None
    device: str = "auto"
    chunk_size: int | None = None
    batch: int = 1
    jobs: int = 1
    #: Whether the engine works on other machines, which have the device.
    elsewhere: bool = False


def check(
    designs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    sequences: str | os.PathLike[str],
    *,
    fold: str | None = None,
    predictions: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    device: str = "auto",
    chunk_size: int | None = None,
    batch: int = 1,
    jobs: int = 1,
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
    jobs : int
        Processes that compare models with designs, with `predictions`; 0 for one per core.

    Returns
    -------
    list of Checked
        One per sequence, in the order of the FASTA file. One that could not be folded or compared
        says why.

    Raises
    ------
    ValueError
        If nothing belongs together, the engine is not there, or another process writes into `out`.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.analysis.folding import best_of_designs
    >>> results = protdiff.check("designs", "sequences", predictions="folded")  # doctest: +SKIP
    >>> best = best_of_designs(results)  # doctest: +SKIP
    """
    given = [designs] if isinstance(designs, str | os.PathLike) else designs
    options = CheckOptions(
        fold,
        None if predictions is None else Path(predictions),
        None if out is None else Path(out),
        device, chunk_size, batch, jobs,
    )  # fmt: skip
    with nullcontext() if options.out is None else output_folder(options.out):
        plan = planned([os.fspath(one) for one in given], Path(sequences), options).read()
        plan.begin()
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
    options : CheckOptions
    there : frozenset of str
        Names of sequences whose models an earlier run has made.
    recorded : dict, optional
        What the output is to say of its models.
    """

    targets: list[Target]
    unused: list[str]
    engine: Engine | None
    folder: Path
    options: CheckOptions
    there: frozenset[str] = frozenset()
    recorded: dict[str, Any] | None = None

    @property
    def present(self) -> int:
        """Sequences of this plan whose models an earlier run has made."""
        return sum(target.name in self.there for target in self.good)

    @property
    def good(self) -> list[Target]:
        """Targets that can be folded."""
        return [target for target in self.targets if not target.error]

    def read(self) -> Plan:
        """The plan after a look at its designs: which sequences have the lengths of theirs."""
        return replace(self, targets=fitted(self.targets))

    def begin(self) -> None:
        """Make the engine ready, if it has something to fold, and note what the output holds."""
        if self.engine is None or self.recorded is None:
            return
        if self.present < len(self.good) and not self.options.elsewhere:
            self.engine.start()
        path = self.folder / OPTIONS
        if not path.exists() or read_json(path) != self.recorded:  # one of several shards writes it
            write_json(path, self.recorded)

    def results(self, models: Iterable[tuple[Target, Model]] | None = None) -> Iterator[Checked]:
        """One result per target, as the models come.

        Parameters
        ----------
        models : iterable, optional
            Targets and their models, where something else folds them.
        """
        for target in self.targets:
            if target.error:
                yield compared((target, Model(error=target.error)))
        if self.engine is None:
            there = found(self.good, self.folder)
            pairs = [(target, there[target.name]) for target in self.good]
            work = compared if self.options.jobs == 1 else compared_alone
            with mapped(work, pairs, self.options.jobs, LEAST_MODELS) as results:
                yield from results
            return
        if models is None:
            models = folded(self.engine, self.good, self.folder, self.options.batch)
        yield from map(compared, models)

    def in_order(self, results: Iterable[Checked]) -> list[Checked]:
        """All results in the order of the targets."""
        place = {target.name: k for k, target in enumerate(self.targets)}
        return sorted(results, key=lambda one: place[one.name])


def planned(designs: Sequence[str], sequences: Path, options: CheckOptions) -> Plan:
    """The plan of `check`, before its designs are read; what is wrong with the rest is refused."""
    fold, predictions, out = options.fold, options.predictions, options.out
    if (fold is None) == (predictions is None):
        raise ValueError("give `fold`, or `predictions` that were folded elsewhere")
    files = design_files(designs, out)
    names = [own_name(file) for file in files]
    records = read_records(sequences, names)
    targets = targets_of(records, files)
    used = {record.structure for record in records}
    unused = [name for name in names if name not in used]
    if predictions is not None:
        predicted_files(predictions)
        return Plan(targets, unused, None, predictions, options)
    if out is None or fold is None:
        raise ValueError("`out`: needed with `fold`, for the models")
    device = options.device if options.elsewhere else pick_device(options.device)
    engine = engine_of(fold, device, options.chunk_size)
    if options.batch > 1 and not engine.several:
        raise ValueError("`batch`: this program folds one sequence per call")
    good = {target.name: "/".join(target.chains) for target in targets if not target.error}
    there = kept(out)
    recorded = _recorded(out, fold, good, there)
    return Plan(targets, unused, engine, out, options, frozenset(there), recorded)


def _recorded(
    out: Path, fold: str, sequences: Mapping[str, str], models: Mapping[str, Path]
) -> dict[str, Any]:
    """What the output is to say of its models: engine and sequences, with those of earlier runs.

    Raises
    ------
    ValueError
        If the output holds something else, or models of another engine or other sequences.
    """
    engine, earlier = fold, dict[str, str]()
    if models or (out / OPTIONS).exists():
        try:
            before = read_json(out / OPTIONS)
            known = before["format"] == FORMAT
            engine, earlier = before["fold"], dict(before["sequences"])
        except (OSError, ValueError, KeyError, TypeError):
            known = False
        if not known:
            raise ValueError(f"{out}: holds something else; choose another `out`, or remove it")
    if models and engine != fold:
        raise ValueError(
            f"{out}: models of another engine ({engine}); choose another `out`, or remove it"
        )
    old = {name: letters for name, letters in earlier.items() if name in models}
    for name, letters in sequences.items():
        if old.get(name, letters) != letters:
            raise ValueError(
                f"{models[name]}: the sequence {name} has changed since this was folded; remove "
                "the file, or choose another `out`"
            )
    return {"format": FORMAT, "fold": fold, "sequences": old | dict(sequences)}
