"""What `protdiff generate` is asked for beside length: options, and the condition they make."""

import csv
import importlib.util
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .plan import naming

__all__ = ["Ask", "condition_of", "write_residues"]

MOTIF, INPUT, BIAS = "Motif scaffolding", "From a structure", "Restraints and symmetry"


class Vary(StrEnum):
    """Scales that are redrawn."""

    fine = "fine"
    coarse = "coarse"


def _option(panel, text, *names, **rules):
    return typer.Option(*names, help=text, rich_help_panel=panel, **rules)


MotifFile = Annotated[Path | None, _option(MOTIF, "Structure that holds the motif.")]
ContigText = Annotated[
    str | None,
    _option(
        MOTIF,
        "Chain from N to C: 10-40 new residues, B19-27 of the motif, | before a group that may "
        "move: 10-40,B19-27,10-40. Left out: the file's REMARK 999.",
    ),
]
InputFile = Annotated[
    Path | None, _option(INPUT, "Structure for --redesign, --vary or --strength.", "--in")
]
ChainId = Annotated[str | None, _option(INPUT, "Chain of --in; needed if it has several.")]
Regions = Annotated[
    str | None,
    _option(INPUT, "Redraw these segments: A45-58,A90-97.", "--redesign", "--design"),
]
LengthChange = Annotated[
    str | None, _option(INPUT, "Residues by which a redrawn segment may grow: -2..+3.")
]
VaryScale = Annotated[
    Vary | None,
    _option(INPUT, "Redraw detail and keep the fold (fine), or the reverse (coarse)."),
]
Scale = Annotated[float, _option(INPUT, "Wavelength in residues between fine and coarse.", min=2.0)]
Strength = Annotated[
    float | None, _option(INPUT, "Noise the input up to this time of the flow, 0 to 1.")
]
Contacts = Annotated[
    Path | None,
    _option(BIAS, "CSV with columns i, j, distance and tolerance (Å, default 8 and 1)."),
]
Rg = Annotated[float | None, _option(BIAS, "Radius of gyration, Å.")]
EnergyFile = Annotated[
    str | None,
    _option(BIAS, "my.py:function of the CA positions (N, 3) in Å; a scalar in kT, by torch."),
]
Symmetry = Annotated[
    str | None, _option(BIAS, "C2, C3 …, D2, D3 …, T, O or I: copies of the chain.")
]


@dataclass(frozen=True)
class Ask:
    """The options as given."""

    motif: Path | None = None
    contig: str | None = None
    source: Path | None = None
    chain: str | None = None
    redesign: str | None = None
    length_change: str | None = None
    vary: str | None = None
    scale: float = 12.0
    strength: float | None = None
    contacts: Path | None = None
    rg: float | None = None
    energy: str | None = None
    symmetry: str | None = None

    def text(self):
        """The options that are set, for the manifest."""
        given = {k: v for k, v in vars(self).items() if v is not None and k != "scale"}
        if self.vary:
            given["scale"] = f"{self.scale:g}"
        return " ".join(f"{k}={v}" for k, v in given.items())


def condition_of(ask):
    """The condition that the options describe, or None."""
    parts = [part for make in (_input, _motif, _bias, _symmetry) for part in make(ask)]
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    from ...conditioning import Sum

    return Sum(*parts)


def _motif(ask):
    if ask.motif is None:
        if ask.contig is not None:
            raise ValueError("--contig: needs --motif FILE, the structure it names residues of")
        return
    if ask.source is not None:
        raise ValueError("--motif and --in: give one of the two")
    from ...conditioning import Motif

    yield Motif(ask.motif, ask.contig)


