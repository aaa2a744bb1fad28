"""A merge that is killed before any of the files that it writes or removes: nothing is lost."""

import shutil
from pathlib import Path

import pytest

from .test_shards import contents

NAME = "d.pdb.tar"


@pytest.fixture
def generate(console, tiny_weights, tmp_path, monkeypatch):
    """Run `protdiff generate` in a folder of the test's own, into an archive in `out`."""
    monkeypatch.chdir(tmp_path)
    command = [
        "generate", "--length", "12-20", "--num", 4, "--steps", 2, "--jobs", 1, "--batch-size", 2,
        "--weights", tiny_weights, "--out", "out", "--archive", NAME,
    ]  # fmt: skip
    return lambda *words: console(*command, *words)


def kill_before(patch, number):
    """Raise KeyboardInterrupt before the removal or the renaming of a file that shows."""
    left, calls = [number], {name: getattr(Path, name) for name in ("unlink", "replace")}

    def call(name, path, *words, **more):
        if name == "replace" or path.name[0] != ".":
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
        return calls[name](path, *words, **more)

    for name in calls:
        patch.setattr(Path, name, lambda *words, name=name, **more: call(name, *words, **more))


@pytest.mark.parametrize("then", ["merge", "whole run", "shard and merge"])
def test_what_was_killed_is_taken_up(generate, console, tmp_path, monkeypatch, then):
    out, kept = tmp_path / "out", tmp_path / "kept"
    assert generate()[0] == 0
    whole = contents(out)
    shutil.rmtree(out)
    for number in (2, 1):
        assert generate("--shard", f"{number}/2")[0] == 0
    out.rename(kept)
    for killed in range(99):
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(kept, out)
        with monkeypatch.context() as patch:
            kill_before(patch, killed)
            code = generate()[0] if then == "whole run" else console("merge", out)[0]
        if code == 0:
            break
        assert code == 130
        if then == "shard and merge":
            code, _, err = generate("--shard", "2/2")
            assert code == 0, err
        code, _, err = generate() if then == "whole run" else console("merge", out)
        assert code == 0, err
        assert contents(out) == whole
    assert killed > 8
