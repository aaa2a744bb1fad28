"""Pages of the site that are made from the project when it is built.

reference/command-line.md is made from the program itself, reference/model-log.md from
benchmarks/model-log.md. A link to a file of the project outside docs/ works in the repository; on
the site it becomes a link to the repository if the environment variable PROTDIFF_REPOSITORY has its
address, and the file's path otherwise.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from pathlib import Path
from types import ModuleType

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
REPOSITORY = os.environ.get("PROTDIFF_REPOSITORY", "")

#: A link to a file of the project outside docs/.
OUTSIDE = re.compile(
    r"\[([^\]]+)\]\((?:\.\./)+((?:benchmarks|protdiff|weights|data|tests)/[^)]*)\)"
)

#: A line that has the documentation of a Python object put in its place.
DOCUMENTED = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)


def _command_line() -> ModuleType:
    spec = importlib.util.spec_from_file_location("command_line", HERE / "command_line.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, so that they need not be kept in the repository."""
    pages = {
        "reference/command-line.md": _command_line().reference(),
        "reference/model-log.md": (ROOT / "benchmarks/model-log.md").read_text(encoding="utf-8"),
    }
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links out of docs/ lead to the repository, or become the path that they name."""

    def outside(match: re.Match[str]) -> str:
        text, path = match[1], match[2]
        if REPOSITORY:
            return f"[{text}]({REPOSITORY.rstrip('/')}/{path})"
        return text if path in text else f"{text} (`{path}`)"

    return DOCUMENTED.sub(_home, OUTSIDE.sub(outside, markdown))


def _home(match: re.Match[str]) -> str:
    """The line that documents a public name, with the module that defines it.

    The package imports its public names on first use, which the static analysis of the docstrings
    does not see.
    """
    package, _, name = match[1].rpartition(".")
    module = importlib.import_module(package)
    if not hasattr(module, name):  # a module that nothing has imported yet
        importlib.import_module(match[1])
        return match[0]
    documented = getattr(module, name)
    if isinstance(documented, ModuleType):
        return match[0]
    return f"::: {documented.__module__}.{documented.__qualname__}"
