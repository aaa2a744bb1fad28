"""A short film of a short chain."""

import pytest

import protdiff
from protdiff.analysis.films import film_of_flow

from ...conftest import ROOT


@pytest.fixture(scope="session")
def film():
    """Five levels of forty residues, with a title that would do harm where it is read as HTML."""
    backbone = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb")[:40]
    return film_of_flow(backbone, levels=5, title="<script>document.title='bad'</script>")
