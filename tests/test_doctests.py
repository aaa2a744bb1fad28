"""The examples in the docstrings of the package run, and write no files."""

from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, DocTestFinder, DocTestRunner
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

import protdiff

ROOT = Path(__file__).parents[1]
#: Names that examples use without an import line.
USUAL = {"np": np, "torch": torch, "protdiff": protdiff}


def with_examples():
    """Names of the modules whose text has an example; none of them is imported for that."""
    for path in sorted((ROOT / "protdiff").rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("name", list(with_examples()))
def test_examples(name, tmp_path, monkeypatch):
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    examples = DocTestFinder().find(import_module(name), name, extraglobs=USUAL)
    assert any(docstring.examples for docstring in examples), "no docstring of this module has them"
    runner, report = DocTestRunner(optionflags=ELLIPSIS | NORMALIZE_WHITESPACE), []
    for docstring in examples:
        runner.run(docstring, out=report.append)
    assert runner.failures == 0, "".join(report)
    assert [path.name for path in tmp_path.iterdir()] == ["data"], "the examples write files"
