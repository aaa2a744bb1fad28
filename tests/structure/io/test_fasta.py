"""FASTA files of several programs."""

import pytest

from protdiff.structure.io.fasta import read_fasta


@pytest.mark.parametrize(
    ("text", "records"),
    [
        (">a\nMK\nEL\n>b\nGSH\n", [("a", ("MKEL",)), ("b", ("GSH",))]),
        (">T=0.1, sample=1\nMK/el*/GG*\n", [("T=0.1", ("MK", "EL", "GG"))]),
        (">a b\r\n;note\r\nmk:g s\r\n\r\n", [("a", ("MK", "GS"))]),
        (">empty\n>\nM\n", [("empty", ()), ("", ("M",))]),
    ],
)
def test_records(tmp_path, text, records):
    (tmp_path / "x.fa").write_bytes(text.encode())
    found = read_fasta(tmp_path / "x.fa")
    assert [(record.label, record.chains) for record in found] == records


def test_the_title_is_whole(tmp_path):
    (tmp_path / "x.fa").write_text(">d_2 design=d number=2\nMK\n")
    assert read_fasta(tmp_path / "x.fa")[0].title == "d_2 design=d number=2"


@pytest.mark.parametrize("text", ["", "\n", "MKEL\n", "MK\n>a\nMK\n"])
def test_what_is_no_fasta(tmp_path, text):
    (tmp_path / "x.fa").write_text(text)
    with pytest.raises(ValueError, match=r"x\.fa: no FASTA records; a record starts with '>'"):
        read_fasta(tmp_path / "x.fa")
