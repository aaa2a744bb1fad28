"""FASTA files as each program wants them."""

from string import ascii_uppercase

import pytest

from protdiff.analysis.folding.fold_inputs import write_inputs
from protdiff.analysis.folding.targets import Target

ONE = Target("d_1", "d", 1, ("MKEL",))
PAIR = Target("e_0", "e", 0, ("MKEL", "GSH"))


def written(targets, folder, format):
    path = write_inputs(targets, folder, format)
    files = {p.name: p.read_text() for p in folder.iterdir()}
    return ("folder" if path == folder else path.name), files


def test_one_file_for_all(tmp_path):
    text = ">d_1\nMKEL\n>e_0\nMKEL:GSH\n"
    expected = ("sequences.fasta", {"sequences.fasta": text})
    assert written([ONE, PAIR], tmp_path / "new", "plain") == expected


def test_one_target_is_called_by_its_name(tmp_path):
    assert written([ONE], tmp_path, "plain") == ("d_1.fasta", {"d_1.fasta": ">d_1\nMKEL\n"})


def test_boltz_without_alignment(tmp_path):
    """https://github.com/jwohlwend/boltz, docs/prediction.md: ``empty`` for single sequences."""
    text = ">A|protein|empty\nMKEL\n>B|protein|empty\nGSH\n"
    assert written([PAIR], tmp_path, "boltz") == ("e_0.fasta", {"e_0.fasta": text})


def test_boltz_in_yaml(tmp_path):
    text = (
        "version: 1\nsequences:\n"
        '  - protein:\n      id: "A"\n      sequence: "MKEL"\n      msa: empty\n'
        '  - protein:\n      id: "B"\n      sequence: "GSH"\n      msa: empty\n'
    )
    assert written([PAIR], tmp_path, "boltz-yaml") == ("e_0.yaml", {"e_0.yaml": text})
    text = text.replace("      msa: empty\n", "")
    (tmp_path / "e_0.yaml").unlink()
    assert written([PAIR], tmp_path, "boltz-yaml-server") == ("e_0.yaml", {"e_0.yaml": text})


def test_letters_that_yaml_would_take_for_something_else(tmp_path):
    """Without quotes N and NO are false to YAML, and Y is true."""
    yaml = pytest.importorskip("yaml")
    many = Target("m", "m", 0, ("NO",) * 26)
    write_inputs([many], tmp_path, "boltz-yaml")
    read = yaml.safe_load((tmp_path / "m.yaml").read_text())
    parts = [part["protein"] for part in read["sequences"]]
    assert "".join(part["id"] for part in parts) == ascii_uppercase
    assert {part["sequence"] for part in parts} == {"NO"} and parts[0]["msa"] == "empty"


def test_boltz_with_a_server_and_a_folder_of_targets(tmp_path):
    name, files = written([ONE, PAIR], tmp_path, "boltz-server")
    assert name == "folder" and files["d_1.fasta"] == ">A|protein\nMKEL\n"
    assert files["e_0.fasta"] == ">A|protein\nMKEL\n>B|protein\nGSH\n"


def test_chai_has_entity_names(tmp_path):
    """https://github.com/chaidiscovery/chai-lab: every name once."""
    text = ">protein|name=A\nMKEL\n>protein|name=B\nGSH\n"
    assert written([PAIR], tmp_path, "chai") == ("e_0.fasta", {"e_0.fasta": text})


def test_openfold_joins_the_titles(tmp_path):
    """Its results are called after all titles: e_0_A-e_0_B_model_1_multimer_v3_relaxed.pdb."""
    name, files = written([ONE, PAIR], tmp_path, "separate")
    assert name == "folder" and files["d_1.fasta"] == ">d_1\nMKEL\n"
    assert files["e_0.fasta"] == ">e_0_A\nMKEL\n>e_0_B\nGSH\n"
