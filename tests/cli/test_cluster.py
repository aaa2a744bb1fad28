"""--cluster of the command line: the bytes of one process, whatever happens to workers."""

import json
import os
import signal
from pathlib import Path

import pytest

from protdiff.cli._shared import batch_systems, cluster_options
from protdiff.cli._shared import designs as writing

from .test_generate_archive import members
from .test_shards import contents


@pytest.fixture
def pids(dask_cluster):
    """Processes of the workers."""
    from distributed import Client

    with Client(dask_cluster.scheduler_address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=120)
        return list(client.run(os.getpid).values())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Where the first test that needs it leaves what one process draws."""
    return tmp_path_factory.mktemp("whole") / "out"


@pytest.fixture
def generate(console, whole, tiny_weights, tiny_types, tmp_path, monkeypatch):
    """Run `protdiff generate` in a folder of the test's own, into its folder `out`."""
    monkeypatch.chdir(tmp_path)
    command = [
        "generate", "--length", "20-31", "--num", 12, "--steps", 3, "--batch-size", 2,
        "--trajectory", "every:2", "--sequences", 2, "--type-weights", tiny_types,
        "--weights", tiny_weights,
    ]  # fmt: skip
    if not whole.exists():
        monkeypatch.chdir(whole.parent)
        code, _, err = console(*command, "--out", "out", "--jobs", 1)
        assert (code, unexpected(err)) == (0, [])
        monkeypatch.chdir(tmp_path)
    return lambda *words: console(*command, "--out", "out", *words)


def unexpected(err):
    """Lines on stderr but the one that random weights deserve."""
    return [line for line in err.splitlines() if "backbones have broken bonds" not in line]


def all_contents(folder):
    """Contents of a folder and those in it; of the manifest without the commands."""
    found = {place.name: contents(place) for place in (folder, *folder.rglob("*/"))}
    for row in found[folder.name].get("manifest.csv", ()):
        del row["command"]
    return found


def test_scores_and_copies(console, designs, tiny_weights, tmp_path, monkeypatch, where):
    found = []
    for folder, more in (("one", []), ("many", ["--cluster", where])):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        code, _, err = console(
            "score", designs, "--reference", designs, "--likelihood", "elbo", "--samples", 2,
            "--weights", tiny_weights, "--per-residue", "--superpose", "moved", "--color", "nats",
            "--out", "scores.csv", *more,
        )  # fmt: skip
        assert (code, err) == (0, "")
        found.append(all_contents(tmp_path / folder))
    one, many = found
    assert one.pop("one") == many.pop("many")
    assert one.keys() == {"moved", "nats"} and one == many


def test_an_interrupted_run_continues_there_and_here(generate, whole, where, monkeypatch):
    write = writing._write_samples

    def interrupted(run, samples, table, *more):
        write(run, samples, table, *more)
        if len(table) >= limit:
            raise KeyboardInterrupt

    monkeypatch.setattr(writing, "_write_samples", interrupted)
    for limit, words in ((4, ["--cluster", where]), (8, ["--jobs", 1])):
        code, _, err = generate(*words)
        assert code == 130 and "the same command continues" in err
        assert len(list(Path("out").glob("*.pdb"))) == limit
    limit = 99
    code, out, err = generate("--cluster", where)
    assert (code, unexpected(err)) == (0, []) and "8 were there already" in out
    assert all_contents(Path("out")) == all_contents(whole)


