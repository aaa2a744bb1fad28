"""From what is requested to requests: lengths of samples."""

import pytest

from protdiff.conditioning import Condition
from protdiff.sampling.plan import Texts, plan_requests, sample_length


def test_lengths_of_a_seed_do_not_depend_on_the_number():
    drawn = [sample_length(range(60, 121), i, 3) for i in range(50)]
    assert drawn[:10] == [sample_length(range(60, 121), i, 3) for i in range(10)]
    assert min(drawn) >= 60 and max(drawn) <= 120 and len(set(drawn)) > 20
    assert [sample_length([60, 80], i, 0) for i in range(3)] == [60, 80, 60]


def test_texts_are_taken_in_turn_and_named():
    texts = Texts(["ACDEFGHIKL", "ACDEFGHIKLMN"], ["a", "b"], "x.fasta")
    requests = plan_requests(3, 0, texts=texts)
    assert [r.length for r in requests] == [10, 12, 10]
    assert [r.sequence for r in requests] == [*texts.sequences, texts.sequences[0]]
    assert [r.sequence_name for r in requests] == ["a", "b", "a"]
    wrong = Texts(["ACDEFGHIKL", "ACDEFGHIKJ"], texts.sequence_names, texts.sequence_file)
    with pytest.raises(ValueError, match=r"^`sequence` x\.fasta, record b: unknown letter 'J'"):
        plan_requests(2, 0, texts=wrong)


def test_conditions_decide_lengths_and_types():
    """What a condition leaves open must be given; what it knows need not be."""

    class Ten(Condition):
        def lengths(self, wanted=None):
            return [10]

        def sequence(self):
            return "ACDEFGHIKL"

    [request] = plan_requests(1, 0, condition=Ten())
    assert (request.length, request.sequence) == (10, "ACDEFGHIKL")
    [request] = plan_requests(1, 0, texts=Texts(["A" * 10]), condition=Ten())
    assert request.sequence == "A" * 10
    with pytest.raises(ValueError, match="11 letters, but the condition gives 10 residues"):
        plan_requests(1, 0, texts=Texts(structure="H" * 11), condition=Ten())
    with pytest.raises(ValueError, match="`length`: the condition leaves it open"):
        plan_requests(1, 0, condition=Condition())


@pytest.mark.parametrize(
    ("num", "length", "message"),
    [
        (1, range(8, 10**13), "`length` 9999999999999: must lie between 8 and 2048"),
        (1, range(8, 10**30), "must lie between 8 and 2048"),
        (1, 10**30, "must lie between 8 and 2048"),
        (10**13, 50, "`num` 10000000000000: at most 1,000,000 at a time"),
    ],
)
def test_enormous_requests_are_refused_at_once(num, length, message):
    with pytest.raises(ValueError, match=message):
        plan_requests(num, 0, length=length)
