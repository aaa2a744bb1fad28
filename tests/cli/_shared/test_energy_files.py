"""Energies of files: what goes wrong in them is one line that names the file."""

import numpy as np
import pytest

from protdiff.cli._shared.energy_files import load_function

HEAD = "import sys\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sys.exit(3)", "fails to load (SystemExit: 3)"),
        ("raise KeyError", "fails to load (KeyError)"),
        ("def energy(:", "fails to load (SyntaxError"),
        ("x = 1", "has no function energy"),
    ],
)
def test_files_that_cannot_be_loaded(tmp_path, text, message):
    path = tmp_path / "my.py"
    path.write_text(HEAD + text)
    with pytest.raises(ValueError, match=rf"^--energy {path}: ") as error:
        load_function(f"{path}:energy")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sys.exit(3)", "fails (SystemExit: 3)"),
        ("sys.exit()", "fails (SystemExit)"),
        ("return ca[10**6]", "fails (IndexError"),
        ("return undefined", "fails (NameError"),
    ],
)
def test_energies_that_fail(tmp_path, text, message):
    path = tmp_path / "my.py"
    path.write_text(f"{HEAD}def energy(ca):\n    {text}\n")
    with pytest.raises(ValueError, match=rf"^--energy {path}:energy: ") as error:
        load_function(f"{path}:energy")(np.zeros((5, 3)))
    assert message in str(error.value)


def test_an_energy_without_memory_or_that_is_stopped(tmp_path):
    path = tmp_path / "my.py"
    path.write_text("def energy(ca):\n    raise ca\n")
    energy = load_function(f"{path}:energy")
    for error in (MemoryError, KeyboardInterrupt):
        with pytest.raises(error):
            energy(error)
