"""Batches drawn side by side: the same samples, and what one process must draw."""

import numpy as np
import pytest

from protdiff.conditioning import Energy
from protdiff.network.weights import load_weights
from protdiff.sampling.draw import draw
from protdiff.sampling.frame_choice import FrameChoice
from protdiff.sampling.plan import plan_requests
from protdiff.sampling.settings import SamplingSettings

SETTINGS = SamplingSettings(steps=3, batch_size=1)


def drawn(denoiser, requests, **options):
    samples = [s for batch in draw(denoiser, requests, SETTINGS, **options) for s in batch]
    return {sample.request.index: sample for sample in samples}


def test_processes_draw_the_same_samples(tiny_weights):
    denoiser, requests = load_weights(tiny_weights), plan_requests(3, 0, length=[20, 24])
    calls = []
    alone = drawn(denoiser, requests)
    several = drawn(denoiser, requests, jobs=2, advance=calls.append, frames=FrameChoice(2))
    assert list(several) == list(alone) and calls == [3, 3, 3]
    for index, sample in several.items():
        assert np.array_equal(sample.backbone.coords, alone[index].backbone.coords)
        assert sample.calls == alone[index].calls == 3
        assert np.array_equal(sample.trajectory.coords[-1], sample.backbone.coords)


def test_a_function_of_the_user_stays_in_this_process(tiny_weights):
    pull = Energy(lambda ca: ca.square().sum())
    requests = plan_requests(4, 0, length=12, condition=pull)
    denoiser = load_weights(tiny_weights)
    assert len(drawn(denoiser, requests, jobs=0)) == 4
    with pytest.raises(ValueError, match="`jobs` 2: the condition holds a function"):
        drawn(denoiser, requests, jobs=2)


def test_an_accelerator_is_not_shared(tiny_weights):
    denoiser = load_weights(tiny_weights).to("meta")
    with pytest.raises(ValueError, match="`jobs` 2: only a CPU is shared"):
        drawn(denoiser, plan_requests(2, 0, length=12), jobs=2)
