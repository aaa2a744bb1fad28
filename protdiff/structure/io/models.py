"""Models of structure files, whatever tells them apart in their formats."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from ..._system.notices import warn
from ..._system.words import counted
from .atoms import FileError
from .mmcif import parse_bcif, parse_cif
from .pdb import parse_pdb
from .repeats import separated

if TYPE_CHECKING:
    from .atoms import Atoms, ParsedFile

__all__ = ["Models"]

PARSERS = {"PDB": parse_pdb, "mmCIF": parse_cif, "BinaryCIF": parse_bcif}
#: Those that read the elements of atoms when that is wanted.
PARSERS_OF_ALL = PARSERS | {"mmCIF": partial(parse_cif, elements=True)}


@dataclass(frozen=True)
class Models:
    """Models of the content of a file.

    Parameters
    ----------
    parsed : ParsedFile
    """

    parsed: ParsedFile

    @staticmethod
    def of(content: bytes, kind: str, all_atoms: bool = False) -> Models:
        """Models of content in a format: "PDB", "mmCIF" or "BinaryCIF".

        `everything` needs `all_atoms`.
        """
        return Models((PARSERS_OF_ALL if all_atoms else PARSERS)[kind](content))

    @cached_property
    def _unmarked(self) -> list[Atoms]:
        """The models of a file without marks between them."""
        models = _separated(self.parsed.atoms(1))
        if len(models) > 1:
            warn(f"residue numbers begin anew in the same place; read as {len(models)} models")
        return models

    def __len__(self) -> int:
        return self.parsed.count if self.parsed.count > 1 else len(self._unmarked)

    def atoms(self, model: int) -> Atoms:
        """Records of one model, counted from 1; FileError if it is not there."""
        count = len(self)
        if not 1 <= model <= count:
            has = "1 model, choose 1" if count == 1 else f"{count} models, choose 1 to {count}"
            raise FileError(f"no model {model}: the file has {has}")
        if self.parsed.count == 1:
            return self._unmarked[model - 1]
        first, *others = _separated(self.parsed.atoms(model))
        if others:
            warn(
                f"model {model} repeats itself {counted(len(others), 'time')}; the first time is "
                "taken"
            )
        return first

    def everything(self, model: int, atoms: Atoms) -> Atoms:
        """All records of the model whose backbone records are `atoms`.

        Those of a side chain, of water and of ligands are of the model of the backbone record
        before them, where nothing but the backbone tells models apart.
        """
        records = self.parsed.everything(model if self.parsed.count > 1 else 1)
        named = np.isin(records.record, self.parsed.backbone)
        own = np.isin(records.record, atoms.record)
        if (named & ~own).any():
            before = np.maximum.accumulate(np.where(named, np.arange(len(named)), -1))
            own = own[np.where(before < 0, named.argmax(), before)]
            records = type(records)(*(column[own] for column in records))
        return _without_placeholders(records)


def _separated(atoms: Atoms) -> list[Atoms]:
    with np.errstate(invalid="ignore"):  # distances of coordinates that are no numbers
        return separated(_without_placeholders(atoms))


def _without_placeholders(atoms: Atoms) -> Atoms:
    """Records with NaN for coordinates of 0, 0, 0 that stand for unknown ones.

    Those of different atoms cannot be equal, so if several atoms are there, none is.
    """
    origin = (atoms.coord == 0).all(axis=1)
    if not origin.any():
        return atoms
    columns = (atoms.chain_id, atoms.residue_number, atoms.insertion_code, atoms.name)
    if len(set(zip(*(column[origin].tolist() for column in columns), strict=True))) < 2:
        return atoms
    return atoms._replace(coord=np.where(origin[:, None], np.nan, atoms.coord))
