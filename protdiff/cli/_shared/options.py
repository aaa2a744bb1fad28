"""Options that several verbs share, in groups."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..._system.files import PICTURES
from ..._system.processes import process_count
from ..._system.words import alternatives
from ...sampling.settings import DEFAULTS, SamplingSettings
from .run_file import ConfigOption

__all__ = [
    "Device",
    "Format",
    "ModelOptions",
    "OutputOptions",
    "Sampler",
    "SamplingFlags",
    "check_ending",
    "check_jobs",
]


class Format(StrEnum):
    """Output formats."""

    pdb = "pdb"
    cif = "cif"
    bcif = "bcif"


class Device(StrEnum):
    """Devices."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class Sampler(StrEnum):
    """Samplers, see `SamplingSettings`."""

    matched = "matched"
    multistep = "multistep"
    sde_2m = "sde_2m"
    ode_2m = "ode_2m"
    ancestral = "ancestral"
    ddim = "ddim"
    heun = "heun"
    rgdm = "rgdm"


#: Names of archives: format, and compression.
ARCHIVES = re.compile(r"[^.].*\.(pdb|cif|bcif)(\.gz)?\.tar")


def check_jobs(jobs: int) -> int:
    """The value of --jobs; a ValueError, before any work, if it is beyond reason."""
    process_count(jobs)
    return jobs


JobsOption = Annotated[
    int,
    typer.Option(min=0, callback=check_jobs, help="Processes; 0: all cores there is work for."),
]


def check_ending(option: str, path: Path | None, *endings: str) -> None:
    """ValueError if a file to be written is of another kind by its name, so that none is replaced.

    Examples
    --------
    >>> check_ending("--plot", Path("chain.pdb"), ".png", ".svg", ".pdf")
    Traceback (most recent call last):
    ValueError: --plot chain.pdb: must be a file that ends in .png, .svg or .pdf
    """
    if path is not None and (path.suffix.lower() not in endings or path.is_dir()):
        raise ValueError(f"{option} {path}: must be a file that ends in {alternatives(endings)}")


DEFAULT_SAMPLER = Sampler(DEFAULTS.sampler)


@dataclass(frozen=True)
class OutputOptions:
    """Where generated structures go."""

    out: Annotated[Path, typer.Option(help="Folder for the structures.")] = Path("designs")
    format: Annotated[
        Format | None, typer.Option(help="File format; pdb if left out.", show_default=False)
    ] = None
    archive: Annotated[
        str | None,
        typer.Option(
            metavar="NAME.bcif.tar",
            help="Write one archive of this name into --out in place of a file each, for many "
            "structures; .bcif.tar, .cif.tar or .pdb.tar, compressed .bcif.gz.tar and so on.",
        ),
    ] = None
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Draw the backbones (the first 16) into this file, .png, .svg or .pdf: new "
            "residues blue to red, kept ones dark, other chains grey."
        ),
    ] = None

    report: Annotated[
        bool, typer.Option("--report", help="Also write report.html: a page to look at them.")
    ] = False
    config: ConfigOption = None

    def check(self, name: str) -> None:
        """ValueError if `name` is no plain file name, the picture of no known kind, or the
        report cannot be drawn."""
        if not name or Path(name).name != name or name.startswith("."):
            raise ValueError(f"--name {name!r}: must be a plain file name")
        check_ending("--plot", self.plot, *PICTURES)
        if self.archive is not None:
            self._check_archive(self.archive, name)
        if self.report:
            from ...plots.report.library import ensure_library

            ensure_library()

    def _check_archive(self, archive: str, name: str) -> None:
        from ...structure.io.tar_headers import plain_name

        if Path(archive).name != archive:
            raise ValueError(f"--archive {archive}: a name without a folder; it goes into --out")
        found = ARCHIVES.fullmatch(archive)
        if found is None:
            raise ValueError(
                f"--archive {archive}: must end in .bcif.tar, .cif.tar or .pdb.tar, compressed "
                ".bcif.gz.tar and so on"
            )
        if plain_name(f"{name}_00000000.{self.suffix}") is None:
            raise ValueError(f"--name {name!a}: goes not with --archive; use a shorter, plain one")
        if self.format not in (None, found[1]):
            raise ValueError(f"--format {self.format}: --archive {archive} has {found[1]} files")

    @property
    def suffix(self) -> str:
        """How names of the structures end, such as "pdb" or "bcif.gz"."""
        found = None if self.archive is None else ARCHIVES.fullmatch(self.archive)
        return self.kind.value + ((found and found[2]) or "")

    @property
    def kind(self) -> Format:
        """Format of the structures."""
        found = None if self.archive is None else ARCHIVES.fullmatch(self.archive)
        return Format(found[1]) if found else self.format or Format.pdb


@dataclass(frozen=True)
class SamplingFlags:
    """How backbones are drawn."""

    seed: Annotated[int, typer.Option(min=0, help="Sample i of a seed is always the same.")] = 0
    steps: Annotated[int, typer.Option(min=2, help="Network calls.")] = DEFAULTS.steps
    temperature: Annotated[
        float, typer.Option(help="Below 1: more regular in detail. Above 1: more diverse.")
    ] = DEFAULTS.temperature
    guidance: Annotated[
        float | None,
        typer.Option(
            help="How far samples are steered from a weaker network; 1: not at all. Default: "
            "by the weights."
        ),
    ] = None
    sampler: Annotated[
        Sampler, typer.Option(help="How the reverse flow is integrated.", rich_help_panel="Sampler")
    ] = DEFAULT_SAMPLER
    diffusion: Annotated[
        float | None,
        typer.Option(
            help="With --sampler multistep: 0 for the ODE, 1 for the SDE.",
            rich_help_panel="Sampler",
        ),
    ] = None
    churn: Annotated[
        float | None,
        typer.Option(
            help="With --sampler heun, on variance-exploding flows: EDM's S_churn.",
            rich_help_panel="Sampler",
        ),
    ] = None

    def settings(self, batch_size: int | None = None) -> SamplingSettings:
        """These options as the library takes them."""
        return SamplingSettings(
            steps=self.steps,
            sampler=self.sampler.value,
            diffusion=self.diffusion,
            churn=self.churn,
            temperature=self.temperature,
            guidance=self.guidance,
            batch_size=batch_size,
        )


@dataclass(frozen=True)
class ModelOptions:
    """Which network, and where it runs."""

    weights: Annotated[
        str | None, typer.Option(help="Shipped weights by name, or a .safetensors file.")
    ] = None
    device: Annotated[Device, typer.Option(help="Where the network runs.")] = Device.auto
