"""Sequences with the structures of their designs, and residues of motifs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.analysis.folding.records import Record
from protdiff.analysis.folding.targets import DesignFile, fitted, targets_of
from protdiff.structure.backbone import joined

FILE = Path("x.fa")
HEADER = "file,residue,input_chain,input_residue,residue_name\n"


def record(label, letters, design="", number=None):
    return Record(FILE, label, tuple(letters.split("/")), design, design, number)


def names(targets):
    return [(target.name, target.number) for target in targets]


def test_names_and_numbers_of_records(designs):
    numbered = [record(f"a_{k}", "A" * 30, "a", k) for k in (4, 2)]
    assert names(targets_of(numbered, [designs / "a.pdb"])) == [("a_4", 4), ("a_2", 2)]
    for other in (None, 4):
        group = [numbered[0], record("a best", "A" * 30, "a", other)]
        assert names(targets_of(group, [designs / "a.pdb"])) == [("a_4", 0), ("a_best", 1)]


@pytest.mark.parametrize("label", ["a", "T=0.1"])
def test_records_without_names_of_their_own(designs, label):
    """LigandMPNN repeats the name of the design, ProteinMPNN writes the temperature."""
    group = [record(label, "A" * 30, "a", k) for k in (1, 2)]
    assert names(targets_of(group, [designs / "a.pdb"])) == [("a_1", 1), ("a_2", 2)]


def test_records_without_names_for_designs_that_are_not_given(designs):
    """Three of equal names in a folder of ProteinMPNN, of which one design is not given."""
    group = [record("T=0.1", "A" * 30, number=k) for k in (1, 2, 3)]
    found = targets_of(group, [designs / "a.pdb"])
    assert [target.name for target in found] == ["x_1", "x_2", "x_3"]
    assert found[1].error == (
        "x.fa: record T=0.1, sample 2: no design of this name; give its structure, or correct "
        "the name"
    )


def test_one_record_that_is_called_like_its_design(designs):
    assert names(targets_of([record("a", "A" * 30, "a")], [designs / "a.pdb"])) == [("a", 0)]


def test_designs_whose_sequences_would_have_files_of_one_name(designs):
    given = [record("a+b_1", "A" * 30, "a+b", 1), record("a_b_1", "A" * 30, "a_b", 1)]
    with pytest.raises(ValueError, match=r"designs a\+b and a_b: .* would be called a_b_1; rename"):
        targets_of(given, [designs / "a.pdb"])


@pytest.mark.parametrize(
    ("letters", "design", "error"),
    [
        ("A" * 30, "", "x.fa: record r: no design of this name; give its structure, or"),
        ("A" * 29, "a", "x.fa: record r: has 29 residues, .*a.pdb has 30"),
        ("A" * 30, "pair", r"x.fa: record r: has 30 residues, .*pair.pdb has 30 \+ 30"),
        ("A" * 60, "pair", r"has chains of 60 residues, .*pair.pdb of 30 \+ 30"),
        ("A" * 29 + "-", "a", "record r: has '-', which is no residue type; take gaps out$"),
        ("A" * 29 + "B", "a", "has 'B', which is no residue type; write X for a residue of any"),
        ("", "a", "record r: has 0 residues"),
        ("AAAA", "bad", "bad.pdb: "),
    ],
)
def test_what_does_not_belong_together(designs, letters, design, error):
    (designs / "bad.pdb").write_text("nothing\n")
    files = sorted(designs.glob("*.pdb"))
    [target] = fitted(targets_of([record("r", letters, design)], files))
    assert target.error and len(target.error.splitlines()) == 1
    with pytest.raises(AssertionError, match=error):
        raise AssertionError(target.error)


def test_unknown_letters_may_be_folded(designs):
    [target] = fitted(targets_of([record("r", "X" * 30, "a")], [designs / "a.pdb"]))
    assert not target.error and target.letters == "X" * 30


def test_residues_of_a_motif(designs):
    (designs / "residues.csv").write_text(
        HEADER + "a.pdb,3,A,53,ASN\na.pdb,4,A,54,PRO\na_1.pdb,1,B,7A,GLY\nother.pdb,9,A,1,GLY\n"
    )
    assert np.flatnonzero(DesignFile(designs / "a.pdb").motif).tolist() == [2, 3]
    assert np.flatnonzero(DesignFile(designs / "a_1.pdb").motif).tolist() == [0]
    assert DesignFile(designs / "pair.pdb").motif is None


def test_a_motif_is_in_every_symmetric_copy(designs):
    (designs / "residues.csv").write_text(HEADER + "pair.pdb,3,A,53,ASN\n")
    assert np.flatnonzero(DesignFile(designs / "pair.pdb").motif).tolist() == [2, 32]


def test_a_redesign_in_one_chain_of_a_complex(designs, chain):
    short = replace(chain[:12], chain_ids=["B"] * 12)
    protdiff.write(joined([chain, short]), designs / "complex.pdb")
    (designs / "residues.csv").write_text(HEADER + "complex.pdb,3,B,53,ASN\n")
    assert np.flatnonzero(DesignFile(designs / "complex.pdb").motif).tolist() == [32]


def test_a_redesign_in_one_of_two_equal_chains(designs, chain):
    """They had one shape before, and are no symmetric copies any more."""
    coords = chain.coords[:30].copy()
    coords[3:9] += np.linspace(0, 3, 6)[:, None, None]
    pair = [replace(chain[:30], coords=coords), replace(chain[:30], chain_ids=["B"] * 30)]
    protdiff.write(joined(pair), designs / "dimer.pdb")
    (designs / "residues.csv").write_text(HEADER + "dimer.pdb,3,A,53,ASN\n")
    assert np.flatnonzero(DesignFile(designs / "dimer.pdb").motif).tolist() == [2]


@pytest.mark.parametrize("text", ["", "file,residue\na.pdb,x\n", "file\na.pdb\n"])
def test_a_damaged_table(designs, text):
    (designs / "residues.csv").write_text(text)
    file = DesignFile(designs / "a.pdb")
    if not text:
        assert file.motif is None
        return
    with pytest.raises(ValueError, match=r"residues\.csv: not as protdiff generate writes it"):
        assert file.motif
