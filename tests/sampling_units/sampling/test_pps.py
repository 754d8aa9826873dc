import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling_units.sampling.pps import allocate, inclusion_probabilities, select, systematic

sizes_of = st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1e6)), min_size=1, max_size=60).map(np.array)


def test_example_by_hand():
    sizes = np.array([3.0, 5, 6, 2, 7, 4, 9, 3, 6, 5])
    probability = inclusion_probabilities(sizes, 5)
    assert probability == pytest.approx(sizes / 10)
    # The sums are 3, 8, 14, 16, 23, 27, 36, 39, 45, 50; points 3.5, 13.5 ... 43.5 fall in these.
    assert np.flatnonzero(systematic(probability, 0.35)).tolist() == [1, 2, 5, 6, 8]


def test_units_larger_than_the_interval_are_certain_again_and_again():
    # 100 of 190 is certain of 3, then 50 of 90 of the 2 that are left, then 20 to 20.
    assert inclusion_probabilities(np.array([100.0, 50, 20, 20]), 3).tolist() == [1, 1, 0.5, 0.5]
    assert inclusion_probabilities(np.array([1.0, 1, 1]), 3).tolist() == [1, 1, 1]
    assert inclusion_probabilities(np.array([0.0, 5, 5]), 1).tolist() == [0, 0.5, 0.5]


@given(sizes_of, st.integers(1, 60))
def test_probabilities_add_up_and_are_in_proportion(sizes, n):
    n = min(n, np.count_nonzero(sizes))
    probability = inclusion_probabilities(sizes, n)
    assert probability.sum() == pytest.approx(n)
    assert ((probability >= 0) & (probability <= 1)).all()
    assert not probability[sizes == 0].any()
    others = (probability < 1) & (sizes > 0)
    if others.any():
        ratio = probability[others] / sizes[others]
        assert ratio == pytest.approx(np.full(others.sum(), ratio[0]))
        # Nobody is certain who would not be above the others' ratio.
        assert (sizes[probability == 1] * ratio[0] >= 1 - 1e-9).all()


@given(sizes_of, st.integers(1, 60), st.floats(0, 1, exclude_max=True))
def test_a_sample_has_the_size_that_was_asked_for(sizes, n, start):
    n = min(n, np.count_nonzero(sizes))
    probability = inclusion_probabilities(sizes, n)
    chosen = systematic(probability, start)
    assert chosen.sum() == n
    assert chosen[probability == 1].all()
    assert not chosen[probability == 0].any()


def test_each_unit_is_selected_as_often_as_its_probability_says():
    rng = np.random.default_rng(0)
    probability = inclusion_probabilities(rng.lognormal(0, 1, 40), 12)
    starts = (np.arange(20_000) + 0.5) / 20_000
    often = np.mean([systematic(probability, start) for start in starts], axis=0)
    assert often == pytest.approx(probability, abs=1e-4)


def test_seeds_give_samples_with_the_right_probabilities():
    sizes, strata = np.array([5.0, 1, 1, 1, 2, 4, 4]), np.array([0, 0, 0, 0, 1, 1, 1])
    found = [select(sizes, strata, 4, seed) for seed in range(4000)]
    often = np.mean([selection.is_selected for selection in found], axis=0)
    assert often == pytest.approx(found[0].probability, abs=0.03)
    assert found[0].n_by_stratum.tolist() == [2, 2]
    assert found[0].is_certain.tolist() == [True, *[False] * 6]
    assert {selection.is_selected.sum() for selection in found} == {4}


def test_the_same_seed_gives_the_same_sample():
    sizes, strata = np.random.default_rng(1).lognormal(0, 1, 300), np.repeat([0, 1, 2], 100)
    first, again, other = (select(sizes, strata, 30, seed).is_selected for seed in (7, 7, 8))
    assert (first == again).all()
    assert (first != other).any()


@given(st.lists(st.tuples(st.floats(0.1, 1e6), st.integers(1, 50)), min_size=1, max_size=12), st.integers(0, 400))
def test_strata_share_the_sample_in_proportion(strata, more):
    totals, available = (np.array(column) for column in zip(*strata, strict=True))
    n = min(len(strata) + more, int(available.sum()))
    counts = allocate(totals.astype(float), available, n)
    assert counts.sum() == n
    assert ((counts >= 1) & (counts <= available)).all()
    free = (counts > 1) & (counts < available)
    if not (counts == available).any() and not (counts == 1).any():
        assert (np.abs(counts - n * totals / totals.sum()) < 1 + 1e-9)[free].all()


def test_what_cannot_be_selected_is_refused():
    with pytest.raises(ValueError, match="4 units cannot be selected from 3"):
        select(np.array([1.0, 1, 1, 0]), np.zeros(4, int), 4, 0)
    with pytest.raises(ValueError, match="2 strata need at least one unit each"):
        select(np.ones(4), np.array([0, 0, 1, 1]), 1, 0)
