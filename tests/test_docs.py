"""The documentation agrees with the package, and its tables with the results of the benchmarks."""

import importlib
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from protdiff.analysis import LIKELIHOOD
from protdiff.analysis.relative_likelihood import RELATIVE
from protdiff.cli.audit import COLUMNS as AUDIT
from protdiff.flow import BASES, cosine_modes
from protdiff.flow.zoo import FLOWS, recipe
from protdiff.metrics import QUALITY, SELF_CONSISTENCY, SIMILARITY
from protdiff.metrics.all_atom import ALL_ATOM_ALONE, ALL_ATOM_SIMILARITY
from protdiff.metrics.confidence.interface_confidence import PAIR_CONFIDENCE
from protdiff.metrics.confidence.predicted import CONFIDENCE
from protdiff.metrics.descriptor import NAMES
from protdiff.metrics.interfaces.complex_scores import COMPLEX, INTERFACE
from protdiff.metrics.verdict import VERDICT
from protdiff.network.weights import load_weights
from protdiff.training.config_file import read_config

ROOT = Path(__file__).parents[1]
COLUMNS = (ROOT / "docs" / "reference" / "columns.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def benchmarks():
    """The modules `results`, `fill_tables` and `table_cells` of the folder benchmarks/."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        names = ("results", "fill_tables", "table_cells")
        yield [importlib.import_module(name) for name in names]
        for name in [*names, *(name for name in sys.modules if name.endswith("_tables"))]:
            sys.modules.pop(name, None)


@pytest.mark.parametrize(
    "columns",
    [
        *(SIMILARITY, CONFIDENCE, SELF_CONSISTENCY, QUALITY, VERDICT, LIKELIHOOD, RELATIVE),
        *(ALL_ATOM_SIMILARITY, ALL_ATOM_ALONE, COMPLEX, INTERFACE, PAIR_CONFIDENCE),
    ],
)
def test_columns_with_their_definitions(columns):
    for name, meaning in columns.items():
        assert f"| `{name}` | {meaning} |" in COLUMNS
        assert "|" not in meaning  # a bar would end the cell of the table


def test_columns_of_an_audit():
    table = COLUMNS.split("## Audit")[1].split("- **Distance**")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", table, re.M)) == tuple(AUDIT)


def test_size_of_the_descriptor():
    assert f"({len(NAMES)} entries:" in COLUMNS


def test_links_lead_to_files_of_the_repository():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", page.read_text(encoding="utf-8"))
        if ":" not in link
    ]
    assert len(links) > 100
    assert [(page, link) for page, link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_commands_of_a_page_have_folders_of_their_own(page):
    """Who types all of a page meets no folder that another command has filled.

    Commands that continue one run with other options (`--shard`, `--cluster`) may share it.
    """
    defaults = {"generate": "designs", "extend": "designs", "design": "sequences"}
    blocks = re.findall(r"^```\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    commands: dict[str, str] = {}
    for line in "".join(blocks).splitlines():
        words = shlex.split(line, comments=True) if line.startswith("protdiff ") else [""] * 2
        if words[1] in defaults and not {"--shard", "--cluster"} & set(words):
            named = "--out" in words
            out = words[words.index("--out") + 1] if named else defaults[words[1]]
            assert commands.setdefault(out.rstrip("/"), line) == line


def test_training_goes_on_from_the_shipped_weights_with_the_example():
    """The annotated configuration has the sizes of the shipped network."""
    example = read_config(ROOT / "docs/examples/training.toml")
    assert example.network == load_weights().network.config


def test_the_documented_bases_are_those_of_flows():
    """A basis that the theory names can be chosen."""
    text = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
    sentence = text.split("Bases: ")[1].split("(momenta only order them)")[0]
    assert re.findall(r"`([a-z]+)`", sentence) == list(BASES)


def test_the_example_names_the_flows_that_need_clocks():
    line = (ROOT / "docs/examples/training.toml").read_text(encoding="utf-8")
    line = line.split("component_clocks = false")[1].split("need it")[0]
    other = [name for name in FLOWS if BASES[recipe(name).basis].modes is not cosine_modes]
    assert re.findall(r"[a-z]+-[a-z]+", line) == other


def test_what_the_pages_say_of_the_fluctuation_theorems(benchmarks):
    """`flow_fluctuations.json` has the numbers of docs/concepts/likelihood.md."""
    results, *_ = benchmarks
    path = results.RESULTS / "flow_fluctuations.json"
    found = json.loads(path.read_text(encoding="utf-8"))["numbers"]
    coarse = [s["fluctuation"] for s in found["shells"] if s["period"] > 2]
    fine = [s["fluctuation"] for s in found["shells"] if s["period"] <= 2]
    trajectories = found["trajectories"]
    text = (ROOT / "docs" / "concepts" / "likelihood.md").read_text(encoding="utf-8")
    assert max(abs(value - 1) for value in coarse) < 0.05 and "within 5 % of 1" in text
    assert f"{min(fine):.2f} to {max(fine):.2f}\n" in text
    assert f"slope is {trajectories['slope']:.2f} ± {trajectories['slope_error']:.2f}" in text
    assert f"steps\n  gave {-trajectories['slope_bias']:.2f} more" in text
    assert 1 <= trajectories["effective"] < 2 and "one or two effective" in text


def test_tables_show_the_result_files(benchmarks):
    """`python benchmarks/fill_tables.py fill` would change nothing."""
    _results, fill_tables, table_cells = benchmarks
    tables = 0
    for page in fill_tables.pages():
        text = page.read_text(encoding="utf-8")
        tables += len(fill_tables.MARKER.findall(text))
        assert fill_tables.filled(text, table_cells.TABLES) == text, page
    assert tables > 10


def test_result_files_say_where_they_are_from(benchmarks):
    results, *_ = benchmarks
    for path in results.RESULTS.glob("*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        assert set(results.FIELDS) <= set(result), path
        script = result["script"]
        assert not script.endswith(".py") or (ROOT / script).is_file(), path
        assert result["weights"] is None or len(result["weights"]["sha256"]) == 64, path


def test_a_changed_result_changes_its_table(benchmarks, monkeypatch, tmp_path):
    results, fill_tables, table_cells = benchmarks
    page = "<!-- table: calls -->\nstale\n<!-- /table -->"
    measured = results.load("model_calls")["numbers"]["10"]["step_ok_trans"]
    before = fill_tables.filled(page, table_cells.TABLES)
    assert "stale" not in before and f"| {measured:.1f} % |" in before
    for name in ("model_calls", "model_even"):
        result = results.load(name)
        result["numbers"]["10"]["step_ok_trans"] = 12.3
        (tmp_path / f"{name}.json").write_text(json.dumps(result))
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    assert "| 12.3 % |" in fill_tables.filled(before, table_cells.TABLES)
    with pytest.raises(KeyError, match="no table named nothing"):
        fill_tables.filled("<!-- table: nothing -->\n<!-- /table -->", table_cells.TABLES)


@pytest.mark.parametrize("name", ["weights", "drawn_by"])
def test_a_table_of_earlier_weights_says_so(benchmarks, monkeypatch, tmp_path, name):
    results, fill_tables, table_cells = benchmarks
    page = "<!-- table: strength -->\n<!-- /table -->"
    result = results.load("strength") | {"weights": None, name: results.weights_identity()}
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    for digest, outdated in ((result[name]["sha256"], False), ("0" * 64, True)):
        result[name]["sha256"] = digest
        (tmp_path / "strength.json").write_text(json.dumps(result))
        text = fill_tables.filled(page, table_cells.TABLES)
        assert (table_cells.OF_EARLIER_WEIGHTS in text) == outdated


def test_what_a_benchmark_writes(benchmarks, monkeypatch, tmp_path):
    results, _fill_tables, table_cells = benchmarks
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    data = ("--data", "/secret/motifs", "--data", "/secret")
    monkeypatch.setattr(sys, "argv", ["/somewhere/steps.py", *data, "--out", "/a/b"])
    numbers = {"share": 1 / 3, "nothing": float("nan"), "spread": {"mean": 1.0, "sd": 0.25}}
    results.write_result("steps", numbers, cores=1)
    found = results.load("steps")
    assert tuple(found) == results.FIELDS
    assert found["script"] == "benchmarks/steps.py"
    words = "--data DATASET/motifs --data DATASET --out FOLDER"
    assert found["command"] == f"python benchmarks/steps.py {words}"
    assert found["machine"].startswith("one core of")
    assert found["weights"]["name"] == "rg-base"
    assert found["numbers"] == {"share": 0.33333, "nothing": None, "spread": numbers["spread"]}
    assert table_cells.cell("{spread:.2f}, {share:.1f}", found["numbers"]) == "1.00 ± 0.25, 0.3"
    assert table_cells.cell("{spread:.0f} %", {"spread": {"mean": 99.9, "sd": 0.1}}) == "100 %"
    assert table_cells.cell("{r:.1f}", {"r": {"low": -1.0, "high": 2.0}}) == "−1.0–2.0"


def test_markdown_tables(benchmarks):
    results, _fill_tables, table_cells = benchmarks
    text = table_cells.markdown(["a", "b"], [["1", "2"], ["3", ""]])
    assert results.markdown_tables(f"words\n{text}\n\nmore") == [
        {"columns": ["a", "b"], "rows": [["1", "2"], ["3", ""]]}
    ]