def _input(ask):
    jobs = [name for name in ("redesign", "vary", "strength") if getattr(ask, name) is not None]
    if ask.source is None:
        if jobs:
            raise ValueError(f"--{jobs[0]}: needs --in FILE")
        return
    if len(jobs) != 1:
        raise ValueError("--in: give one of --redesign, --vary and --strength with it")
    if ask.length_change is not None and ask.redesign is None:
        raise ValueError("--length-change: needs --redesign")
    from ...conditioning import KeepFold, KeepFragments, PartialFlow, Redesign
    from ...structure.io.read_write import read

    backbone = read(ask.source)
    if ask.redesign is not None:
        yield Redesign(backbone, ask.redesign, parse_change(ask.length_change))
        return
    if ask.chain is not None:
        with naming(f"--chain {ask.chain}"):
            backbone = backbone.chain(ask.chain)
    if ask.vary is not None:
        keep = KeepFold if ask.vary == "fine" else KeepFragments
        yield keep(backbone, ask.scale, f"--in {ask.source}")
    else:
        yield PartialFlow(backbone, ask.strength, f"--in {ask.source}")


def parse_change(text):
    """(least, most) of -2..+3, or of one number."""
    if text is None:
        return 0, 0
    try:
        ends = [int(part) for part in text.split("..")]
    except ValueError:
        ends = []
    if len(ends) not in (1, 2) or ends[0] > ends[-1]:
        raise ValueError(f"--length-change {text}: not a range; write -2..+3")
    return ends[0], ends[-1]


def _bias(ask):
    from_conditioning = ask.contacts, ask.rg, ask.energy
    if all(given is None for given in from_conditioning):
        return
    from ...conditioning import Contacts, Energy, RadiusOfGyration, Repulsion

    yield Repulsion()  # what pulls must not pull through the chain
    if ask.contacts is not None:
        yield Contacts(read_contacts(ask.contacts))
    if ask.rg is not None:
        with naming("--rg"):
            yield RadiusOfGyration(ask.rg)
    if ask.energy is not None:
        yield Energy(load_function(ask.energy), name=ask.energy)


def _symmetry(ask):
    if ask.symmetry is not None:
        from ...conditioning import Symmetry

        with naming("--symmetry"):
            yield Symmetry(ask.symmetry)


def read_contacts(path):
    """Rows (i, j, distance, tolerance) of a CSV file."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.DictReader(handle, skipinitialspace=True)
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"--contacts {path}: cannot be read as CSV ({error})") from None
    if not rows or not {"i", "j"} <= rows[0][1].keys():
        raise ValueError(f"--contacts {path}: needs a header with i, j, distance, tolerance")
    pairs = []
    for number, row in rows:
        try:
            i, j = int(row["i"]), int(row["j"])
            distance = float(row.get("distance") or 8)
            tolerance = float(row.get("tolerance") or 1)
            if not (0 < distance < 1e4 and 0 <= tolerance < 1e4 and i != j):
                raise ValueError
        except (TypeError, ValueError):
            raise ValueError(
                f"--contacts {path}, line {number}: needs two residues and, in Å, a distance and "
                "a tolerance"
            ) from None
        pairs.append((i, j, distance, tolerance))
    return pairs


def load_function(text):
    """The function of my.py:function."""
    path, _, name = text.rpartition(":")
    if not path or not Path(path).is_file():
        raise ValueError(f"--energy {text}: no such file; write my.py:function")
    spec = importlib.util.spec_from_file_location("protdiff_energy", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"--energy {path}: fails to load ({error})") from None
    function = getattr(module, name, None)
    if not callable(function):
        raise ValueError(f"--energy {path}: has no function {name}")
    return function


def write_residues(path, requests):
    """Table of which output residue is which input residue, for `requests` by file."""
    from ..._system.files import replacing

    rows = [
        (file, place + 1, *rest)
        for file, request in requests.items()
        if request.condition is not None and hasattr(request.condition, "residues")
        for place, *rest in request.condition.residues()
    ]
    if not rows:
        return
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(("file", "residue", "input_chain", "input_residue", "residue_name"))
        writer.writerows(rows)
