"""Mutated command lines end well; more in benchmarks/fuzz_options.py."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def command_lines():
    """The module of that name in the folder benchmarks/."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("command_lines")


def test_every_option_is_mutated(command_lines):
    for verb, parameters in command_lines.verbs().items():
        words = [word for seed in range(200) for word in command_lines.command_line(verb, seed)]
        said = {word.partition("=")[0] for word in words}
        for parameter in parameters:
            assert not parameter.flags or said & set(parameter.flags), (verb, parameter.name)
    assert {"generate", "data build", "strings infill", "weights merge"} <= set(
        command_lines.verbs()
    )


def test_lines_name_nothing_outside_their_folder(command_lines):
    for verb in command_lines.verbs():
        for seed in range(20):
            for word in command_lines.command_line(verb, seed):
                value = word.partition("=")[2] if word.startswith("-") else word
                assert not value.startswith(("/", "~")) and ".." not in Path(value).parts


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux, and fork")
def test_mutated_lines_end_well(command_lines):
    command = [sys.executable, "benchmarks/fuzz_options.py", "--count", "1", "--jobs", "1"]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert f"\n{len(command_lines.verbs())} lines; exit codes {{" in ended.stdout
