"""Groups of options: a dataclass stands for its fields, in help, defaults and values."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from protdiff.cli._shared.groups import EXAMPLES, grouped, paragraphs
from protdiff.cli.app import app as protdiff_app


@dataclass(frozen=True)
class Box:
    width: Annotated[int, typer.Option(help="How wide.")]
    height: Annotated[int, typer.Option(min=1)] = 3


@pytest.fixture
def app():
    app = typer.Typer()

    @app.command()
    @paragraphs
    @grouped
    def draw(*, scale: int = 1, box: Box, name: str = "box"):
        """Draw a box
        of that size.

        Or not.
        """
        print(name, box, scale)

    return app


def test_fields_are_options(app):
    result = CliRunner().invoke(app, ["--width", "2", "--scale", "5"])
    assert result.exit_code == 0 and result.output == "box Box(width=2, height=3) 5\n"


@pytest.mark.parametrize("arguments", [[], ["--width", "x"], ["--width", "1", "--height", "0"]])
def test_rules_of_options_hold(app, arguments):
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_help_names_all_options_and_wraps_by_paragraph(app):
    text = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    assert all(word in text for word in ("--width", "How wide.", "--height", "--scale", "--name"))
    assert "Draw a box of that size." in text


def test_the_help_of_every_verb_wraps_by_paragraph():
    waiting, texts = [typer.main.get_command(protdiff_app)], []
    while waiting:
        command = waiting.pop()
        waiting += getattr(command, "commands", {}).values()
        texts.append(command.help or "")
    lines = [part for text in texts for part in text.split("\n\n") if "\n" in part.strip()]
    assert len(texts) > 15 and lines == []


@pytest.mark.parametrize("verb", EXAMPLES)
def test_the_help_ends_with_examples_that_name_options_of_the_verb(console, monkeypatch, verb):
    monkeypatch.setenv("COLUMNS", "80")
    code, text, _ = console(*verb.split(), "--help")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert code == 0 and tuple(lines[-len(EXAMPLES[verb]) :]) == EXAMPLES[verb]
    for command in EXAMPLES[verb]:
        _, other, *words = command.split()
        used = console(*([other, words[0]] if other in ("data", "flow") else [other]), "--help")[1]
        assert all(word in used for word in words if word.startswith("--"))
