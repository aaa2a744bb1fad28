"""What a shell offers after TAB."""

import pytest


@pytest.fixture
def offered(console, monkeypatch):
    """What the shell bash is given for a line."""

    def complete(line):
        words = line.split(" ")
        monkeypatch.setenv("_PROTDIFF_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        code, out, err = console()
        assert code == 0 and not err
        return out.split()

    return complete


@pytest.mark.parametrize(
    ("line", "among"),
    [
        ("protdiff ge", ["generate"]),
        ("protdiff flow ", ["film", "report", "show", "thermo", "coarsen"]),
        ("protdiff generate --hot", []),
        ("protdiff generate --temp", ["--temperature"]),
        ("protdiff generate --format ", ["pdb", "cif", "bcif"]),
        ("protdiff score --align", ["--alignment"]),
        ("protdiff generate --config x.toml --seq", ["--sequence", "--sequences"]),
    ],
)
def test_bash(offered, line, among):
    assert set(among) <= set(offered(line))


def test_the_script_for_a_shell(console, monkeypatch):
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    code, out, err = console("--show-completion", "zsh")
    assert code == 0 and "_PROTDIFF_COMPLETE" in out and not err
