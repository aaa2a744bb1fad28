"""From the options of `protdiff generate` to requests, with errors that name the option."""

import os
import re
from contextlib import contextmanager
from pathlib import Path

from ...sampling.plan import (
    Request,
    allowed_lengths,
    check_fit,
    check_lengths,
    sample_length,
    settled,
)

__all__ = ["naming", "plan"]


def parse_lengths(text):
    """Length option as an int, a range or a list: "100", "60-120", "60,80,100"."""
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
    with naming("--length"):
        return check_lengths(lengths)


@contextmanager
def naming(option):
    """Put the option, and what it came from, before the message of a ValueError."""
    try:
        yield
    except ValueError as error:
        message = str(error)
        for name in ("sequence: ", "secondary structure: "):
            message = message.removeprefix(name)
        raise ValueError(f"{option}: {message}") from None


def read_sequences(text):
    """Sequences of the --sequence option by origin: letters, or the records of a FASTA file."""
    path = Path(text)
    if not os.path.isfile(text):  # false, not an error, for letters too long to be a file name
        if text.isalpha():
            return {"": text.upper()}
        raise ValueError(f"--sequence {text}: no such file; give letters or a FASTA file")
    from Bio import SeqIO

    try:
        with path.open(encoding="utf-8-sig") as handle:
            found = list(SeqIO.parse(handle, "fasta"))
    except (UnicodeDecodeError, ValueError):
        found = []
    if not found:
        raise ValueError(f"--sequence {path}: no FASTA records; a record starts with '>'")
    return {f" {path}, record {r.id}": str(r.seq).upper().removesuffix("*") for r in found}


def plan(length, num, seed, sequence, structure, condition=None):
    """The requests that the options describe."""
    for option, text in (("--length", length), ("--sequence", sequence), ("--ss", structure)):
        if text == "":
            raise ValueError(f"{option} is empty; give a value or leave the option out")
    if length is None and sequence is None and structure is None and condition is None:
        raise ValueError("--length is missing; give a number, a range (60-120) or a list")
    sequences = [] if sequence is None else list(read_sequences(sequence).items())
    structure = structure and structure.upper()
    lengths = None if length is None else parse_lengths(length)
    if condition is not None and sequence is None and structure is None:
        lengths = check_lengths(allowed_lengths(condition, lengths))
    requests = []
    for index in range(num or max(1, len(sequences))):
        origin, letters = sequences[index % len(sequences)] if sequences else ("", None)
        given = structure if letters is None else letters
        with naming("--ss" if letters is None else f"--sequence{origin}"):
            wanted = len(given) if lengths is None else sample_length(lengths, index, seed)
            request = Request(index, wanted, letters, structure)
            if given is not None:
                check_fit(len(given), condition)
        requests.append(settled(request, condition, seed))
    return requests
