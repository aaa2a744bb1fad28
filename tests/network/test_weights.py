"""Weights: round trip, checksum, foreign and damaged files."""

import copy
import json
import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from protdiff.network import ReaderConfig, SequenceReader
from protdiff.network.adapters import adapter_tensors, add_adapters
from protdiff.network.weights import (
    ADAPTERS,
    WeightsError,
    find_weights,
    load_weights,
    read_metadata,
    read_weights,
    save_adapters,
    save_weights,
)
from protdiff.network.weights_file import tensors_digest


def test_round_trip_gives_the_same_denoiser(tiny_denoiser, tiny_weights):
    loaded = load_weights(tiny_weights)
    assert loaded.recipe == tiny_denoiser.recipe
    assert loaded.network.config == tiny_denoiser.network.config
    for name, value in tiny_denoiser.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    x = torch.randn(1, 40, 3, generator=torch.Generator().manual_seed(0))
    u = torch.tensor([0.3], dtype=torch.float64)
    first, second = (d.bind([20])[1](x, u) for d in (loaded, tiny_denoiser))
    assert torch.equal(first, second)


def test_saving_twice_gives_the_same_bytes(tiny_denoiser, tiny_weights, tmp_path):
    d = tiny_denoiser
    save_weights(tmp_path / "a.safetensors", d)
    assert (tmp_path / "a.safetensors").read_bytes() == tiny_weights.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_flipped_bit_is_found(tiny_weights, tmp_path):
    content = bytearray(tiny_weights.read_bytes())
    content[-3] ^= 1
    (tmp_path / "bad.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match="checksum"):
        load_weights(tmp_path / "bad.safetensors")


@pytest.mark.parametrize("keep", [0, 5, 100, 2000, -1])
def test_truncated_file_is_refused(tiny_weights, tmp_path, keep):
    (tmp_path / "cut.safetensors").write_bytes(tiny_weights.read_bytes()[:keep])
    with pytest.raises(WeightsError, match=r"cut\.safetensors"):
        load_weights(tmp_path / "cut.safetensors")


def test_foreign_safetensors_is_refused(tiny_weights, tmp_path):
    save_file(load_file(tiny_weights), tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="not of protdiff"):
        load_weights(tmp_path / "other.safetensors")


def test_pickles_are_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "boom"), "w"))

    (tmp_path / "evil.safetensors").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(WeightsError):
        load_weights(tmp_path / "evil.safetensors")
    assert not (tmp_path / "boom").exists()


def test_unknown_name_lists_the_shipped_ones():
    with pytest.raises(WeightsError, match=r"no weights of this name; shipped: .*rg-base"):
        find_weights("nonesuch")


@pytest.fixture
def adapters(tiny_weights, tmp_path):
    """Adapters with random second matrices, beside a copy of their base; their denoiser."""
    base = tmp_path / "base.safetensors"
    shutil.copy(tiny_weights, base)
    denoiser = load_weights(base)
    add_adapters(denoiser.network, 3)
    for name, value in adapter_tensors(denoiser.network).items():
        if ".up." in name:
            value.normal_(std=0.3)
    path = tmp_path / "mine.safetensors"
    save_adapters(path, adapter_tensors(denoiser.network), base, {"chains": 7})
    return path, base, denoiser


def test_adapters_load_onto_their_base(adapters):
    path, base, expected = adapters
    loaded = load_weights(path)
    assert loaded.state_dict().keys() == load_weights(base).state_dict().keys()
    name = "layers.1.feed_forward.expand"
    loaded_weight, expected_weight, plain = (
        d.network.get_submodule(name).weight for d in (loaded, expected, load_weights(base))
    )
    torch.testing.assert_close(
        loaded_weight, expected_weight, atol=3e-3, rtol=0
    )  # stored in half precision
    assert (loaded_weight - plain).abs().max() > 0.1
    metadata, _ = read_weights(path)
    assert metadata["base"]["name"] == "base" and metadata["card"] == {"chains": 7}
    assert metadata["base"]["sha256"] == read_weights(base)[0]["sha256"]


