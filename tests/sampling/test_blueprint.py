"""Drawn secondary structure: what is given stays, and a sample does not depend on others."""

import pytest

from protdiff.sampling.blueprint import drawn_structure
from protdiff.sampling.plan import Texts, plan_requests


def test_nothing_is_drawn_where_nothing_is_to_be():
    assert drawn_structure(None, None, 20, 0, 0) is None
    assert drawn_structure("HH--EEXC", None, 8, 0, 0) == "HH--EEXC"


def test_a_sample_has_its_own_draw():
    texts = Texts(structure="?" * 60)
    few, many = (plan_requests(num, 3, texts=texts) for num in (2, 4))
    assert [r.structure for r in few] == [r.structure for r in many[:2]]
    assert len({r.structure for r in many}) == 4


def test_fold_classes():
    """Of 12 strings each, 10 or more have hardly a strand, or hardly a helix."""
    helical, strand = (
        [drawn_structure(None, name, 80, k, 0) for k in range(12)] for name in ("helical", "strand")
    )
    assert sum(text.count("E") < 8 for text in helical) >= 10
    assert sum(text.count("H") < 16 for text in strand) >= 10
    with pytest.raises(ValueError, match="`blueprint` round: choose from helical"):
        drawn_structure(None, "round", 20, 0, 0)
