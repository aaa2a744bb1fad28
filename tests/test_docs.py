"""The documentation names every column that the package writes."""

from pathlib import Path

import pytest

from protdiff.metrics import QUALITY, SIMILARITY
from protdiff.metrics.descriptor import NAMES
from protdiff.physics import LIKELIHOOD

TEXT = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [SIMILARITY, QUALITY, LIKELIHOOD])
def test_columns_with_their_definitions(columns):
    for name, meaning in columns.items():
        assert f"| `{name}` | {meaning} |" in TEXT


def test_size_of_the_descriptor():
    assert f"({len(NAMES)} entries:" in TEXT
