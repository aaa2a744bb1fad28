"""What `protdiff generate` and `protdiff merge` go on with in a folder, and what they refuse."""

import csv

import pytest


@pytest.fixture
def generate(console, tiny_weights, tmp_path, monkeypatch):
    """Run `protdiff generate` in a folder of the test's own, into its folder `out`."""
    monkeypatch.chdir(tmp_path)
    command = ["generate", "--length", 20, "--steps", 2, "--jobs", 1, "--weights", tiny_weights]
    return lambda *words: console(*command, "--out", "out", *words)


@pytest.mark.parametrize(("before", "now"), [(2, 3), (2, None), (None, 2)])
@pytest.mark.parametrize("shard", [[], ["--shard", "1/2"]])
def test_another_size_of_batches_is_refused(generate, tmp_path, before, now, shard):
    """Last digits depend on it, so the files would be of no single run."""

    def sized(size):
        return () if size is None else ("--batch-size", size)

    assert generate("--num", 2, *sized(before), *shard)[0] == 0
    files = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    code, _, err = generate("--num", 4, *sized(now))
    how = "without --batch-size" if before is None else f"with --batch-size {before}"
    assert code == 2 and len(err.splitlines()) == 1
    assert f"out/backbone_0000.pdb: drawn {how}, and another size of batches changes" in err
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == files
    code, text, _ = generate("--num", 4, *sized(before))
    assert code == 0 and "2 were there already" in text
    rows = csv.DictReader((tmp_path / "out" / "manifest.csv").open(newline=""))
    assert [row["batch_size"] for row in rows] == [str(before or "")] * 4


def test_shards_that_add_trajectories_are_merged_with_them(generate, console, tmp_path):
    """The manifest that was there before has the designs, and no trajectories."""
    words, out = ("--num", 4, "--batch-size", 2), tmp_path / "out"
    shard = (*words, "--trajectory", "every:2", "--shard")
    assert generate(*words)[0] == 0
    assert generate(*shard, "1/2")[0] == 0
    code, _, err = console("merge", out)
    assert code == 2 and "2 backbones of 4 not there; run shard 2 (missing) of 2" in err
    assert generate(*shard, "2/2")[0] == 0
    gone = out / "trajectories" / "backbone_0001.pdb"
    content = gone.read_bytes()
    gone.unlink()
    code, _, err = console("merge", out)
    assert code == 2 and "1 backbone of 4 not there; run shard 1 (unfinished, 1 of 2) of 2" in err
    gone.write_bytes(content)
    assert console("merge", out)[0] == 0
    rows = list(csv.DictReader((out / "manifest.csv").open(newline="")))
    assert [row["trajectory"] for row in rows] == [
        f"trajectories/backbone_{k:04d}.pdb" for k in range(4)
    ]
