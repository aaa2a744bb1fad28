"""A folder of structures is continued only by the command, and the code, that began it."""

import pytest

from protdiff.cli._shared.design_store import Store
from protdiff.cli._shared.manifest import (
    COLUMNS,
    IDENTITY,
    add_rows,
    existing_rows,
    write_manifest,
)


def row(**changes):
    values = dict.fromkeys(COLUMNS, "x") | {"file": "backbone_0000.pdb", "protdiff": "0.1.0"}
    return values | changes


@pytest.fixture
def store(tmp_path):
    write_manifest(tmp_path / "manifest.csv", {"backbone_0000.pdb": row()})
    (tmp_path / "backbone_0000.pdb").write_text("ATOM")
    return Store(tmp_path)


def test_the_same_command_goes_on(store):
    same = row(seconds="7", command="other words")
    assert list(existing_rows(store, [same])) == ["backbone_0000.pdb"]
    (store.out / "backbone_0000.pdb").write_bytes(b"")
    assert existing_rows(store, [same]) == {}


def test_other_code_does_not_go_on(store):
    with pytest.raises(ValueError, match=r"made by protdiff 0\.1\.0, and this is 0\.2\.0"):
        existing_rows(store, [row(protdiff="0.2.0")])


@pytest.mark.parametrize("column", [name for name in IDENTITY if name not in ("file", "protdiff")])
def test_other_options_are_named(store, column):
    with pytest.raises(ValueError, match=rf"made with other options \({column}, protdiff\)"):
        existing_rows(store, [row(**{column: "y"}, protdiff="0.2.0")])


def test_a_row_that_a_killed_run_has_cut_off_is_none(store):
    manifest = store.out / "manifest.csv"
    before = manifest.read_bytes()
    (store.out / "backbone_0001.pdb").write_text("ATOM")
    second = row(file="backbone_0001.pdb", command='generate --in "a b"\n')
    add_rows(manifest, [second])
    whole = manifest.read_bytes()
    assert len(existing_rows(store, [second])) == 2
    (store.out / "backbone_0001.pdb").unlink()  # which is written after its row
    for cut in range(len(before), len(whole) - 6):  # up to the commas of the last two columns
        manifest.write_bytes(whole[:cut])
        assert list(existing_rows(store, [second])) == ["backbone_0000.pdb"], whole[:cut]
