"""Multinomial diffusion of types, against the enumeration of all types and times."""

import numpy as np
import pytest
import torch

from protdiff.sequence.multinomial import (
    MultinomialNetwork,
    cosine_survival,
    noised,
    posterior,
    reverse_draw,
)
from protdiff.sequence.network import N_TYPES, SequenceConfig
from protdiff.structure.backbone import RESIDUE_TYPES

from .test_network import compact_coords, graph_of

SURVIVAL = cosine_survival()
TYROSINE = RESIDUE_TYPES.index("Y")


def to(survival):
    """Matrix of a type at one time (row) and at a later one (column)."""
    return survival * np.eye(N_TYPES) + (1 - survival) / N_TYPES


def posteriors(prior, t):
    """For every noisy type at time t, the probabilities of those one step before; `prior` at 0."""
    clean = prior[:, None] * to(SURVIVAL[t])
    clean = torch.from_numpy((clean / clean.sum(0)).T.copy())
    return posterior(torch.arange(N_TYPES), clean, SURVIVAL[t], SURVIVAL[t - 1]).numpy()


@pytest.mark.parametrize(
    ("t", "kept", "returned"),
    [(2, 0.375, 0.625), (30, 0.927, 0.060), (60, 0.939, 0.024), (90, 0.832, 0.014)],
)
def test_posterior_of_published_times(t, kept, returned):
    """Corrected values; with the survival to t used twice, t = 30 would give .446 and .446."""
    clean = torch.eye(N_TYPES, dtype=torch.float64)[3]
    chances = posterior(torch.tensor(TYROSINE), clean, SURVIVAL[t], SURVIVAL[t - 1])
    assert chances[TYROSINE].item() == pytest.approx(kept, abs=6e-4)
    assert chances[3].item() == pytest.approx(returned, abs=6e-4)
    assert chances.sum().item() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("t", [1, 2, 30, 60, 90, 100])
def test_posterior_is_bayes(t):
    """Against the joint distribution of the types at times 0, t - 1 and t, summed."""
    step = to(SURVIVAL[t] / SURVIVAL[t - 1])
    joint = to(SURVIVAL[t - 1])[:, :, None] * step[None]
    for clean in (0, 7, TYROSINE):
        bayes = joint[clean] / joint[clean].sum(0)
        one = torch.eye(N_TYPES, dtype=torch.float64)[clean].expand(N_TYPES, -1)
        ours = posterior(torch.arange(N_TYPES), one, SURVIVAL[t], SURVIVAL[t - 1])
        np.testing.assert_allclose(ours.numpy().T, bayes, atol=1e-15)


def test_reverse_process_ends_at_the_prior():
    """With the exact denoiser, every marginal of the reverse process is that of the forward one."""
    prior = np.random.default_rng(0).dirichlet(np.ones(N_TYPES))
    marginal = prior @ to(SURVIVAL[-1])
    for t in range(len(SURVIVAL) - 1, 0, -1):
        marginal = marginal @ posteriors(prior, t)
        np.testing.assert_allclose(marginal, prior @ to(SURVIVAL[t - 1]), atol=1e-12)
    np.testing.assert_allclose(marginal, prior, atol=1e-12)


def test_draws_follow_the_prior_and_reach_every_type():
    """4,000 residues that do not see each other; tyrosine is as likely as the prior says."""
    prior = np.full(N_TYPES, 0.5 / (N_TYPES - 1))
    prior[TYROSINE] = 0.5

    def exact(types, survival):
        clean = torch.from_numpy(prior[:, None] * to(survival))
        return (clean / clean.sum(0)).T[types]

    count = 4000
    known = torch.full((count,), 4)
    stays = torch.arange(count) < 100
    drawn = reverse_draw(exact, known, stays, SURVIVAL, torch.Generator().manual_seed(0))
    assert bool((drawn[:100] == 4).all())
    shares = np.bincount(drawn[100:].numpy(), minlength=N_TYPES) / (count - 100)
    error = np.sqrt(prior * (1 - prior) / (count - 100))
    assert np.abs((shares - prior) / error).max() < 4


def test_noised_types_have_survived_as_often_as_given():
    types = torch.full((20_000,), TYROSINE)
    out = noised(types, torch.full((20_000,), 0.7), torch.Generator().manual_seed(0))
    assert (out == TYROSINE).float().mean().item() == pytest.approx(0.7 + 0.3 / 20, abs=0.01)
    assert len(out.unique()) == N_TYPES


def test_network_sees_noisy_types_and_time():
    torch.manual_seed(0)
    network = MultinomialNetwork(SequenceConfig(16, 8, 1, 1)).eval()
    graph = graph_of(compact_coords(12))
    noisy = torch.arange(12)
    late, early = (network.denoise(graph, noisy, torch.full((12,), s)) for s in (0.1, 0.9))
    assert late.shape == (12, N_TYPES) and not torch.allclose(late, early)
    torch.testing.assert_close(late.exp().sum(-1), torch.ones(12))
    other = network.denoise(graph, (noisy + 1) % N_TYPES, torch.full((12,), 0.1))
    assert not torch.allclose(late, other)
