"""Tutorials are notebooks without outputs, which are executed when the site is built.

Numbers of a notebook stand in the cell with the tag "parameters". Tests put smaller ones after it,
and so does the site where only its links and examples are checked, with SMALL_TUTORIALS=1.
"""

from __future__ import annotations

import html
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"
#: Numbers in place of those that a reader sees: what is drawn with them is no protein.
SMALL = {
    "first-backbones": {"num": 1, "length": 20, "steps": 12},
    "motif": {"num": 1, "steps": 12},
    "score": {"num": 8},
    "finetune": {"members": 3, "steps": 2, "batches": 2, "samples": 0, "calls": 12},
    "flow": {"num": 1, "length": 24, "steps": 12},
}
#: Seconds that a cell may take, on a machine that is busy.
PATIENCE = 900
#: What is said above every notebook.
ABOVE = (
    "This page is a notebook, executed when the site was built: "
    '<a href="../{name}" download>download it</a>, or open `docs/tutorials/{name}` in a copy of '
    "the repository."
)


def executed(
    path: Path, parameters: dict[str, Any] | None = None, kernel: NotebookClient | None = None
) -> NotebookNode:
    """A notebook with its outputs; an error in a cell is raised.

    Parameters
    ----------
    path : Path
    parameters : dict, optional
        Values in place of those of the cell with the tag "parameters".
    kernel : NotebookClient, optional
        From `running_kernel`; what an earlier notebook has left in it is forgotten.
    """
    if kernel is None:
        with running_kernel() as new:
            return executed(path, parameters, new)
    notebook = nbformat.read(path, as_version=4)
    if parameters:
        after = 1 + next(k for k, cell in enumerate(notebook.cells) if _is_parameters(cell))
        lines = [f"{name} = {value!r}" for name, value in parameters.items()]
        notebook.cells.insert(after, nbformat.v4.new_code_cell("\n".join(lines)))
    notebook.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))
    client = NotebookClient(notebook, timeout=PATIENCE, km=kernel.km, coalesce_streams=True)
    client.kc = kernel.kc
    client.execute()
    del notebook.cells[0]
    return notebook


@contextmanager
def running_kernel() -> Iterator[NotebookClient]:
    """A kernel in the folder of the tutorials, with the package of this copy of the repository."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    resources = {"metadata": {"path": str(TUTORIALS)}}
    empty = nbformat.v4.new_notebook()
    client = NotebookClient(empty, kernel_name="python3", resources=resources)
    with client.setup_kernel(env=environment):
        yield client


def _is_parameters(cell: NotebookNode) -> bool:
    return "parameters" in cell.metadata.get("tags", ())


def page_of(notebook: NotebookNode, name: str) -> tuple[str, list[str]]:
    """Markdown of an executed notebook, and the HTML of its outputs.

    The Markdown has `placeholder(name, k)` in the place of output k, so that nothing reads scripts
    and pictures as Markdown, or searches them.
    """
    parts: list[str] = []
    outputs: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(_fenced(cell.source, "python"))
        for output in cell.outputs:
            shown = _html_of(output)
            if shown:
                parts.append(placeholder(name, len(outputs)))
                outputs.append(shown)
            else:
                parts.append(_fenced(_text_of(output), "text"))
    heading, _, rest = "\n\n".join(parts).partition("\n")
    return f"{heading}\n\n{ABOVE.format(name=name)}\n{rest}\n", outputs


def placeholder(name: str, number: int) -> str:
    """An element that stands for an output."""
    return f'<div data-output="{name} {number}"></div>'


def _html_of(output: NotebookNode) -> str:
    """An output as HTML, empty if it is text."""
    data = output.get("data", {})
    if "text/html" in data:
        return f"<div>{data['text/html']}</div>"
    if "image/png" in data:
        source = "data:image/png;base64," + data["image/png"].replace("\n", "")
        words = html.escape(data.get("text/plain", "picture"))
        return f'<p><img alt="{words}" src="{source}"></p>'
    return ""


def _text_of(output: NotebookNode) -> str:
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text.strip()}\n```" if text.strip() else ""
