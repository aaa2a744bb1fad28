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
