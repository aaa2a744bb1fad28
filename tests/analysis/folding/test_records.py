"""FASTA files of several programs, and the designs that their records belong to."""

import json
from pathlib import Path

import pytest

from protdiff import ProtdiffWarning
from protdiff.analysis.folding.records import design_files, own_name, read_records

MPNN = """\
>bb_7, score=1.9, global_score=1.9, designed_chains=['A'], model_name=v_48_020, seed=37
GGGG
>T=0.1, sample=1, score=0.8, global_score=0.8, seq_recovery=0.41
MKEL
>T=0.1, sample=2, score=0.9, global_score=0.9, seq_recovery=0.38
MSEE
"""
LIGAND_MPNN = """\
>bb_7, T=0.1, seed=111, num_res=4, num_ligand_res=0, use_ligand_context=True, batch_size=1
GGGG
>bb_7, id=1, T=0.1, seed=111, overall_confidence=0.3751, ligand_confidence=0.3751, seq_rec=0.5
MKEL
>bb_7, id=2, T=0.1, seed=111, overall_confidence=0.3621, ligand_confidence=0.3621, seq_rec=0.5
MSEE
"""


def found(source, *designs):
    return [(r.design, r.number, "/".join(r.chains)) for r in read_records(source, designs)]


def test_protdiff_design(tmp_path):
    text = ">bb_7_1 design=bb_7 number=1 nats=1.6 seed=0\nMK/EL\n>bb_7_0 design=bb number=3\nM\n"
    (tmp_path / "sequences.fasta").write_text(text)
    (tmp_path / "other.fasta").write_text(">bb\nMK\n")
    expected = [("bb_7", 1, "MK/EL"), ("bb", 3, "M")]
    assert found(tmp_path, "bb", "bb_7") == expected
    assert found(tmp_path / "sequences.fasta", "bb", "bb_7") == expected


@pytest.mark.parametrize("text", [MPNN, MPNN.replace("T=0.1", "T=1e-06"), LIGAND_MPNN])
@pytest.mark.parametrize("folder", ["", "seqs"])
def test_mpnn(tmp_path, text, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "bb_7.fa").write_text(text)
    with pytest.warns(ProtdiffWarning, match="1 record of input structures left out"):
        assert found(tmp_path, "bb", "bb_7") == [("bb_7", 1, "MKEL"), ("bb_7", 2, "MSEE")]


def test_files_of_mpnn_in_one(tmp_path):
    """Records without names follow that of the structure that they are for."""
    (tmp_path / "bb.fa").write_text(MPNN + MPNN.replace("bb_7", "bb_8").replace("KEL", "KLE"))
    with pytest.warns(ProtdiffWarning, match="2 records of input structures left out"):
        assert found(tmp_path, "bb", "bb_7", "bb_8") == [
            ("bb_7", 1, "MKEL"), ("bb_7", 2, "MSEE"), ("bb_8", 1, "MKLE"), ("bb_8", 2, "MSEE"),
        ]  # fmt: skip


def test_names_that_begin_with_that_of_the_design(tmp_path):
    (tmp_path / "x.fa").write_text(">bb_7_2\nMK\n>bb_7.best\nEL\n>bb_71\nGS\n>bb_7\nAA\n")
    assert found(tmp_path / "x.fa", "bb", "bb_7") == [
        ("bb_7", 2, "MK"), ("bb_7", None, "EL"), ("bb", 71, "GS"), ("bb_7", None, "AA"),
    ]  # fmt: skip


def test_copies_of_protdiff_design_as_designs(tmp_path):
    """The copies bb_0.pdb, … stand for bb.pdb if that is not given."""
    (tmp_path / "x.fa").write_text(">bb_0 design=bb number=0\nMK\n>bb_1 design=bb number=1\nML\n")
    assert found(tmp_path / "x.fa", "bb_0", "bb_1") == [("bb", 0, "MK"), ("bb", 1, "ML")]
    records = read_records(tmp_path / "x.fa", ["bb_0", "bb_1"])
    assert [record.structure for record in records] == ["bb_0", "bb_1"]


def test_nothing_belongs_together(tmp_path):
    (tmp_path / "x.fa").write_text(">u\nMK\n>v\nMK\n>w\nMK\n>x\nMK\n")
    message = (
        r"x.fa: no record \(u, v, w, …\) is called after a design \(a, b\); let the name of a "
        "record begin with that of its design$"
    )
    with pytest.raises(ValueError, match=message):
        read_records(tmp_path / "x.fa", ["a", "b"])


def test_records_without_names_in_a_file_of_another_name(tmp_path):
    """All that ProteinMPNN draws is called T=0.1; the name of the file says what it is for."""
    (tmp_path / "mpnn.fa").write_text(">T=0.1, sample=1\nMKEL\n>T=0.1, sample=2\nMSEE\n")
    message = (
        r"mpnn.fa: no record \(T=0.1\) is called after a design \(bb_7\); call the file after its "
        r"design, as ProteinMPNN does \(bb_7.fa\)$"
    )
    with pytest.raises(ValueError, match=message):
        read_records(tmp_path / "mpnn.fa", ["bb_7"])


@pytest.mark.parametrize(
    ("name", "message"),
    [("absent", "absent: no such file or folder"), (".", r"no FASTA files \(.fasta, .fa, .faa\)")],
)
def test_no_fasta(tmp_path, name, message):
    with pytest.raises(ValueError, match=message):
        read_records(tmp_path / name, ["a"])


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return path


def test_results_of_protdiff_are_no_designs(tmp_path):
    mine = touch(tmp_path / "d" / "a b.pdb")
    deep = touch(tmp_path / "d" / "models" / "c.cif")
    copy = touch(tmp_path / "d" / "sequences" / "structures" / "a_b_0.pdb")
    older = touch(tmp_path / "d" / "older" / "folds" / "a_b_0" / "a_b_0.pdb")
    for folder, format in (("sequences", "protdiff-sequences-1"), ("older", "protdiff-check-1")):
        (tmp_path / "d" / folder / "options.json").write_text(json.dumps({"format": format}))
    out = tmp_path / "d" / "checked"
    touch(out / "models" / "a_b_0.pdb")
    assert design_files([str(tmp_path / "d")], out) == [mine, deep]
    assert design_files([str(copy.parent)], out) == design_files([str(copy)]) == [copy]
    assert design_files([str(tmp_path / "d" / "older")], out) == [older]
    assert own_name(mine) == "a_b"
    with pytest.raises(ValueError, match="no structure files but results of protdiff"):
        design_files([str(out)], out)


def test_results_may_go_to_where_the_designs_are(tmp_path):
    mine = touch(tmp_path / "a.pdb")
    touch(tmp_path / "models" / "a_0.pdb")
    assert design_files([str(tmp_path)], tmp_path) == [mine]
    assert design_files([str(mine)], tmp_path.parent) == [mine]


def test_two_designs_of_one_name(tmp_path):
    paths = [str(touch(tmp_path / folder / "a.pdb")) for folder in "xy"]
    with pytest.raises(ValueError, match=r"two designs are called a: .*; rename one of them"):
        design_files(paths)
    assert design_files([paths[0], str(Path(paths[0]).parent)]) == [Path(paths[0])]
