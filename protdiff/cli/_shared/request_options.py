"""From the options of `protdiff generate` to requests."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...sampling.plan import Texts, check_lengths, plan_requests

if TYPE_CHECKING:
    from ...conditioning import Condition
    from ...sampling.plan import Request

__all__ = ["RequestOptions", "parse_lengths", "read_sequences", "requests_of"]


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
        str | None, typer.Option(help="Secondary structure, one of H E C - per residue.")
    ] = None


def parse_lengths(text: str) -> Sequence[int]:
    """Lengths of "100", "60-120" (a range) or "60,80,100"."""
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
    return check_lengths(lengths)


def read_sequences(text: str) -> dict[str, str]:
    """Sequences of the --sequence option by origin: letters, or the records of a FASTA file."""
    path = Path(text)
    if not os.path.isfile(text):  # false, not an error, for letters too long to be a file name
        if text.isalpha():
            return {"": text.upper()}
        raise ValueError(f"--sequence {text}: no such file; give letters or a FASTA file")
    from Bio import SeqIO

    try:
        with path.open(encoding="utf-8-sig") as handle:
            records = list(SeqIO.parse(handle, "fasta"))
    except (UnicodeDecodeError, ValueError):
        records = []
    if not records:
        raise ValueError(f"--sequence {path}: no FASTA records; a record starts with '>'")
    return {
        f"{path}, record {record.id}": str(record.seq).upper().removesuffix("*")
        for record in records
    }


def requests_of(
    options: RequestOptions, seed: int, condition: Condition | None = None
) -> list[Request]:
    """The requests that the options describe."""
    given = ("--length", options.length), ("--sequence", options.sequence), ("--ss", options.ss)
    for option, text in given:
        if text == "":
            raise ValueError(f"{option} is empty; give a value or leave the option out")
    sequences = {} if options.sequence is None else read_sequences(options.sequence)
    texts = Texts(
        sequences=list(sequences.values()),
        sequence_names=list(sequences),
        structure=options.ss and options.ss.upper(),
    )
    lengths = None if options.length is None else parse_lengths(options.length)
    count = options.num or max(1, len(sequences))
    return plan_requests(count, seed, length=lengths, texts=texts, condition=condition)
