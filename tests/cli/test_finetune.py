"""`protdiff finetune` from the command line."""

import copy
import sys

import pytest

import protdiff
from protdiff.network.adapters import adapter_tensors, add_adapters
from protdiff.network.weights import save_adapters
from protdiff.training import adaptation, finetune

from ..dataset.conftest import EXAMPLES


def run(console, base, *options):
    inputs = [EXAMPLES / name for name in ("1a8o.pdb.gz", "1tpk.pdb", "3nzd.cif")]
    return console(
        "finetune", *inputs, "--out", base.parent / "mine.safetensors", "--weights", base,
        "--steps", 2, "--samples", 2, "--hold-out", 0.3, *options,
    )  # fmt: skip


def test_fine_tuned_weights_generate(console, base, tmp_path):
    code, text, err = run(console, base, "--lora-rank", 2)
    assert code == 0 and all("broken bonds" in line for line in err.splitlines())
    assert "2 chains to learn from, 1 held out" in text and "2 steps in" in text
    rows = {line[:22].strip(): line[22:].split() for line in text.splitlines()}
    for name in ("all", "links", "modes_<4"):
        before, after, change = rows[name]
        assert float(change.rstrip("%")) == pytest.approx(
            100 * (float(after) / float(before) - 1), abs=0.2
        )
    assert "learned: loss on held-out" in text or "judge by the samples" in text
    assert "forgotten: loss on samples of the original weights" in text
    assert len(rows["helix (DSSP)"]) == 3 and len(rows["Fréchet distance"]) == 2
    code, *_ = console(
        "generate", "--length", 30, "--steps", 3, "--out", tmp_path / "drawn",
        "--weights", tmp_path / "mine.safetensors",
    )  # fmt: skip
    assert code == 0 and len(protdiff.read(tmp_path / "drawn" / "backbone_0000.pdb")) == 30


def test_draws_behind_a_loss_are_the_users(console, base, monkeypatch):
    """They take most of the time of a short run: every one is two network calls."""
    real, draws = adaptation.held_out_loss, []

    def counted(denoiser, chains, config, batches):
        draws.append(batches)
        return real(denoiser, chains, config, 2)

    monkeypatch.setattr(adaptation, "held_out_loss", counted)
    assert run(console, base, "--draws", 3)[0] == 0 and set(draws) == {3}
    draws.clear()
    assert run(console, base)[0] == 0 and set(draws) == {48}
    assert run(console, base, "--draws", 1)[0] == 2


def test_all_weights(console, base):
    code, *_ = run(console, base, "--full")
    assert code == 0
    code, text, _ = console("weights", "show", base.parent / "mine.safetensors")
    assert code == 0 and "all weights; " in text and "scalars 16" in text
    assert '"chains": 3' in text


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        (["none.pdb"], [], "none.pdb: no such file"),
        ([str(EXAMPLES / "1a8o.pdb.gz")], [], "1 chain is too few to hold out"),
        ([str(EXAMPLES)], ["--out", "x.pt"], "must end in .safetensors"),
        ([str(EXAMPLES)], ["--weights", "nonesuch"], "no weights of this name"),
        ([str(EXAMPLES)], ["--samples", "1"], "--samples 1: a comparison needs at least 2"),
        ([str(EXAMPLES)], ["--minutes", "0"], "--minutes 0: must be more than 0"),
        ([str(EXAMPLES)], ["--minutes", "nan"], "--minutes nan: must be more than 0"),
        ([str(EXAMPLES)], ["--samples", "1", "--models", "first"], "--samples 1: a comparison"),
    ],
)
def test_bad_input(console, tmp_path, monkeypatch, inputs, options, message):
    monkeypatch.chdir(tmp_path)
    options = ["--out", "x.safetensors", *options]
    code, _, err = console("finetune", *inputs, *options)
    assert code == 2 and message in err and len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("none/x.safetensors", "x.safetensors: must end in .safetensors and lie in a folder that"),
        ("folder.safetensors", "folder.safetensors: Is a directory"),
        pytest.param(
            "/sys/x.safetensors", "/sys/x.safetensors: Permission denied",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="nobody may write there"),
        ),
    ],
)  # fmt: skip
def test_places_that_cannot_be_written(console, tmp_path, monkeypatch, out, message):
    """They are refused before any input is read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.safetensors").mkdir()
    monkeypatch.setattr(finetune, "_read_chains", None)
    code, text, err = console("finetune", EXAMPLES, "--out", out)
    assert code == 2 and message in err and len(err.splitlines()) == 1 and not text
    assert [path.name for path in tmp_path.iterdir()] == ["folder.safetensors"]


def test_adapters_are_refused_before_any_input_is_read(
    console, base, tiny_denoiser, tmp_path, monkeypatch
):
    network = copy.deepcopy(tiny_denoiser.network)
    add_adapters(network, 2)
    save_adapters(tmp_path / "first.safetensors", adapter_tensors(network), base)
    monkeypatch.setattr(finetune, "_read_chains", None)
    code, _, err = run(console, tmp_path / "first.safetensors")
    assert code == 2 and "weights merge" in err and len(err.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "base.safetensors", "first.safetensors",
    ]  # fmt: skip


def test_ctrl_c_leaves_the_old_file(console, base, tmp_path, monkeypatch):
    (tmp_path / "mine.safetensors").write_bytes(b"older weights")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(adaptation, "batch_loss", interrupt)
    code, _, err = run(console, base)
    assert code == 130 and err.strip().endswith("protdiff: interrupted")
    assert (tmp_path / "mine.safetensors").read_bytes() == b"older weights"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["base.safetensors", "mine.safetensors"]
