"""Structure files of the repository, and what a file must hold after writing."""

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "data" / "examples"
SUFFIXES = (".pdb", ".cif", ".bcif")
NUMBERING = ("mask", "residue_names", "chain_ids", "residue_numbers", "insertion_codes")

few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def assert_same(written, expected, tolerance=1e-9):
    """Equal numbering and names, and coordinates equal after rounding to 0.001 Å."""
    for name in NUMBERING:
        np.testing.assert_array_equal(getattr(written, name), getattr(expected, name), name)
    rounded = np.round(expected.coords, 3)
    np.testing.assert_allclose(written.coords, rounded, rtol=0, atol=tolerance)


def one_line(error, path):
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 250 + len(str(path))
    return message
