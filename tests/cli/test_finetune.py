"""`protdiff finetune` and `protdiff weights` from the command line."""

import shutil

import pytest

import protdiff
from protdiff.network.weights import find_weights, load_weights
from protdiff.training import adaptation as tuning

from ..dataset.conftest import EXAMPLES


@pytest.fixture
def base(tiny_weights, tmp_path):
    """The tiny network in a folder of its own."""
    shutil.copy(tiny_weights, tmp_path / "base.safetensors")
    return tmp_path / "base.safetensors"


def run(console, base, *options):
    inputs = [EXAMPLES / name for name in ("1a8o.pdb.gz", "1tpk.pdb", "3nzd.cif")]
    return console(
        "finetune", *inputs, "--out", base.parent / "mine.safetensors", "--weights", base,
        "--steps", 2, "--samples", 2, "--hold-out", 0.3, *options,
    )  # fmt: skip


def test_fine_tuned_weights_generate(console, base, tmp_path):
    code, text, err = run(console, base, "--lora-rank", 2)
    assert code == 0 and err == ""
    assert "2 chains to learn from, 1 held out" in text and "2 steps in" in text
    rows = {line[:22].strip(): line[22:].split() for line in text.splitlines()}
    for name in ("all", "links", "modes_<4"):
        before, after, change = rows[name]
        assert float(change.rstrip("%")) == pytest.approx(
            100 * (float(after) / float(before) - 1), abs=0.2
        )
    assert len(rows["helix (DSSP)"]) == 3 and len(rows["Fréchet distance"]) == 2
    code, *_ = console(
        "generate", "--length", 30, "--steps", 3, "--out", tmp_path / "made",
        "--weights", tmp_path / "mine.safetensors",
    )  # fmt: skip
    assert code == 0 and len(protdiff.read(tmp_path / "made" / "backbone_0000.pdb")) == 30


def test_all_weights(console, base):
    code, *_ = run(console, base, "--full")
    assert code == 0
    code, text, _ = console("weights", "show", base.parent / "mine.safetensors")
    assert code == 0 and "all weights; " in text and "scalars 16" in text
    assert '"chains": 3' in text


def test_show_verify_merge(console, base, tmp_path):
    run(console, base, "--lora-rank", 2)
    mine, merged = tmp_path / "mine.safetensors", tmp_path / "merged.safetensors"
    code, text, _ = console("weights", "show", mine)
    assert code == 0 and "adapters of base" in text
    code, text, _ = console("weights", "merge", mine, "--out", merged)
    assert code == 0
    one, other = (load_weights(path).state_dict() for path in (mine, merged))
    assert all((one[name] == other[name]).all() for name in one)
    code, _, err = console("weights", "merge", merged, "--out", tmp_path / "x.safetensors")
    assert code == 2 and "has all weights already" in err
    code, text, _ = console("weights", "verify", mine, merged)
    assert code == 0 and text.count("checksum correct") == 2
    base.unlink()
    code, _, err = console("weights", "verify", mine)
    assert code == 2 and "adapters of the weights base" in err and len(err.splitlines()) == 1


def test_the_shipped_weights_are_whole(console):
    code, text, _ = console("weights", "verify", "rg-base")
    assert code == 0 and str(find_weights("rg-base")) in text


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        (["none.pdb"], [], "none.pdb: no such file"),
        ([str(EXAMPLES / "1a8o.pdb.gz")], [], "1 chains are too few to hold out"),
        ([str(EXAMPLES)], ["--out", "x.pt"], "must end in .safetensors"),
        ([str(EXAMPLES)], ["--weights", "nonesuch"], "no weights of this name"),
    ],
)
def test_bad_input(console, tmp_path, monkeypatch, inputs, options, message):
    monkeypatch.chdir(tmp_path)
    options = ["--out", "x.safetensors", *options]
    code, _, err = console("finetune", *inputs, *options)
    assert code == 2 and message in err and len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_ctrl_c_leaves_the_old_file(console, base, tmp_path, monkeypatch):
    (tmp_path / "mine.safetensors").write_bytes(b"older weights")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(tuning, "batch_loss", interrupt)
    code, _, err = run(console, base)
    assert code == 130 and err.strip().endswith("protdiff: interrupted")
    assert (tmp_path / "mine.safetensors").read_bytes() == b"older weights"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["base.safetensors", "mine.safetensors"]
