"""Structures of a report, and what its scripts read."""

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest

import protdiff

from ...conftest import ROOT

#: File names that would do harm where names are read as HTML, scripts or commands.
HOSTILE = (
    "<img src=x onerror=document.title='bad'>",
    "&lt;b&gt; '\"{{data}}`${1}`",
    "<script>document.title='bad'<\u2044script>",
)


@pytest.fixture(scope="session")
def eight(tmp_path_factory):
    """A folder of eight short designs, some with hostile names, and one that is no structure."""
    folder = tmp_path_factory.mktemp("eight")
    chain = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb").chain("A")
    for k, name in enumerate((*HOSTILE, *(f"design_{k}" for k in range(5)))):
        part = chain[5 * k : 5 * k + 30 + k]
        protdiff.write(
            replace(part, residue_numbers=np.arange(len(part)) + 1), folder / f"{name}.pdb"
        )
    (folder / "not.pdb").write_text("no structure")
    return folder


def data_of(page):
    """What the scripts of a page read."""
    import gzip

    text = re.search(r'id="data">([^<]*)<', page.read_text(encoding="utf-8"))[1]
    return json.loads(gzip.decompress(base64.b64decode(text)))
