"""What `protdiff generate` and `protdiff merge` go on with in a folder, and what they refuse."""

import csv

import pytest


@pytest.fixture
def generate(console, tiny_weights, tmp_path, monkeypatch):
    """Run `protdiff generate` in a folder of the test's own, into its folder `out`."""
    monkeypatch.chdir(tmp_path)
    command = ["generate", "--length", 20, "--steps", 2, "--jobs", 1, "--weights", tiny_weights]
    return lambda *words: console(*command, "--out", "out", *words)


@pytest.mark.parametrize("shard", [[], ["--shard", "1/2"]])
def test_the_manifest_has_the_size_of_batches_of_every_design(generate, tmp_path, shard):
    """Last digits depend on it; after full memory a run goes on with a smaller one."""
    assert generate("--num", 4, "--batch-size", 2, *shard)[0] == 0
    files = {path: path.read_bytes() for path in (tmp_path / "out").glob("*.pdb")}
    code, text, _ = generate("--num", 5, "--batch-size", 1)
    assert code == 0 and f"{len(files)} were there already" in text
    assert all(path.read_bytes() == content for path, content in files.items())
    rows = csv.DictReader((tmp_path / "out" / "manifest.csv").open(newline=""))
    sizes = {row["file"]: row["batch_size"] for row in rows}
    old = {path.name for path in files}
    assert len(sizes) == 5 and len(old) == (2 if shard else 4)
    assert sizes == {file: "2" if file in old else "1" for file in sizes}


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
