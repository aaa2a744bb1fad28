"""What goes into the wheel."""

import tomllib

from .conftest import ROOT


def test_the_wheel_carries_all_weights_and_no_states_of_training_runs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    weights = {str(path.relative_to(ROOT)) for path in (ROOT / "weights").glob("*.*")}
    assert {path for path in included if path.startswith("weights")} == weights
    assert all((ROOT / path).is_file() for path in included)


def test_the_page_of_reports_lies_inside_the_package():
    """Wheel and sdist take the whole folder of the package: `.ci/dist` looks into both."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    targets = project["tool"]["hatch"]["build"]["targets"]
    assert targets["wheel"]["packages"] == ["protdiff"]
    assert "/protdiff" in targets["sdist"]["include"]
    assert not {"exclude", "only-include"} & targets["wheel"].keys()
    pages = {
        path.suffix for path in (ROOT / "protdiff" / "plots" / "report" / "template").iterdir()
    }
    assert pages == {".html", ".css", ".js"}
    listed = (ROOT / ".ci" / "dist").read_text()
    assert "protdiff/plots/report/template/page.html" in listed
    turntable = "protdiff/plots/notebook/template/turntable.js"
    assert (ROOT / turntable).is_file() and turntable in listed
