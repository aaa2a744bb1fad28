"""Text of files is shown on a terminal, and never obeyed; what rich colours stays coloured."""

import io
import os
import pty
import sys
from contextlib import suppress

import pytest
import typer

from protdiff.cli._shared.out_of_memory import is_out_of_memory, remedy
from protdiff.cli._shared.progress import progress_bar
from protdiff.cli._shared.terminal import one_line, plain_output, printable
from protdiff.cli.train import progress_line


def test_long_messages_are_shortened_and_keep_their_reason():
    for value in ("a" * 5000, "a " * 5000):
        line = one_line(f"--chain {value}: no such chain")
        assert len(line) < 1010 and line.startswith("--chain a") and line.endswith("no such chain")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Å, λ and \t tabs\n", "Å, λ and \t tabs\n"),
        ("\x1b[2J\x1b]0;t\x07", "\\x1b[2J\\x1b]0;t\\x07"),
        ("a\rb\x9b1m\u202ec\x7f", "a\\rb\\x9b1m\\u202ec\\x7f"),
        ("caf\udce9", "caf\\udce9"),
    ],
)
def test_what_a_terminal_obeys_is_escaped(capsys, text, shown):
    assert printable(text) == shown
    with plain_output():
        print(text)
        typer.echo(text, err=True)
        sys.stdout.writelines([text])
    out, err = capsys.readouterr()
    assert out == f"{shown}\n{shown}" and printable(err) == err


def test_colours_and_progress_bars_go_through(capsys):
    from rich.console import Console

    with plain_output():
        Console(force_terminal=True, color_system="standard").print("[red]x")
        sys.stdout.write("\r50%")  # as progress bars of other packages do
    assert capsys.readouterr().out == "\x1b[31mx\x1b[0m\n\r50%"


def bar_of_structures():
    with progress_bar(2, "scoring", "structures") as advance:
        advance(2)
        print("x\x1b[2J.pdb", file=sys.stderr)


def bar_of_steps():
    with progress_line(2) as show:
        show({"step": 2, "loss": 1.5})
        print("x\x1b[2J.pdb", file=sys.stderr)


def all_of(terminal):
    """What a terminal whose other end is closed was given."""
    pieces = []
    with os.fdopen(terminal, "rb", buffering=0) as handle, suppress(OSError):
        while piece := handle.read(65536):
            pieces.append(piece)
    return b"".join(pieces).decode()


@pytest.mark.parametrize(
    ("bar", "last"), [(bar_of_structures, "2/2\x1b[0m structures"), (bar_of_steps, "loss 1.500")]
)
def test_a_terminal_obeys_bars_and_not_names(monkeypatch, bar, last):
    ours, its = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with open(its, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with plain_output():
            bar()
    shown = all_of(ours)
    assert last in shown and ".pdb" in shown
    assert "\\x1b" not in shown and "\x1b[2J" not in shown  # drawn, and the name is not obeyed


def test_lines_are_broken_between_words_on_a_terminal(monkeypatch):
    ours, its = pty.openpty()
    monkeypatch.setenv("COLUMNS", "40")
    path = "/long/" + "x" * 60
    with open(its, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with plain_output():
            print("warning:", "thirty columns are not enough for it", file=sys.stderr)
            print("two words", path, "is where it is", file=sys.stderr)
            print("  a row that  fits, to the last column: ", file=sys.stderr)
            print(" ".join("abcd" for _ in range(20)), file=sys.stderr)
    lines = all_of(ours).split("\r\n")
    assert lines[:2] == ["warning: thirty columns are not enough", "for it"]
    assert lines[2:5] == [
        f"two words {path}",
        "is where it is",
        "  a row that  fits, to the last column: ",
    ]
    assert lines[5:] == [" ".join(["abcd"] * 8)] * 2 + [" ".join(["abcd"] * 4), ""]


def test_lines_for_a_file_or_a_pipe_stay_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    with plain_output():
        print("a " * 40)
    assert capsys.readouterr().out == "a " * 40 + "\n"


def test_streams_are_put_back(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(KeyError), plain_output():
        assert sys.stdout is not stream and not sys.stdout.isatty()
        raise KeyError
    assert sys.stdout is stream


class OutOfMemoryError(RuntimeError):
    """As that of torch."""


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (MemoryError(), True),
        (OutOfMemoryError("CUDA"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you"), True),
        (RuntimeError("unsupported memory format option"), False),
        (RuntimeError("torch.cat: memory overlap"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_errors_that_mean_that_memory_is_full(error, is_one):
    assert is_out_of_memory(error) is is_one


@pytest.mark.parametrize(
    ("verb", "words"),
    [("generate", "--batch-size"), ("score", "--jobs"), ("train", "`beads`"), ("audit", "chains")],
)
def test_remedies_fit_the_verb(verb, words):
    assert words in remedy(verb)
    assert verb == "generate" or "--batch-size" not in remedy(verb)
