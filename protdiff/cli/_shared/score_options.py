"""The options of `protdiff score`, and which of them go together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..._system.files import PICTURES, ensure_writable
from ..._system.reading import real_path
from .cluster_options import ClusterOption, refuse_jobs
from .fasta import read_sequences
from .options import JobsOption, check_ending
from .pairing import Task, chosen_chains, find_files, pair_by_name, pair_by_table, refuse_missing
from .report_writer import check_page
from .score_task import LikelihoodOptions, RowOptions
from .shards import ShardOption, refuse_with_shard

__all__ = ["ScoreOptions"]

#: What to do about pictures of all rows.
PAGE = "leave it out, and after protdiff merge run protdiff report with the table"


class Alignment(StrEnum):
    """How residues correspond."""

    auto = "auto"
    sequence = "sequence"
    identity = "identity"
    number = "number"
    structure = "structure"
    tmalign = "tmalign"


class Normalize(StrEnum):
    """Whose length divides TM-score and GDT."""

    reference = "reference"
    model = "model"
    shorter = "shorter"


class Plddt(StrEnum):
    """Where pLDDT is taken from."""

    auto = "auto"
    bfactor = "bfactor"


class AtomsRead(StrEnum):
    """What is read of files."""

    all = "all"
    backbone = "backbone"


class Method(StrEnum):
    """Likelihoods."""

    elbo = "elbo"
    iwae = "iwae"
    ode = "ode"


@dataclass(frozen=True)
class ScoreOptions:
    """What `protdiff score` scores, how, and where the results go."""

    predictions: Annotated[
        list[str] | None, typer.Argument(metavar="PRED...", help="Files, folders or patterns.")
    ] = None
    reference: Annotated[
        list[str] | None,
        typer.Option(metavar="REF...", help="Reference files; models go before this option."),
    ] = None
    pairs: Annotated[
        Path | None, typer.Option(help="CSV file with the columns model and reference.")
    ] = None
    out: Annotated[
        Path | None,
        typer.Option(help="File for all columns, one row per model: .csv, .json or .parquet."),
    ] = None
    alignment: Annotated[
        Alignment, typer.Option(help="How residues of model and reference correspond.")
    ] = Alignment.auto
    chain: Annotated[
        str | None,
        typer.Option(
            help="Chains to pair, MODEL:REFERENCE: A:B or A:B,C:D; _ for a blank id. Without a "
            "reference the chains that are scored, as if they were alone: A or A,B."
        ),
    ] = None
    normalize: Annotated[Normalize, typer.Option(help="Whose length divides TM-score and GDT.")] = (
        Normalize.reference
    )
    per_residue: Annotated[
        bool,
        typer.Option("--per-residue", help="Also write a row per residue into OUT_residues.csv."),
    ] = False
    per_interface: Annotated[
        bool,
        typer.Option(
            "--per-interface", help="Also write a row per interface into OUT_interfaces.csv."
        ),
    ] = False
    superpose: Annotated[
        Path | None, typer.Option(help="Folder for the models moved onto their references.")
    ] = None
    quality: Annotated[
        bool, typer.Option(help="The columns that need no reference; without them it is faster.")
    ] = True
    confidence: Annotated[
        bool, typer.Option(help="pLDDT, PAE, ipTM … where predictors have written them.")
    ] = True
    plddt: Annotated[
        Plddt, typer.Option(help="bfactor: B-factors are pLDDT; auto: where the file says so.")
    ] = Plddt.auto
    atoms: Annotated[
        AtomsRead,
        typer.Option(help="Columns of side chains and ligands too (all), or faster without."),
    ] = AtomsRead.all
    likelihood: Annotated[
        Method | None,
        typer.Option(
            help="Likelihood by the weights: bound (elbo), importance-weighted or flow (ode)."
        ),
    ] = None
    samples: Annotated[
        int, typer.Option(min=1, help="Repetitions of the likelihood; its error needs two.")
    ] = 2
    sequence: Annotated[
        str,
        typer.Option(help="Sequence the likelihood is given: auto (the file's), none or FASTA."),
    ] = "auto"
    weights: Annotated[
        str | None, typer.Option(help="Weights of the likelihood, by name or .safetensors file.")
    ] = None
    color: Annotated[
        Path | None, typer.Option(help="Folder for copies with nats per residue as B-factors.")
    ] = None
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Draw the columns beside real chains into this file, .png, .svg or .pdf."
        ),
    ] = None
    report: Annotated[
        bool, typer.Option("--report", help="Also write OUT.html: a page to look at the models.")
    ] = False
    jobs: JobsOption = 0
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first row with an error.")
    ] = False
    shard: ShardOption = None
    cluster: ClusterOption = None

    @property
    def page(self) -> Path:
        """Where the report goes."""
        assert self.out is not None
        return self.out.with_suffix(".html")

    @property
    def details(self) -> tuple[str, ...]:
        """What has a table of its own."""
        wanted = {"residues": self.per_residue, "interfaces": self.per_interface}
        return tuple(kind for kind, yes in wanted.items() if yes)

    def tasks(self) -> tuple[list[Task], list[Path]]:
        """Tasks, and references that no model is paired with."""
        if not self.predictions and self.pairs is None:
            raise ValueError("no models; PRED... goes before --reference")
        models = find_files(self.predictions or [], "model files")
        references = find_files(self.reference or [], "--reference")
        if self.pairs is not None:
            return pair_by_table(self.pairs, models, references), []
        if references:
            return pair_by_name(models, references)
        return [Task(model) for model in models], []

    def check(self, tasks: Sequence[Task], compared: bool) -> None:
        """ValueError for options that do not go together."""
        if self.shard is not None and self.out is None:
            raise ValueError("--shard: needs --out, the table that the shards are of")
        refuse_jobs(self.cluster, self.jobs)
        refuse_with_shard(self.shard, plot=(self.plot, PAGE), report=(self.report, PAGE))
        if self.plot is not None:
            check_ending("--plot", self.plot, *PICTURES)
            ensure_writable(self.plot)
        if self.report:
            if self.out is None:
                raise ValueError("--report: needs --out, beside which it is written")
            check_page(self.page)
        if self.out is not None and self.out.is_dir():
            raise ValueError(f"--out {self.out}: is a folder; give a file name")
        if self.per_residue and (self.out is None or not (compared or self.likelihood)):
            raise ValueError("--per-residue: needs --reference or --likelihood, and --out")
        if self.per_interface and (self.out is None or not compared):
            raise ValueError("--per-interface: needs --reference and --out")
        if self.color is not None and self.likelihood is None:
            raise ValueError("--color: needs --likelihood")
        if self.superpose is not None and not compared:
            raise ValueError("--superpose: needs --reference")
        if not (compared or self.quality or self.likelihood is not None):
            raise ValueError("--no-quality: without --reference nothing is left to compute")
        if self.plddt is Plddt.bfactor and not self.confidence:
            raise ValueError("--plddt bfactor: is nothing with --no-confidence; leave one out")
        chosen_chains(self.chain, compared)
        for option, folder in (("--superpose", self.superpose), ("--color", self.color)):
            if folder is not None:
                _check_copies(option, folder, tasks)
        if self.out and self.pairs and real_path(self.out) == real_path(self.pairs):
            raise ValueError(f"--out {self.out}: is the table of --pairs; choose another name")
        if self.pairs is None:
            refuse_missing([task.model for task in tasks])

    def recorded(self) -> dict[str, str]:
        """What decides the rows, as text by the name of the option; shards have it in common."""
        from ... import __version__

        names = (
            "alignment", "chain", "normalize", "per_residue", "per_interface", "quality",
            "confidence", "plddt", "atoms", "likelihood",
        )  # fmt: skip
        found = {name: str(getattr(self, name) or "") for name in names} | {"protdiff": __version__}
        if self.likelihood is not None:
            from ...network.weights import file_digest, find_weights

            found |= {"samples": str(self.samples), "sequence": _likelihood_sequence(self.sequence)}
            found["weights_sha256"] = file_digest(find_weights(self.weights))
        return found

    def for_rows(self, compared: bool) -> RowOptions:
        """What the work behind a row needs of these options."""
        pairs, alone = chosen_chains(self.chain, compared)
        likelihood = None
        sequence = _likelihood_sequence(self.sequence)
        if self.likelihood is not None:
            from ...network.weights import file_digest, find_weights

            weights = find_weights(self.weights).absolute()
            likelihood = LikelihoodOptions(
                method=self.likelihood.value,
                samples=self.samples,
                sequence=sequence,
                weights=weights,
                weights_sha256=file_digest(weights),
                color=self.color,
            )
        return RowOptions(
            alignment=self.alignment.value,
            chains=pairs,
            normalize=self.normalize.value,
            quality=self.quality,
            plddt=self.plddt.value if self.confidence else None,
            details=self.details,
            superpose=self.superpose,
            likelihood=likelihood,
            atoms=self.atoms.value,
            alone=alone,
        )


def _likelihood_sequence(option: str) -> str:
    """Option --sequence as "auto", "none" or the letters of a FASTA file with one record."""
    if option in ("auto", "none"):
        return option
    records = read_sequences(option).letters
    if len(records) != 1:
        raise ValueError(f"--sequence {option}: {len(records)} records; give one, auto or none")
    return records[0]


def _check_copies(option: str, folder: Path, tasks: Sequence[Task]) -> None:
    """ValueError if copies of the models would get one name, or replace the models."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{option} {folder}: is not a folder")
    names = Counter(task.model.name for task in tasks)
    [(name, count)] = names.most_common(1)
    if count > 1:
        raise ValueError(f"{option}: {count} models are called {name}; rename them")
    for task in tasks:
        for given in filter(None, (task.model, task.reference)):
            if real_path(given) == real_path(folder / task.model.name):
                raise ValueError(f"{option} {folder}: would replace {given}; choose another folder")
