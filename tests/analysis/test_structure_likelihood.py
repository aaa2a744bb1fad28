"""Likelihood of structures under a network: what must hold for any weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

import protdiff
from protdiff import log_likelihood
from protdiff.analysis import LIKELIHOOD, METHODS

from ..conftest import double_precision

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def chain():
    backbone = protdiff.read(ROOT / "data" / "examples" / "1a8o.pdb.gz").chain("A")
    return backbone[backbone.mask.all(1)][:30]


@pytest.fixture
def silent(tiny_denoiser):
    """The same network with a zero output: the Gaussian chain."""
    import copy

    denoiser = copy.deepcopy(tiny_denoiser)
    with torch.no_grad():
        for name, parameter in denoiser.named_parameters():
            if "head" in name:
                parameter.zero_()
    return denoiser


def ca_only(backbone):
    coords = np.full(backbone.coords.shape, np.nan)
    coords[:, 1] = backbone.ca
    return protdiff.Backbone.from_coords(coords, backbone.sequence)


@pytest.mark.parametrize("trace", [False, True])
def test_a_silent_network_is_the_gaussian_chain(silent, chain, trace):
    result = log_likelihood(silent, ca_only(chain) if trace else chain, steps=3, samples=1)
    assert result.value == pytest.approx(result.gaussian, abs=1e-6)
    assert all(abs(gain) < 1e-6 for gain in result.gain.values())
    # By hand: independent Gaussian modes, and unit links of variance 1/3.
    n = len(chain)
    flow = silent.recipe([n])
    from protdiff.flow import cosine_modes
    from protdiff.structure.peptide import link_vectors

    x = cosine_modes(n) @ torch.tensor(chain.ca)
    parts = [(x[1:], flow.variance[0, 1:n])]
    if not trace:
        parts.append((torch.tensor(link_vectors(chain.coords)), flow.variance[0, n : 2 * n - 1]))
    nats = sum(
        float(torch.distributions.Normal(0, v.sqrt()[:, None]).log_prob(p).sum()) for p, v in parts
    )
    assert result.value * result.degrees == pytest.approx(nats, rel=1e-6)


def test_residues_and_bands_add_up(tiny_denoiser, chain):
    result = log_likelihood(tiny_denoiser, chain, steps=4)
    assert result.residues.sum() == pytest.approx(result.value * result.degrees, rel=1e-6)
    assert result.gaussian + sum(result.gain.values()) == pytest.approx(result.value, rel=1e-6)
    assert result.degrees == 3 * (29 + 29)
    assert result.calls == 5 * 2
    assert set(result.row()) == set(LIKELIHOOD)
    assert result.resolution == pytest.approx(0.1, rel=1e-3)


def test_equal_seeds_equal_numbers_and_rotations_within_the_error(tiny_denoiser, chain):
    first, second = (log_likelihood(tiny_denoiser, chain, steps=4, seed=s).value for s in (3, 3))
    assert first == second
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    turned = protdiff.Backbone.from_coords(chain.coords @ turn + 20, chain.sequence)
    runs = [log_likelihood(tiny_denoiser, x, steps=8, samples=8) for x in (chain, turned)]
    error = np.hypot(runs[0].error, runs[1].error)
    assert abs(runs[0].value - runs[1].value) < 5 * error


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_finite(tiny_denoiser, chain, method):
    for structure in (chain, ca_only(chain)):
        result = log_likelihood(tiny_denoiser, structure, method=method, steps=4, samples=2)
        assert np.isfinite(result.value)
        assert np.isfinite(result.error) == (method != "ode")


def test_importance_weights_of_a_silent_network(silent, chain):
    """The Gaussian chain's sampler with analytic variances reproduces its law in any steps."""
    result = log_likelihood(silent, chain, method="iwae", steps=4, samples=2)
    assert result.value == pytest.approx(result.gaussian, abs=2e-3)
    flow = log_likelihood(silent, chain, method="ode", steps=24, samples=1)
    assert flow.value == pytest.approx(flow.gaussian, abs=5e-3)


def test_pieces_are_scored_one_by_one(tiny_denoiser, chain):
    split = chain[[*range(12), *range(15, 30)]]
    result = log_likelihood(tiny_denoiser, split, steps=3, samples=1)
    assert result.degrees == 3 * (2 * 11 + 2 * 14)
    alone = log_likelihood(tiny_denoiser, split[:12], steps=3, samples=1)
    np.testing.assert_allclose(result.residues[:12], alone.residues)


def test_missing_residues_have_no_nats(tiny_denoiser, chain):
    coords = chain.coords.copy()
    coords[5] = np.nan
    result = log_likelihood(
        tiny_denoiser, protdiff.Backbone.from_coords(coords), steps=3, samples=1
    )
    assert np.isnan(result.residues[:6]).all()  # a piece of five residues is too short
    assert np.isfinite(result.residues[6:]).all()


def test_sequence_changes_the_density(tiny_denoiser, chain):
    free, given = (
        log_likelihood(tiny_denoiser, chain, sequence=s, steps=3).value
        for s in (None, chain.sequence)
    )
    assert free != given
    small = log_likelihood(tiny_denoiser, chain, sequence=chain.sequence.lower(), steps=3).value
    assert small == given


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "exact"}, "must be one of elbo, iwae, ode"),
        ({"sequence": "ACD"}, "3 letters for 30 residues"),
        ({"sequence": "A" * 29 + "-"}, "unknown residue '-' at position 30"),
        ({"steps": 0}, "`steps` 0: must be at least 1"),
        ({"samples": 0}, "`samples` 0: must be at least 1"),
        ({"resolution": -1.0}, "`resolution` -1: must be more than 0"),
        ({"resolution": float("nan")}, "`resolution` nan: must be more than 0"),
    ],
)
def test_bad_options(tiny_denoiser, chain, options, message):
    with pytest.raises(ValueError, match=message):
        log_likelihood(tiny_denoiser, chain, **options)


def test_the_type_of_tensors_of_a_session_changes_nothing(tiny_denoiser, chain):
    plain = log_likelihood(tiny_denoiser, chain, sequence=chain.sequence, steps=3).value
    with double_precision():
        made = log_likelihood(tiny_denoiser, chain, sequence=chain.sequence, steps=3).value
    assert made == plain


def test_what_is_taken_is_said(tiny_denoiser, chain):
    for given in ((chain, tiny_denoiser), ("rg-base", chain), (tiny_denoiser, "x.pdb")):
        with pytest.raises(TypeError, match=r"takes a denoiser, as .*load_weights gives it, and"):
            log_likelihood(*given)


def test_too_short(tiny_denoiser, chain):
    with pytest.raises(ValueError, match="no unbroken piece of 8 residues"):
        log_likelihood(tiny_denoiser, chain[:6])
