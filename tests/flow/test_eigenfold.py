"""EigenFold's published numbers of steps (docs/theory.md 2.2)."""

from math import exp, log, pi, sin

import pytest

from protdiff.flow import eigenfold


@pytest.mark.parametrize(("length", "count"), [(64, 138), (100, 159), (200, 193), (300, 213)])
def test_published_steps(length, count):
    """Step 0.5, cut-off 5, down to t = 0.01."""
    assert eigenfold.steps(length) == count


@pytest.mark.parametrize("length", [20, 100])
def test_nats_left_at_the_last_time(length):
    t = eigenfold.last_time(length)
    signal = [exp(-3 / 3.8**2 * 4 * sin(pi * n / length / 2) ** 2 * t) for n in range(1, length)]
    assert -1.5 * sum(log(1 - a) + a for a in signal) == pytest.approx(2, rel=1e-9)
