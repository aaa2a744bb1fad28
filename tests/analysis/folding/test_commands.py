"""Commands of structure predictors: places, quotes, formats, and how they end."""

import sys

import pytest

from protdiff.analysis.folding.commands import PRESETS, CommandEngine, FoldError, command_engine
from protdiff.analysis.folding.targets import Target

TARGETS = [Target("d_1", "d", 1, ("MKEL",)), Target("d_2", "d", 2, ("MKEL", "GSH"))]


def script(tmp_path, text):
    """A Python script with a blank in its path."""
    path = tmp_path / "my script.py"
    path.write_text("import os, sys\nfasta, out = sys.argv[1:3]\n" + text)
    return path


def run(tmp_path, text, targets=TARGETS[:1], places="{fasta} {out}"):
    engine = command_engine(f"'{sys.executable}' '{script(tmp_path, text)}' {places}")
    engine.start()
    engine.fold(targets, tmp_path / "my folds" / "d_1", tmp_path / "d 1.log")
    return tmp_path / "my folds" / "d_1"


def test_files_with_blanks_and_dollars_need_no_quotes(tmp_path):
    folder = run(tmp_path, "open(out + '/$HOME; x.txt', 'w').write(open(fasta).read())\n")
    assert (folder / "$HOME; x.txt").read_text() == ">d_1\nMKEL\n"


def test_places_inside_words(tmp_path):
    text = "assert fasta.startswith('--in=/') and out.startswith('--out=/')\n"
    run(tmp_path, text, places="--in={fasta} --out={out}")


def test_a_folder_of_files(tmp_path):
    text = "print(sorted(os.listdir(fasta)), file=open(out + '/x', 'w'))\n"
    folder = run(tmp_path, text, TARGETS, "{fasta_dir} {out}")
    assert (folder / "x").read_text() == "['d_1.fasta', 'd_2.fasta']\n"


def test_inputs_of_an_earlier_call_are_gone(tmp_path):
    text = "print(os.listdir(fasta), file=open(out + '/x', 'w'))\n"
    run(tmp_path, text, TARGETS, "{fasta_dir} {out}")
    folder = run(tmp_path, text, TARGETS[1:], "{fasta_dir} {out}")
    assert (folder / "x").read_text() == "['d_2.fasta']\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("print('CUDA error\\n\\n')\nsys.exit(3)", r"failed with exit code 3: CUDA error \("),
        ("print('x' * 500)\nsys.exit(1)", r"exit code 1: x{200} \(.*d 1\.log\)$"),
        ("sys.stderr.write('no\\n')\nsys.exit(2)", r"exit code 2: no \("),
        ("os.kill(os.getpid(), 9)", r"was killed \(SIGKILL, out of memory\?\): it wrote nothing"),
        ("os.kill(os.getpid(), 15)", r"was killed \(SIGTERM\): it wrote nothing \("),
    ],
)
def test_a_program_that_fails(tmp_path, text, message):
    with pytest.raises(FoldError, match=message):
        run(tmp_path, text)


def test_a_file_that_is_no_program(tmp_path):
    path = tmp_path / "fold"
    path.write_bytes(b"\x00\x01")
    path.chmod(0o755)
    engine = CommandEngine((str(path), "{fasta}", "{out}"), "plain")
    engine.start()
    with pytest.raises(FoldError, match="cannot be started"):
        engine.fold(TARGETS[:1], tmp_path / "out", tmp_path / "log")


def test_a_program_that_is_not_there():
    message = "there is no program 'nosuchfold'; install it, write its path, or fold elsewhere"
    with pytest.raises(ValueError, match=message):
        command_engine("nosuchfold {fasta} {out}").start()


@pytest.mark.parametrize(
    ("command", "format", "several"),
    [
        ("boltz", "boltz-yaml", True),
        ("boltz predict {fasta} --out_dir {out}", "boltz", True),
        ("boltz predict {fasta:boltz-yaml} {out} --use_msa_server", "boltz-yaml-server", True),
        ("chai", "chai", False),
        ("colabfold", "plain", True),
        ("esm-fold", "plain", True),
        ("boltz predict {fasta} --out_dir {out} --use_msa_server", "boltz-server", True),
        ("conda run -n b /opt/bin/boltz predict {fasta} --out_dir {out}", "boltz", True),
        ("chai fold {fasta} {out}", "chai", False),
        ("python run_pretrained_openfold.py {fasta_dir} --output_dir {out}", "separate", True),
        ("fold.sh {fasta:boltz} {out}", "boltz", True),
        ("boltz-wrapper {fasta} {out}", "plain", True),
    ],
)
def test_formats(command, format, several):
    engine = command_engine(command)
    assert (engine.format, engine.several) == (format, several)


def test_usual_commands_have_all_places():
    for name, command in PRESETS.items():
        assert "{fasta" in command and "{out}" in command
        assert command_engine(name) == command_engine(command)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("boltz predict {fasta}", r"has no \{out\}, where the program gets it"),
        ("boltz predict --out_dir {out}", r"has no \{fasta\}, where"),
        ("boltz2", "choose esmfold, boltz, chai, colabfold, esm-fold, or write a command with"),
        ("", "choose esmfold, boltz"),
        ("fold {fasta} {out} > log", "'>' needs a shell; put the command into a script"),
        ("module load x && fold {fasta} {out}", "'&&' needs a shell"),
        ("fold '{fasta} {out}", "no closing quotation"),
        ("fold {fasta:alpha} {out}", "'alpha' is none of plain, boltz, boltz-server, boltz-yaml"),
    ],
)
def test_what_is_no_command(command, message):
    with pytest.raises(ValueError, match=f"^`fold` {command.split(' ')[0]}.*{message}"):
        command_engine(command)
