"""Labels that come twice get a suffix, and stay apart whatever the labels are."""

from hypothesis import given
from hypothesis import strategies as st

from protdiff._system.names import UniqueNames, unique_names

NAMES = st.lists(st.sampled_from(["x", "x_2", "x_2_2", "x_3", "y", ""]), max_size=12)


@given(NAMES)
def test_names_are_unique_and_first_ones_stay(names):
    made = unique_names(names)
    assert len(set(made)) == len(made) == len(names)
    for name in set(names):
        assert made[names.index(name)] == name
    assert all(label.startswith(name) for label, name in zip(made, names, strict=True))


@given(NAMES)
def test_names_of_a_stream(names):
    unique = UniqueNames()
    made = [unique.new(name) for name in names]
    assert len(set(made)) == len(made)
    assert all(label.startswith(name) for label, name in zip(made, names, strict=True))
