"""Which residues are of a chain: any flags, any places in the file, any names."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protdiff.structure.backbone import THREE_TO_ONE, Backbone
from protdiff.structure.io.polymer import in_chain_order
from protdiff.structure.io.read_write import read, write

from .edits import RESIDUES, assert_equal, chain, changed, read_lines
from .files import COORDS, NAMES, cif_rows, cif_text

EXAMPLES = Path(__file__).parents[3] / "data" / "examples"
FREE = changed(RESIDUES[0], 30, record="HETATM", name="GLU", number=401)
few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def plain(tmp_path):
    return read_lines(tmp_path / "plain.pdb", chain())[0]


def hetero(k, name="MSE"):
    return changed(RESIDUES[k], record="HETATM", name=name)


def joined(*parts):
    return [line for part in parts for line in part]


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


@few
@given(data=st.data(), occupancies=st.permutations(["  0.20", "  0.30", "  0.50"]))
def test_any_order_of_alternate_locations(data, occupancies, tmp_path):
    lines = []
    for k, (altloc, occupancy) in enumerate(zip("ABC", occupancies, strict=True)):
        lines += chain(0.4 * k, altloc=altloc, occupancy=occupancy)
    kinds = {
        "behind the chain": lines,
        "mixed": data.draw(st.permutations(lines)),
        "behind TER": [*lines[:20], "TER", *lines[20:40], "TER", *lines[40:]],
        "one without a name": [*changed(lines[:20], altloc=" "), *lines[20:]],
    }
    best = 0.4 * occupancies.index("  0.50")
    for content in kinds.values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            backbone = read_lines(tmp_path / "x.pdb", content)[0]
        np.testing.assert_allclose(
            backbone.coords, COORDS + np.array([0, best, 0]), rtol=0, atol=1e-9
        )
        assert backbone.residue_names.tolist() == list(NAMES)


def test_alternate_locations_of_some_residues_behind_the_chain(tmp_path):
    low, high = (changed(RESIDUES[2], 0.5, altloc="B", occupancy=f"  {x:.2f}") for x in (0.3, 0.7))
    first = [*joined(*RESIDUES[:2]), *changed(RESIDUES[2], altloc="A", occupancy="  0.50")]
    for block, shift in ((low, 0), (high, 0.5)):
        for marks in ([], ["TER"]):
            content = [*first, *joined(*RESIDUES[3:]), *marks, *block]
            backbone, texts = read_lines(tmp_path / "x.pdb", content)
            expected = COORDS.copy()
            expected[2, :, 1] += shift
            np.testing.assert_allclose(backbone.coords, expected, rtol=0, atol=1e-9)
            assert not texts


def test_records_sorted_by_atom_name(tmp_path):
    lines = [residue[k] for k in range(4) for residue in RESIDUES]
    assert_equal(read_lines(tmp_path / "x.pdb", lines)[0], plain(tmp_path))


def test_a_chain_back_to_front_is_put_in_order_with_a_warning(tmp_path):
    backbone, texts = read_lines(tmp_path / "x.pdb", joined(*RESIDUES[::-1]))
    assert_equal(backbone, plain(tmp_path))
    assert len(texts) == 1 and texts[0].startswith("residues are not in the order of their chain")


def test_unusual_numbers_in_the_order_of_the_chain_stay(tmp_path):
    numbers = (20, 1002, 1003, 31, 7)
    lines = joined(*(changed(r, number=n) for r, n in zip(RESIDUES, numbers, strict=True)))
    backbone, texts = read_lines(tmp_path / "x.pdb", lines)
    assert backbone.residue_numbers.tolist() == list(numbers) and not texts


def test_hetatm_between_gaps_goes_by_its_number():
    numbers = np.array([1, 2, 8, 9, 5])
    hetero = np.array([False] * 4 + [True])
    following = np.array([1, -1, 3, -1, -1])
    order = in_chain_order(numbers, np.zeros(5, int), hetero, following)
    assert order.tolist() == [0, 1, 4, 2, 3]


def test_pieces_with_gaps_go_by_number_if_others_had_to_move():
    # 1 2 | 5 6 are bonded to 7 in front of them; 3 4 has no bond.
    numbers = np.array([7, 3, 4, 5, 6, 1, 2])
    following = np.array([-1, 2, -1, 4, 0, 6, -1])
    order = in_chain_order(numbers, np.zeros(7, int), np.zeros(7, bool), following)
    assert numbers[order].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_chains_that_take_turns_keep_the_order_of_the_file(tmp_path):
    other = [changed(residue, 20, chain="B") for residue in RESIDUES]
    lines = joined(*(a + b for a, b in zip(RESIDUES, other, strict=True)))
    backbone = read_lines(tmp_path / "x.pdb", lines)[0]
    assert backbone.chain_ids.tolist() == ["A", "B"] * 5
    np.testing.assert_array_equal(backbone.chain("A").coords, COORDS)


def test_a_hetatm_residue_behind_another_chain(tmp_path):
    lines = [*joined(*RESIDUES[:4]), "TER", *chain(20, chain="B"), "TER", *hetero(4)]
    backbone = read_lines(tmp_path / "x.pdb", lines)[0]
    assert backbone.chain_ids.tolist() == ["A"] * 5 + ["B"] * 5
    assert read(tmp_path / "x.pdb").sequence == "MKTAMMKTAY"


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


def test_one_number_for_all_residues_is_said(tmp_path):
    backbone, texts = read_lines(tmp_path / "x.pdb", chain(number=0))
    np.testing.assert_array_equal(backbone.coords, COORDS)
    assert texts == [
        "4 residues have the number of another in their chain; renumber them (chain 'A' residue 0)"
    ]


def test_a_poor_model_keeps_the_order_of_the_file(tmp_path):
    rng = np.random.default_rng(0)
    whole = read(EXAMPLES / "1tpk.pdb")
    for scale in (0.3, 0.6, 1.0, 1.5, 3.0):
        noisy = replace(whole, coords=whole.coords + rng.normal(0, scale, whole.coords.shape))
        write(noisy, tmp_path / "x.pdb")
        backbone, texts = read_lines(
            tmp_path / "x.pdb", (tmp_path / "x.pdb").read_text().split("\n")
        )
        assert backbone.residue_numbers.tolist() == whole.residue_numbers.tolist() and not texts


def test_overlaps_of_a_poor_model_do_not_change_the_order_of_its_residues(tmp_path):
    """Residue 2 is torn off, and N of residue 4 lies 1.7 Å from C of residue 1."""
    coords = COORDS.copy()
    coords[1] += 40
    coords[3:] += coords[0, 2] + [1.7, 0, 0] - coords[3, 0]
    path = tmp_path / "x.pdb"
    write(Backbone.from_coords(coords), path)
    np.testing.assert_allclose(read(path).coords, coords, atol=6e-4)