def test_shards_there_and_here(console, whole, tiny_weights, tmp_path, where, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for shard, words in (("1/2", ["--cluster", where]), ("2/2", ["--jobs", 1])):
        code, _, err = console(
            "generate", "--length", "20-31", "--num", 12, "--steps", 3, "--batch-size", 2,
            "--trajectory", "every:2", "--weights", tiny_weights, "--out", "out", *words,
            "--shard", shard,
        )  # fmt: skip
        assert (code, unexpected(err)) == (0, [])
    assert console("merge", "out")[0] == 0
    expected = all_contents(whole)
    assert all_contents(tmp_path / "out") == {
        name: expected[name] for name in ("out", "trajectories")
    }


def test_an_archive_there_and_here(console, tiny_weights, tmp_path, where, monkeypatch):
    """A run on a cluster that was interrupted ends with the archive of one process."""
    command = [
        "generate", "--length", "20-31", "--num", 12, "--steps", 3, "--batch-size", 2,
        "--weights", tiny_weights, "--out", "out", "--archive", "designs.pdb.tar",
    ]  # fmt: skip
    write, found = writing._write_samples, []

    def interrupted(run, samples, table, *more):
        write(run, samples, table, *more)
        if len(table) >= 4:
            raise KeyboardInterrupt

    for folder, words in (("one", ["--jobs", 1]), ("many", ["--cluster", where])):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        if folder == "many":
            with monkeypatch.context() as patch:
                patch.setattr(writing, "_write_samples", interrupted)
                assert console(*command, *words)[0] == 130
        code, _, err = console(*command, *words)
        assert (code, unexpected(err)) == (0, [])
        cluster = words if folder == "many" else []
        score = console("score", "out/designs.pdb.tar", "--out", "scores.csv", *cluster)
        assert score[::2] == (0, "")
        rows = all_contents(Path("out"))["out"]["manifest.csv"]
        found.append((members(Path("out/designs.pdb.tar")), rows, Path("scores.csv").read_text()))
    one, many = found
    assert len(one[0]) == 12 and one == many


def test_other_weights_there_are_one_line(console, tiny_weights, tmp_path, where, monkeypatch):
    """A file that another machine has under the same path, with another content."""
    monkeypatch.setattr("protdiff.network.weights.file_digest", lambda path: "0" * 64)
    monkeypatch.chdir(tmp_path)
    code, out, err = console(
        "generate", "--length", 20, "--weights", tiny_weights, "--cluster", where
    )
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert f"protdiff: --cluster {where}: no worker is fit: tcp://" in err
    assert f"has other weights as {tiny_weights} (needed: SHA-256 000000000000)" in err
    assert list(tmp_path.iterdir()) == []


def test_a_scheduler_file(console, designs, tmp_path, dask_cluster, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.json").write_text(json.dumps({"address": dask_cluster.scheduler_address}))
    code, _, err = console("score", designs, "--cluster", "s.json", "--out", "a.csv")
    assert (code, err) == (0, "") and (tmp_path / "a.csv").read_text().count("\n") == 4


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--cluster", "here"], "--cluster here: give dask://HOST:PORT, the file of a scheduler"),
        (["--cluster", "dask://here"], "give dask://HOST:PORT, the file"),
        (["--cluster", "none.json"], "--cluster none.json: no such file"),
        (["--cluster", "bad.json"], "bad.json: not the file that dask scheduler --scheduler-file"),
        (["--cluster", "none.toml"], "none.toml: cannot be read (No such file or directory)"),
        (["--cluster", "tcp://127.0.0.1:1"], "tcp://127.0.0.1:1: no scheduler answers there ("),
        (["--cluster", "tcp://none.invalid:8786"], "no scheduler answers there ("),
        (["--cluster", "dask://x:1", "--jobs", "2"], "--jobs 2: not with --cluster, whose workers"),
    ],
)
def test_bad_input(console, designs, tmp_path, monkeypatch, words, reason):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cluster_options, "ANSWER", 1)
    (tmp_path / "bad.json").write_text('{"address": 7}')
    for command in (
        ["score", designs, "--out", "a.csv"], ["generate", "--length", 20, "--out", "out"],
    ):  # fmt: skip
        code, out, err = console(*command, *words)
        assert (code, out) == (2, "") and err.startswith("protdiff: ") and err.count("\n") == 1
        assert reason in err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.json"]


def test_without_dask_the_extra_is_named(console, designs, monkeypatch):
    monkeypatch.setattr(batch_systems, "find_spec", lambda name: None)
    code, _, err = console("score", designs, "--cluster", "dask://x:1")
    assert code == 2
    assert err == "protdiff: --cluster: needs distributed; pip install 'protdiff[cluster]'\n"


def test_a_worker_that_is_killed_costs_nothing(generate, whole, where, pids, monkeypatch):
    write = writing._write_samples

    def write_and_kill(*values):
        write(*values)
        if pids:
            os.kill(pids.pop(), signal.SIGKILL)
            pids.clear()

    monkeypatch.setattr(writing, "_write_samples", write_and_kill)
    code, _, err = generate("--cluster", where)
    assert (code, unexpected(err), pids) == (0, [], [])
    assert all_contents(Path("out")) == all_contents(whole)
