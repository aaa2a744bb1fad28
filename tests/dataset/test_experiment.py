"""Method and resolution as files state them."""

import gzip
import math
from pathlib import Path

import pytest

from protdiff.dataset.experiment import experiment

FILES = Path(__file__).parents[3] / "shared" / "data" / "files"

PDB = """\
HEADER    TEST
EXPDTA    {}
REMARK   2
REMARK   2 RESOLUTION. {}
ATOM      1  CA  ALA A   1       0.000   0.000   0.000  1.00  0.00           C
"""
CIF = """\
data_X
_exptl.entry_id X
_exptl.method   '{}'
_refine.ls_d_res_high {}
loop_
_atom_site.id
_atom_site.Cartn_x
1 0.0
"""


@pytest.mark.parametrize(
    ("stated", "number", "expected"),
    [
        ("X-RAY DIFFRACTION", "1.70 ANGSTROMS.", ("x-ray", 1.7)),
        ("SOLUTION NMR", "NOT APPLICABLE.", ("nmr", None)),
        ("ELECTRON MICROSCOPY", "3.98 ANGSTROMS.", ("em", 3.98)),
        ("FIBER DIFFRACTION", "0.00 ANGSTROMS.", ("other", None)),
        ("", "", ("", None)),
    ],
)
@pytest.mark.parametrize("suffix", [".pdb", ".pdb.gz", ".cif"])
def test_stated_values(tmp_path, stated, number, expected, suffix):
    path = tmp_path / f"x{suffix}"
    template = CIF if suffix == ".cif" else PDB
    text = template.format(stated, number.split()[0] if suffix == ".cif" and number else number)
    if suffix == ".cif" and not number:
        text = text.replace("_refine.ls_d_res_high", "_refine.ls_d_res_high ?")
    path.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    method, resolution = experiment(path)
    assert method == expected[0]
    assert math.isnan(resolution) if expected[1] is None else resolution == expected[1]


@pytest.mark.skipif(not FILES.is_dir(), reason="the entry files are not here")
@pytest.mark.parametrize(
    ("name", "method", "resolution"),
    [("1qys.pdb", "x-ray", 2.5), ("7q5b.bcif.gz", "em", 3.98), ("1LCD.pdb", "nmr", math.nan),
     ("4CUP.cif", "x-ray", 1.88)],
)  # fmt: skip
def test_entries(name, method, resolution):
    stated = experiment(FILES / name)
    assert stated.method == method and stated.resolution == pytest.approx(resolution, nan_ok=True)
