"""Two networks in one: decimated chains by the one, chains of all residues by the other."""

import copy
from dataclasses import replace

import pytest
import torch

from protdiff.network import Denoiser, NetworkConfig
from protdiff.network.adapters import adapter_tensors, add_adapters
from protdiff.network.weights import (
    WeightsError,
    base_digest,
    load_weights,
    read_metadata,
    read_weights,
    save_adapters,
    save_weights,
)
from protdiff.network.weights_file import write_weights

from ..conftest import TINY

COARSE = replace(TINY, layers=1, scalars=24)


@pytest.fixture(scope="module")
def two(tiny_denoiser):
    """The tiny denoiser, and another network in it for decimated chains."""
    with torch.random.fork_rng():
        torch.manual_seed(2)
        denoiser = Denoiser(replace(TINY, coarse=COARSE), tiny_denoiser.recipe)
        torch.nn.init.normal_(denoiser.network.coarse.head.weight, std=0.3)
    missing, _ = denoiser.network.load_state_dict(tiny_denoiser.network.state_dict(), strict=False)
    assert {name.split(".")[0] for name in missing} == {"coarse"}
    return denoiser.eval().requires_grad_(False)


def estimates(denoiser, u):
    torch.manual_seed(3)
    lengths = [40, 57]
    x = torch.randn(2, 2 * 57, 3)
    return denoiser.estimate(x, torch.tensor(u), lengths, denoiser.recipe(lengths))


def test_each_network_has_its_end_of_the_flow(two, tiny_denoiser):
    alone = Denoiser(COARSE, two.recipe)
    alone.network = two.network.coarse
    late, early = [0.8, 0.9], [0.1, 0.2]
    assert torch.equal(estimates(two, late), estimates(alone, late))
    assert torch.equal(estimates(two, early), estimates(tiny_denoiser, early))
    # Chains of one batch may be at both ends.
    both, u = estimates(two, [0.9, 0.1]), [0.9, 0.1]
    torch.testing.assert_close(both[0], estimates(alone, u)[0])
    torch.testing.assert_close(both[1], estimates(tiny_denoiser, u)[1])
    assert not torch.allclose(estimates(alone, late), estimates(tiny_denoiser, late))


def test_a_file_holds_both(two, tmp_path):
    save_weights(tmp_path / "two.safetensors", two)
    loaded = load_weights(tmp_path / "two.safetensors")
    assert loaded.network.config == two.network.config
    for u in (0.15, 0.85):
        assert torch.equal(estimates(loaded, [u, u]), estimates(two, [u, u]))


def test_adapters_correct_both(two, tmp_path):
    base = tmp_path / "two.safetensors"
    save_weights(base, two)
    changed = copy.deepcopy(two)
    add_adapters(changed.network, 2)
    for name, value in adapter_tensors(changed.network).items():
        if ".up." in name:
            value.normal_(std=0.3)
    save_adapters(tmp_path / "mine.safetensors", adapter_tensors(changed.network), base)
    loaded = load_weights(tmp_path / "mine.safetensors")
    for u in (0.15, 0.85):
        mine, expected, before = (estimates(d, [u, u]) for d in (loaded, changed, two))
        # The file has them in half precision.
        assert (mine - before).abs().max() > 20 * (mine - expected).abs().max()


def test_weights_with_another_second_network_are_another_base(two, tmp_path):
    guided = copy.deepcopy(two)
    guided.guide = Denoiser(COARSE, two.recipe)
    other = copy.deepcopy(guided)
    other.network.coarse.head.weight += 1
    for name, denoiser in {"two": two, "guided": guided, "other": other}.items():
        save_weights(tmp_path / name, denoiser)
    same, guided_one, another = (base_digest(tmp_path / n) for n in ("two", "guided", "other"))
    assert same == guided_one != another


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"coarse": replace(TINY, self_conditioning=True)}, "self_conditioning must be those"),
        ({"coarse": replace(TINY, conditions=5)}, "conditions must be those"),
        ({"coarse": replace(TINY, pair_atoms=True)}, "neither `pair_atoms` nor `coarse`"),
        ({"coarse": replace(TINY, coarse=TINY)}, "neither `pair_atoms` nor `coarse`"),
        ({"decimate": False, "coarse": replace(TINY, decimate=False)}, "`decimate` must be true"),
    ],
)
def test_networks_that_do_not_go_together(sizes, message):
    with pytest.raises(ValueError, match=message):
        NetworkConfig(**sizes)


@pytest.mark.parametrize(
    ("coarse", "message"),
    [
        ({"layers": 255}, "layers 255 does not fit"),
        ({"layers": 1, "scalars": 10**6}, "scalars 1000000 does not fit"),
        ({"conditions": 3}, "conditions must be those"),
        ({"depth": 3}, "made by another version"),
        (7, "made by another version"),
    ],
)
def test_metadata_of_a_second_network_that_others_wrote(two, tmp_path, coarse, message):
    path = tmp_path / "two.safetensors"
    save_weights(path, two)
    metadata, tensors = read_metadata(path), read_weights(path)[1]
    metadata["network"]["coarse"] = coarse
    write_weights(path, tensors, metadata)
    with pytest.raises(WeightsError, match=message) as error:
        load_weights(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)
