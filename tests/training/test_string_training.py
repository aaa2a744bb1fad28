"""Strings of chains, fold classes, and a model of them."""

import numpy as np
import pytest
import torch

from protdiff.dataset.store import TABLE, ChainSet
from protdiff.sequence.strings import Fit, log_norm
from protdiff.training.string_training import fold_class, strings_of, train_strings


@pytest.fixture
def chains():
    """Two chains of three and two residues; the second has an unknown type."""
    table = np.zeros(2, TABLE)
    table["start"], table["length"] = [0, 3], [3, 2]
    types = np.array([0, 1, 2, 255, 4], np.uint8)
    structure = np.array([2, 0, 1, 2, 2], np.uint8)
    return ChainSet(np.zeros((5, 4, 3), np.int16), types, structure, table)


def test_strings_of_chains(chains):
    assert [s.tolist() for s in strings_of(chains)] == [[2, 0, 1], [2, 2]]
    assert [s.tolist() for s in strings_of(chains, "joint")] == [[2, 3, 7]]


def test_a_model_with_classes():
    """Helical and strand strings alone: two classes, and the posterior knows them apart."""
    helical = torch.tensor([2] * 4 + [0] * 12 + [2] * 4)
    strand = torch.tensor([2] * 4 + [1] * 12 + [2] * 4)
    assert (fold_class(helical), fold_class(strand)) == ("helical", "strand")
    options, steps = Fit(bond=3, passes=2, batch=10), []
    model = train_strings(
        [helical, strand] * 20, "ss", options, classes=options,
        progress=lambda done, total: steps.append((done, total)),
    )  # fmt: skip
    assert steps[-1] == (8, 8) and list(model.classes) == ["helical", "strand"]
    chances = model.class_posterior(torch.stack([helical, strand]))
    assert bool((chances.diag() > 0.9).all())
    assert float(log_norm(model.mixed(), 20)) < 0
