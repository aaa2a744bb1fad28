"""Generation: reproducible, batch-independent, conditioned, with clear errors."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import protdiff
from protdiff.flow import SAMPLERS
from protdiff.network.numerics import pick_device
from protdiff.sampling.batching import batches
from protdiff.sampling.plan import Request, sample_length
from protdiff.sampling.sample import network_calls, noise_source, sample
from protdiff.sampling.settings import SAMPLER_NAMES, SamplingSettings
from protdiff.sampling.temperature import temperatures

from ..conftest import TINY


def coords_of(tiny_weights, **options):
    return [b.coords for b in protdiff.generate(weights=tiny_weights, steps=8, **options)]


def test_same_seed_same_bytes(tiny_weights):
    first, second = (coords_of(tiny_weights, length=24, num=2, seed=5) for _ in "12")
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a, b)


def test_samples_and_seeds_differ(tiny_weights):
    a, b = coords_of(tiny_weights, length=24, num=2, seed=5)
    [c] = coords_of(tiny_weights, length=24, seed=6)
    assert np.abs(a - b).max() > 1 and np.abs(a - c).max() > 1


def test_sample_depends_on_neither_number_nor_batch(tiny_weights):
    # The same mathematics in another order of sums: round-off only, far below 0.01 Å.
    reference = coords_of(tiny_weights, length=range(20, 40), num=6, seed=1)
    for options in ({"num": 4}, {"num": 6, "batch_size": 1}, {"num": 6, "batch_size": 5}):
        made = coords_of(tiny_weights, length=range(20, 40), seed=1, **options)
        for a, b in zip(made, reference, strict=False):
            np.testing.assert_allclose(a, b, atol=1e-3)


def test_shape_and_numbering(tiny_weights):
    [backbone] = protdiff.generate(sequence="ACDEFGHIKL", weights=tiny_weights, steps=4)
    assert backbone.coords.shape == (10, 4, 3) and np.isfinite(backbone.coords).all()
    assert backbone.sequence == "ACDEFGHIKL"
    assert backbone.residue_numbers.tolist() == list(range(1, 11))
    assert set(backbone.chain_ids) == {"A"}
    [plain] = protdiff.generate(length=10, weights=tiny_weights, steps=4)
    assert plain.sequence == "A" * 10


def test_centroid_is_at_the_origin(tiny_weights):
    [coords] = coords_of(tiny_weights, length=30)
    np.testing.assert_allclose(coords[:, 1].mean(0), 0, atol=1e-9)


def test_conditions_reach_the_network(tiny_weights):
    [free] = coords_of(tiny_weights, length=20)
    [helix] = coords_of(tiny_weights, secondary_structure="H" * 20)
    [strand] = coords_of(tiny_weights, secondary_structure="E" * 20)
    [typed] = coords_of(tiny_weights, sequence="G" * 20)
    for a, b in ((free, helix), (helix, strand), (free, typed)):
        assert np.abs(a - b).max() > 0.01


def test_conditions_not_given_change_nothing(tiny_weights):
    [free] = coords_of(tiny_weights, length=20)
    [blank] = coords_of(tiny_weights, secondary_structure="-" * 20, sequence="X" * 20)
    np.testing.assert_allclose(free, blank, atol=1e-9)


def test_temperature_scales_the_fluctuations(tiny_weights):
    [cold], [warm] = (coords_of(tiny_weights, length=40, temperature=t) for t in (1.0, 4.0))
    assert np.square(cold[:, 1]).sum() < 0.8 * np.square(warm[:, 1]).sum()


def test_calls_are_the_steps(tiny_denoiser):
    calls = []
    settings = SamplingSettings(steps=7)
    made = sample(tiny_denoiser, [Request(0, 16)], settings, callback=lambda *a: calls.append(a))
    assert len(calls) == made[0].calls == 7


@given(
    st.lists(st.integers(8, 300), min_size=1, max_size=30),
    st.none() | st.integers(1, 9),
    st.sampled_from([("cpu", 800), ("cuda:1", 16384)]),
)
def test_batches_lose_nothing(lengths, batch_size, device):
    requests = [Request(i, n) for i, n in enumerate(lengths)]
    device, most = device
    made = list(batches(requests, device, SamplingSettings(batch_size=batch_size)))
    assert sorted(r.index for b in made for r in b) == list(range(len(lengths)))
    for batch in made:
        padded = len(batch) * max(r.length for r in batch)
        assert len(batch) <= batch_size if batch_size else len(batch) == 1 or padded <= most


def test_lengths_of_a_seed_do_not_depend_on_the_number():
    drawn = [sample_length(range(60, 121), i, 3) for i in range(50)]
    assert drawn[:10] == [sample_length(range(60, 121), i, 3) for i in range(10)]
    assert min(drawn) >= 60 and max(drawn) <= 120 and len(set(drawn)) > 20
    assert [sample_length([60, 80], i, 0) for i in range(3)] == [60, 80, 60]


def test_streams_of_seeds_and_samples_do_not_meet():
    # A list as entropy would give sample 3 of seed 5 to sample 0 of this seed.
    noises = [
        noise_source([Request(index, 8)], 8, seed)()
        for seed, index in ((5, 3), (5 + 3 * 2**32, 0), (3, 5), (5, 0))
    ]
    for i, one in enumerate(noises):
        assert all(not torch.equal(one, other) for other in noises[:i])


def test_integers_of_any_kind_and_letters_of_any_case(tiny_weights):
    options = {"weights": tiny_weights, "steps": 4}
    [a] = protdiff.generate(length=10, **options)
    [b] = protdiff.generate(length=np.int64(10), **options)
    assert np.array_equal(a.coords, b.coords)
    [c], [d] = (protdiff.generate(sequence=s, **options) for s in ("acdefghikl", "ACDEFGHIKL"))
    assert np.array_equal(c.coords, d.coords) and c.sequence == "ACDEFGHIKL"
    assert protdiff.generate(length=10, num=0, **options) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 7}, "`length` 7: must lie between 8 and 2048"),
        ({"length": 2049}, "`length` 2049: must lie between 8 and 2048"),
        ({"sequence": "ACDBEFGH"}, "unknown letter 'B' at position 4"),
        ({"secondary_structure": "HHHHQHHH"}, "unknown letter 'Q' at position 5"),
        ({"length": 12, "sequence": "A" * 11}, "has 11 letters, but the length is 12"),
        ({"length": 12, "temperature": 0.0}, "`temperature` 0.0: must be positive"),
        ({"length": 12, "steps": 1}, "at least 2 steps"),
        ({"length": 12, "temperature": float("inf")}, "`temperature` inf"),
        ({"length": 12, "num": -1}, "`num` -1: must be at least 0"),
        ({"length": 12, "seed": -1}, "`seed` -1: must be at least 0"),
        ({"length": 12, "batch_size": 0}, "`batch_size` 0: must be at least 1"),
        ({"length": []}, "not empty"),
        ({"length": range(60, 60)}, "not empty"),
        ({"length": "60-120"}, "give an integer, a range or a list"),
        ({"length": range(5, 20)}, "`length` 5: must lie between 8 and 2048"),
        ({"sequence": ""}, "`sequence`: has no letters"),
        ({}, "`length` is missing"),
    ],
)
def test_bad_requests_are_refused(tiny_weights, options, message):
    with pytest.raises(ValueError, match=message):
        protdiff.generate(weights=tiny_weights, **{"steps": 4, **options})


def test_absent_device_is_refused():
    with pytest.raises(ValueError, match="choose auto, cpu, cuda or mps"):
        pick_device("tpu")


def test_temperatures_of_the_scales(tiny_denoiser):
    """1 for the fold, T^6 for the finest mode, T^16 for links; all equal at 1 and above."""
    flow = tiny_denoiser.recipe([40])
    cold = temperatures(flow, [0.0])[0, :, 0]
    assert cold[1] == 1 and cold[12] == 1 > cold[14]  # momenta 0.08, 0.94 and 1.1
    assert (cold[1:40].diff() <= 0).all()
    assert cold[39] == pytest.approx(0.8**6, rel=0.15)
    assert cold[40:] == pytest.approx([0.8**16] * 40)
    for temperature in (1.0, 1.7):
        warm = temperatures(flow, [0.0], SamplingSettings(temperature=temperature))
        assert (warm == temperature).all()


def test_a_fold_that_is_given_is_colder(tiny_denoiser):
    flow = tiny_denoiser.recipe([40, 40])
    free, given = temperatures(flow, [0.0, 2.0])[..., 0]
    assert given[:13] == pytest.approx([0.8**2] * 13)
    assert (given <= free).all() and torch.equal(given[30:], free[30:])


def test_every_sampler_is_reached(tiny_weights):
    """Names of the settings are those of the samplers, and each draws something else."""
    assert set(SAMPLER_NAMES) == {*SAMPLERS, "multistep"}
    options = {"ode_2m": {}, "ddim": {}, "ancestral": {}, "sde_2m": {}, "matched": {}, "heun": {}}
    drawn = [
        protdiff.generate(length=16, steps=6, sampler=name, weights=tiny_weights, **more)[0].ca
        for name, more in options.items()
    ]
    for i, a in enumerate(drawn):
        assert all(np.abs(a - b).max() > 1e-3 for b in drawn[:i])


def test_diffusion_joins_ode_and_sde(tiny_weights):
    """The ends of the family are the samplers of that name, to the byte."""
    draw = {"length": 16, "steps": 6, "weights": tiny_weights}
    for diffusion, name in ((0.0, "ode_2m"), (1.0, "sde_2m")):
        [a] = protdiff.generate(sampler="multistep", diffusion=diffusion, **draw)
        [b] = protdiff.generate(sampler=name, **draw)
        assert np.array_equal(a.coords, b.coords)
    [between] = protdiff.generate(sampler="multistep", diffusion=0.5, **draw)
    assert np.abs(between.coords - b.coords).max() > 0.01


def test_churn_on_a_variance_exploding_flow(tiny_weights, tmp_path):
    """S_churn of EDM reaches Heun's sampler: 0 is none of it, 40 changes the sample."""
    from protdiff.flow.zoo import recipe
    from protdiff.network import Denoiser
    from protdiff.network.weights import save_weights

    torch.manual_seed(0)
    denoiser = Denoiser(TINY, recipe("edm"))
    torch.nn.init.normal_(denoiser.network.head.weight, std=0.1)
    path = tmp_path / "edm.safetensors"
    save_weights(path, denoiser)
    draw = {"length": 12, "steps": 8, "weights": path, "sampler": "heun"}
    [plain], [none], [some] = (
        protdiff.generate(**draw, **churn) for churn in ({}, {"churn": 0.0}, {"churn": 40.0})
    )
    assert np.array_equal(plain.coords, none.coords)
    assert np.abs(plain.coords - some.coords).max() > 1e-3
    with pytest.raises(ValueError, match="variance-exploding flows alone"):
        protdiff.generate(length=12, sampler="heun", churn=40.0, weights=tiny_weights)


def test_calls_are_counted(tiny_denoiser):
    """Heun's rule calls the network twice a step; the plan says as many as are made."""
    for sampler in ("matched", "heun"):
        settings, seen = SamplingSettings(steps=5, sampler=sampler), []
        [made] = sample(tiny_denoiser, [Request(0, 12)], settings, advance=seen.append)
        assert made.calls == len(seen) == network_calls(settings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": "euler"}, "`sampler` euler: choose from matched"),
        ({"diffusion": 0.5}, "`diffusion`: goes with `sampler` multistep"),
        ({"sampler": "multistep"}, "`diffusion`: goes with"),
        ({"sampler": "multistep", "diffusion": -1.0}, "must be at least 0"),
        ({"churn": 40.0}, "`churn`: goes with `sampler` heun"),
    ],
)
def test_settings_that_do_not_go_together(options, message):
    with pytest.raises(ValueError, match=message):
        SamplingSettings(**options)
