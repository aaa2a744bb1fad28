"""Variations by scale: what is kept is kept, partial flows start where they should."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import protdiff
from protdiff.conditioning import Energy, KeepFold, KeepFragments, PartialFlow
from protdiff.conditioning.variation import components_of
from protdiff.flow import cosine_modes, gaussian_oracle, uniform_times
from protdiff.flow.samplers import sde_2m
from protdiff.sampling.batch_state import BatchState
from protdiff.sampling.plan import Request, resolved
from protdiff.sampling.temperature import least_power
from protdiff.structure.peptide import deviations, link_vectors, place_backbone
from protdiff.structure.superposition import rmsd

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture(scope="module")
def source():
    return protdiff.read(EXAMPLES / "1tpk.pdb").chain("A")[10:58]


def modes_of(backbone):
    return cosine_modes(len(backbone)).numpy() @ backbone.ca


def test_kept_modes_are_conserved(source, tiny_weights):
    [made] = protdiff.generate(condition=KeepFold(source, 12.0), weights=tiny_weights, steps=8)
    kept = slice(0, 8)  # 2 · 48 / 12 = 8: modes 1 … 7, and the centroid
    np.testing.assert_allclose(modes_of(made)[kept], modes_of(source)[kept], atol=1e-3)
    assert np.abs(modes_of(made)[8:] - modes_of(source)[8:]).max() > 0.1
    assert made.sequence == source.sequence
    np.testing.assert_array_equal(made.residue_numbers, source.residue_numbers)


def test_residue_types_are_given_where_the_fold_is_kept(source):
    given = [make(source).sequence() for make in (KeepFold, KeepFragments)]
    assert given == [source.sequence, None]
    assert PartialFlow(source, 0.3).sequence() == source.sequence
    bare = replace(source, residue_names=np.full(len(source), "ALA"))
    assert KeepFold(bare).sequence() is None


@pytest.mark.parametrize("make", [KeepFold, KeepFragments])
def test_names_are_those_of_the_input_or_those_asked_for(source, make, tiny_weights):
    options = {"condition": make(source), "weights": tiny_weights, "steps": 3}
    [plain] = protdiff.generate(**options)
    assert (plain.residue_names == source.residue_names).all()
    [made] = protdiff.generate(sequence="WX" + "G" * (len(source) - 2), **options)
    assert made.sequence == "W" + source.sequence[1] + "G" * (len(source) - 2)


def test_a_given_fold_is_drawn_coldest(source):
    """Power 8 for letters, in proportion to their share, and where the fold itself is given."""
    n = len(source)
    letters = "H" * 6 + "-" * (n - 6)
    rows = [Request(0, n), Request(0, n, structure=letters), Request(0, n, "A" * n)]
    rows += [resolved(Request(0, n), KeepFold(source) + (lambda clean, variance, u: clean), 0)]
    expected = [0, 8 * 6 / n, 8, 8]
    assert [least_power(row) for row in rows] == pytest.approx(expected)


def test_fragments_are_kept_up_to_rigid_motions(source, tiny_weights):
    [made] = protdiff.generate(condition=KeepFragments(source, 12), weights=tiny_weights, steps=12)
    a, b = (torch.tensor(x.ca) for x in (made, source))
    for start in range(0, 48, 12):
        assert float(rmsd(a[start : start + 12], b[start : start + 12])) < 0.05
    assert float(rmsd(a, b)) > 2


def test_partial_flow_starts_from_the_noised_input(source, tiny_denoiser):
    """With the noise set to zero the start is α times the input, at the time partial for."""
    flow = tiny_denoiser.recipe([48])
    partial = PartialFlow(source, 0.4)
    zero = torch.zeros(1, 96, 3, dtype=torch.float64)
    batch = BatchState([Request(0, 48, condition=partial)], flow, seed=0)
    start = batch.start(lambda: zero)
    clean, _ = components_of(source)
    alpha = flow.kernel(torch.tensor([0.4])).alpha[0]
    assert batch.until == 0.4
    torch.testing.assert_close(start[0], alpha[:, None] * clean * flow.mask[0, :, None])


def test_partial_flow_of_the_exact_denoiser_is_the_posterior(source, tiny_denoiser):
    """Noised and denoised: the mean over many noises is the Gaussian chain's own."""
    flow = tiny_denoiser.recipe([48] * 400)
    generator = torch.Generator().manual_seed(0)

    def noise():
        return torch.randn(400, 96, 3, generator=generator, dtype=torch.float64)

    clean, _ = components_of(source)
    request = Request(0, 48, condition=PartialFlow(source, 0.5))
    start = BatchState([request] * 400, flow, seed=0).start(noise)
    made = sde_2m(gaussian_oracle(flow), flow, 0.5 * uniform_times(40), noise, start=start)
    k = flow.kernel(torch.full((400,), 0.5))
    expected = (k.alpha * k.c_skip)[0, :, None] * clean
    tau = ((k.c_out[0] ** 2) * (1 + (k.alpha * k.c_skip)[0]))[:, None]  # of posterior and noise
    z = ((made.mean(0) - expected) / (tau / 400).sqrt())[flow.mask[0]]
    assert float(z.square().mean()) == pytest.approx(1, abs=0.35)


