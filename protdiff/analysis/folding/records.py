"""Sequences that were designed, as FASTA files have them, and the designs that they belong to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..._system.notices import warn
from ..._system.reading import read_json, real_path
from ..._system.words import counted
from ...structure.io.fasta import read_fasta
from ...structure.io.paths import beginnings, find_files, stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...structure.io.fasta import FastaRecord

__all__ = [
    "FASTA", "MODELS", "OPTIONS", "WORK", "Record", "design_files", "own_name", "read_records",
]  # fmt: skip

#: The FASTA file in a folder of `protdiff design`; and where such a folder, and one of
#: `protdiff check`, says what it is.
FASTA, OPTIONS = "sequences.fasta", "options.json"
#: Folders in the output of `protdiff check`: one model per sequence, and all that programs write.
MODELS, WORK = "models", "folds"
#: Suffixes of FASTA files in other folders, and where ProteinMPNN puts them.
SUFFIXES, MPNN_FOLDER = (".fasta", ".fa", ".faa"), "seqs"
#: In the titles of the first record of a file of ProteinMPNN and of LigandMPNN: it is the sequence
#: that the structure had before.
OF_INPUT = ("designed_chains=", "num_res=")
#: How titles give the number of a sequence: `protdiff design`, ProteinMPNN, LigandMPNN.
NUMBER = re.compile(r"(?:^|[\s,])(?:number|sample|id)=(\d+)\b")
DESIGN = re.compile(r"\sdesign=(\S+)")
#: A first word that ProteinMPNN writes in place of a name.
NO_NAME = re.compile(r"T=[\d.]+(e-?\d+)?$")


@dataclass(frozen=True)
class Record:
    """A sequence for a design.

    Attributes
    ----------
    file : Path
    label : str
        What the record is called.
    chains : tuple of str
        One-letter codes by chain.
    structure : str
        Name of the structure file that it belongs to; empty if none of the given ones fits.
    design : str
        Name of the design. It differs from `structure` where the file is a copy that
        `protdiff design` has made of the design for one of its sequences.
    number : int or None
        Which sequence of the design it is, if the record says so.
    """

    file: Path
    label: str
    chains: tuple[str, ...]
    structure: str = ""
    design: str = ""
    number: int | None = None

    @property
    def has_name(self) -> bool:
        """Whether the label is a name, and not the temperature that ProteinMPNN writes."""
        return NO_NAME.match(self.label) is None

    @property
    def shown(self) -> str:
        """The label, with the number where labels repeat."""
        numbered = not self.has_name and self.number is not None
        return f"{self.label}, sample {self.number}" if numbered else self.label


def own_name(path: Path) -> str:
    """Name of a design in FASTA files, which have no spaces: that of its file without suffix."""
    return re.sub(r"\s+", "_", stem(path))


def design_files(designs: Iterable[str], out: Path | None = None) -> list[Path]:
    """Structure files of designs: files, and what is in folders and patterns.

    Of a folder, results of protdiff are left out, such as copies with residue names in its folder
    `sequences`; and so are models in `out`.

    Raises
    ------
    ValueError
        If there are none, or several have one name.
    """
    own = set[Path]() if out is None else {real_path(out / name) for name in (MODELS, WORK)}
    results = dict[Path, bool]()
    files: dict[str, Path] = {}
    for given in map(str, designs):
        for path in find_files([given], "pattern"):
            below = path.parents[: path.parents.index(Path(given))] if Path(given).is_dir() else ()
            for folder in below:
                results.setdefault(folder, is_of_protdiff(folder))
            if any(results[folder] for folder in below) or own & set(real_path(path).parents):
                continue
            other = files.setdefault(own_name(path), path)
            if real_path(other) != real_path(path):
                twice = f"two designs are called {own_name(path)}: {other} and {path}"
                raise ValueError(f"{twice}; rename one of them")
    if not files:
        raise ValueError("`designs`: no structure files but results of protdiff")
    return list(files.values())


def is_of_protdiff(folder: Path) -> bool:
    """Whether `protdiff design` or `protdiff check` has written a folder."""
    try:
        options = read_json(folder / OPTIONS)
        return str(options["format"]).startswith("protdiff-")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def read_records(source: Path, designs: Sequence[str]) -> list[Record]:
    """Records of a FASTA file, or of those in a folder, each with the design it belongs to.

    A record names its design by ``design=NAME`` in its title, as `protdiff design` writes it, or
    by a name that begins with that of the design. Records of ProteinMPNN belong to the design
    that the record of the input structure before them is called after, or else the file.

    Parameters
    ----------
    source : Path
    designs : list of str
        Names of the designs.

    Raises
    ------
    ValueError
        If there are no records, or none belongs to a design.

    Warns
    -----
    ProtdiffWarning
        For sequences of input structures that are left out.
    """
    names, records, left_out = set(designs), [], 0
    for file in fasta_files(source):
        of_input = ""
        for record in read_fasta(file):
            if any(word in record.title for word in OF_INPUT):
                left_out, of_input = left_out + 1, record.label
            else:
                records.append(_record(file, record, names, of_input))
    if left_out:
        warn(
            f"{source}: {counted(left_out, 'record')} of input structures left out, as MPNN writes "
            "them first"
        )
    if not any(record.design for record in records):
        found = _examples(dict.fromkeys(record.label for record in records))
        remedy = "let the name of a record begin with that of its design"
        if not any(record.has_name for record in records):
            remedy = f"call the file after its design, as ProteinMPNN does ({designs[0]}.fa)"
        raise ValueError(
            f"{source}: no record ({found}) is called after a design ({_examples(designs)}); "
            f"{remedy}"
        )
    return records


def fasta_files(source: Path) -> list[Path]:
    """FASTA files that a path stands for; ValueError if there are none."""
    if not source.is_dir():
        if not source.is_file():
            raise ValueError(f"{source}: no such file or folder")
        return [source]
    if (source / FASTA).is_file():
        return [source / FASTA]
    for folder in (source, source / MPNN_FOLDER):
        files = sorted(p for p in folder.glob("[!.]*") if p.name.lower().endswith(SUFFIXES))
        if files:
            return files
    raise ValueError(f"{source}: no FASTA files ({', '.join(SUFFIXES)}) in it")


def _record(file: Path, record: FastaRecord, designs: set[str], of_input: str) -> Record:
    """A record with its design; `of_input` is the name of the input structure before it."""
    named, number = DESIGN.search(record.title), NUMBER.search(record.title)
    anonymous = NO_NAME.match(record.label) or not record.label
    labels = (of_input, file.stem) if anonymous else (record.label,)
    exact = [named[1]] if named else []
    possible = (*exact, *(name for label in labels for name in beginnings(label)))
    structure = next((name for name in possible if name in designs), "")
    counted = int(number[1]) if number else None
    rest = labels[-1].removeprefix(structure)
    if counted is None and structure and re.fullmatch(r"[._-]\d+", rest):
        counted = int(rest[1:])
    design = (exact or [structure])[0] if structure else ""
    return Record(file, record.label or file.stem, record.chains, structure, design, counted)


def _examples(names: Iterable[str], most: int = 3) -> str:
    """The first of some names."""
    every = list(names)
    return ", ".join(every[:most]) + (", …" if len(every) > most else "")
