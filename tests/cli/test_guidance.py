"""`protdiff weights guide`, and the guidance of `protdiff generate`."""

import copy

from protdiff.flow import ChainFlow
from protdiff.network import Denoiser, ReaderConfig, SequenceReader
from protdiff.network.weights import load_weights, save_weights
from protdiff.sampling.guidance import DEFAULT_GUIDANCE

from ..conftest import TINY


def test_guide_and_guidance(console, guided, guided_file, tiny_weights, tmp_path):
    weaker, out = tmp_path / "weaker.safetensors", tmp_path / "both.safetensors"
    other = copy.deepcopy(guided.guide)
    other.reader = SequenceReader(ReaderConfig(width=8))  # a guide sees what its network sees
    save_weights(weaker, other)
    code, *_ = console("weights", "guide", tiny_weights, weaker, "--out", out)
    assert code == 0 and load_weights(out).guide is not None
    code, text, _ = console("weights", "show", out)
    assert code == 0 and "guide: " in text and "scalars 8" in text
    foreign = Denoiser(TINY, ChainFlow(schedule="vp", spectrum=guided.recipe.spectrum))
    save_weights(weaker, foreign)
    code, _, err = console("weights", "guide", tiny_weights, weaker, "--out", out)
    assert code == 2 and "another flow" in err and len(err.splitlines()) == 1
    command = ["generate", "--length", 20, "--steps", 3, "--out", tmp_path / "d"]
    code, _, err = console(*command, "--weights", tiny_weights, "--guidance", 2)
    assert code == 2 and "--guidance 2: these weights have no guide" in err
    code, _, err = console(*command, "--weights", guided_file, "--guidance", 0)
    assert code == 2 and "--guidance 0: must be 1" in err and not (tmp_path / "d").exists()
    code, *_ = console(*command, "--weights", guided_file)
    assert code == 0 and f",{DEFAULT_GUIDANCE}," in (tmp_path / "d/manifest.csv").read_text()
