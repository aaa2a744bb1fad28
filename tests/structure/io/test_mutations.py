"""Damaged files are read, or refused with one clear line; more in benchmarks/mutate_files.py."""

import importlib
from pathlib import Path

import pytest

from protdiff import read, write

from .files import cif_rows, cif_text, pdb_rows

ROOT = Path(__file__).parents[3]
SEEDS = 150


@pytest.fixture(scope="module")
def mutations():
    """The module of that name in the folder benchmarks/."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("mutations")


def test_damaged_files(tmp_path, mutations):
    sources = [tmp_path / name for name in ("a.pdb", "b.cif", "c.bcif", "d.pdb.gz", "e.cif.gz")]
    sources[0].write_text("\n".join(["MODEL        1", *pdb_rows(), "TER", "ENDMDL", ""]))
    sources[1].write_text(cif_text(cif_rows()))
    for path in sources[2:]:
        write(read(sources[0]), path)
    verdicts = {}
    for seed in range(SEEDS):
        name, content, kinds = mutations.mutated(sources, seed)
        path = tmp_path / f"{seed}_{name}"
        path.write_bytes(content)
        verdicts[seed, kinds], detail = mutations.judged(path)
        path.unlink()
        assert verdicts[seed, kinds].startswith(("read", "refused")), (seed, name, kinds, detail)
    assert {verdict.partition(" ")[0] for verdict in verdicts.values()} == {"read", "refused"}
