"""The oxygen of the last residue of a chain, which programs name in many ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..backbone import BACKBONE_ATOMS
from ..constants import LINK_BREAK
from .atoms import TERMINAL_OXYGENS, carbonyl_oxygen

if TYPE_CHECKING:
    from .atoms import Atoms

__all__ = ["with_carbonyl_oxygens"]


def with_carbonyl_oxygens(atoms: Atoms) -> Atoms:
    """Records with one oxygen per residue and conformation, called O.

    A terminal oxygen counts only near C (`LINK_BREAK`, 2.0 Å): side chains and modified residues
    have an O1 too.

    Parameters
    ----------
    atoms : Atoms
        Records of N, CA, C, O and terminal oxygens.

    Returns
    -------
    Atoms
        Records of N, CA, C and O.
    """
    terminal = np.all([atoms.name != name for name in BACKBONE_ATOMS], axis=0)
    if not terminal.any():
        return atoms
    keys = (
        atoms.chain_id, atoms.residue_number, atoms.insertion_code, atoms.residue_name, atoms.block,
    )  # fmt: skip
    begins = np.any([key[1:] != key[:-1] for key in keys], axis=0).nonzero()[0] + 1
    starts, stops = np.append(0, begins), np.append(begins, len(terminal))
    renamed = atoms.name.copy()
    for residue in np.unique(np.searchsorted(starts, terminal.nonzero()[0], "right") - 1).tolist():
        rows = range(starts[residue], stops[residue])
        by_conformation: dict[str, dict[str, int]] = {}
        for row in rows:
            by_conformation.setdefault(atoms.altloc[row], {})[atoms.name[row]] = row
        shared = by_conformation.get("", {})
        for own in by_conformation.values():
            oxygens = {name: row for name, row in own.items() if name in TERMINAL_OXYGENS}
            oxygen, carbon = carbonyl_oxygen(oxygens), (shared | own).get("C")
            if oxygen is None or carbon is None or "O" in shared or "O" in own:
                continue
            if np.linalg.norm(atoms.coord[oxygen] - atoms.coord[carbon]) < LINK_BREAK:
                renamed[oxygen] = "O"
    kept = ~np.isin(renamed, TERMINAL_OXYGENS)
    return type(atoms)(*(column[kept] for column in atoms._replace(name=renamed)))
