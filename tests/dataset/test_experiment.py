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


def test_what_is_damaged_states_nothing(tmp_path):
    """Method and resolution are optional facts: atoms of these files can be read."""
    path = tmp_path / "x.cif"
    text = CIF.format("X-RAY DIFFRACTION", "1.7")
    for damaged, expected in (
        (text + "data_Y\n_exptl.method 'SOLUTION NMR'\n", ("x-ray", 1.7)),
        (text.replace(" 1.7", ""), ("x-ray", None)),
        (text.replace(" 1.7", " 1.7.3 'x"), ("x-ray", None)),
        (text.replace("_exptl.method ", "loop_\n_exptl.method\n_exptl.other\n"), ("x-ray", None)),
    ):
        path.write_text(damaged)
        method, resolution = experiment(path)
        assert (method, None if math.isnan(resolution) else resolution) == expected, damaged


def test_binary_files_that_declare_too_much(tmp_path):
    """A category of 671 bytes of whose columns one is damaged, and one declares 2 billion rows."""
    import msgpack

    def column(name, size):
        encoding = [{"kind": "RunLength", "srcSize": size, "srcType": 3}]
        data = {"data": bytes(8), "encoding": [*encoding, {"kind": "ByteArray", "type": 3}]}
        return {"name": name, "mask": None, "data": data}

    path = tmp_path / "x.bcif"
    for size in (1, 2**31 - 1):
        refine = {"name": "_refine", "rowCount": 1, "columns": [column("ls_d_res_high", size)]}
        exptl = {"name": "_exptl", "rowCount": 1, "columns": [{"name": "method"}]}
        block = {"header": "x", "categories": [refine, exptl]}
        path.write_bytes(msgpack.packb({"dataBlocks": [block]}))
        assert experiment(path).method == "" and math.isnan(experiment(path).resolution)
