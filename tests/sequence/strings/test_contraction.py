"""Contractions beside enumeration of all strings; long strings; helix and coil."""

import math

import pytest
import torch

from protdiff.sequence.strings import (
    MPS,
    any_symbol,
    draw,
    log_norm,
    log_prob,
    log_weight,
    marginals,
    one_hot,
    sample,
    site_entropy,
    site_log_probs,
)
from protdiff.sequence.strings.exact_states import zimm_bragg

EXACT = {"rtol": 0, "atol": 1e-12}


def test_probabilities_of_all_strings(mps, everything, chances):
    torch.testing.assert_close(log_prob(mps, everything).exp(), chances, **EXACT)
    chain = site_log_probs(mps, everything).sum(1).exp()
    torch.testing.assert_close(chain, chances, **EXACT)


def test_marginals_and_infilling(mps, everything, chances):
    pattern = torch.tensor([[-1, 2, -1, -1, 0, -1]])
    for given in (torch.full((1, 6), -1), pattern):
        fits = ((everything == given) | (given < 0)).all(1).double() * chances
        expected = torch.stack([(fits[:, None] * (everything == k)).sum(0) for k in range(3)], -1)
        expected = expected / fits.sum()
        weights = one_hot(mps, given)
        found = marginals(mps, weights)[0]
        torch.testing.assert_close(found, expected, **EXACT)
        entropy = -torch.special.xlogy(expected, expected).sum(-1)
        torch.testing.assert_close(site_entropy(mps, weights)[0], entropy, rtol=0, atol=1e-11)
        torch.testing.assert_close(log_prob(mps, given).exp()[0], fits.sum(), **EXACT)


def test_draws_walk_the_ladder_of_exact_chances(mps, everything, chances):
    """A uniform number just below or above a step of the ladder gives one symbol or the next."""
    given = one_hot(mps, torch.tensor([[-1, 2, -1, -1, 0, -1]]))
    fits = (everything[:, 1] == 2) & (everything[:, 4] == 0)
    for string, chance in zip(everything[fits][::5], chances[fits][::5], strict=True):
        if chance < 1e-9:
            continue
        uniforms, prefix = (
            torch.zeros(1, 6, dtype=torch.float64),
            torch.ones(729, dtype=bool) & fits,
        )
        for site in range(6):
            total = chances[prefix].sum()
            below = chances[prefix & (everything[:, site] < string[site])].sum() / total
            here = chances[prefix & (everything[:, site] == string[site])].sum() / total
            uniforms[0, site] = below + here / 2
            prefix &= everything[:, site] == string[site]
        assert (draw(mps, given, uniforms)[0] == string).all()


def test_samples_have_the_right_frequencies(mps, everything, chances):
    """The deviation of 20,000 draws from 729 chances, as χ²: 729 ± 38 is expected."""
    num = 20_000
    drawn = sample(mps, 6, num, torch.Generator().manual_seed(1))
    index = (drawn * 3 ** torch.arange(5, -1, -1)).sum(1)
    counts = torch.bincount(index, minlength=729).double()
    common = chances * num > 1
    chi2 = ((counts - num * chances).square() / (num * chances))[common].sum()
    assert abs(chi2 - common.sum()) < 5 * math.sqrt(2 * common.sum())


def test_long_strings_do_not_underflow():
    """Independent symbols, 2,000 of them: ln P is a sum."""
    rare = MPS(
        torch.ones(1).double(), torch.tensor([1e-3, 2e-3], dtype=torch.float64)[:, None, None],
        torch.ones(1).double(),
    )  # fmt: skip
    string = torch.zeros(1, 2000, dtype=torch.long)
    assert float(log_norm(rare, 2000)) == pytest.approx(2000 * math.log(3e-3), rel=1e-12)
    assert float(log_prob(rare, string)) == pytest.approx(2000 * math.log(1 / 3), rel=1e-12)
    assert sample(rare, 2000, 1).shape == (1, 2000)


def test_strings_of_various_lengths_in_one_tensor(everything):
    chain = zimm_bragg(1.3, 0.01)
    strings = everything[:50].clamp_max(1)
    lengths = torch.arange(50) % 7
    together = log_weight(chain, one_hot(chain, strings), lengths)
    for k in range(50):
        alone = log_weight(chain, one_hot(chain, strings[k : k + 1, : lengths[k]]))
        torch.testing.assert_close(together[k : k + 1], alone, rtol=1e-13, atol=1e-13)


def test_helix_and_coil():
    """Zimm and Bragg: an open chain of 12, and the middle of a long one."""
    chain = zimm_bragg(1.3, 0.01)
    helix = marginals(chain, any_symbol(chain, 12))[0, :, 0]
    assert float(helix.mean()) == pytest.approx(0.478289, abs=5e-7)
    assert float(log_norm(chain, 12).exp()) == pytest.approx(5.048155, abs=5e-7)
    long = marginals(chain, any_symbol(chain, 400))[0, 200, 0]
    assert float(long) == pytest.approx(0.898059, abs=5e-7)
    eigenvalue = (log_norm(chain, 401) - log_norm(chain, 400)).exp()
    assert float(eigenvalue) == pytest.approx(1.338414, abs=5e-7)


def test_what_is_impossible(mps):
    chain = MPS(
        torch.ones(1).double(), torch.tensor([1.0, 0]).double()[:, None, None],
        torch.ones(1).double(),
    )  # fmt: skip
    assert float(log_prob(chain, torch.tensor([[0, 1, 0]]))) == -math.inf
    with pytest.raises(ValueError, match="probability zero"):
        draw(chain, one_hot(chain, torch.tensor([[1, -1]])), torch.rand(1, 2))
    assert sample(chain, 0, 3).shape == (3, 0) and float(log_norm(chain, 0)) == 0
    if mps.sites.dim() == 4:
        with pytest.raises(ValueError, match="`length` 7: this state has 6 sites"):
            log_norm(mps, 7)
    with pytest.raises(ValueError, match="`length` -1"):
        log_norm(mps, -1)
