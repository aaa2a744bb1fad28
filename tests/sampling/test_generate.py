"""Generation: reproducible, batch-independent, conditioned, with clear errors."""

import numpy as np
import pytest
import torch

import protdiff
from protdiff.network.numerics import pick_device

from ..conftest import double_precision


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


def test_integers_of_any_kind_and_letters_of_any_case(tiny_weights):
    options = {"weights": tiny_weights, "steps": 4}
    [a] = protdiff.generate(length=10, **options)
    [b] = protdiff.generate(length=np.int64(10), **options)
    assert np.array_equal(a.coords, b.coords)
    [c], [d] = (
        protdiff.generate(sequence=s, **options) for s in ("acdefghikl", list("ACDEFGHIKL"))
    )
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
        ({"sequence": ["ACDEFGHI", "KLMNPQRS"]}, "`sequence`: is one text for all backbones"),
        ({"secondary_structure": ["H" * 9] * 2}, "`secondary_structure`: is one text"),
        ({}, "`length` is missing"),
    ],
)
def test_bad_requests_are_refused(tiny_weights, options, message):
    with pytest.raises(ValueError, match=message):
        protdiff.generate(weights=tiny_weights, **{"steps": 4, **options})


def test_the_type_of_tensors_of_a_session_changes_nothing(tiny_weights):
    options = {"length": 24, "secondary_structure": "H" * 12 + "?" * 12, "seed": 5}
    [plain] = coords_of(tiny_weights, **options)
    with double_precision():
        [made] = coords_of(tiny_weights, **options)
        assert torch.get_default_dtype() == torch.float64
    assert np.array_equal(made, plain)


def test_absent_device_is_refused():
    with pytest.raises(ValueError, match="choose auto, cpu, cuda or mps"):
        pick_device("tpu")
