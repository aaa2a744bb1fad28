"""FASTA files as programs write them: titles, and the letters of each chain."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..._system.reading import TooLargeError, read_file
from .encoding import decoded

if TYPE_CHECKING:
    import os

__all__ = ["FastaRecord", "read_fasta"]

#: What separates chains in the FASTA files of ProteinMPNN and of ColabFold.
CHAIN_BREAKS = "/:"


class FastaRecord(NamedTuple):
    """One record: the line behind ``>``, and the letters of its chains in capitals."""

    title: str
    chains: tuple[str, ...]

    @property
    def label(self) -> str:
        """First word of the title; ProteinMPNN puts a comma behind it."""
        words = self.title.split()
        return words[0].rstrip(",;|") if words else ""


def read_fasta(path: str | os.PathLike[str]) -> list[FastaRecord]:
    """Records of a FASTA file.

    Lines that begin with ``;`` are comments. A ``*`` at the end of a chain is left out.

    Raises
    ------
    ValueError
        If there are no records, or letters in front of the first one.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "x.fasta")
    ...     _ = path.write_text(">pair of chains\\nMKL\\nE/gsh*\\n")
    ...     read_fasta(path)
    [FastaRecord(title='pair of chains', chains=('MKLE', 'GSH'))]
    """
    titles: list[str] = []
    parts: list[list[str]] = []
    for line in _text(path).splitlines():
        if not line.strip() or line.startswith(";"):
            continue
        if line.startswith(">"):
            titles.append(line[1:].strip())
            parts.append([])
        elif titles:
            parts[-1].append(line)
        else:
            break
    else:
        if titles:
            return list(map(FastaRecord, titles, map(_chains, parts)))
    raise ValueError(f"{path}: no FASTA records; a record starts with '>'")


def _text(path: str | os.PathLike[str]) -> str:
    try:
        return decoded(read_file(Path(path), pipe=True))
    except TooLargeError as error:
        raise ValueError(f"{path}: {error}") from None


def _chains(lines: list[str]) -> tuple[str, ...]:
    """Letters of every chain of a record."""
    letters = "".join("".join(lines).split()).upper()
    parts = (part.removesuffix("*") for part in re.split(f"[{CHAIN_BREAKS}]", letters))
    return tuple(filter(None, parts))
