"""FASTA files as programs write them: ids are labels, and what is no single chain is refused."""

import csv
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protdiff import ProtdiffWarning
from protdiff.cli._shared.fasta import read_sequences

MPNN = """\
>bb_7, score=1.9, global_score=1.9, designed_chains=['A'], seed=11
GGGGGGGGGG
>T=0.1, sample=1, score=0.8, seq_recovery=0.41
MKELIKLAEE
>T=0.1, sample=2, score=0.9, seq_recovery=0.38
MSEEALRLAR
>T=0.1, sample=3, score=0.9, seq_recovery=0.38
GSPEVAALLA
"""


def read(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_sequences(str(path))


def test_records_of_one_name_are_all_read(tmp_path):
    with pytest.warns(ProtdiffWarning, match=r"x.fa: several records .* \(3 are called T=0.1\)"):
        given = read(tmp_path / "x.fa", MPNN)
    assert given.names == ["bb_7", "T=0.1", "T=0.1_2", "T=0.1_3"]
    assert given.letters == ["GGGGGGGGGG", "MKELIKLAEE", "MSEEALRLAR", "GSPEVAALLA"]


def test_the_manifest_names_the_records(console, tmp_path, tiny_weights):
    (tmp_path / "x.fa").write_text(MPNN)
    code, _, err = console(
        "generate", "--weights", tiny_weights, "--steps", 2, "--sequence", tmp_path / "x.fa",
        "--num", 5, "--out", tmp_path / "o",
    )  # fmt: skip
    said = [line for line in err.splitlines() if "broken bonds" not in line]
    assert code == 0 and len(said) == 1 and said[0].startswith("warning: ")
    rows = list(csv.DictReader((tmp_path / "o" / "manifest.csv").open()))
    assert [(row["sequence_name"], row["residue_names"]) for row in rows] == [
        ("bb_7", "GGGGGGGGGG"), ("T=0.1", "MKELIKLAEE"), ("T=0.1_2", "MSEEALRLAR"),
        ("T=0.1_3", "GSPEVAALLA"), ("bb_7", "GGGGGGGGGG"),
    ]  # fmt: skip


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=9))
def test_as_many_sequences_as_records(tmp_path_factory, ids):
    path = tmp_path_factory.mktemp("fasta") / "x.fa"
    letters = ["ACDEFGHIK"[n:] + "ACDEFGHIK"[:n] for n in range(len(ids))]
    text = "".join(f">{name} some words\n{seq}\n" for name, seq in zip(ids, letters, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ProtdiffWarning)
        given = read(path, text)
    assert given.letters == letters and len(set(given.names)) == len(ids)


@pytest.mark.parametrize(
    ("text", "names", "letters"),
    [
        ("; comment\n>a\nMKEL\n", ["a"], ["MKEL"]),
        (">a b\r\nmkel ik\r\nlaee*\r\n", ["a"], ["MKELIKLAEE"]),
        ("\ufeff>a\nMK\n\nEL\n", ["a"], ["MKEL"]),
        (">\nMKEL\n> \nAAAA\n", ["record_1", "record_2"], ["MKEL", "AAAA"]),
        (b">caf\xe9\nMKEL\n", ["caf\xe9"], ["MKEL"]),
        ("\n \n>a\n\nMK\nEL\n\n", ["a"], ["MKEL"]),
        (">a\rMK\rEL\r", ["a"], ["MKEL"]),
        (">a\nMKEL\n".encode("utf-16"), ["a"], ["MKEL"]),
        (">a\nMKEL/\n", ["a"], ["MKEL"]),
    ],
)
def test_what_is_clear_is_read(tmp_path, text, names, letters):
    assert read(tmp_path / "x.fa", text)[1:] == (names, letters)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">T=0.1, sample=1\nMKEL/KKGNPEAL\n", "record T=0.1: has 2 chains of 4, 8 residues"),
        (">x\nMKEL:KKG\n:AA\n", "record x: has 3 chains of 4, 3, 2 residues"),
        (">a\nMKEL-IK\n", "record a: has a gap '-' at position 5"),
        ("MKELIK\n", "no FASTA records; a record starts with '>'"),
        ("", "no FASTA records"),
    ],
)
def test_what_is_not_clear_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "x.fa", text)
