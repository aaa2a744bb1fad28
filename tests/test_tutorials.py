"""The notebooks of docs/tutorials: each is executed with small numbers, and becomes a page."""

import importlib.util
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TUTORIALS = ROOT / "docs" / "tutorials"
NAMES = [path.stem for path in sorted(TUTORIALS.glob("*.ipynb"))]


@pytest.fixture(scope="module")
def notebooks():
    """The module that executes notebooks when the site is built."""
    pytest.importorskip("nbclient", reason="needs nbclient and ipykernel")
    pytest.importorskip("ipykernel", reason="needs nbclient and ipykernel")
    place = ROOT / "docs" / "_site" / "notebooks.py"
    spec = importlib.util.spec_from_file_location("notebooks", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def kernel(notebooks):
    """One kernel for all notebooks: most of their time would be imports."""
    with notebooks.running_kernel() as client:
        yield client


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_and_becomes_a_page(name, notebooks, kernel):
    before = sorted(TUTORIALS.iterdir())
    done = notebooks.executed(TUTORIALS / f"{name}.ipynb", notebooks.SMALL[name], kernel)
    assert sorted(TUTORIALS.iterdir()) == before  # nothing is left beside it
    outputs = [output for cell in done.cells for output in cell.get("outputs", ())]
    assert not [one.text for one in outputs if one.output_type == "stream" and one.name != "stdout"]
    text, shown = notebooks.page_of(done, f"{name}.ipynb")
    assert text.startswith("# ") and f"{name}.ipynb" in text
    assert "<script>" not in text  # outputs come later, and are no Markdown
    assert shown and all(text.count(notebooks.placeholder(f"{name}.ipynb", k)) == 1
                         for k in range(len(shown)))  # fmt: skip
    assert any("data-protdiff" in output for output in shown)
    for output in shown:
        HTMLParser().feed(output)


def test_notebooks_are_stored_without_outputs(notebooks):
    paths = sorted(TUTORIALS.glob("*.ipynb"))
    assert {path.stem for path in paths} == set(notebooks.SMALL)
    for path in paths:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert not any(cell["outputs"] or cell["execution_count"] for cell in cells), path
        assert notebook["cells"][0]["cell_type"] == "markdown"
        [given] = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", ())]
        names = {line.split(" = ")[0] for line in given["source"]}
        assert set(notebooks.SMALL[path.stem]) <= names, path
        assert path.stat().st_size < 20_000


def test_every_notebook_is_in_the_navigation():
    listed = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"tutorials/{name}.md" in listed
        assert not (TUTORIALS / f"{name}.md").exists()
