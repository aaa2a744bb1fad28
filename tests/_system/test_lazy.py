"""Public names come on first use, and every one of them exists."""

import subprocess
import sys
from importlib import import_module

import pytest

PACKAGES = ("protdiff", "protdiff.structure", "protdiff.structure.io", "protdiff.flow")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_exists(package):
    module = import_module(package)
    assert dir(module) == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = module.absent


def test_the_public_names_cost_no_start_up_time():
    code = (
        "import sys, protdiff; from protdiff.structure import Backbone; import protdiff.flow; "
        "assert not {'torch', 'mdtraj', 'biotite', 'scipy'} & sys.modules.keys(), 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_modules_are_there_whatever_was_imported_before():
    code = (
        "import protdiff; protdiff.metrics.lddt, protdiff.structure.io.paths.find_files; "
        "protdiff.conditioning.Motif, protdiff.training.TrainingConfig, protdiff.generate.__call__"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
