"""A folder of structures is continued only by the command, and the code, that began it."""

import pytest

from protdiff.cli._shared.manifest import COLUMNS, IDENTITY, existing_rows, write_manifest


def row(**changes):
    values = dict.fromkeys(COLUMNS, "x") | {"file": "backbone_0000.pdb", "protdiff": "0.1.0"}
    return values | changes


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "manifest.csv"
    write_manifest(path, {"backbone_0000.pdb": row()})
    (tmp_path / "backbone_0000.pdb").write_text("ATOM")
    return path


def test_the_same_command_goes_on(manifest):
    same = row(seconds="7", command="other words")
    assert list(existing_rows(manifest, [same])) == ["backbone_0000.pdb"]
    (manifest.parent / "backbone_0000.pdb").write_bytes(b"")
    assert existing_rows(manifest, [same]) == {}


def test_other_code_does_not_go_on(manifest):
    with pytest.raises(ValueError, match=r"made by protdiff 0\.1\.0, and this is 0\.2\.0"):
        existing_rows(manifest, [row(protdiff="0.2.0")])


@pytest.mark.parametrize("column", [name for name in IDENTITY if name not in ("file", "protdiff")])
def test_other_options_are_named(manifest, column):
    with pytest.raises(ValueError, match=rf"made with other options \({column}, protdiff\)"):
        existing_rows(manifest, [row(**{column: "y"}, protdiff="0.2.0")])
