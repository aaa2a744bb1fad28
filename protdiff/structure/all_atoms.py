"""All atoms of a structure file beside its backbone: side chains, nucleic acids, ligands, water."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    from biotite.structure import AtomArray
    from jaxtyping import Int

    from .backbone import Backbone

__all__ = ["Structure"]


class Structure(NamedTuple):
    """A backbone, and all atoms of its file.

    Attributes
    ----------
    backbone : Backbone
        What `read` returns without ``atoms="all"``.
    atoms : AtomArray
        Of biotite. First the atoms of the residues of the backbone, in its order, with its chain
        ids, numbers and insertion codes; then all others, in the order of the file. Residue names
        are those of the file (MSE stays MSE). Besides the annotations that biotite always has,
        ``b_factor`` and ``occupancy``, NaN where they are no numbers.
    residue : ndarray of int, shape (atoms,)
        Residue of the backbone that each atom belongs to; -1 for nucleic acids, ligands and water.

    Examples
    --------
    >>> import protdiff
    >>> backbone, atoms, residue = protdiff.read("data/examples/1tpk.pdb", atoms="all")
    >>> str(backbone.residue_names[1]), atoms.atom_name[residue == 1].tolist()
    ('ASN', ['N', 'CA', 'C', 'O', 'CB', 'CG', 'OD1', 'ND2'])
    """

    backbone: Backbone
    atoms: AtomArray
    residue: Int[np.ndarray, " atoms"]

    @property
    def others(self) -> AtomArray:
        """Atoms that are of no residue of the backbone."""
        return cast("AtomArray", self.atoms[self.residue < 0])

    def of_chains(self, names: str | Collection[str]) -> Structure:
        """The residues of a chain or of some, and all atoms with these ids.

        Raises
        ------
        ValueError
            If there is no such chain.

        Examples
        --------
        >>> import protdiff
        >>> complex = protdiff.read("data/examples/3nzd.cif", atoms="all")
        >>> complex.of_chains(complex.backbone.chains[:1]).backbone.chains
        ('A',)
        """
        import numpy as np

        wanted = [names] if isinstance(names, str) else list(names)
        chain_ids = self.atoms.get_annotation("chain_id")
        present = dict.fromkeys([*self.backbone.chains, *chain_ids.tolist()])
        if missing := [name for name in wanted if name not in present]:
            listed = ", ".join(map(repr, present)) or "none"
            raise ValueError(f"no chain {missing[0]!r}; chains present: {listed}")
        rows = np.isin(self.backbone.chain_ids, wanted)
        kept = np.isin(chain_ids, wanted)
        kept[self.residue >= 0] = rows[self.residue[self.residue >= 0]]
        number = np.where(rows, np.cumsum(rows) - 1, -1)
        residue = np.where(self.residue >= 0, number[self.residue], -1)
        return Structure(self.backbone[rows], cast("AtomArray", self.atoms[kept]), residue[kept])
