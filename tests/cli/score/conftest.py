"""`protdiff score`, and two pairs of structures to run it on."""

import pytest

import protdiff

from .helpers import EXAMPLES, moved


@pytest.fixture
def run(console):
    """Run the console script; returns exit code, stdout, stderr."""

    def call(*arguments):
        return console("score", *arguments)

    return call


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """models/ and references/ with two pairs: kringle and capsid."""
    path = tmp_path_factory.mktemp("score")
    (path / "models" / "deep").mkdir(parents=True)
    (path / "references").mkdir()
    kringle = protdiff.read(EXAMPLES / "1tpk.pdb")[20:65]
    capsid = protdiff.read(EXAMPLES / "1a8o.pdb.gz")[:40]
    protdiff.write(kringle, path / "references" / "kringle.cif.gz")
    protdiff.write(capsid, path / "references" / "capsid.pdb")
    protdiff.write(moved(kringle, 0, 0.5), path / "models" / "kringle_0.pdb")
    protdiff.write(moved(kringle, 1, 2.0), path / "models" / "kringle_1.pdb.gz")
    protdiff.write(moved(capsid, 2, 1.0), path / "models" / "deep" / "capsid.bcif")
    return path
