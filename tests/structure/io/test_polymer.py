"""Which residues are of a chain: any flags, any places in the file, any names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protdiff.structure.backbone import THREE_TO_ONE

from .edits import RESIDUES, assert_equal, chain, changed, hetero, joined, plain, read_lines
from .examples import few
from .files import COORDS, cif_rows, cif_text

FREE = changed(RESIDUES[0], 30, record="HETATM", name="GLU", number=401)


@pytest.mark.parametrize(
    "name, letter",
    [
        ("HIE", "H"), ("HID", "H"), ("HSD", "H"), ("HIP", "H"), ("CYX", "C"), ("CYM", "C"),
        ("ASH", "D"), ("GLH", "E"), ("LYN", "K"), ("MSE", "M"), ("DAL", "A"), ("XYZ", "X"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["in place", "behind TER", "at the end", "in front"])
@pytest.mark.parametrize("k", range(5))
def test_one_hetatm_residue(tmp_path, name, letter, place, k):
    others = [residue for i, residue in enumerate(RESIDUES) if i != k]
    lines = {
        "in place": joined(*RESIDUES[:k], hetero(k, name), *RESIDUES[k + 1 :], ["TER"]),
        "behind TER": joined(*others, ["TER"], hetero(k, name)),
        "at the end": joined(*others, hetero(k, name)),
        "in front": joined(hetero(k, name), *others, ["TER"]),
    }[place]
    backbone, texts = read_lines(tmp_path / "x.pdb", lines)
    np.testing.assert_array_equal(backbone.coords, COORDS)
    assert backbone.residue_numbers.tolist() == [1, 2, 3, 4, 5] and not texts
    expected = [*plain(tmp_path).sequence]
    expected[k] = letter
    assert backbone.sequence == "".join(expected)


@pytest.mark.parametrize("lost", [0, 1, 2])
@pytest.mark.parametrize("name", ["MSE", "HIE", "XYZ"])
def test_a_hetatm_residue_that_lacks_an_atom(tmp_path, name, lost):
    residue = hetero(2, name)
    lines = joined(*RESIDUES[:2], residue[:lost] + residue[lost + 1 :], *RESIDUES[3:])
    backbone, texts = read_lines(tmp_path / "x.pdb", lines)
    if name == "XYZ" and lost == 1:  # without a name that is known, or CA, it may be anything
        assert len(backbone) == 4
    else:
        assert (~backbone.mask).nonzero() == (2, lost) and not texts


def test_a_ter_in_front_of_every_hetatm_block(tmp_path):
    lines = joined(hetero(0), *RESIDUES[1:3], ["TER"], hetero(3), ["TER"], hetero(4))
    assert len(read_lines(tmp_path / "x.pdb", lines)[0]) == 5


@pytest.mark.parametrize("marks", [[], ["TER"]])
@pytest.mark.parametrize("record", ["ATOM", "HETATM"])
def test_free_amino_acids_are_counted_and_named(tmp_path, marks, record):
    free = changed(FREE, record=record)
    backbone, texts = read_lines(tmp_path / "x.pdb", [*chain(), *marks, *free])
    assert_equal(backbone, plain(tmp_path))
    message = "1 amino acid is bonded to no chain and left out (GLU 401 of chain 'A')"
    assert texts == [message]


def test_only_a_few_are_named(tmp_path):
    free = joined(*(changed(FREE, 9 * k, number=401 + k) for k in range(5)))
    _, [text] = read_lines(tmp_path / "x.pdb", [*chain(), "TER", *free])
    assert text == (
        "5 amino acids are bonded to no chain and left out "
        "(GLU 401 of chain 'A', GLU 402 of chain 'A', GLU 403 of chain 'A', …)"
    )


def test_a_lone_residue_of_the_chain_stays(tmp_path):
    backbone, texts = read_lines(
        tmp_path / "x.pdb", [*chain(), *changed(RESIDUES[0], 30, number=40)]
    )
    assert len(backbone) == 6 and not texts


@pytest.mark.parametrize("record", ["ATOM", "HETATM"])
def test_groups_at_the_ends_are_no_residues(tmp_path, record):
    before = changed(RESIDUES[0][1:], -0.5, record=record, name="ACE", number=0)
    after = changed(RESIDUES[4][:2], record=record, name="NME", number=6)
    x = COORDS[4, 2, 0]
    after = [f"{line[:30]}{x + 1.2 * k:8.3f}{line[38:]}" for k, line in enumerate(after, 1)]
    backbone, texts = read_lines(tmp_path / "x.pdb", [*before, *chain(), *after])
    assert_equal(backbone, plain(tmp_path))
    assert not texts


def test_sugars_and_calcium_are_no_residues(tmp_path):
    calcium = changed(RESIDUES[1][1:2], 3, record="HETATM", name=" CA", number=301)
    sugar = changed(RESIDUES[2][2:4], 40, record="HETATM", name="NAG", number=302)
    for record in ("ATOM", "HETATM"):
        others = changed([*calcium, *sugar], record=record)
        for marks in ([], ["TER"]):
            backbone, texts = read_lines(tmp_path / "x.pdb", [*chain(), *marks, *others])
            assert_equal(backbone, plain(tmp_path))
            assert not texts


@pytest.mark.parametrize("label", [".", "?"])
@pytest.mark.parametrize("flags", [(0,), (4,), (1, 3), range(5)])
def test_mmcif_without_label_seq_id_for_hetatm(tmp_path, label, flags):
    rows = cif_rows()
    for k in flags:
        for row in rows[4 * k : 4 * k + 4]:
            row[0], row[5], row[6], row[7] = "HETATM", "MSE", "BCDEF"[k], label
    water = ["HETATM", "99", "O", "O", ".", "HOH", "W", ".", "?", *"999", "1", "1", "99", "A", "1"]
    backbone, texts = read_lines(tmp_path / "x.cif", cif_text([*rows, water]).split("\n"))
    np.testing.assert_array_equal(backbone.coords, COORDS)
    assert not texts and [backbone.sequence[k] for k in flags] == ["M"] * len(flags)


def test_traces_of_ca(tmp_path):
    trace = [residue[1] for residue in RESIDUES]
    for k in range(5):
        for name in ("MSE", "HIE"):
            new = changed([trace[k]], record="HETATM", name=name)
            for lines in ([*trace[:k], *new, *trace[k + 1 :]], [*trace[:k], *trace[k + 1 :], *new]):
                backbone, texts = read_lines(tmp_path / "x.pdb", lines, ca_only=True)
                np.testing.assert_array_equal(backbone.ca, COORDS[:, 1])
                assert not texts
    far = changed(trace[:1], 30, record="HETATM", name="GLU", number=6)
    backbone, texts = read_lines(tmp_path / "x.pdb", [*trace, *far], ca_only=True)
    assert len(backbone) == 5 and texts[0].startswith("1 amino acid is bonded to no chain")


def ring(names, record):
    """Lines of a cyclic peptide of six residues, on a circle."""
    angles = 2 * np.pi * np.arange(18) / 18
    radius = 1.4 / (2 * np.sin(np.pi / 18))
    lines = []
    for i, angle in enumerate(angles):
        x, y = radius * np.cos(angle), radius * np.sin(angle)
        atom = ("N", "CA", "C")[i % 3]
        lines.append(
            f"{record:<6s}{i + 1:5d}  {atom:<3s} {names[i // 3]} A{i // 3 + 1:4d}    "
            f"{x:8.3f}{y:8.3f}{0:8.3f}  1.00 20.00          {atom[0]:>2s}"
        )
    return [lines[i : i + 3] for i in range(0, 18, 3)]


@pytest.mark.parametrize("record", ["ATOM", "HETATM"])
@pytest.mark.parametrize("first", range(6))
def test_cyclic_peptides(tmp_path, record, first):
    parts = ring(("DAL", "DPN", "ALA", "DLE", "GLY", "DVA"), record)
    backbone, _ = read_lines(tmp_path / "x.pdb", joined(*parts[first:], *parts[:first]))
    assert backbone.sequence == "AFALGV" and backbone.residue_numbers.tolist() == [1, 2, 3, 4, 5, 6]


@few
@given(
    order=st.permutations(range(5)),
    flags=st.lists(st.booleans(), min_size=5, max_size=5),
    names=st.lists(
        st.sampled_from([*THREE_TO_ONE, "MSE", "HIE", "DAL", "QQQ"]), min_size=5, max_size=5
    ),
    numbers=st.lists(st.integers(-99, 9999), min_size=5, max_size=5, unique=True),
    ters=st.sets(st.integers(0, 5)),
)
def test_any_flags_names_numbers_and_places(order, flags, names, numbers, ters, tmp_path):
    lines = []
    for place, k in enumerate(order):
        record = "HETATM" if flags[k] else "ATOM"
        lines += ["TER"] * (place in ters)
        lines += changed(RESIDUES[k], record=record, name=names[k], number=numbers[k])
    backbone, _ = read_lines(tmp_path / "x.pdb", lines)
    np.testing.assert_array_equal(backbone.coords, COORDS)
    assert backbone.residue_numbers.tolist() == list(numbers)


@pytest.mark.parametrize("chain_id", ["A", " "])
def test_hetatm_residues_of_two_equal_chains_at_the_end(tmp_path, chain_id):
    parts = [
        joined(*RESIDUES[:2], *RESIDUES[3:], ["TER"]),
        [*changed(joined(*RESIDUES[:2], *RESIDUES[3:]), 20), "TER"],
        hetero(2),
        changed(hetero(2), 20),
    ]
    lines = [
        line if line == "TER" else changed([line], chain=chain_id)[0] for line in joined(*parts)
    ]
    for content in (lines, [*lines[:-8], *lines[-4:], *lines[-8:-4]]):
        backbone, texts = read_lines(tmp_path / "x.pdb", content)
        assert backbone.chains == ("A", "B") and len(texts) == 1
        for k, name in enumerate("AB"):
            np.testing.assert_array_equal(
                backbone.chain(name).coords, COORDS + np.array([0, 20 * k, 0])
            )


def test_peptides_of_hetatm_records(tmp_path):
    ligand = joined(*(changed(hetero(k), 20, number=301 + k) for k in range(2)))
    for marks in ([], ["TER"]):
        backbone, texts = read_lines(tmp_path / "x.pdb", [*chain(), *marks, *ligand])
        assert_equal(backbone, plain(tmp_path))
        assert texts[0].startswith("2 amino acids are bonded to no chain and left out (MSE 301")
        other = changed(joined(*map(hetero, range(5))), 20, chain="B")
        backbone, texts = read_lines(tmp_path / "x.pdb", [*chain(), *marks, *other])
        assert backbone.chains == ("A", "B") and len(backbone) == 10 and not texts
