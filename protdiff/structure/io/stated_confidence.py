"""What a structure file itself says of its confidence: pLDDT by residue, or what B-factors are."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .bcif import unpacked
from .content import explained, read_bytes
from .encoding import decoded
from .members import as_path, path_text
from .numbers import real_numbers
from .residue_names import standard_names

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from jaxtyping import Float, Int, Shaped

    from ..backbone import Backbone

    Column = Callable[[str, str], Shaped[np.ndarray, "rows"]]

__all__ = ["StatedConfidence", "stated_confidence"]

#: Tables of mmCIF for confidences, and their columns.
METRICS, VALUES = "ma_qa_metric", "ma_qa_metric_local"
TABLES = {
    METRICS: ("id", "name", "type", "mode"),
    VALUES: ("metric_id", "label_asym_id", "label_seq_id", "label_comp_id", "metric_value"),
}
#: The table of atoms; columns with the model that a value, and an atom, belongs to; what authors
#: call a residue, and its labels.
ATOMS = "atom_site"
OF_MODEL = {VALUES: "model_id", ATOMS: "pdbx_PDB_model_num"}
AUTHOR, LABEL = ("auth_asym_id", "auth_seq_id", "pdbx_PDB_ins_code"), TABLES[VALUES][1:3]
MARK = VALUES.encode()
#: What mmCIF has in place of a value that does not apply, or is not known.
BLANK = (".", "?")
#: Titles by which a predictor says that its PDB file is a prediction, as those of the AlphaFold
#: data base and of the ESM atlas. That of an experiment may name a predictor, too.
TITLE = re.compile(
    rb"^TITLE.*\b(ALPHAFOLD|COLABFOLD|ESMFOLD|OPENFOLD|BOLTZ|CHAI)\b.*\bPREDICTION\b",
    re.MULTILINE | re.IGNORECASE,
)
#: An experiment, and a record that ESMFold and OpenFold write in front of the atoms. CASP has it,
#: too, with another one in front; its B-factors are errors in Å, or pLDDT.
EXPERIMENT = re.compile(rb"^EXPDTA    (?!.*THEORETICAL)", re.MULTILINE)
PARENT, CASP = re.compile(rb"^PARENT ", re.MULTILINE), re.compile(rb"^PFRMAT ", re.MULTILINE)


class StatedConfidence(NamedTuple):
    """What a file says of its confidence.

    Attributes
    ----------
    plddt : ndarray of float, shape (residues,), or None
        Values by residue of the backbone, as they are in the file; NaN where it has none.
    b_factors : bool
        Whether it says that its B-factors are pLDDT.
    misfit : bool
        Whether it has values that do not fit its residues.
    """

    plddt: Float[np.ndarray, " residues"] | None = None
    b_factors: bool = False
    misfit: bool = False


def stated_confidence(path: str | os.PathLike[str], backbone: Backbone) -> StatedConfidence:
    """What a structure file says of its confidence.

    mmCIF and BinaryCIF have a table of local quality metrics (ModelCIF, `ma_qa_metric_local`);
    PDB files of predictors have a title, or the record PARENT.

    Parameters
    ----------
    path : str or os.PathLike
    backbone : Backbone
        What `read` returns for it.

    Raises
    ------
    FileError
        If it cannot be read, or these tables are damaged.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.structure.io.stated_confidence import stated_confidence
    >>> path = "data/examples/3nzd.cif"
    >>> stated_confidence(path, protdiff.read(path))  # an experiment
    StatedConfidence(plddt=None, b_factors=False, misfit=False)
    """
    content, kind = read_bytes(as_path(path))
    if kind == "PDB":
        head = content[: max(content.find(b"\nATOM  "), 0)]
        known = TITLE.search(head) or (PARENT.search(head) and not CASP.search(head))
        return StatedConfidence(b_factors=bool(known) and not EXPERIMENT.search(head))
    if MARK not in content:
        return StatedConfidence()
    with explained(path_text(path), kind):
        column = _cif_column(content) if kind == "mmCIF" else _bcif_column(content)
        return _of_tables(column, backbone)


def _cif_column(content: bytes) -> Column:
    """Function that returns a column of a table of an mmCIF file."""
    from biotite.structure.io.pdbx import CIFFile

    block = CIFFile.read(io.StringIO(decoded(content))).block
    return lambda table, name: block[table][name].as_array(str)


def _bcif_column(content: bytes) -> Column:
    """The same of a BinaryCIF file."""
    wanted = TABLES | {ATOMS: tuple(name.lower() for name in (*AUTHOR, *LABEL))}
    wanted = {name: (*wanted[name], OF_MODEL.get(name, "").lower()) for name in wanted}
    block: Any = unpacked(content, wanted).block
    return lambda table, name: block[table][name].as_array(str)


def _of_tables(column: Column, backbone: Backbone) -> StatedConfidence:
    """pLDDT of the residues by the tables of a file."""
    try:
        kinds = zip(*(column(METRICS, name) for name in TABLES[METRICS]), strict=True)
        plddt = [key for key, *words, mode in kinds if mode == "local" and _is_plddt(words)]
        metric, chain, number, name, value = (column(VALUES, name) for name in TABLES[VALUES])
    except KeyError:  # no such table, or one without these columns
        return StatedConfidence()
    rows = _of_first_model(column, np.flatnonzero(np.isin(metric, plddt)))
    values = real_numbers(np.where(np.isin(value, BLANK), "", value), np.nan)
    if not len(rows):
        return StatedConfidence()
    keys = zip(chain[rows].tolist(), number[rows].tolist(), strict=True)
    of_place: dict[tuple[str, ...], int] = dict(zip(keys, rows.tolist(), strict=True))
    labels = _labels(column)
    called = zip(
        backbone.chain_ids.tolist(), backbone.residue_numbers.astype(str).tolist(),
        backbone.insertion_codes.tolist(), strict=True,
    )  # fmt: skip
    found = [of_place.get(labels.get(key, (key[0], key[1] + key[2])), -1) for key in called]
    if -1 in found:  # chains or residues have other names than in the file
        polymer = rows[~np.isin(number[rows], BLANK)]
        names = standard_names(name[polymer].tolist(), [True] * len(polymer))
        if np.array_equal(names, backbone.residue_names):
            found = polymer.tolist()
    if -1 in found:
        return StatedConfidence(misfit=True)
    return StatedConfidence(values[found])


def _labels(column: Column) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Labels of chain and residue by what authors call them; of none if atoms lack a column."""
    try:
        parts = [column(ATOMS, name) for name in (*AUTHOR[:2], *LABEL)]
    except KeyError:
        return {}
    try:
        codes = column(ATOMS, AUTHOR[2])
    except KeyError:
        codes = np.full(len(parts[0]), "")
    parts.insert(2, np.where(np.isin(codes, BLANK), "", codes))
    rows = zip(*(part.tolist() for part in parts), strict=True)
    return {row[:3]: row[3:] for row in rows}


def _of_first_model(
    column: Column, rows: Int[np.ndarray, " values"]
) -> Int[np.ndarray, " first_model"]:
    """Rows of the values of the first model, if the table says of which model they are."""
    try:
        models = column(VALUES, OF_MODEL[VALUES])
    except KeyError:
        return rows
    try:
        first = column(ATOMS, OF_MODEL[ATOMS])[:1]
    except KeyError:
        first = models[rows[:1]]
    # Programs that number the models otherwise in the two tables have them in one order.
    own = rows[np.isin(models[rows], first)]
    return own if len(own) else rows[np.isin(models[rows], models[rows[:1]])]


def _is_plddt(words: list[str]) -> bool:
    """Whether name or type of a metric is pLDDT."""
    return any("plddt" in word.lower() for word in words)
