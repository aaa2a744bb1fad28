"""Options of `protdiff generate` that put conditions on backbones, and the condition they make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...structure.constants import MAX_LENGTH
from .energy_files import load_function, parse_function, read_contacts
from .flags import naming
from .input_files import input_text
from .target_options import parse_target, target_of
from .type_options import NO_TYPE_OPTIONS, TypeOptions

if TYPE_CHECKING:
    from ...conditioning import Condition

__all__ = ["ConditionOptions", "condition_of"]

MOTIF, BINDER = "Motif scaffolding", "Beside a target"
INPUT, BIAS = "From a structure", "Restraints and symmetry"


class Drawn(StrEnum):
    """What is drawn of the segments of --redesign."""

    structure = "structure"
    sequence = "sequence"
    both = "both"


class Vary(StrEnum):
    """Scales that are redrawn."""

    fine = "fine"
    coarse = "coarse"


def _option(panel: str, text: str, *names: str, **rules: Any) -> Any:
    return typer.Option(*names, help=text, rich_help_panel=panel, **rules)


@dataclass(frozen=True)
class ConditionOptions:
    """Motif, target, input structure, restraints and symmetry."""

    motif: Annotated[Path | None, _option(MOTIF, "Structure that holds the motif.")] = None
    contig: Annotated[
        str | None,
        _option(
            MOTIF,
            "Chain from N to C: 10-40 new residues, B19-27 of the motif, | before a group that may "
            "move: 10-40,B19-27,10-40. Left out: the file's REMARK 999.",
        ),
    ] = None
    target: Annotated[
        str | None,
        _option(
            BINDER,
            "complex.pdb:B, to draw a new chain beside chain B (A,B: beside two). With --contig "
            "'B1-120/0 60-80': beside these residues.",
        ),
    ] = None
    hotspots: Annotated[
        str | None,
        _option(
            BINDER,
            "Residues of the target in contact with the new chain: B30,B33,B60. Left out: one at "
            "the surface is drawn for every backbone.",
        ),
    ] = None
    source: Annotated[
        Path | None, _option(INPUT, "Structure for --redesign, --vary or --strength.", "--in")
    ] = None
    chain: Annotated[
        str | None, _option(INPUT, "Chain of --in, needed if it has several; _ for a blank id.")
    ] = None
    redesign: Annotated[
        str | None,
        _option(
            INPUT,
            "Redraw these segments: A45-58,A90-97; without A in a file of one chain, _45-58 for a "
            "blank chain id.",
            "--redesign",
            "--design",
        ),
    ] = None
    codesign: Annotated[
        Drawn | None,
        _option(
            INPUT,
            "Draw the backbone of these segments (structure, as without this option), their "
            "residue types (sequence), or both in turn.",
        ),
    ] = None
    length_change: Annotated[
        str | None, _option(INPUT, "Residues by which a redrawn segment may grow: -2..+3.")
    ] = None
    vary: Annotated[
        Vary | None,
        _option(INPUT, "Redraw detail and keep the fold (fine), or the reverse (coarse)."),
    ] = None
    scale: Annotated[
        float, _option(INPUT, "Wavelength in residues between fine and coarse.", min=2.0)
    ] = 12.0
    strength: Annotated[
        float | None,
        _option(
            INPUT,
            "Noise the input, or the segments of --redesign, up to this time of the flow, above 0 "
            "and below 1. It moves CA by 0.2 Å at 0.3, 1 Å at 0.5, 4 Å at 0.7, 8 Å at 0.8, in "
            "chains of 50 to 90 residues.",
        ),
    ] = None
    contacts: Annotated[
        Path | None,
        _option(BIAS, "CSV with columns i, j, distance and tolerance (Å, default 8 and 1)."),
    ] = None
    rg: Annotated[float | None, _option(BIAS, "Radius of gyration, Å.")] = None
    energy: Annotated[
        str | None,
        _option(BIAS, "my.py:function from CA positions (N, 3) in Å to an energy in kT, in torch."),
    ] = None
    symmetry: Annotated[
        str | None, _option(BIAS, "C2, C3 …, D2, D3 …, T, O or I: copies of the chain.")
    ] = None

    def text(self) -> str:
        """The options that are set, with digests of the files in them, for the manifest."""
        given = {k: v for k, v in vars(self).items() if v is not None and k != "scale"}
        if self.vary:
            given["scale"] = f"{self.scale:g}"
        files = self._files()
        return " ".join(
            input_text(k, v, files[k]) if k in files else f"{k}={v}" for k, v in given.items()
        )

    def _files(self) -> dict[str, Path]:
        """The files that conditions read, by the name of the option."""
        paths = {"motif": self.motif, "source": self.source, "contacts": self.contacts}
        if self.target is not None:
            paths["target"] = parse_target(self.target)[0]
        if self.energy is not None:
            paths["energy"] = parse_function(self.energy)[0]
        return {name: path for name, path in paths.items() if path is not None}


def condition_of(
    options: ConditionOptions, types: TypeOptions = NO_TYPE_OPTIONS
) -> Condition | None:
    """The condition that the options describe, or None.

    Parameters
    ----------
    options : ConditionOptions
    types : TypeOptions
        How residue types are drawn, with --codesign.
    """
    if options.motif is not None and options.source is not None:
        raise ValueError("--motif and --in: give one of the two")
    _check_target(options)
    makers = (partial(_input, types), _motif, _target, _bias, _symmetry)
    parts = [part for make in makers for part in make(options)]
    if len(parts) < 2:
        return parts[0] if parts else None
    from ...conditioning import Sum

    return Sum(*parts)


def _check_target(options: ConditionOptions) -> None:
    """ValueError for what does not go with --target, or needs it."""
    if _target_text(options) is None:
        if options.hotspots is not None:
            raise ValueError("--hotspots: needs --target FILE:CHAIN, the structure they are of")
        return
    for name in ("motif", "source", "symmetry"):
        if getattr(options, name) is not None and not (name == "motif" and options.target is None):
            flag = "in" if name == "source" else name
            raise ValueError(
                f"--target and --{flag}: give one of the two; a chain beside a target is new from "
                "end to end"
            )


def _target_text(options: ConditionOptions) -> str | None:
    """The target: that of --target, or of --motif with a contig of a target and a new chain."""
    if options.target is None and options.motif is not None and options.contig is not None:
        from ...conditioning.contig import is_binder

        return str(options.motif) if is_binder(options.contig) else None
    return options.target


def _target(options: ConditionOptions) -> Iterator[Condition]:
    text = _target_text(options)
    if text is not None:
        yield target_of(text, options.contig, options.hotspots)


def _motif(options: ConditionOptions) -> Iterator[Condition]:
    if _target_text(options) is not None:
        return
    if options.motif is None:
        if options.contig is not None:
            raise ValueError("--contig: needs --motif FILE, the structure it names residues of")
        return
    from ...conditioning import Motif

    yield Motif(options.motif, options.contig)


def _input(types: TypeOptions, options: ConditionOptions) -> Iterator[Condition]:
    tasks = [n for n in ("redesign", "vary", "strength") if getattr(options, n) is not None]
    if options.source is None:
        for name in (*tasks, "codesign", "chain", "length_change"):
            if getattr(options, name) is not None:
                raise ValueError(f"--{name.replace('_', '-')}: needs --in FILE")
        return
    for name in ("length_change", "codesign"):
        if getattr(options, name) is not None and options.redesign is None:
            raise ValueError(f"--{name.replace('_', '-')}: needs --redesign")
    if len(tasks) != 1 and tasks != ["redesign", "strength"]:
        raise ValueError(
            "--in: give one of --redesign, --vary and --strength with it; only --redesign and "
            "--strength go together"
        )
    from ...conditioning import CoDesign, KeepFold, KeepFragments, PartialFlow, Redesign
    from ...conditioning.ranges import find_chain
    from ...structure.io.read_write import read

    backbone = read(options.source)
    if options.redesign is not None:
        change = parse_change(options.length_change)
        region = {"length_change": change, "chain": options.chain, "strength": options.strength}
        if options.codesign is None:
            yield Redesign(backbone, options.redesign, **region)
        else:
            region |= {"weights": types.type_weights, "temperature": types.type_temperature}
            yield CoDesign(backbone, options.redesign, options.codesign.value, **region)
        return
    if options.chain is not None:
        backbone = backbone.chain(find_chain(backbone, options.chain, "--chain"))
    if options.vary is not None:
        keep = KeepFold if options.vary == "fine" else KeepFragments
        yield keep(backbone, options.scale)
    elif options.strength is not None:
        yield PartialFlow(backbone, options.strength)


def parse_change(text: str | None) -> tuple[int, int]:
    """(least, most) of -2..+3, or of one number."""
    if text is None:
        return 0, 0
    try:
        ends = [int(part) for part in text.split("..")]
    except ValueError:
        ends = []
    if len(ends) not in (1, 2) or ends[0] > ends[-1]:
        raise ValueError(f"--length-change {text}: not a range; write -2..+3")
    if max(map(abs, ends)) > MAX_LENGTH:
        raise ValueError(
            f"--length-change {text}: is more than the {MAX_LENGTH} residues of a chain"
        )
    return ends[0], ends[-1]


def _bias(options: ConditionOptions) -> Iterator[Condition]:
    if options.contacts is None and options.rg is None and options.energy is None:
        return
    from ...conditioning import Contacts, Energy, RadiusOfGyration, Repulsion

    yield Repulsion()  # what pulls must not pull through the chain
    if options.contacts is not None:
        yield Contacts(read_contacts(options.contacts))
    if options.rg is not None:
        with naming("--rg"):
            yield RadiusOfGyration(options.rg)
    if options.energy is not None:
        yield Energy(load_function(options.energy), name=options.energy)


def _symmetry(options: ConditionOptions) -> Iterator[Condition]:
    if options.symmetry is not None:
        from ...conditioning import Symmetry

        with naming("--symmetry"):
            yield Symmetry(options.symmetry)
