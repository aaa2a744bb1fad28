"""`protdiff weights`: show, verify, merge, and give a reader; what the shipped weights read."""

import json

import pytest
import torch

from protdiff.network.adapters import adapter_tensors, add_adapters
from protdiff.network.condition_features import condition_features
from protdiff.network.weights import find_weights, load_weights, save_adapters
from protdiff.sequence.network import SequenceConfig, SequenceNetwork
from protdiff.sequence.sequence_weights import save_sequence_network
from protdiff.structure.backbone import RESIDUE_TYPES
from protdiff.structure.secondary_structure import STATES


@pytest.fixture
def adapters(base, tmp_path):
    """Adapters of `base` that change it."""
    denoiser = load_weights(base)
    add_adapters(denoiser.network, 2)
    tensors = {k: v + 0.01 for k, v in adapter_tensors(denoiser.network).items()}
    save_adapters(tmp_path / "mine.safetensors", tensors, base)
    return tmp_path / "mine.safetensors"


def test_show_verify_merge(console, base, adapters, tmp_path):
    merged = tmp_path / "merged.safetensors"
    code, text, _ = console("weights", "show", adapters)
    assert code == 0 and "adapters of base\n" in text
    code, text, _ = console("weights", "merge", adapters, "--out", merged)
    assert code == 0
    adapted, whole = (load_weights(path).state_dict() for path in (adapters, merged))
    assert all((adapted[name] == whole[name]).all() for name in adapted)
    code, _, err = console("weights", "merge", merged, "--out", tmp_path / "x.safetensors")
    assert code == 2 and "has all weights already" in err
    code, text, _ = console("weights", "verify", adapters, merged)
    assert code == 0 and text.count("checksum correct") == 2
    base.unlink()
    code, _, err = console("weights", "verify", adapters)
    assert code == 2 and "adapters of the weights base" in err and len(err.splitlines()) == 1


def test_the_shipped_weights_are_whole(console):
    code, text, _ = console("weights", "verify", "rg-base")
    assert code == 0 and str(find_weights("rg-base")) in text
    code, text, _ = console("weights", "show", "rg-base")
    assert code == 0 and "\nnetwork of decimated chains: " in text
    assert "all weights; schedule rg, regulator heat, prior harmonic" in text
    assert not any(word in text for word in ("{", "None", "False")), text


def test_adapters_and_their_base_show_one_checksum(console, tmp_path):
    """The shipped weights have a reader, too, which adapters do not go with."""
    base = find_weights("rg-base")
    save_adapters(tmp_path / "mine.safetensors", {"x": torch.zeros(1)}, base)
    shown = [console("weights", "show", name)[1] for name in (tmp_path / "mine.safetensors", base)]
    ours, its = ([line for line in text.splitlines() if "network SHA" in line] for text in shown)
    assert ours == its and len(ours) == 1


def test_weights_of_residue_types_are_shown_and_checked(console, tmp_path):
    path = tmp_path / "types.safetensors"
    save_sequence_network(path, SequenceNetwork(SequenceConfig(16, 8, 1, 1)), {"made": "here"})
    code, text, _ = console("weights", "show", path)
    assert code == 0 and "residue types; " in text and "hidden 16" in text and "here" in text
    code, text, _ = console("weights", "verify", path)
    assert code == 0 and "checksum correct" in text
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    code, _, err = console("weights", "verify", path)
    assert code == 2 and str(path) in err and len(err.splitlines()) == 1


def test_weights_get_a_reader(console, tiny_weights, tiny_archive, tmp_path):
    out = tmp_path / "reading.safetensors"
    command = ["weights", "reader", tiny_weights, tiny_archive, "--epochs", 1, "--out"]
    code, text, _ = console(*command, out)
    assert code == 0 and "epoch 1: " in text and text.endswith(f"weights: {out}\n")
    before, after = load_weights(tiny_weights), load_weights(out)
    for name, value in before.state_dict().items():
        assert torch.equal(after.state_dict()[name], value), name
    code, text, _ = console("weights", "show", out)
    assert code == 0 and "reader: " in text and "width 64" in text


def test_what_cannot_be_used(console, tiny_weights, tiny_archive, tmp_path):
    wrong = (
        (tiny_archive, tmp_path / "reader.pt", "must end in .safetensors"),
        (tmp_path / "nowhere", tmp_path / "a.safetensors", "nowhere"),
    )
    for data, out, message in wrong:
        code, _, err = console("weights", "reader", tiny_weights, data, "--out", out)
        assert code == 2 and message in err and len(err.splitlines()) == 1
        assert not out.exists()


@pytest.mark.parametrize(
    ("sequence", "states"),
    [
        ("RMKQLEDKVEELLSKNYHLENEVARLKKLVGER", "C" + "H" * 30 + "CC"),  # GCN4, 2zta
        (
            "MTYKLILNGKTLKGETTTEAVDAATAEKVFKQYANDNGVDGEWTYDDATKTFTVTE",  # protein G, 2gb1
            "CEEEEEEECCCCCEEEEEECCHHHHHHHHHHHHHHHCCCCEEEEEECCCCEEEEEC",
        ),
    ],
)
def test_the_shipped_weights_read_sequences(sequence, states):
    reader = load_weights("rg-base").reader
    features = condition_features(
        [[RESIDUE_TYPES.index(c) for c in sequence]], [None], len(sequence)
    )
    read = reader(features[..., :20], [len(sequence)]).argmax(-1)[0].tolist()
    right = sum(STATES[k] == state for k, state in zip(read, states, strict=True))
    assert right > 0.7 * len(sequence)
    card = json.loads(find_weights("rg-base").with_suffix(".json").read_text())
    assert card["reader"]["parameters"] == sum(p.numel() for p in reader.parameters())
