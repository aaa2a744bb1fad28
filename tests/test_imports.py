"""The rooms of the package: who may import whom, and how long a file may be.

Imports inside functions count as well.
"""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "protdiff"

#: Rooms that a room may import from, besides itself. All may use `_system`; the version, which
#: lives in the package itself, may be read by the command line alone.
ALLOWED = {
    "_system": set(),
    "structure": set(),
    "flow": set(),
    "network": {"structure", "flow"},
    "conditioning": {"structure", "flow"},
    "sampling": {"structure", "flow", "network", "conditioning", "sequence"},
    "sequence": {"structure", "flow", "network"},
    "dataset": {"structure"},
    "metrics": {"structure"},
    "analysis": {"structure", "flow", "network", "conditioning", "sampling", "metrics"},
    "training": {
        "structure", "flow", "network", "conditioning", "sampling", "sequence", "dataset",
        "metrics",
    },
    "plots": {"structure", "flow", "dataset", "metrics", "analysis"},
    "cli": {
        "", "structure", "flow", "network", "conditioning", "sampling", "sequence", "dataset",
        "metrics", "analysis", "training", "plots",
    },
}  # fmt: skip


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(name, path):
    """(module, line, whether at module level) of every import from this package."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set()
    for node in tree.body:
        for inner in ast.walk(node):
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                top.add(inner)
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                base = [p for p in package if p][: len(package) - node.level + 1]
            elif (node.module or "").split(".")[0] == "protdiff":
                base = []
            else:
                continue
            module = (node.module or "").split(".") if node.module else []
            target = [*base, *(module if node.level else module[1:])]
            for alias in node.names:
                inner = ".".join([*target, alias.name])
                found = inner if inner in MODULES else ".".join(target)
                yield found, node.lineno, node in top
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "protdiff":
                    yield alias.name.partition(".")[2], node.lineno, node in top


IMPORTS = {name: list(imports_of(name, path)) for name, path in MODULES.items()}


def test_every_room_has_a_rule_and_the_package_few_entries():
    # A cache, a marker for type checkers, and what `python -m protdiff` runs.
    no_entries = ("__pycache__", "py.typed", "__main__.py")
    entries = {p.name for p in PACKAGE.iterdir() if p.name not in no_entries}
    rooms = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert rooms == set(ALLOWED)
    assert len(entries) <= 14, sorted(entries)


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_arrows_point_one_way(room):
    wrong = [
        f"{name}:{line} imports {target}"
        for name, found in IMPORTS.items()
        if name.split(".")[0] == room
        for target, line, _ in found
        if target.split(".")[0] not in {room, "_system", *ALLOWED[room]}
    ]
    assert not wrong


def test_no_circles_between_modules():
    """Imports inside functions count: a circle that is only put off is a circle."""
    graph = defaultdict(set)
    for name, found in IMPORTS.items():
        # A package's __init__ gathers its modules; they may name siblings, not the package itself.
        graph[name] |= {target for target, _, _ in found if target != name}
    state, path, circles = {}, [], []

    def visit(node):
        state[node] = "open"
        path.append(node)
        for target in sorted(graph[node]):
            if state.get(target) == "open":
                circles.append(" → ".join([*path[path.index(target) :], target]))
            elif target not in state and target:
                visit(target)
        path.pop()
        state[node] = "done"

    for node in sorted(MODULES):
        if node and node not in state:
            visit(node)
    assert not circles


def test_no_two_modules_of_one_name():
    """Command-line verbs have the names of what they call."""
    homes = defaultdict(list)
    for name, path in MODULES.items():
        if path.name != "__init__.py" and not name.startswith("cli."):
            homes[path.stem].append(name)
    assert not [names for names in homes.values() if len(names) > 1]


@pytest.mark.parametrize("folder", ["protdiff", "benchmarks", "tests"])
def test_no_file_is_over_300_lines(folder):
    long = {
        str(path.relative_to(ROOT)): count
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert not long
