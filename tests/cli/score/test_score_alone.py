"""`protdiff score --chain` without a reference: chains as if they were alone."""

import numpy as np
import pytest

import protdiff
from protdiff.structure.backbone import Backbone

from .helpers import EXAMPLES, rows_of


@pytest.fixture
def binder(tmp_path):
    """A file of a chain A and a target B that touch, and the chain A in a file of its own."""
    new = protdiff.read(EXAMPLES / "1a8o.pdb.gz")
    target = protdiff.read(EXAMPLES / "1tpk.pdb")[:60]
    b_factors = np.append(np.linspace(85, 95, len(new)), np.linspace(40, 60, len(target)))
    names = np.repeat(["A", "B"], [len(new), len(target)])
    both = Backbone(
        np.concatenate([new.coords, target.coords + new.ca.mean(0) - target.ca.mean(0)]),
        *(np.concatenate([getattr(new, f), getattr(target, f)]) for f in ("mask", "residue_names")),
        names,
        *(
            np.concatenate([getattr(new, f), getattr(target, f)])
            for f in ("residue_numbers", "insertion_codes")
        ),
        b_factors=b_factors,
    )
    protdiff.write(both, tmp_path / "both.pdb")
    protdiff.write(both[names == "A"], tmp_path / "alone.pdb")
    return tmp_path


@pytest.mark.parametrize("atoms", ["all", "backbone"])
def test_a_chain_is_scored_as_if_alone(run, binder, atoms):
    options = ("--atoms", atoms, "--plddt", "bfactor")
    found = {}
    for name, chain in (("both", ("--chain", "A")), ("alone", ()), ("both", ())):
        out = binder / f"{name}{len(chain)}.csv"
        code, _, err = run(binder / f"{name}.pdb", "--out", out, *options, *chain)
        assert code == 0, err
        [found[name, len(chain)]] = rows_of(out)
    chosen, alone, whole = found["both", 2], found["alone", 0], found["both", 0]
    assert chosen.pop("chains") == "A" and chosen["plddt"] == pytest.approx(90, abs=0.01)
    assert chosen.pop("model") != alone.pop("model")
    assert chosen == alone and chosen["residues"] < whole["residues"]


def test_chains_that_are_not_there(run, binder):
    code, _, err = run(binder / "both.pdb", "--chain", "A,Z", "--out", binder / "x.csv")
    assert code == 1 and "no chain 'Z' in the model; it has A, B" in err
    code, *_ = run(binder / "both.pdb", "--chain", "B,A", "--out", binder / "x.csv")
    assert code == 0 and rows_of(binder / "x.csv")[0]["chains"] == "B,A"


def test_ligands_of_a_chain_go_with_it():
    structure = protdiff.read(EXAMPLES / "1lcd.pdb", atoms="all", model=1)
    part = structure.of_chains(structure.backbone.chains)
    assert part.backbone.chains == structure.backbone.chains
    ids = set(structure.others.chain_id.tolist()) - set(structure.backbone.chains)
    assert ids and not ids & set(part.atoms.chain_id.tolist())
    for k in (0, len(part.backbone) - 1):
        names = part.atoms.res_name[part.residue == k].tolist()
        assert set(names) == {str(part.backbone.residue_names[k])}
