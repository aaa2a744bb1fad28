"""Settings of sampling: what goes together."""

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
