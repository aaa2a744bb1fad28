"""From the options of `protdiff generate` to requests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ...sampling.plan import Texts, check_lengths, plan_requests
from .fasta import Sequences, read_sequences

if TYPE_CHECKING:
    from ...conditioning import Condition
    from ...sampling.plan import Request

__all__ = ["RequestOptions", "parse_lengths", "requests_of"]


class Blueprint(StrEnum):
    """Fold classes whose secondary structure can be drawn."""

    helical = "helical"
    strand = "strand"
    mixed = "mixed"


@dataclass(frozen=True)
class RequestOptions:
    """Which backbones are drawn."""

    length: Annotated[
        str | None,
        typer.Option(help="Residues: a number, a range (60-120) or a list (60,80,100)."),
    ] = None
    num: Annotated[
        int | None,
        typer.Option(min=1, help="How many backbones; default 1, or one per FASTA record."),
    ] = None
    sequence: Annotated[
        str | None, typer.Option(help="One-letter residues (X: any) or a FASTA file.")
    ] = None
    ss: Annotated[
        str | None,
        typer.Option(
            help="Secondary structure, one of H E C per residue; - for any, ? for what is drawn "
            "for every backbone as real proteins have it."
        ),
    ] = None
    blueprint: Annotated[
        Blueprint | None,
        typer.Option(help="Draw the secondary structure, or each ? of --ss, of this fold class."),
    ] = None
    window: Annotated[
        int | None,
        typer.Option(
            help="Draw longer chains, up to 4096 residues, coarse first and then in windows of so "
            "many residues: less memory, less of the fold in sight."
        ),
    ] = None


def parse_lengths(text: str, window: int | None = None) -> Sequence[int]:
    """Lengths of "100", "60-120" (a range) or "60,80,100"; longer ones with a window."""
    if match := re.fullmatch(r"([0-9]+)-([0-9]+)", text):
        lengths = range(int(match[1]), int(match[2]) + 1)
    elif re.fullmatch(r"[0-9]+(,[0-9]+)*", text):
        lengths = [int(part) for part in text.split(",")]
    else:
        lengths = []
    if not lengths:
        raise ValueError(
            f"--length {text}: not a length; use a number (100), a range (60-120) "
            "or a list (60,80,100)"
        )
    return check_lengths(lengths, window)


def requests_of(
    options: RequestOptions, seed: int, condition: Condition | None = None
) -> list[Request]:
    """The requests that the options describe."""
    for option, text in (
        ("--length", options.length),
        ("--sequence", options.sequence),
        ("--ss", options.ss),
    ):
        if text == "":
            raise ValueError(f"{option} is empty; give a value or leave the option out")
    given = Sequences("", [], []) if options.sequence is None else read_sequences(options.sequence)
    texts = Texts(
        sequences=given.letters,
        sequence_names=given.names,
        sequence_file=given.file,
        structure=options.ss and options.ss.upper(),
        blueprint=options.blueprint and options.blueprint.value,
    )
    lengths = None if options.length is None else parse_lengths(options.length, options.window)
    count = options.num or max(1, len(given.letters))
    return plan_requests(
        count, seed, length=lengths, texts=texts, condition=condition, window=options.window
    )
