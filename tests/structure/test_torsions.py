"""Ramachandran regions, looked up cell by cell."""

import numpy as np

import protdiff
from protdiff.structure.torsions import ramachandran, torsions

from ..conftest import ROOT


def test_ramachandran_looks_up_the_right_cell_and_class():
    one = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb")
    link = np.ones(len(one) - 1, dtype=bool)
    link[30] = False
    phi, psi = torsions(one, link)
    with np.load(ROOT / "data" / "ramachandran.npz") as data:
        region, classes = data["region"], data["classes"].tolist()
    found, bins = ramachandran(one, link), region.shape[1]
    for i, name in enumerate(one.residue_names.tolist()):
        if i in (0, 30, 31, len(one) - 1):
            assert found[i] == -1 and np.isnan(phi[i]) and np.isnan(psi[i])
            continue
        kind = {"GLY": "glycine", "PRO": "proline"}.get(name)
        if kind is None:
            kind = "preproline" if one.residue_names[i + 1] == "PRO" else "general"
        cell = (int((angle + 180) // (360 / bins)) % bins for angle in (phi[i], psi[i]))
        assert found[i] == region[(classes.index(kind), *cell)]
