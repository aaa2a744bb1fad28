"""Batches drawn side by side: the same samples, and what one process must draw."""

import subprocess
import sys

import numpy as np
import pytest

from protdiff._system.processes import start_method
from protdiff.conditioning import Energy
from protdiff.network.weights import WeightsError, file_digest, load_weights
from protdiff.sampling.draw import SameWeights, draw
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


def test_processes_read_the_weights(tiny_weights, tmp_path):
    """The same samples as with a network that is sent; other weights in the file are refused."""
    denoiser, requests = load_weights(tiny_weights), plan_requests(4, 0, length=20)
    file = SameWeights(tiny_weights, file_digest(tiny_weights))
    sent, read = (drawn(denoiser, requests, jobs=2, weights=w) for w in (None, file))
    for index, sample in sent.items():
        assert np.array_equal(sample.backbone.coords, read[index].backbone.coords)
    other = tmp_path / "other.safetensors"
    other.write_bytes(tiny_weights.read_bytes() + b" ")
    with pytest.raises(WeightsError, match=r"other\.safetensors: has changed since this command"):
        drawn(denoiser, requests, jobs=2, weights=SameWeights(other, file.digest))


@pytest.mark.skipif(start_method() != "forkserver", reason="each process reads for itself")
@pytest.mark.parametrize("at_hand", [True, False])
def test_workers_are_forked_with_their_weights(tiny_weights, at_hand):
    """In a process of its own, which has one origin of workers; if that cannot read, they do."""
    code = """if __name__ == "__main__":
        import sys
        from functools import partial
        from pathlib import Path
        from protdiff._system.processes import mapped
        from protdiff.sampling.draw import SameWeights, start_processes_early
        from protdiff.sampling.plan import plan_requests
        from protdiff.sampling.settings import SamplingSettings
        requests = plan_requests(4, 0, length=20)
        start_processes_early(requests, SamplingSettings(batch_size=1), 2, sys.argv[1])
        print("torch" in sys.modules)
        load = "__import__('protdiff.network.weights').network.weights.load_same_weights"
        tasks = [{"file": SameWeights(Path(sys.argv[2]), sys.argv[3])}] * 2
        look = partial(eval, f"({load}(*file), {load}.cache_info().hits)[1]")
        with mapped(look, tasks, 2) as found:
            print(min(found) > 0)
    """
    early = tiny_weights if at_hand else tiny_weights.with_name("none.safetensors")
    run = subprocess.run(
        [sys.executable, "-c", code, early, tiny_weights, file_digest(tiny_weights)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout == f"False\n{at_hand}\n" and not run.stderr


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


def test_a_function_of_a_notebook_stays_in_this_process(tiny_weights):
    """It has a name, in a main module without a file that no other process can import."""
    code = """if True:
        import sys, protdiff
        from protdiff.conditioning import Energy
        def pull(ca): return ca.square().sum()
        wanted = dict(length=12, num=4, weights=sys.argv[1], batch_size=1, condition=Energy(pull))
        print(len(protdiff.generate(**wanted, jobs=0)))
        protdiff.generate(**wanted, jobs=2)
    """
    run = subprocess.run([sys.executable, "-c", code, tiny_weights], capture_output=True, text=True)
    assert run.stdout == "4\n"
    assert "ValueError: `jobs` 2: the condition holds a function" in run.stderr
