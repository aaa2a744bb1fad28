"""The shipped models: likelihoods of real strings, class posteriors, scores of stretches."""

from dataclasses import replace

import pytest
import torch

from protdiff.network.weights import WeightsError, find_weights, load_weights
from protdiff.sequence.strings import log_norm, log_prob, log_weight, one_hot
from protdiff.sequence.strings.alphabet import joint_weights, to_symbols
from protdiff.sequence.strings.string_model import (
    StringModel,
    load_string_model,
    save_string_model,
)
from protdiff.sequence.strings.string_scores import score_string, stretch_log_probs

#: 1A8O, residues 151 to 220, by DSSP.
REAL = "CCCHHHHCCCCCCCHHHHHHHHHHHHHHCCCCHHHHHHHHHHHHHCCCHHHHHHHHHHCCCCCHHHHHHHC"


@pytest.fixture(scope="module")
def model():
    return load_string_model()


def test_real_structure_is_likelier_than_shuffled(model):
    symbols = to_symbols(REAL)
    shuffled = symbols[torch.randperm(len(symbols), generator=torch.Generator().manual_seed(0))]
    real, other = (-log_prob(model.mps, s[None]) / len(s) for s in (symbols, shuffled))
    assert float(real) < 0.6 < 2 * float(real) < float(other)


def test_the_posterior_of_classes_is_that_of_the_mixture(model):
    strings = to_symbols(REAL)[None]
    chances = model.class_posterior(strings)[0]
    assert float(chances.sum()) == pytest.approx(1)
    mixed = log_weight(model.mixed(), one_hot(model.mps, strings))
    for name, chance in zip(model.classes, chances, strict=True):
        part = log_weight(model.classes[name], one_hot(model.mps, strings))
        expected = model.shares[name] * (part - mixed).exp()
        assert float(chance) == pytest.approx(float(expected), rel=1e-9)


def test_stretches_beside_hidden_windows(model):
    """The chance of a stretch given the rest, from whole strings with and without it."""
    symbols = to_symbols(REAL)
    weights = one_hot(model.mps, symbols[None])
    found = stretch_log_probs(model.mps, weights, 12)
    for first in (0, 17, len(REAL) - 12):
        hidden = symbols.clone()
        hidden[first : first + 12] = -1
        expected = log_weight(model.mps, weights) - log_weight(
            model.mps, one_hot(model.mps, hidden[None])
        )
        assert float(found[first]) == pytest.approx(float(expected), rel=1e-9)
    score = score_string(model, weights)
    assert score.stretch_nats == pytest.approx(-float(found.min()) / 12)
    assert score.nats == pytest.approx(-float(log_prob(model.mps, symbols[None])) / len(REAL))
    short = score_string(model, one_hot(model.mps, to_symbols("CCC")[None]))
    assert short.size == 3 and short.first == 0


def test_joint_weights_of_unknown_types(model):
    joint = load_string_model(alphabet="joint")
    types, states = torch.tensor([3, -1, 5]), torch.tensor([0, 1, -1])
    weights = joint_weights(types, states)
    assert weights.sum(-1).tolist() == [1, 20, 3] and weights[0, 9] == 1
    assert float(log_weight(joint.mps, weights[None])) < float(log_norm(joint.mps, 3))


def test_weights_go_through_a_file(model, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_string_model(path, model, {"made": "here"})
    back = load_string_model(path)
    assert bool((back.mps.sites == model.mps.sites).all()) and back.shares == model.shares
    with pytest.raises(WeightsError, match="weights of strings; give those of a flow"):
        load_weights(path)
    with pytest.raises(WeightsError, match="weights of a network"):
        load_string_model(find_weights("rg-base"))
    wrong = replace(model, mps=load_string_model(alphabet="joint").mps, classes={}, shares={})
    assert isinstance(wrong, StringModel)
    save_string_model(path, wrong)
    with pytest.raises(WeightsError, match="another version"):
        load_string_model(path)
