"""Every command, test and benchmark that the table of source papers names can be run."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from protdiff.cli.app import app

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "sources.md"


def rows():
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


#: Short names of the papers, which head their rows.
PAPERS = [row[0].split(":")[0] for row in rows() if set(row[0]) - set("- ")]


@pytest.mark.parametrize("paper", PAPERS)
def test_what_a_row_names_exists(paper):
    [row] = [row for row in rows() if row[0].split(":")[0] == paper]
    differs = row[4]
    named = [re.findall(r"\[`([^`]+)`\]\(([^)]+)\)", cell) for cell in row[1:4]]
    assert all(named), "each of these cells has a link"
    for words, link in named[0]:
        verb = check_command(shlex.split(words))
        assert link == f"command-line.md#protdiff-{verb.replace(' ', '-')}"
    for words, link in named[1]:
        program, *paths = words.split()
        assert program == "pytest" and paths
        assert all((ROOT / path).exists() for path in paths), paths
        assert any(link.startswith(f"../../{path}") for path in paths)
        assert (PAGE.parent / link).resolve().is_file()
    for words, link in named[2]:
        program, script, *parts = words.split()
        assert program == "python" and link == f"../../{script}"
        text = (ROOT / script).read_text(encoding="utf-8")
        assert all(re.search(rf'"{part}": {part}\b', text) for part in parts), parts
    assert differs.endswith(".")


def check_command(words):
    """Words of a command line: the verb is there, and so are its options; the verb's name."""
    assert words[0] == "protdiff"
    command, verb = typer.main.get_command(app), []
    rest = words[1:]
    while rest and hasattr(command, "commands"):
        command = command.commands[rest[0]]
        verb.append(rest.pop(0))
    options = {name for parameter in command.params for name in parameter.opts}
    given = {word for word in rest if word.startswith("--")}
    assert given <= options
    command.make_context(" ".join(verb), list(rest))  # nothing that is required is left out
    if verb == ["generate"]:
        assert given & {"--length", "--in"}
    if "--churn" in given:  # the flow of the shipped weights has none
        assert "--weights" in given
    return " ".join(verb)


def test_every_paper_has_a_row():
    """The papers that the theory names by number are in the table or below it."""
    text = PAGE.read_text(encoding="utf-8")
    assert len(PAPERS) == len(set(PAPERS)) >= 15
    theory = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
    # Papers of methods that were taken over (guidance, self-conditioning) are no source papers.
    others = {"2406.02507", "2208.04202"}
    for number in set(re.findall(r"(?:arXiv |, )(\d{4}\.\d{5})", theory)) - others:
        assert number in text, number
