"""Commands that a verb names at its end can be copied from a terminal of 80 columns."""

import shlex
from pathlib import Path

import pytest

from protdiff.cli._shared.next_step import merge_step, next_line, next_steps

LONG = Path("/data/groups/structures/2026-11-30", "a folder of designs", "x" * 40)


@pytest.fixture
def lines(monkeypatch):
    """Lines that a text has on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    return lambda write: write().splitlines()


def copied(lines):
    """Words that a shell, which joins lines at a backslash, sees before the note."""
    command = "\n".join(lines).replace("\\\n", "").removeprefix("next: ").rsplit("(", 1)[0]
    return shlex.split(command)


def test_a_short_command_is_one_line(lines):
    assert lines(lambda: merge_step(Path("out"), 4)) == [
        "next: protdiff merge out (when all 4 shards have ended)"
    ]


def test_a_long_command_is_broken_between_words(lines):
    found = lines(lambda: next_line("protdiff check", "a" * 40, "b" * 40, "--fold x", why="?"))
    assert all(len(line) <= 80 for line in found) and len(found) > 1
    assert copied(found) == ["protdiff", "check", "a" * 40, "b" * 40, "--fold", "x"]
    assert all(line.endswith(" \\") for line in found[:-1])


def test_the_note_is_no_part_of_the_command(lines):
    found = lines(lambda: next_line("protdiff merge", "y" * 56, why="when all have ended"))
    assert found == [f"next: protdiff merge {'y' * 56}", "      (when all have ended)"]


def test_a_name_with_spaces_is_one_word(lines):
    found = lines(lambda: next_steps(LONG, '--fixed "A:*"'))
    last = next(k for k, line in enumerate(found) if line.endswith("(sequences)"))
    assert copied(found[: last + 1]) == ["protdiff", "design", str(LONG), "--fixed", "A:*"]


def test_a_log_has_a_command_in_one_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")  # as where a shell exports it
    assert len(merge_step(LONG, 4).splitlines()) == 1
