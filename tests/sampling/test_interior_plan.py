"""Windows of a long chain: what is drawn when, and which sizes are refused."""

from math import ceil, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protdiff.sampling.interior_plan import LONGEST, MIN_WINDOW, ROOT_FACTOR, InteriorPlan
from protdiff.sampling.window import windows_text


@given(st.data())
def test_windows_make_every_residue_once(data):
    length = data.draw(st.integers(MIN_WINDOW + 1, LONGEST))
    least = max(MIN_WINDOW, ceil(ROOT_FACTOR * sqrt(length)))
    window = data.draw(st.integers(least, min(length - 1, 2048)))
    plan = InteriorPlan(length, window)
    windows, there = plan.windows(), np.zeros(length, bool)
    firsts = windows[: ceil(len(windows) / 2)]
    for number, (start, stop, [(first, last)]) in enumerate(windows):
        assert stop - start <= window and last > first
        assert start == max(first - plan.overlap, 0) and stop == min(last + plan.overlap, length)
        inside = np.zeros(length, bool)
        inside[first:last] = True
        assert not there[inside].any()
        if number >= len(firsts):  # in the gaps, all else is known
            assert (there | inside)[start:stop].all()
        else:  # no neighbour is there yet
            assert not there[max(first - 1, 0) : last + 1].any()
        there |= inside
    assert there.all()
    assert windows_text(window) == f"window={window} overlap={plan.overlap}"


@pytest.mark.parametrize(
    ("length", "window", "message"),
    [
        (200, MIN_WINDOW - 1, "`window` 63: must lie between 64 and 2048"),
        (4000, 2049, "`window` 2049: must lie between 64 and 2048"),
        (200, 200, "`window` 200: 200 residues go through the network at once; leave it out"),
        (600, 97, "`window` 97: too small for 600 residues; give at least 98"),
        (LONGEST + 1, 512, "`length` 4097: must lie between 8 and 4096 residues, also with"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(length, window, message):
    with pytest.raises(ValueError, match=message):
        InteriorPlan(length, window)