def test_the_base_is_found_by_its_checksum_not_its_name(adapters):
    path, base, _ = adapters
    base.rename(base.with_name("renamed.safetensors"))
    load_weights(path)
    shutil.copy(find_weights(), base)  # another network under the old name
    load_weights(path)
    base.with_name("renamed.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"mine.*adapters of the weights base .*not here"):
        load_weights(path)


def test_of_several_bases_that_fit_the_one_of_that_name_is_taken(adapters):
    path, base, _ = adapters
    denoiser = load_weights(base)
    for name in ("a", "base", "z"):
        denoiser.reader = SequenceReader(ReaderConfig(width=8)) if name == "base" else None
        save_weights(base.with_stem(name), denoiser)
    assert load_weights(path).reader is not None


def test_damaged_adapters_are_refused(adapters):
    path, _, _ = adapters
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="checksum"):
        load_weights(path)


def test_a_full_disk_is_an_error_of_the_system(tiny_denoiser, tmp_path, monkeypatch):
    def full(tensors, path, metadata):
        Path(path).write_bytes(b"part of it")
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    d, path = tiny_denoiser, tmp_path / "x.safetensors"
    with pytest.raises(OSError, match="No space left") as caught:
        save_weights(path, d)
    assert caught.value.filename == str(path) and not list(tmp_path.iterdir())


def with_metadata(source, target, metadata, tensors=None):
    """A copy of a weights file with other metadata, and a checksum that is right."""
    tensors = load_file(source) if tensors is None else tensors
    if isinstance(metadata, dict):
        metadata = {**metadata, "sha256": tensors_digest(tensors)}
    save_file(tensors, target, {"protdiff": json.dumps(metadata)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: [], "not of protdiff"),
        (lambda _: 7, "not of protdiff"),
        (lambda m: m | {"format": []}, "not of protdiff"),
        (lambda m: m | {"flow": []}, "metadata lack flow"),
        (lambda m: m | {"network": None}, "metadata lack network"),
        (lambda m: m | {"card": "x"}, "metadata lack card"),
        (lambda m: m | {"format": ADAPTERS}, "metadata lack base"),
        (lambda m: m | {"format": ADAPTERS, "base": {}}, "metadata lack base.name"),
        (lambda m: m | {"flow": {}}, "made by another version"),
        (lambda m: m | {"network": m["network"] | {"scalars": 10**6}}, "scalars 1000000 does not"),
        (lambda m: m | {"network": m["network"] | {"layers": 255}}, "layers 255 does not"),
        (lambda m: m | {"network": m["network"] | {"layers": -1}}, "layers -1 does not"),
        (lambda m: m | {"network": m["network"] | {"layers": "8"}}, "made by another version"),
    ],
)
def test_metadata_that_others_wrote(tmp_path, tiny_weights, change, message):
    path = tmp_path / "x.safetensors"
    with_metadata(tiny_weights, path, change(read_metadata(tiny_weights)))
    with pytest.raises(WeightsError, match=rf"^{path}: ") as error:
        load_weights(path)
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("damage", ["[]", "pipe", "empty"])
def test_neighbours_of_adapters_may_be_damaged(tmp_path, tiny_weights, tiny_denoiser, damage):
    """The folder of adapters is searched for their base."""
    network = copy.deepcopy(tiny_denoiser.network)
    add_adapters(network, 2)
    path = tmp_path / "x.safetensors"
    save_adapters(path, adapter_tensors(network), tiny_weights)
    neighbour = tmp_path / "a.safetensors"
    if damage == "pipe":
        os.mkfifo(neighbour)
    elif damage == "empty":
        neighbour.write_bytes(b"")
    else:
        with_metadata(tiny_weights, neighbour, [])
    with pytest.raises(WeightsError, match="which are not here"):
        load_weights(path)
    shutil.copy(tiny_weights, tmp_path / "base.safetensors")
    assert load_weights(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite(tmp_path, tiny_weights, value):
    metadata, tensors = read_weights(tiny_weights)
    name = "network.head.weight"
    tensors[name][3] = value
    path = tmp_path / "x.safetensors"
    with_metadata(tiny_weights, path, metadata, tensors)
    with pytest.raises(WeightsError, match=rf"^{path}: {name} has numbers that are not finite"):
        load_weights(path)


def test_loading_leaves_the_settings_of_the_session(tiny_weights):
    """No random numbers are taken from it, and its default type makes no other network."""
    plain = load_weights(tiny_weights)
    torch.set_default_dtype(torch.float64)
    try:
        state = torch.get_rng_state()
        loaded = load_weights(tiny_weights)
        assert torch.equal(state, torch.get_rng_state())
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    for (name, one), (_, other) in zip(plain.named_buffers(), loaded.named_buffers(), strict=True):
        assert torch.equal(one, other), name
