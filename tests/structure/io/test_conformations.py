"""Alternate locations, wherever they are in a file."""

import warnings

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from .edits import RESIDUES, chain, changed, joined, read_lines
from .examples import few
from .files import COORDS, NAMES


@few
@given(data=st.data(), occupancies=st.permutations(["  0.20", "  0.30", "  0.50"]))
def test_any_order_of_alternate_locations(data, occupancies, tmp_path):
    lines = []
    for k, (altloc, occupancy) in enumerate(zip("ABC", occupancies, strict=True)):
        lines += chain(0.4 * k, altloc=altloc, occupancy=occupancy)
    kinds = {
        "behind the chain": lines,
        "mixed": data.draw(st.permutations(lines)),
        "behind TER": [*lines[:20], "TER", *lines[20:40], "TER", *lines[40:]],
        "one without a name": [*changed(lines[:20], altloc=" "), *lines[20:]],
    }
    best = 0.4 * occupancies.index("  0.50")
    for content in kinds.values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            backbone = read_lines(tmp_path / "x.pdb", content)[0]
        np.testing.assert_allclose(
            backbone.coords, COORDS + np.array([0, best, 0]), rtol=0, atol=1e-9
        )
        assert backbone.residue_names.tolist() == list(NAMES)


def test_alternate_locations_of_some_residues_behind_the_chain(tmp_path):
    low, high = (changed(RESIDUES[2], 0.5, altloc="B", occupancy=f"  {x:.2f}") for x in (0.3, 0.7))
    first = [*joined(*RESIDUES[:2]), *changed(RESIDUES[2], altloc="A", occupancy="  0.50")]
    for block, shift in ((low, 0), (high, 0.5)):
        for marks in ([], ["TER"]):
            content = [*first, *joined(*RESIDUES[3:]), *marks, *block]
            backbone, texts = read_lines(tmp_path / "x.pdb", content)
            expected = COORDS.copy()
            expected[2, :, 1] += shift
            np.testing.assert_allclose(backbone.coords, expected, rtol=0, atol=1e-9)
            assert not texts
