"""Options from a TOML file, and the file that a run leaves behind."""

import tomllib
from pathlib import Path

import pytest

import protdiff
from protdiff.cli._shared.run_file import RUN_FILE, _toml

EXAMPLES = Path(__file__).parents[3] / "data" / "examples"


@pytest.fixture
def run(console, tiny_weights, tmp_path, monkeypatch):
    """A command of `generate` in a folder of its own, with the tiny weights."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: console("generate", "--weights", tiny_weights, *words)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.pdb")}


def test_a_run_is_repeated_from_the_file_that_it_leaves(run, console, tmp_path, tiny_weights):
    assert run("--length", "20-24", "--num", 3, "--steps", 3, "--seed", 5, "--out", "a")[0] == 0
    code, out, err = console("generate", "--config", f"a/{RUN_FILE}", "--out", "b")
    assert code == 0, err
    assert out.startswith("3 backbones in b")
    assert contents(Path("a")) == contents(Path("b")) and len(contents(Path("a"))) == 3
    first, second = (tomllib.loads(Path(f, RUN_FILE).read_text()) for f in "ab")
    assert first | {"out": "b"} == second
    assert first == {
        "weights": str(tiny_weights), "length": "20-24", "num": 3, "steps": 3, "seed": 5,
        "out": "a",
    }  # fmt: skip


def test_the_command_line_goes_first(run, console):
    Path("run.toml").write_text('length = 20\nsteps = 3\nout = "a"\nnum = 4\n')
    assert run("--config", "run.toml", "--num", 2)[0] == 0
    assert len(contents(Path("a"))) == 2
    Path("run.toml").write_text("batch_size = 1\nbatch-size = 2\n")
    code, _, err = run("--config", "run.toml", "--length", 20)
    assert code == 2 and err == "protdiff: --config run.toml: batch-size: comes twice\n"


def test_what_is_no_default_stands_below_as_a_comment(run):
    assert run("--length", 20, "--steps", 3, "--out", "a", "--jobs", 1)[0] == 0
    given, _, defaults = Path("a", RUN_FILE).read_text().partition("# Defaults:\n")
    assert "steps = 3\n" in given and "jobs" not in given + defaults
    assert "# seed = 0\n" in defaults and "steps" not in defaults
    # A comment without its sign is the option.
    text = given + "".join(line.removeprefix("# ") + "\n" for line in defaults.splitlines())
    Path("all.toml").write_text(text)
    code, _, err = run("--config", "all.toml", "--out", "b")
    assert code == 0, err
    assert contents(Path("a")) == contents(Path("b"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lenght = 3", "lenght: unknown key; did you mean 'length'?"),
        ("xyzzy = 3", "xyzzy: unknown key"),
        ("config = 'x'", "config: unknown key"),
        ("[output]\nout = 'x'", "output: unknown key"),
        ("steps = true", "steps: must be one value"),
        ("steps = [1, 2]", "steps: must be one value"),
        ("report = 'yes'", "report: must be true or false"),
        ("steps = 'x'", "'--steps'"),
        ("steps = 1", "'--steps'"),
        ("format = 'xyz'", "'--format'"),
        ("steps = ", "not a TOML file"),
        ("steps = 3\nsteps = 4", "not a TOML file"),
    ],
)
def test_what_is_no_option_is_one_line(run, text, message):
    Path("run.toml").write_text(text + "\n")
    code, _, err = run("--length", 20, "--config", "run.toml")
    assert code == 2 and len(err.splitlines()) == 1
    assert err.startswith("protdiff: --config run.toml: ") and message in err
    assert [path.name for path in Path().iterdir()] == ["run.toml"]


def test_a_run_that_cannot_begin_leaves_no_file(run):
    assert run("--length", 20, "--contacts", "none.csv", "--out", "a")[0] == 2
    assert not list(Path().iterdir())


def test_a_file_that_is_not_there(run):
    code, _, err = run("--length", 20, "--config", "none.toml")
    assert code == 2 and err == (
        "protdiff: --config none.toml: cannot be read (No such file or directory)\n"
    )


def test_arguments_and_lists_are_keys_too(console, tiny_weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--to", "42", "--num", "1", "--steps", "3", "--out", "a", "--weights"]
    protdiff.write(protdiff.read(EXAMPLES / "1tpk.pdb").chain("A")[10:40], "in.pdb")
    assert console("extend", "in.pdb", *words, tiny_weights)[0] == 0
    assert console("extend", "--config", f"a/{RUN_FILE}", "--out", "b")[0] == 0
    assert contents(Path("a")) == contents(Path("b")) != {}
    assert console("design", "a", "--num", 1, "--seed", 3, "--out", "s")[0] == 0
    assert tomllib.loads(Path("s", RUN_FILE).read_text())["design"] == ["a"]
    assert console("design", "--config", f"s/{RUN_FILE}", "--out", "t")[0] == 0
    assert Path("s/designs.csv").read_bytes() == Path("t/designs.csv").read_bytes()


@pytest.mark.parametrize(
    "value",
    ["a b", 'quo"te', "back\\slash", "tab\tline\n", "é 蛋", "\x7f", 1, 1.5, True, ["a", "b"]],
)
def test_values_are_read_as_they_were_written(value):
    assert tomllib.loads(f"x = {_toml(value)}")["x"] == value
