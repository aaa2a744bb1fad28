"""New chains beside a target: what is met against loops over atoms, and the target as it was."""

import numpy as np
import pytest
import torch

import protdiff
from protdiff.conditioning import Motif, Symmetry, Target
from protdiff.conditioning.contig import binder_contig
from protdiff.conditioning.docking import Pose, docked, moved, start_poses
from protdiff.conditioning.interface import LAW, Interface
from protdiff.conditioning.placed_target import met_at

FILE = "data/examples/1tpk.pdb"
HOTSPOTS = "A26,A42A,A44"


@pytest.fixture(scope="module")
def target():
    return Target(FILE, "A", HOTSPOTS)


@pytest.fixture(scope="module")
def assembly(target, tiny_weights):
    [made] = protdiff.generate(24, steps=8, weights=tiny_weights, condition=target, seed=3)
    return made


def test_the_target_follows_the_new_chain_unchanged(target, assembly):
    new, source = assembly[:24], protdiff.read(FILE)
    assert new.chains == ("B",) and new.residue_numbers.tolist() == list(range(1, 25))
    kept = assembly[24:]
    np.testing.assert_array_equal(kept.coords, source.coords)
    for column in ("residue_names", "chain_ids", "residue_numbers", "insertion_codes"):
        np.testing.assert_array_equal(getattr(kept, column), getattr(source, column))


def test_hotspots_are_near_and_the_target_is_clear(target, assembly):
    met = met_at(assembly, 24, target.rows)
    assert max(met.hotspots.values()) <= 8 and met.clashes == 0


def test_what_is_met_is_what_loops_find(target, assembly):
    """Also where chains overlap: the new one moved into the target."""
    coords = np.array(assembly.coords)
    coords[:24] += coords[24:].mean((0, 1)) - coords[:24].mean((0, 1))
    inside = protdiff.Backbone.from_coords(coords, chain_ids=assembly.chain_ids)
    for whole in (assembly, inside):
        pairs = [
            np.linalg.norm(whole.ca[i] - whole.ca[j])
            for i in range(24) for j in range(24, len(whole))
        ]  # fmt: skip
        assert met_at(whole, 24, {}).clashes == sum(gap < 3.6 for gap in pairs)
    assert met_at(inside, 24, {}).clashes > 0
    names = [f"{n}{c}" for n, c in zip(target.structure.residue_numbers,
                                       target.structure.insertion_codes, strict=True)]  # fmt: skip
    assert list(target.rows) == HOTSPOTS.split(",")
    assert list(target.rows.values()) == [names.index(h[1:]) for h in HOTSPOTS.split(",")]


def test_the_chain_is_moved_as_a_rigid_body_and_no_mirror(target):
    """Docked coordinates are a proper motion of those that came in."""
    rng = np.random.default_rng(0)
    coords = np.cumsum(rng.normal(size=(20, 1, 3)) * 2, 0) + rng.normal(size=(20, 4, 3))
    interface = Interface.of(target.structure, list(target.rows.values()))
    out = docked(interface, coords, None, 1)
    before, after = (x.reshape(-1, 3) - x.reshape(-1, 3).mean(0) for x in (coords, out))
    rotation = np.linalg.lstsq(before, after, rcond=None)[0]
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1)
    np.testing.assert_allclose(before @ rotation, after, atol=1e-9)


def test_chains_start_where_they_touch(target):
    """Every pose is as near as it can be: the smallest CA distance is that of the law."""
    ca = torch.tensor(np.random.default_rng(1).normal(size=(30, 3)) * 6)
    interface = Interface.of(target.structure, list(target.rows.values()))
    for pose in start_poses(interface, ca, 0):
        gap = float(torch.cdist(moved(ca, pose), interface.ca).min())
        assert gap == pytest.approx(LAW.apart, abs=1e-6)


def test_what_is_cut_off_does_not_count(target):
    """The energy of the part that is near is that of all, within the tail of the contacts."""
    ca = torch.tensor(np.random.default_rng(2).normal(size=(30, 3)) * 6)
    interface = Interface.of(target.structure, list(target.rows.values()))
    at = moved(ca, start_poses(interface, ca, 0)[0])
    near = interface.near(at)
    assert len(near.ca) < len(interface.ca)
    assert float(near.energy(at)) == pytest.approx(float(interface.energy(at)), abs=0.05)


def test_a_pose_follows_a_chain_that_turns(target):
    """The place beside the target stays, whatever the frame of the chain."""
    placed = target.for_sample(10, np.random.default_rng(0))
    ca = torch.tensor(np.random.default_rng(3).normal(size=(10, 3)))
    turn = start_poses(placed.interface, ca, 5)[0]
    placed.pose = Pose(torch.eye(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64))
    placed._follow(ca)
    placed._follow(moved(ca, turn))
    assert placed.pose is not None
    torch.testing.assert_close(moved(moved(ca, turn), placed.pose), ca)


def test_contigs_of_targets():
    for text in ("A1-120/0 60-80", "[60-80/0 A1-120/0]", "A1-120,/0,40,20-40"):
        fixed, new = binder_contig(text)
        assert [str(s) for s in fixed] == ["A1-120"] and (new.least, new.most) == (60, 80)
    fixed, _ = binder_contig("A1-9/A20-30/0 B1-5/0 60")
    assert [str(s) for s in fixed] == ["A1-9", "A20-30", "B1-5"]
    for text in ("A1-9", "60-80", "A1-9/5/0 60", "A1-9/0 5/0 6"):
        with pytest.raises(ValueError, match="A1-120/0 60-80"):
            binder_contig(text)


def test_a_contig_gives_residues_and_lengths():
    target = Target(FILE, contig="A20-40/0 60-80", hotspots="A26")
    assert target.lengths() == range(60, 81) and target.lengths(range(70, 90)) == range(70, 81)
    assert target.structure.residue_numbers.tolist() == list(range(20, 41))
    assert target.lengths(range(50, 101, 20)) == range(70, 71, 20)  # no length between two steps
    assert target.lengths(range(100, 50, -20)) == range(80, 40, -20)
    assert target.lengths([90, 60, 30, 80]) == [60, 80]
    with pytest.raises(ValueError, match="60 to 80"):
        target.lengths([30])


def test_without_hotspots_one_at_the_surface_is_drawn():
    target = Target(FILE, "A")
    rows = [target.for_sample(20, np.random.default_rng(k)).hotspots for k in range(8)]
    assert all(len(r) == 1 for r in rows) and len({next(iter(r)) for r in rows}) > 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hotspots": "A200"}, "no residue 200"),
        ({"hotspots": "B5"}, "no chain B; there are A"),
        ({"hotspots": "x"}, "is not a segment"),
        ({"chains": "Z"}, "no chain Z; there are A"),
        ({"contig": "A20-40/0 60", "chains": "A"}, "leave out its chain"),
        ({"contig": "A20-40,A30-50/0 60"}, "in two segments"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        Target(FILE, **options)


def test_several_chains_need_a_name(assembly):
    with pytest.raises(
        ValueError, match="there are chains B, A; say which is the target with `chains`"
    ):
        Target(assembly)
    assert Target(assembly, "A,B").new_chain == "C"


def test_what_does_not_go_together(target):
    with pytest.raises(ValueError, match="and `symmetry`"):
        target + Symmetry("C2")
    with pytest.raises(ValueError, match="leave out motif"):
        target + Motif(FILE, "5,A20-30,5")
