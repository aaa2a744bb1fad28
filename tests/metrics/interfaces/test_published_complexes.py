"""Interfaces beside the programs DockQ 2.1.3 and OpenStructure 2.9.3, on the same files."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from protdiff.metrics import score

from .made_complexes import pairs, write_pdb

pytestmark = pytest.mark.filterwarnings("ignore::protdiff.ProtdiffWarning")
HERE = Path(__file__).parent
DOCKQ, OPENSTRUCTURE = (
    json.loads((HERE / f"{name}.json").read_text()) for name in ("dockq", "openstructure")
)
#: Columns of an interface by the names that DockQ gives them.
NAMES = {
    "DockQ": "dockq", "iRMSD": "irmsd", "LRMSD": "lrmsd", "fnat": "fnat", "fnonnat": "fnonnat",
    "F1": "f1", "nat_total": "native_contacts", "nat_correct": "shared_contacts",
    "model_total": "model_contacts",
}  # fmt: skip


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Function from the name of a pair to its scores, from files."""
    folder = tmp_path_factory.mktemp("complexes")

    @cache
    def of(name):
        paths = folder / "model.pdb", folder / "reference.pdb"
        for atoms, path in zip(pairs()[name], paths, strict=True):
            write_pdb(atoms, path)
        return score(*paths, with_quality=False)

    return of


@pytest.mark.parametrize("name", DOCKQ)
def test_dockq_of_the_program(scored, name):
    found, expected = scored(name).interfaces, DOCKQ[name]
    assert {b: a for a, b in found.chains} == expected["mapping"]
    modelled = {
        frozenset(one.reference_chains): one for one in found.interfaces if one.model_chains
    }
    assert set(modelled) == set(map(frozenset, expected["interfaces"]))
    for key, values in expected["interfaces"].items():
        one = modelled[frozenset(key)]
        assert {one.model_chains, one.model_chains[::-1]} >= {(values["chain1"], values["chain2"])}
        for theirs, ours in NAMES.items():
            assert getattr(one, ours) == pytest.approx(values[theirs], abs=1e-4), (key, ours)
    # The program's mean is that of interfaces whose chains the model has.
    mean = np.mean([one.dockq for one in modelled.values()])
    assert mean == pytest.approx(expected["GlobalDockQ"], abs=1e-4)
    missing = len(found.interfaces) - len(modelled)
    assert found.row()["dockq"] == pytest.approx(mean * len(modelled) / (len(modelled) + missing))


@pytest.mark.parametrize("name", OPENSTRUCTURE)
def test_qs_score_of_openstructure(scored, name):
    found, expected = scored(name), OPENSTRUCTURE[name]
    row = found.row()
    if name == "one chain missing":
        # OpenStructure maps by lDDT, and takes the other one of two equal pairs.
        assert row["qs_best"] == pytest.approx(expected["qs_best"], abs=1e-4)
    else:
        assert {b: a for a, b in found.interfaces.chains} == expected["mapping"]
        for one in found.interfaces.interfaces:
            values = expected["qs_interfaces"]["".join(sorted(one.reference_chains))]
            assert (one.qs_best, one.qs_global) == pytest.approx(values, abs=1e-5)
    assert row["qs_global"] == pytest.approx(expected["qs_global"], abs=1e-4)
    assert row["ilddt"] == pytest.approx(expected["ilddt"], abs=2e-5)


@pytest.mark.parametrize("name", sorted(set(OPENSTRUCTURE) - {"apart"}))
def test_tm_score_of_us_align(scored, name):
    """US-align aligns by structure, which beside gaps and in displaced parts differs a little."""
    found, expected = scored(name), OPENSTRUCTURE[name]
    assert {b: a for a, b in found.chains} == expected["tm_mapping"]
    assert found.row()["tm_complex"] == pytest.approx(expected["tm"], abs=0.004)


def test_which_atoms_count(scored):
    assert scored("pose").row()["contact_atoms"] == "heavy"
    assert scored("backbone").row()["contact_atoms"] == "backbone"


def test_what_the_model_lacks_counts_zero_and_is_said(scored):
    found = scored("one chain missing")
    lacks = [one for one in found.interfaces.interfaces if one.model_chains is None]
    assert len(lacks) == 1
    assert lacks[0].dockq == lacks[0].fnat == lacks[0].qs_global == lacks[0].ilddt == 0
    assert np.isnan(lacks[0].irmsd) and lacks[0].row()["model_chain_1"] == ""
    assert found.row()["interfaces"] == 3 and found.row()["interfaces_modelled"] == 2
    assert "1 of 3 interfaces not modelled: DockQ 0 there" in found.warnings
    assert "model chain C not paired" in scored("one chain more").warnings
