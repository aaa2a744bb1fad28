"""Settings of sampling: what goes together."""

import numpy as np
import pytest

from protdiff.sampling.settings import SamplingSettings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": "euler"}, "`sampler` euler: choose from matched"),
        ({"diffusion": 0.5}, "`diffusion`: goes with `sampler` multistep"),
        ({"sampler": "multistep"}, "`diffusion`: goes with"),
        ({"sampler": "multistep", "diffusion": -1.0}, "must be at least 0"),
        ({"churn": 40.0}, "`churn`: goes with `sampler` heun"),
    ],
)
def test_settings_that_do_not_go_together(options, message):
    with pytest.raises(ValueError, match=message):
        SamplingSettings(**options)


@pytest.mark.parametrize("name", ["steps", "batch_size"])
def test_numbers_of_things_are_integers(name):
    """A part of a step would end in a message of torch, a part of a sample in one of slices."""
    for value in (8.5, 8.0, "8"):
        with pytest.raises(TypeError, match=f"`{name}` {value!r}: must be an integer"):
            SamplingSettings(**{name: value})
    assert getattr(SamplingSettings(**{name: np.int64(8)}), name) == 8
