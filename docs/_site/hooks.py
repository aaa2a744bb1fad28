"""Pages of the site that are made from the project when it is built.

reference/command-line.md is made from the program itself, reference/model-log.md from
benchmarks/model-log.md, and tutorials from notebooks, which are executed. In the repository short
pages stand for the first two, and links lead to the notebooks, on the site to their pages. A link
to a file of the project outside docs/ works in the repository; on the site it becomes a link to the
repository if the environment variable PROTDIFF_REPOSITORY has its address, and the file's path
otherwise.
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

#: A link to a notebook.
NOTEBOOK = re.compile(r"(\]\([^)\s:]+)\.ipynb(#[^)\s]*)?\)")

#: HTML of the outputs of notebooks, by what stands for it until a page is written.
OUTPUTS: dict[str, str] = {}

#: A line that has the documentation of a Python object put in its place.
DOCUMENTED = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)


def _beside(name: str) -> ModuleType:
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put the pages that are made in the place of those that stand for them in the repository."""
    pages = {
        "reference/command-line.md": _beside("command_line").reference(),
        "reference/model-log.md": (ROOT / "benchmarks/model-log.md").read_text(encoding="utf-8"),
    }
    notebooks = _beside("notebooks")
    with notebooks.running_kernel() as kernel:
        for path in sorted(notebooks.TUTORIALS.glob("*.ipynb")):
            small = notebooks.SMALL[path.stem] if os.environ.get("SMALL_TUTORIALS") else None
            done = notebooks.executed(path, small, kernel)
            text, outputs = notebooks.page_of(done, path.name)
            pages[f"tutorials/{path.stem}.md"] = text
            for number, output in enumerate(outputs):
                OUTPUTS[notebooks.placeholder(path.name, number)] = output
    for path, content in pages.items():
        if in_repository := files.get_file_from_path(path):
            files.remove(in_repository)
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links out of docs/ lead to the repository, or become the path that they name."""

    def outside(match: re.Match[str]) -> str:
        text, path = match[1], match[2]
        if REPOSITORY:
            return f"[{text}]({REPOSITORY.rstrip('/')}/{path})"
        return text if path in text else f"{text} (`{path}`)"

    return DOCUMENTED.sub(_home, NOTEBOOK.sub(r"\1.md\2)", OUTSIDE.sub(outside, markdown)))


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Outputs of notebooks come last: the search index has no scripts and pictures."""
    return re.sub(r'<div data-output="[^"]*"></div>', lambda match: OUTPUTS[match[0]], output)


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
