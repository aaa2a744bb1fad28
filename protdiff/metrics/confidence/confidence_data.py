"""What the files of confidence beside a model hold, whichever predictor wrote them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..._system.arrays import read_array, read_arrays
from ..._system.reading import read_json_value, reason
from ..._system.words import in_brief

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from jaxtyping import Float

__all__ = ["ConfidenceData", "read_confidence_data"]

#: Names of one thing in different programs, the first that is there counts.
PLDDT = ("atom_plddts", "plddt", "confidenceScore")
PAE = ("pae", "predicted_aligned_error")
PTM, IPTM = ("ptm",), ("iptm",)
#: Versions 1 and 2 of the AlphaFold data base list the numbers of two residues, and their error.
LISTED = ("residue1", "residue2", "distance")
#: Of pairs of chains: AlphaFold 3 and OpenFold3, Boltz, Chai.
CHAIN_IPTM = ("chain_pair_iptm", "pair_chains_iptm", "per_chain_pair_iptm")
TOKEN_CHAINS = ("token_chain_ids",)
NAMES = (*PLDDT, *PAE, *PTM, *IPTM, *CHAIN_IPTM, *TOKEN_CHAINS)


class ConfidenceData(NamedTuple):
    """Confidence of a model in the units of its files; None or NaN for what they lack.

    Attributes
    ----------
    plddt : ndarray of float, shape (values,), or None
        By atom, token or residue: the number of values shows which.
    pae : ndarray of float, shape (tokens, tokens), or None
        Å; row: the token that is aligned.
    ptm, iptm : float
    chain_iptm : ndarray of float, shape (chains, chains), or None
        Chains in the order of the model, or of the labels.
    chain_labels : list of str or None
        Names of the chains, where the file has them, and perhaps not all.
    token_chains : list of str or None
        Chain of every token.
    files : tuple of Path
        Where it comes from, in the order in which they were read.
    plddt_file, pae_file, chain_file : Path or None
        Which of them has the arrays.
    """

    plddt: Float[np.ndarray, " values"] | None = None
    pae: Float[np.ndarray, "tokens tokens"] | None = None
    ptm: float = np.nan
    iptm: float = np.nan
    chain_iptm: Float[np.ndarray, "chains chains"] | None = None
    chain_labels: list[str] | None = None
    token_chains: list[str] | None = None
    files: tuple[Path, ...] = ()
    plddt_file: Path | None = None
    pae_file: Path | None = None
    chain_file: Path | None = None


def read_confidence_data(files: Sequence[Path]) -> ConfidenceData:
    """What some files hold together; the first that has something counts.

    Raises
    ------
    ValueError
        If one is damaged; the message names it.
    """
    data = ConfidenceData(files=tuple(files))
    for file in files:
        try:
            data = _with(data, file, _fields(file))
        except Exception as error:  # a damaged file raises errors of many kinds
            words = in_brief(reason(error) or type(error).__name__, 80)
            raise ValueError(
                f"{file}: damaged, or no confidence of a prediction ({words}); get a fresh copy, "
                "or leave it out with `confidence`"
            ) from None
    return data


def _fields(file: Path) -> Mapping[str, Any]:
    """Values of a file by name."""
    if file.suffix == ".npz":
        return read_arrays(file, NAMES)
    if file.suffix == ".npy":
        return {PAE[0]: read_array(file)}
    value = read_json_value(file)
    if isinstance(value, list) and len(value) == 1:  # as in the AlphaFold data base
        value = value[0]
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    if not value.keys() >= set(LISTED):
        return value
    return {PAE[0]: _listed_errors(*(value[name] for name in LISTED))}


def _listed_errors(first: Any, second: Any, errors: Any) -> Float[np.ndarray, "tokens tokens"]:
    """The matrix of errors that are listed with the numbers of their residues, from 1 on."""
    i, j = (_array(numbers, 1) for numbers in (first, second))
    listed = _array(errors, 1)
    size = int(np.sqrt(len(listed)))
    place = (i - 1) * size + j - 1
    if not (
        len(i) == len(j) == len(listed) == size**2
        and min(i.min(initial=1), j.min(initial=1)) >= 1
        and max(i.max(initial=0), j.max(initial=0)) <= size
        and np.array_equal(np.sort(place), np.arange(size**2))
    ):
        raise ValueError("not one error for every two residues")
    return listed[np.argsort(place)].reshape(size, size)


def _with(data: ConfidenceData, file: Path, fields: Mapping[str, Any]) -> ConfidenceData:
    """The data with what a file adds to it."""
    plddt, pae, chains, tokens = (_first(fields, n) for n in (PLDDT, PAE, CHAIN_IPTM, TOKEN_CHAINS))
    if data.plddt is None and plddt is not None:
        data = data._replace(plddt=_array(plddt, 1), plddt_file=file)
    if data.pae is None and pae is not None:
        square = _array(pae, 2)
        if square.shape[0] != square.shape[1]:
            raise ValueError("a matrix that is not square")
        data = data._replace(pae=square, pae_file=file)
    if data.token_chains is None and tokens is not None:
        data = data._replace(token_chains=[str(chain) for chain in tokens])
    if data.chain_iptm is None and chains is not None and len(chains):
        matrix, labels = _chain_matrix(chains)
        data = data._replace(chain_iptm=matrix, chain_labels=labels, chain_file=file)
    ptm, iptm = (_number(_first(fields, names)) for names in (PTM, IPTM))
    return data._replace(
        ptm=ptm if np.isnan(data.ptm) else data.ptm,
        iptm=iptm if np.isnan(data.iptm) else data.iptm,
    )


def _first(fields: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The value of the first name that is there."""
    return next((fields[name] for name in names if name in fields), None)


def _array(values: Any, ndim: int) -> Float[np.ndarray, "..."]:
    """Numbers; NaN for null. A leading axis of one, as of a batch, is left out."""
    array = np.asarray(values, dtype=np.float64)
    array = array[0] if array.ndim == ndim + 1 and len(array) == 1 else array
    if array.ndim != ndim:
        raise ValueError(f"numbers along {array.ndim} axes and not {ndim}")
    return array


def _number(value: Any) -> float:
    """A number, also of an array that has it alone; NaN for null, as for a single chain's ipTM."""
    return np.nan if value is None else float(np.ravel(value)[0])


def _chain_matrix(values: Any) -> tuple[Float[np.ndarray, "chains chains"], list[str] | None]:
    """ipTM of pairs of chains: as a matrix, by the numbers of two chains, or by a pair's name.

    The second is the names of the chains, of those that have some.
    """
    if not isinstance(values, dict):
        return _array(values, 2), None
    if all(isinstance(row, dict) for row in values.values()):
        numbers = list(values)
        return _array([[values[a].get(b) for b in numbers] for a in numbers], 2), None
    pairs = {tuple(re.findall(r"\w+", key)): _number(value) for key, value in values.items()}
    labels = list(dict.fromkeys(label for pair in pairs for label in pair))
    rows = [[pairs.get((a, b), pairs.get((b, a))) for b in labels] for a in labels]
    return _array(rows, 2), labels
