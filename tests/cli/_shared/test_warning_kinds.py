"""Warnings of one kind are one line, however many files and numbers they name."""

import pytest

from protdiff.cli._shared.warning_kinds import WarningKinds, kind_of


@pytest.mark.parametrize(
    "one, other",
    [
        ("sequence identity 4 %: the same protein?", "sequence identity 29 %: the same protein?"),
        ("only 12 of 80 residues aligned in A:B", "only 1 of 9 residues aligned in blank:C"),
        ("model chain A not paired", "model chain blank, C, d not paired"),
        (
            "model: no B-factor for 1 residue (A 2); it has 0",
            "model: no B-factor for 3 residues (B 7); they have 0",
        ),
        ("model: 1 residue left out (A 52 HID)", "model: 12 residues left out (B 7A MSE)"),
        ("model: ranked '/a b/x.pdb' first", "model: ranked 'y.cif' first"),
    ],
)
def test_of_one_kind(one, other):
    assert kind_of(one) == kind_of(other)


def test_of_other_kinds():
    texts = (
        "only 12 of 80 residues aligned",
        "model chain A not paired",
        "reference chain A not paired",
        "model of CA only: backbone columns are empty",
        "model: 12 residues left out (B 7A MSE)",
        "model: 12 models, the first is used",
    )
    assert len({kind_of(text) for text in texts}) == len(texts)


def test_lines():
    kinds = WarningKinds()
    for k in range(500):
        kinds.add(f"only {k} of 900 residues aligned", f"m{k}.pdb")
    kinds.add("", "quiet.pdb")
    kinds.add(
        "model chain B not paired; only 3 of 9 residues aligned; only 4 of 9 residues aligned"
    )
    kinds.add("ranked across resolutions")
    assert kinds.lines(502, 5) == [
        "warning, 501 of 502: only 0 of 900 residues aligned (as in m0.pdb)",
        "warning, 1 of 502: model chain B not paired",
        "warning, 1 of 502: ranked across resolutions",
    ]
    assert kinds.lines(502, 1)[1:] == ["warning: 2 more kinds in the column of warnings"]
    assert kinds.lines(502, 2)[2:] == ["warning: 1 more kind in the column of warnings"]


def test_one_row_needs_no_name():
    kinds = WarningKinds()
    kinds.add("model chain B not paired", "x.pdb")
    assert kinds.lines(1, 5) == ["warning, 1 of 1: model chain B not paired"]
    assert WarningKinds().lines(1, 5) == []
