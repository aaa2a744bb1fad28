"""What every verb of the command line shares."""

import os
import signal
import subprocess
import sys
import warnings
from concurrent.futures.process import BrokenProcessPool

import pytest
import torch

from protdiff._system.notices import collected, warn
from protdiff.cli.app import show_warnings


def test_a_warning_is_shown_once_as_one_line(capsys):
    with warnings.catch_warnings():
        show_warnings()
        for _ in range(3):
            warn("x.pdb: 2 residues\n without CA")
            with collected():
                warn("y.pdb: not shown")
        warn("z.pdb: another")
    assert capsys.readouterr().err == (
        "warning: x.pdb: 2 residues without CA\nwarning: z.pdb: another\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        "generate --length 20", "design x.pdb", "check x y", "evaluate x", "score x", "report x",
        "data build x --out o", "finetune x --out o.safetensors",
    ],
)  # fmt: skip
def test_processes_beyond_reason_are_refused_before_any_work(console, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = console(*words.split(), "--jobs", 10**6)
    assert code == 2 and "--jobs 1000000: at most" in err and len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_process_that_the_system_ended_is_one_line(console, monkeypatch):
    def ended(name):
        raise BrokenProcessPool("terminated abruptly")

    monkeypatch.setattr("protdiff.flow.flow_choice.FlowChoice.recipe", ended)
    code, _, err = console("flow", "show")
    assert code == 1 and len(err.splitlines()) == 1
    assert err.startswith("protdiff: a process of --jobs was ended, as when memory is full; ")


class Interrupted:
    """A sequence of one number, which is asked for when a signal comes."""

    def __init__(self, number):
        self.number = number

    def __len__(self):
        return 1

    def __getitem__(self, place):
        os.kill(os.getpid(), self.number)
        return 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_amid_a_call_of_torch_interrupts(console, monkeypatch, number):
    """torch makes an error of its own of it, which sounds as if a file were damaged."""
    monkeypatch.setattr(
        "protdiff.flow.flow_choice.FlowChoice.recipe", lambda _: torch.asarray(Interrupted(number))
    )
    code, _, err = console("flow", "show", sends_signal=True)
    assert (code, err) == (128 + number, "protdiff: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_no_test_sends_ends_the_tests(console, monkeypatch, number):
    """Such as that of `timeout`; otherwise one test fails, and nobody can tell why."""
    monkeypatch.setattr(
        "protdiff.flow.flow_choice.FlowChoice.recipe", lambda _: torch.asarray(Interrupted(number))
    )
    before = signal.getsignal(number)
    with pytest.raises(pytest.exit.Exception, match=f"{number.name} amid a test"):
        console("flow", "show")
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_amid_the_code_of_a_string_gives_the_exit_code(tmp_path, number):
    """CPython ends a module by SIGINT where a bare KeyboardInterrupt has left such code."""
    (tmp_path / "command.py").write_text(
        "from protdiff.cli.app import main\n"
        "from protdiff.flow.flow_choice import FlowChoice\n"
        "def recipe(_):\n"
        f"    exec('import os; os.kill(os.getpid(), {int(number)}); [0 for _ in range(9999)]')\n"
        "FlowChoice.recipe = recipe\n"
        "main()\n"
    )
    words = [sys.executable, "-m", "command", "flow", "show"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (128 + number, "protdiff: interrupted\n")


def test_help_has_no_pictures(console, monkeypatch):
    """The terminal library makes an emoji of a word between two colons."""
    monkeypatch.setenv("COLUMNS", "80")
    for verb in ("generate", "extend", "design", "check", "score", "evaluate", "merge", "report"):
        code, out, _ = console(verb, "--help")
        assert code == 0
        assert not [c for c in out if ord(c) > 0x2FFF], verb


def test_help_of_train_names_the_table(console):
    """The terminal library takes a word in square brackets for a style."""
    code, out, _ = console("train", "--help")
    assert code == 0 and "table `sequence`" in " ".join(out.split())


@pytest.mark.parametrize("verb", ["evaluate", "audit", "flow report", "flow thermo"])
def test_help_names_the_data_set(console, verb):
    """What `data build` makes is called a data set; the chain archive is the older format."""
    code, out, _ = console(*verb.split(), "--help")
    assert code == 0 and "archive" not in out and "a data set" in " ".join(out.split("│"))


def test_help_and_completion_load_no_library_that_takes_long():
    code = (
        "import sys, protdiff.cli.app; "
        "slow = {'torch', 'scipy', 'biotite', 'e3nn', 'mdtraj', 'matplotlib', 'dask', 'pyarrow'}; "
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_processes_begin_before_the_libraries_are_loaded(tmp_path):
    """They import what they need while this process does so."""
    code = (
        "import sys, protdiff.sampling.draw\n"
        "from protdiff.cli import app\n"
        "def begin(*_):\n"
        "    raise SystemExit(f'torch is loaded: {\"torch\" in sys.modules}')\n"
        "protdiff.sampling.draw.start_processes_early = begin\n"
        "app.main()\n"
    )
    words = ["generate", "--length", "60", "--num", "2", "--out", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.stderr.strip() == "torch is loaded: False"
