"""Settings of torch: as wanted inside, as before outside."""

import pytest
import torch

from protdiff.network.numerics import flush_denormals


def flushed():
    return float(torch.tensor([1e-40]) * 1) == 0


@pytest.mark.parametrize("before", [False, True])
def test_denormals_are_flushed_inside_and_the_setting_is_restored(before):
    torch.set_flush_denormal(before)
    try:
        with pytest.raises(RuntimeError, match="inside"), flush_denormals():
            assert flushed()
            raise RuntimeError("inside")
        assert flushed() == before
    finally:
        torch.set_flush_denormal(False)
