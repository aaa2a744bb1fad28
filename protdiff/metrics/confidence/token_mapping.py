"""Which token, and which atom, of a predictor belongs to each residue of the backbone."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Int, Shaped

    from ...structure.io.file_residues import FileResidues
    from .confidence_data import ConfidenceData

__all__ = ["TokenMapping"]


class TokenMapping:
    """Tokens and atoms of the residues of a model.

    A standard residue is one token; of a modified residue and of a ligand every atom is one, as in
    AlphaFold 3, Boltz and OpenFold3. Tokens and atoms are in the order of the structure file.

    Parameters
    ----------
    residues : FileResidues
    length : int
        Residues of the backbone.
    """

    def __init__(self, residues: FileResidues, length: int) -> None:
        self.residues = residues
        self.place = np.full(length, -1)
        protein = np.flatnonzero(residues.residue >= 0)
        self.place[residues.residue[protein[::-1]]] = protein[::-1]

    @property
    def tokens(self) -> int:
        """Tokens of the model."""
        return int(self.residues.tokens.sum())

    @property
    def atoms(self) -> int:
        """Atoms of the model."""
        return int(self.residues.atoms.sum())

    @cached_property
    def beta_coords(self) -> Float[np.ndarray, "residues 3"]:
        """Coordinates of the CB of every residue."""
        return self.residues.beta_coords[self.place]

    @cached_property
    def _alpha_token(self) -> Int[np.ndarray, " residues"]:
        """Token of the CA of every residue."""
        tokens = self.residues.tokens
        inside = np.where(self.residues.standard, 0, np.maximum(self.residues.alpha, 0))
        return (tokens.cumsum() - tokens + inside)[self.place]

    def fitting(self, data: ConfidenceData, warnings: list[str]) -> ConfidenceData:
        """The data if they are those of this model; else none of them, and a warning more."""
        chains = len(set(self.residues.chain.tolist()))
        problem = ""
        if data.pae is not None and len(data.pae) != self.tokens:
            problem = _differ(data.pae_file, "tokens", len(data.pae), self.tokens)
        elif data.plddt is not None and len(data.plddt) not in (self.tokens, self.atoms):
            problem = _differ(data.plddt_file, "values of pLDDT", len(data.plddt), self.tokens)
        elif data.chain_iptm is not None and (
            data.chain_labels is None and len(data.chain_iptm) != chains
        ):
            problem = _differ(data.chain_file, "chains", len(data.chain_iptm), chains)
        elif data.token_chains is not None and _runs(data.token_chains) != self._chain_tokens():
            problem = f"{data.files[0].name} is of another model: its chains have other lengths"
        if not problem:
            return data
        warnings.append(f"{problem}, so its confidence is left out")
        return type(data)(files=())

    def _chain_tokens(self) -> list[int]:
        """Tokens of the chains, in order."""
        return _runs(np.repeat(self.residues.chain, self.residues.tokens).tolist())

    def plddt(
        self, values: Float[np.ndarray, " values"]
    ) -> tuple[Float[np.ndarray, " residues"], Float[np.ndarray, " residues"]]:
        """pLDDT of every residue, and of its CB, from values by token or by atom.

        Of a residue with several values it is the mean over its atoms, as AlphaFold 3 writes it.
        """
        found = self.residues
        by_atom = len(values) == self.atoms and len(values) != self.tokens
        counts = found.atoms if by_atom else found.tokens
        starts = counts.cumsum() - counts
        means = (np.add.reduceat(values, starts) / counts)[self.place]
        beta = np.where(found.beta >= 0, found.beta, np.maximum(found.alpha, 0))
        if by_atom:
            return means, values[(starts + beta)[self.place]]
        return means, values[self._alpha_token]

    def pae(
        self, values: Float[np.ndarray, "tokens tokens"]
    ) -> Float[np.ndarray, "residues residues"]:
        """Predicted aligned error of the CA of all pairs of residues."""
        return values[np.ix_(self._alpha_token, self._alpha_token)]

    def chain_places(self, chain_ids: Shaped[np.ndarray, " residues"]) -> dict[str, int]:
        """Place of every protein chain among all chains of the model, with ligands."""
        order = {label: k for k, label in enumerate(dict.fromkeys(self.residues.chain.tolist()))}
        labels = self.residues.chain[self.place].tolist()
        return {
            chain: order[label]
            for chain, label in zip(chain_ids.tolist()[::-1], labels[::-1], strict=True)
        }


def _runs(labels: Sequence[str]) -> list[int]:
    """How often each label comes in a row."""
    return [len(list(run)) for _, run in groupby(labels)]


def _differ(file: object, what: str, count: int, expected: int) -> str:
    name = getattr(file, "name", "")
    return f"{name} is of another model: {count} {what}, where this one has {expected}"
