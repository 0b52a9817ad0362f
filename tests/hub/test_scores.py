"""The arithmetic of scores, against hand-worked cases and a second way to the same numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onedoor_hub import scores

ratings_and_satisfied = st.integers(1, 100_000).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n))
)
four = st.fixed_dictionaries({(4, value): st.integers(0, 500) for value in (1, 2, 3, 4)})


def wilson_by_search(satisfied: int, ratings: int, z: float) -> tuple[float, float]:
    """The interval's definition: the shares p with |share - p| <= z * sqrt(p(1-p)/n), searched."""
    share = satisfied / ratings

    def inside(p: float) -> bool:
        return (share - p) ** 2 <= z * z * p * (1 - p) / ratings

    def edge(outer: float, inner: float) -> float:
        if inside(outer):
            return outer
        for _ in range(200):
            middle = (outer + inner) / 2
            outer, inner = (outer, middle) if inside(middle) else (middle, inner)
        return inner

    return edge(0.0, share), edge(1.0, share)


@pytest.mark.parametrize(
    ("satisfied", "ratings", "low", "high"),
    [
        (19, 20, 0.764, 0.991),  # the design's example
        # R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_agrees_with_published_examples(satisfied, ratings, low, high):
    digits = 3 if ratings == 20 and satisfied == 19 else 4
    found = scores.wilson(satisfied, ratings)
    assert (round(found[0], digits), round(found[1], digits)) == (low, high)


@given(ratings_and_satisfied, st.sampled_from([1.0, 1.6448536269514722, scores.Z_95, 3.0]))
def test_the_interval_is_where_its_definition_puts_it(case, z):
    satisfied, ratings = case
    low, high = scores.wilson(satisfied, ratings, z)
    searched = wilson_by_search(satisfied, ratings, z)
    assert math.isclose(low, searched[0], abs_tol=1e-9)
    assert math.isclose(high, searched[1], abs_tol=1e-9)


@given(ratings_and_satisfied)
def test_the_interval_holds_the_share_and_stays_within_0_and_1(case):
    satisfied, ratings = case
    low, high = scores.wilson(satisfied, ratings)
    assert 0 <= low <= satisfied / ratings <= high <= 1
    assert low < high


@given(ratings_and_satisfied)
def test_praise_and_blame_are_mirror_images(case):
    satisfied, ratings = case
    low, high = scores.wilson(satisfied, ratings)
    other_low, other_high = scores.wilson(ratings - satisfied, ratings)
    assert math.isclose(low, 1 - other_high, abs_tol=1e-12)
    assert math.isclose(high, 1 - other_low, abs_tol=1e-12)


@given(ratings_and_satisfied)
def test_the_same_share_of_more_ratings_is_known_better(case):
    satisfied, ratings = case
    low, high = scores.wilson(satisfied, ratings)
    more_low, more_high = scores.wilson(4 * satisfied, 4 * ratings)
    assert more_high - more_low < high - low


def test_no_ratings_leave_everything_possible():
    assert scores.wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("satisfied", "ratings"), [(-1, 3), (4, 3), (0, -1)])
def test_more_satisfied_than_ratings_is_refused(satisfied, ratings):
    with pytest.raises(ValueError, match="cannot be"):
        scores.wilson(satisfied, ratings)


def test_the_quantile_is_that_of_the_normal_distribution():
    assert math.isclose(math.erf(scores.Z_95 / math.sqrt(2)), 0.95, abs_tol=1e-15)


def test_a_flawless_counter_needs_73_ratings_to_have_met_the_target():
    verdicts = [scores.summarise({(4, 4): n}, 0.95).verdict for n in (1, 19, 72, 73, 500)]
    assert verdicts == ["too few", "too few", "too few", "met", "met"]


def test_19_of_20_are_too_few_to_judge_by():
    score = scores.summarise({(4, 4): 10, (4, 3): 9, (4, 1): 1}, 0.95)
    assert (score.satisfied, score.ratings, score.verdict) == (19, 20, "too few")


def test_a_target_surely_missed_is_not_met():
    assert scores.summarise({(4, 4): 80, (4, 2): 20}, 0.95).verdict == "not met"


def test_an_interval_that_ends_on_the_target_is_judged_as_the_design_says():
    assert scores.verdict(0.95, 0.99, 0.95) == "met"
    assert scores.verdict(0.90, 0.95, 0.95) == "too few"
    assert scores.verdict(0.90, 0.9499, 0.95) == "not met"


@given(four, st.floats(0.01, 0.99))
def test_the_verdict_never_contradicts_the_interval(counts, target):
    score = scores.summarise(counts, target)
    if score.verdict == "met":
        assert score.low is not None
        assert score.low >= target
    elif score.verdict == "not met":
        assert score.high is not None
        assert score.high < target
    elif score.ratings:
        assert score.low is not None
        assert score.high is not None
        assert score.low < target <= score.high


def test_the_upper_two_of_four_and_of_five_are_satisfied():
    four = [value for value in (1, 2, 3, 4) if scores.is_satisfied(4, value)]
    five = [value for value in (1, 2, 3, 4, 5) if scores.is_satisfied(5, value)]
    assert (four, five) == ([3, 4], [4, 5])


def test_four_and_five_button_ratings_are_counted_together():
    score = scores.summarise({(4, 4): 3, (4, 2): 1, (5, 5): 2, (5, 3): 4}, 0.95)
    assert (score.satisfied, score.ratings, score.share) == (5, 10, 0.5)
    # 3 at 100, 1 at 33.33, 2 at 100, 4 at 50
    assert score.happy_index is not None
    assert math.isclose(score.happy_index, (300 + 100 / 3 + 200 + 200) / 10)


def test_the_happy_index_of_the_worked_example():
    counts = {(4, 4): 126, (4, 3): 60, (4, 2): 16, (4, 1): 17}
    index = scores.happy_index(counts)
    assert index is not None
    assert round(index, 1) == 78.2


@pytest.mark.parametrize(("scale", "steps"), [(4, [0, 33.3, 66.7, 100]), (5, [0, 25, 50, 75, 100])])
def test_the_happy_index_spaces_the_buttons_equally(scale, steps):
    found = [scores.happy_index({(scale, value): 7}) for value in range(1, scale + 1)]
    assert [round(index or 0, 1) for index in found] == steps


def test_without_ratings_there_is_no_score():
    assert scores.summarise({}, 0.95) == scores.Score(0, 0, None, None, None, "too few", None)
    assert scores.summarise({(4, 4): 0}, 0.95).share is None
