"""What goes into the wheel."""

import tomllib

from .conftest import ROOT


def test_the_wheel_carries_all_weights_and_no_states_of_training_runs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    weights = {str(path.relative_to(ROOT)) for path in (ROOT / "weights").glob("*.*")}
    assert {path for path in included if path.startswith("weights")} == weights
    assert all((ROOT / path).is_file() for path in included)
