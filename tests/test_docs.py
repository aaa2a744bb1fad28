"""The documentation names every column, and its example of a configuration works."""

from dataclasses import asdict
from pathlib import Path

import pytest

from protdiff.analysis import LIKELIHOOD
from protdiff.metrics import QUALITY, SIMILARITY
from protdiff.metrics.descriptor import NAMES
from protdiff.network.weights import load_weights
from protdiff.training.config import read_config

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [SIMILARITY, QUALITY, LIKELIHOOD])
def test_columns_with_their_definitions(columns):
    for name, meaning in columns.items():
        assert f"| `{name}` | {meaning} |" in TEXT


def test_size_of_the_descriptor():
    assert f"({len(NAMES)} entries:" in TEXT


def test_training_goes_on_from_the_shipped_weights_with_the_example():
    """The annotated configuration has the sizes of the shipped network."""
    example = read_config(ROOT / "docs/training.toml")
    assert example.network.model_dump().items() <= asdict(load_weights().network.config).items()
