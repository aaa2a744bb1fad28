"""The order of the residues of a chain, whatever the order of the records."""

from dataclasses import replace

import numpy as np

from protdiff.structure.backbone import Backbone
from protdiff.structure.io.polymer import in_chain_order
from protdiff.structure.io.read_write import read, write

from .edits import RESIDUES, assert_equal, chain, changed, hetero, joined, plain, read_lines
from .examples import EXAMPLES
from .files import COORDS


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
