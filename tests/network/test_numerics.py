"""Settings of torch and e3nn: as wanted inside, as before outside."""

import warnings

import e3nn
import pytest
import torch
from e3nn import o3

from protdiff.network.numerics import eager_e3nn, flush_denormals


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


def test_eager_modules_have_no_torchscript_and_the_setting_is_restored():
    before = e3nn.get_optimization_defaults()
    with warnings.catch_warnings(), eager_e3nn():
        warnings.simplefilter("error")  # torch warns of TorchScript
        layer = o3.Linear("2x0e", "3x0e")
    assert e3nn.get_optimization_defaults() == before
    assert not any(isinstance(module, torch.jit.ScriptModule) for module in layer.modules())
