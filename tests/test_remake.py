"""benchmarks/remake.py: which results are of other weights, and what is run for them."""

import json
import sys
from pathlib import Path

import pytest

from .conftest import ROOT


@pytest.fixture
def remake():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import remake

        yield remake


def write(folder, name, weights, command, **more):
    result = {"weights": weights, "command": command, "date": "2026-01-01"} | more
    (folder / f"{name}.json").write_text(json.dumps(result))


def test_stale_results_are_those_of_earlier_weights_of_the_name(remake, tmp_path):
    now, before = ({"name": "rg-base", "sha256": digest} for digest in "ab")
    write(tmp_path, "fresh", now, "python benchmarks/model.py")
    write(tmp_path, "old", before, "python benchmarks/loops.py --data DATASET")
    write(tmp_path, "types", {"name": "residue-types", "sha256": "b"}, "python x.py")
    write(tmp_path, "none", None, "python x.py")
    types = {"name": "residue-types", "sha256": "b"}
    write(tmp_path, "types_on_old", types, "python y.py", drawn_by=before)
    write(tmp_path, "types_on_new", types, "python y.py", drawn_by=now)
    assert remake.stale_results(tmp_path, now) == [
        remake.Stale("old", "python benchmarks/loops.py --data DATASET", "2026-01-01"),
        remake.Stale("types_on_old", "python y.py", "2026-01-01"),
    ]


def test_commands_are_those_of_this_machine(remake):
    command = "python benchmarks/x.py --data DATASET/motifs --out FOLDER --only 'a b'"
    words = remake.runnable(command, Path("/data"), Path("/scratch"))
    assert words == [
        sys.executable, "benchmarks/x.py", "--data", "/data/motifs", "--out", "/scratch",
        "--only", "a b",
    ]  # fmt: skip
    assert remake.runnable("make benchmark", Path("d"), Path("s")) == ["make", "benchmark"]


def test_what_cannot_run_is_said(remake):
    cuda = "python benchmarks/cost.py --device cuda"
    assert remake.reason_against(cuda, False) == "needs a GPU"
    assert remake.reason_against(cuda, True) is None
    assert remake.reason_against("protdiff flow thermo --length 9", True) == "was made by hand"
    assert remake.reason_against("make benchmark", False) is None


def test_every_stored_command_can_be_given(remake):
    """Scripts exist, and what they need from outside is named."""
    for path in remake.RESULTS.glob("*.json"):
        result = json.loads(path.read_text())
        if remake.reason_against(result["command"], True):
            continue
        words = remake.runnable(result["command"], Path("/data"), Path("/scratch"))
        assert words[0] == "make" or (ROOT / words[1]).is_file(), path
        assert not any(word.startswith(("..", "~")) for word in words), path
    for command in remake.AFTERWARDS:
        _python, *words = remake.runnable(command, Path("/data"), Path("/scratch"))
        text = (ROOT / words[0]).read_text()
        assert "__main__" in text, f"{command}: is no program"
        assert all(word in text for word in words if word.startswith("--")), command


def test_samples_of_other_weights_are_removed(remake, tmp_path):
    folder = tmp_path / "out"
    remake.forget_other_weights(folder, "a")
    (folder / "sample.pdb").touch()
    remake.forget_other_weights(folder, "a")
    assert (folder / "sample.pdb").exists()
    remake.forget_other_weights(folder, "b")
    assert not (folder / "sample.pdb").exists()


def test_a_command_that_fails_is_named_and_the_next_one_runs(remake, tmp_path, capfd):
    mark = tmp_path / "mark"
    commands = [
        ("bad", "python -c 'raise SystemExit(3)'"),
        ("good", f'python -c \'open("{mark}", "w")\''),
    ]
    assert remake.run_all(commands, tmp_path) == ["bad"]
    assert mark.exists() and "bad: exit 3" in capfd.readouterr().out


def test_times_are_measured_alone_and_after_all_others(remake, tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr(
        remake, "run_one", lambda name, *_, threads=None: order.append((name, threads))
    )
    commands = [("slow", "python benchmarks/cost.py"), ("quality", "python benchmarks/model.py")]
    assert remake.run_all(commands, tmp_path, jobs=2) == []
    assert order == [("quality", 1), ("slow", None)]


def test_several_commands_run_at_a_time(remake, tmp_path, capfd):
    """Each of two commands waits until the other one has begun."""
    wait = (
        "import pathlib, time; pathlib.Path('{0}/{1}').touch(); "
        "[time.sleep(.01) for _ in range(3000) if not pathlib.Path('{0}/{2}').exists()]; "
        "assert pathlib.Path('{0}/{2}').exists()"
    )
    commands = [
        (name, f'python -c "{wait.format(tmp_path, name, other)}"')
        for name, other in (("a", "b"), ("b", "a"))
    ]
    assert remake.run_all(commands, tmp_path, jobs=2) == []


def test_samples_are_drawn_before_the_commands_that_measure_them(remake, tmp_path, monkeypatch):
    command = f"python benchmarks/sequence_engines.py --data DATASET --samples {remake.SAMPLES}"
    write(tmp_path, "engines", {"name": "rg-base", "sha256": "of earlier ones"}, command)
    order = []
    monkeypatch.setattr(remake, "RESULTS", tmp_path)
    monkeypatch.setattr(remake, "OUT", tmp_path / "out")
    monkeypatch.setattr(
        remake, "run_all", lambda commands, *_: order.extend(one for _, one in commands) or []
    )
    monkeypatch.setattr("sys.argv", ["remake.py", "--data", str(tmp_path), "--only", "engines"])
    with pytest.raises(SystemExit, match="of other weights still: engines"):
        remake.main()  # nothing has written the result anew
    assert order == [remake.DRAW_SAMPLES, command]
    assert f"--out {remake.SAMPLES}\n" in (ROOT / "Makefile").read_text()
