"""`protdiff generate --sequences`: sequences for the backbones just made."""

from dataclasses import replace

import pytest

import protdiff

from .helpers import rows_of


@pytest.fixture
def generate(console, tiny_weights, tiny_types, tmp_path, monkeypatch):
    """Run ``protdiff generate --sequences 2``; returns exit code, stdout, stderr."""
    monkeypatch.setattr("protdiff.sequence.sequence_weights.DEFAULT", str(tiny_types))

    def call(*options):
        return console(
            "generate", "--weights", tiny_weights, "--steps", 4, "--out", tmp_path / "g",
            "--sequences", 2, *options,
        )  # fmt: skip

    return call


def test_generate_with_sequences(generate, tmp_path):
    code, text, err = generate("--length", 20, "--num", 2)
    assert code == 0, err
    assert "2 designs, 4 sequences" in text
    rows = rows_of(tmp_path / "g" / "sequences")
    assert [row["design"] for row in rows] == ["backbone_0000"] * 2 + ["backbone_0001"] * 2
    assert all(row["designed"] == "20" for row in rows)
    code, text, _ = generate("--length", 20, "--num", 3)
    assert code == 0 and "3 designs (2 were there already)" in text


def test_generated_motifs_keep_their_residues(generate, chain, tmp_path):
    """Also those that are called alanine, as the rest is."""
    names = chain.residue_names.copy()
    names[6] = "ALA"
    source = replace(chain, residue_names=names)
    protdiff.write(source, tmp_path / "in.pdb")
    first, last = chain.residue_numbers[[4, 9]]
    code, _, err = generate("--motif", tmp_path / "in.pdb", "--contig", f"5,A{first}-{last},6")
    assert code == 0, err
    for row in rows_of(tmp_path / "g" / "sequences"):
        assert row["sequence"][5:11] == source.sequence[4:10] and row["designed"] == "11"


def test_generated_sequences_keep_given_letters(generate, tmp_path):
    assert generate("--sequence", "XXXXWKXXXXXXXXXXXXXX")[0] == 0
    for row in rows_of(tmp_path / "g" / "sequences"):
        assert row["sequence"][4:6] == "WK" and row["designed"] == "18" and row["kept"] == "A5-6"


def test_redesigned_segments_get_new_types(generate, folder, chain, tmp_path):
    first, last = chain.residue_numbers[[10, 14]]
    code, _, err = generate("--in", folder / "c.pdb.gz", "--redesign", f"B{first}-{last}")
    assert code == 0, err
    for row in rows_of(tmp_path / "g" / "sequences"):
        a, b = row["sequence"].split("/")
        assert a == chain.sequence and row["designed"] == "5"
        assert b[:10] == chain.sequence[:10] and b[15:] == chain.sequence[15:]


def test_symmetric_copies_have_one_sequence(generate, tmp_path):
    code, _, err = generate("--length", 16, "--symmetry", "C3")
    assert code == 0, err
    for row in rows_of(tmp_path / "g" / "sequences"):
        assert len(set(row["sequence"].split("/"))) == 1 and row["sequence"].count("/") == 2
