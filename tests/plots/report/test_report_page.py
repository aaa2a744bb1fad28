"""The page as a file: it holds all that it needs, and nothing in it is taken for HTML."""

import re
import sys

import numpy as np
import pytest

from protdiff.plots.report.entry import Entry
from protdiff.plots.report.report_page import SCRIPTS, TEMPLATE, Column, page_data, write_page

from .conftest import data_of


def test_values_as_json_has_them():
    values = [1.0, 0.123456789, float("nan"), None, "", np.float64(2.5), np.int64(3), True, "x"]
    entries = [Entry(str(k), None, {"a": value}) for k, value in enumerate(values)]
    [column] = page_data(entries, [Column("a", "words", True)], {})["columns"]
    assert column["values"] == [1, 0.12346, None, None, None, 2.5, 3, "yes", "x"]
    assert column["text"] and "low" not in column


def test_columns_without_values_are_left_out():
    entries = [Entry("x", None, {"a": 1.0, "b": float("nan")})]
    data = page_data(entries, [Column("a"), Column("b"), Column("c")], {})
    assert [column["name"] for column in data["columns"]] == ["a"]


def test_nothing_is_read_as_html(tmp_path):
    bad = "</script><script>alert(1)</script>{{data}}"
    path = tmp_path / "x.html"
    write_page(path, bad, [Entry(bad, None, {"verdict": bad})], [Column("verdict", bad)], {})
    text = path.read_text(encoding="utf-8")
    assert "alert(1)</script>" not in text and "&lt;script&gt;alert(1)" in text
    data = data_of(path)
    assert data["names"] == [bad] and data["columns"][0]["values"] == [bad]


def test_names_that_are_no_text(tmp_path):
    write_page(tmp_path / "x.html", "x\udce9", [Entry("caf\udce9")], [], {})
    assert data_of(tmp_path / "x.html")["names"] == ["caf\\udce9"]


def test_nothing_is_loaded_from_elsewhere(tmp_path):
    path = tmp_path / "x.html"
    write_page(path, "x", [Entry("x")], [], {0: {"ca": ""}})
    text = path.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    ours = re.sub(r'id="(data|library)">[^<]*<', "", text)
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:,)""", ours)
    assert "https://" not in ours


def test_equal_reports_are_equal_files(tmp_path):
    for name in ("a.html", "b.html"):
        write_page(tmp_path / name, "x", [Entry("x", None, {"a": 1.0})], [Column("a")], {})
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_without_plotly(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(ValueError, match=r"pip install 'protdiff\[report\]'"):
        write_page(tmp_path / "x.html", "x", [Entry("x")], [], {0: {"ca": ""}})
    assert not list(tmp_path.iterdir())


def test_the_scripts_are_all_used_and_short():
    assert {path.stem for path in TEMPLATE.glob("*.js")} == set(SCRIPTS)
    for path in TEMPLATE.iterdir():
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 300 and max(map(len, lines)) <= 200, path.name