def test_small_strength_stays_near(source, tiny_weights):
    far = []
    for strength in (0.02, 0.6):
        [made] = protdiff.generate(
            condition=PartialFlow(source, strength), weights=tiny_weights, steps=6
        )
        far.append(float(rmsd(torch.tensor(made.ca), torch.tensor(source.ca))))
    assert far[0] < 1 < far[1]


def test_no_strength_returns_the_input(source, tiny_weights):
    """All atoms, those at the ends too, within what the flow resolves at time 0 (α² = 0.999)."""
    [made] = protdiff.generate(
        condition=PartialFlow(source, 1e-4), weights=tiny_weights, steps=4, seed=1
    )
    off = np.linalg.norm(made.coords - source.coords, axis=2)
    assert off.max() < 0.2 and np.sqrt(np.square(off).mean(0)).max() < 0.06
    rebuilt = np.linalg.norm(
        place_backbone(source.ca, link_vectors(source.coords)) - source.coords, axis=2
    )
    assert rebuilt[0, 0] > 0.5 and rebuilt[-1, 3] > 0.5  # as it would be without deviations


def test_deviations_fade_with_the_link_vectors(source, tiny_denoiser):
    """Twice the factor α: once when they are noised, once in the estimate."""
    flow = tiny_denoiser.recipe([48])
    batch = BatchState([Request(0, 48, condition=PartialFlow(source, 0.2))], flow, seed=0)
    left, alpha = batch.deviations(0, [0.2]), flow.kernel(0.2).alpha[0, 48]
    whole = deviations(source.coords)
    np.testing.assert_allclose(left.ends, float(alpha) ** 2 * whole.ends)
    np.testing.assert_allclose(left.links, float(alpha) ** 2 * whole.links)
    assert 0.01 < float(alpha) ** 2 < 0.9


@pytest.mark.parametrize("spoil", ["atoms", "gap", "chains"])
def test_whole_chains_only(source, spoil):
    coords, mask = np.array(source.coords), np.array(source.mask)
    ids = np.array(source.chain_ids)
    if spoil == "atoms":
        mask[5, 0] = False
    elif spoil == "gap":
        coords[20:] += 9.0
    else:
        ids[30:] = "B"
    broken = replace(source, coords=coords, mask=mask, chain_ids=ids)
    message = {"atoms": "lacks backbone atoms", "gap": "is broken between", "chains": "`chain`"}
    with pytest.raises(ValueError, match=message[spoil]):
        KeepFold(broken, 12.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda s: KeepFold(s, 1.0), "`scale` 1"),
        (lambda s: KeepFragments(s, 40), "`scale` 40"),
        (lambda s: PartialFlow(s, 1.5), "`strength` 1.5"),
        (lambda s: KeepFold(s).lengths([50]), "`length`: the input has 48 residues"),
    ],
)
def test_wrong_numbers(source, make, message):
    with pytest.raises(ValueError, match=message):
        make(source)


def test_a_second_pass_does_not_go_back_beyond_the_start(source, tiny_weights):
    """An energy asks for a second pass; a partial flow from 0.05 must stay near its input."""
    start = PartialFlow(source, 0.05)
    both = start + Energy(lambda ca: 0.0 * ca.sum())
    alone, more = (
        protdiff.generate(condition=c, weights=tiny_weights, steps=6)[0].ca for c in (start, both)
    )
    near, far = (float(rmsd(torch.tensor(x), torch.tensor(source.ca))) for x in (alone, more))
    assert far < 2 * near
