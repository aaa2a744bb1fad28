"""Motifs: linear atoms, free poses, exactness in samples, names and tables."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import protdiff
from protdiff.conditioning import Motif
from protdiff.conditioning.known import Known, Observations, backbone_observations
from protdiff.conditioning.variation import components_of
from protdiff.flow.conditional import observation_precision
from protdiff.sampling.plan import plan_requests
from protdiff.structure.peptide import link_vectors, rigid_links
from protdiff.structure.superposition import rmsd

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture(scope="module")
def source():
    """40 residues without a gap."""
    return protdiff.read(EXAMPLES / "1tpk.pdb").chain("A")[10:50]


def turn(seed):
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.linalg.det(q)


def distance(made, real):
    return float(rmsd(torch.tensor(made.reshape(-1, 3)), torch.tensor(real.reshape(-1, 3))))


def test_observed_atoms_are_linear_in_the_components(source):
    """Rows times the components of a chain give its CA, links, and atoms at the ends."""
    clean, center = components_of(source)
    rows, values, _, positions = backbone_observations(40, 12, source.coords[12:20])
    made = rows @ clean + torch.tensor(center) * positions[:, None]
    assert positions.sum() == 8 + 3 and len(rows) == 8 + 7 + 3
    torch.testing.assert_close(made[:15], values[:15], atol=1e-9, rtol=0)
    # N, C and O of a rigid trans link, exactly, where CA-CA is 3.80 Å.
    ca = np.array(source.ca)
    for i in range(1, 40):
        ca[i] = ca[i - 1] + 3.8 * (d := source.ca[i] - source.ca[i - 1]) / np.linalg.norm(d)
    frames, midpoints, local = rigid_links(ca, link_vectors(source.coords))
    links = frames[:, 1]
    ideal = np.full((40, 4, 3), np.nan)
    ideal[:, 1] = ca
    atoms = np.moveaxis(midpoints[:, None] + local @ frames, 1, 0)
    ideal[:-1, 2], ideal[1:, 0], ideal[:-1, 3] = atoms
    clean = torch.zeros(80, 3, dtype=torch.float64)
    from protdiff.flow import cosine_modes

    clean[:40], clean[40:79] = cosine_modes(40) @ torch.tensor(ca), torch.tensor(links)
    rows, values, *_ = backbone_observations(40, 12, ideal[12:20])
    torch.testing.assert_close(rows @ clean, values, atol=1e-9, rtol=0)


def test_free_pose_is_found_exactly(source):
    """Observations that were moved rigidly, group by group, change nothing."""
    clean, _ = components_of(source)
    variance = torch.linspace(3, 0.1, 80, dtype=torch.float64)
    parts = [backbone_observations(40, at, source.coords[at : at + 8]) for at in (4, 25)]
    for group, part in enumerate(parts):
        rotation, shift = torch.tensor(turn(group)), torch.tensor([3.0, -50.0, 9.0])
        part[1][:] = part[1] @ rotation + shift * part[3][:, None]
    rows, values, noise, positions = (torch.cat(c) for c in zip(*parts, strict=True))
    seen = Observations(rows, values, noise, positions)
    known = Known(seen, torch.arange(2).repeat_interleave(18))
    # What is seen of the atoms N, C and O is not exactly linear: leave them out.
    made = known(clean, variance, 0.5)
    assert float((made - clean)[:40].abs().max()) < 0.2
    for group in range(2):
        torch.testing.assert_close(
            known.rotations[group], torch.tensor(turn(group)).T, atol=0.05, rtol=0
        )


def test_rotation_is_the_most_likely(source):
    """The likelihood over a grid of small rotations has its maximum at the pose found."""
    clean, _ = components_of(source)
    generator = torch.Generator().manual_seed(0)
    clean += 2 * torch.randn(80, 3, generator=generator, dtype=torch.float64)
    variance = torch.linspace(9, 0.1, 80, dtype=torch.float64)
    rows, values, noise, positions = backbone_observations(40, 4, source.coords[4:12])
    groups = torch.zeros(len(rows), dtype=torch.long)
    turned = values @ torch.tensor(turn(3))
    known = Known(Observations(rows, turned, noise, positions), groups)
    precision = observation_precision(variance, rows, noise, known.free)
    known.find_pose(clean, precision)

    def cost():
        gap = known.posed() - rows @ clean
        return float((gap * (precision @ gap)).sum())

    best, rotations = cost(), known.rotations.clone()
    for axis in torch.eye(3, dtype=torch.float64):
        for angle in (-0.02, 0.02):
            known.rotations[0] = rotations[0] @ torch.linalg.matrix_exp(
                angle * torch.linalg.cross(axis.expand(3, 3), torch.eye(3, dtype=torch.float64))
            )
            assert cost() > best


@pytest.mark.parametrize(
    "contig", ["5-15,A{0}-{1},5-15", "4,A{0}-{1},6|A{2}-{3},0-9", "A{0}-{1},9"]
)
def test_samples_contain_the_motif(source, tiny_weights, contig):
    """Whatever the network says: here one of random weights."""
    numbers = [int(source.residue_numbers[k]) for k in (5, 14, 22, 29)]
    motif = Motif(source, contig.format(*numbers))
    for index, made in enumerate(
        protdiff.generate(condition=motif, num=2, weights=tiny_weights, steps=12, seed=3)
    ):
        placed = motif.for_sample(len(made), np.random.default_rng(
            np.random.SeedSequence(3, spawn_key=(index, 2))))  # fmt: skip
        kept = placed.place >= 0
        for label in placed.labels:
            members = kept & (np.array(placed.groups) == label)
            real = source.coords[placed.place[members]]
            assert distance(made.ca[members], real[:, 1]) < 0.05
            assert distance(made.coords[members][1:-1], real[1:-1]) < 0.3
        names = source.residue_names[placed.place[kept]]
        assert (made.residue_names[kept] == names).all()
        assert (made.residue_names[~kept] == "ALA").all()
        assert len(placed.residues()) == kept.sum()


def test_output_lies_on_the_input(source, tiny_weights):
    first, last = (int(source.residue_numbers[k]) for k in (5, 14))
    motif = Motif(source, f"8,A{first}-{last},8")
    [made] = protdiff.generate(condition=motif, weights=tiny_weights, steps=12)
    gap = np.linalg.norm(made.ca[8:18] - source.ca[5:15], axis=1)
    assert gap.max() < 0.2


def test_samples_do_not_depend_on_the_pose_of_the_input(source, tiny_weights):
    moved = replace(source, coords=source.coords @ turn(7) + 30.0)
    first, last = (int(source.residue_numbers[k]) for k in (5, 14))
    a, b = (
        protdiff.generate(
            condition=Motif(s, f"8,A{first}-{last},8"), weights=tiny_weights, steps=6
        )[0]
        for s in (source, moved)
    )
    assert distance(a.ca, b.ca) < 1e-3


def test_overwriting_would_tear_the_chain(source, tiny_denoiser):
    """The test of the test: residues put in place without the conditional leave broken bonds."""
    from protdiff.conditioning.placed_motif import PlacedMotif

    place = np.full(40, -1)
    place[15:25] = np.arange(15, 25)
    known = PlacedMotif(source, place, ["A"] * 40)
    smooth, _ = components_of(source)
    smooth[12:40] = 0  # a smooth curve through the chain
    variance = tiny_denoiser.recipe([40]).variance[0]
    made = known(smooth, variance, 0.5)
    from protdiff.conditioning import ca_of

    inside = ca_of(made)[15:25]
    assert distance(inside.numpy(), source.ca[15:25]) < 0.05
    bond = (ca_of(made)[25] - ca_of(made)[24]).norm()
    naive = torch.cat([inside, ca_of(smooth)[25:]])
    assert bond < 6 and (naive[10] - naive[9]).norm() > bond


def test_lengths_that_fit_are_drawn_from_a_range_and_taken_in_turn_from_a_list(source):
    """30 to 90 residues by the contig, 40 to 100 by the user: any of 40 to 90, not 40, 41, …"""
    motif = Motif(source, "10-40,A20-29,10-40")
    assert motif.lengths(range(40, 101)) == range(40, 91)
    assert motif.lengths(range(10, 201, 7)) == range(31, 91, 7)
    assert motif.lengths([95, 80, 33]) == [80, 33]
    lengths = [r.length for r in plan_requests(40, 0, length=range(40, 101), condition=motif)]
    assert min(lengths) >= 40 and max(lengths) <= 90
    assert lengths != sorted(lengths) and max(lengths) - min(lengths) > 40
