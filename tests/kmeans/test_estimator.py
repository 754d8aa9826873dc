"""``BalancedKMeans`` follows scikit-learn's conventions."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone, is_clusterer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted

from kmeans import BalancedKMeans, InvalidArray, InvalidParameter, NotFitted, Parameters, cluster
from tests.support.populations import buildings, lattice

SQUARE = np.column_stack([np.repeat(np.arange(6), 6), np.tile(np.arange(6), 6)]) * 100.0
# scikit-learn's checks of any clusterer, run on the estimator itself.
CHECKS = [
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_estimators_overwrite_params",
    "check_estimators_fit_returns_self",
    "check_readonly_memmap_input",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_sample_weights_pandas_series",
    "check_sample_weights_not_an_array",
    "check_sample_weights_shape",
    "check_sample_weights_not_overwritten",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_fit_idempotent",
    "check_fit_check_is_fitted",
    "check_n_features_in",
    "check_fit1d",
    "check_complex_data",
]
# These make samples with more than two features, of which the first two are taken.
CHECKS_OF_MORE_FEATURES = [
    "check_fit_score_takes_y",
    "check_dont_overwrite_parameters",
    "check_positive_only_tag_during_fit",
    "check_estimators_dtypes",
    "check_sample_weights_list",
    "check_pipeline_consistency",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_dict_unchanged",
]
# The others do not apply:
# - check_n_features_in_after_fitting, check_fit2d_1feature, check_estimators_empty_data_messages: about numbers of
#   features other than two, which are refused whatever was fitted;
# - check_estimators_nan_inf, check_fit2d_predict1d: expect the words of scikit-learn's messages; ours name the row or
#   the shape;
# - check_dtype_object: an array of objects is refused, also where all of them are numbers;
# - check_estimator_sparse_*: sparse matrices are refused as arrays of objects;
# - check_estimators_unfitted: wants scikit-learn's own class of error, which is not needed here;
# - check_fit2d_1sample: one sample makes one cluster;
# - check_all_zero_sample_weights_error: points without weight are clustered, with the status zero_weight;
# - check_sample_weight_equivalence_*: a heavy point is never divided, the same weight on several points may be.


class FirstTwo(BalancedKMeans):
    """Takes the first two features."""

    def fit(self, X, y=None, sample_weight=None):
        return super().fit(first_two(X), y, sample_weight)

    def predict(self, X):
        return super().predict(first_two(X))


def first_two(values):
    values = np.asarray(values)
    return values[:, :2] if values.ndim == 2 else values


@pytest.mark.parametrize("name", CHECKS)
def test_scikit_learns_check_passes(name):
    getattr(estimator_checks, name)("BalancedKMeans", BalancedKMeans(target_weight=10.0))


@pytest.mark.parametrize("name", CHECKS_OF_MORE_FEATURES)
def test_scikit_learns_check_of_more_features_passes(name):
    getattr(estimator_checks, name)("FirstTwo", FirstTwo(target_weight=10.0))


def test_it_gives_what_the_function_does():
    points, weights = lattice(np.random.default_rng(0), 30, 30)
    target = weights.sum() / 9
    found = cluster(points, weights, Parameters(target, min_weight=0.8 * target, radius=900.0))
    model = BalancedKMeans(target_weight=target, min_weight=0.8 * target, radius=900.0)
    assert model.fit(points, sample_weight=weights) is model
    np.testing.assert_array_equal(model.labels_, found.labels)
    np.testing.assert_array_equal(model.cluster_centers_, found.centroid)
    np.testing.assert_array_equal(model.cluster_weights_, found.weight)
    np.testing.assert_array_equal(model.cluster_statuses_, found.status)
    assert model.inertia_ == found.inertia
    np.testing.assert_array_equal(model.fit_predict(points, sample_weight=weights), found.labels)


def test_new_points_go_to_the_nearest_centre():
    rng = np.random.default_rng(1)
    points, _ = buildings(rng, 500)
    model = BalancedKMeans(target_weight=30).fit(points)
    new = rng.uniform(points.min(axis=0), points.max(axis=0), (200, 2))
    distances = np.linalg.norm(new[:, None] - model.cluster_centers_, axis=2)
    np.testing.assert_array_equal(model.predict(new), distances.argmin(axis=1))


def test_it_is_cloned_and_works_in_a_pipeline():
    points, _ = buildings(np.random.default_rng(2), 300)
    model = clone(BalancedKMeans(target_weight=30, bridge=True))
    assert model.get_params()["bridge"] is True
    assert is_clusterer(model)
    pipeline = make_pipeline(FunctionTransformer(lambda degrees: degrees * 1000.0), model)
    pipeline.set_params(balancedkmeans__target_weight=50)
    labels = pipeline.fit_predict(points / 1000.0)
    check_is_fitted(pipeline[-1])
    np.testing.assert_array_equal(labels, cluster(points / 1000.0 * 1000.0, None, Parameters(50, bridge=True)).labels)


def test_wrong_use_is_refused():
    model = BalancedKMeans(target_weight=0)
    with pytest.raises(NotFitted):
        model.predict([[0.0, 0.0]])
    with pytest.raises(InvalidParameter, match="target_weight"):
        model.fit([[0.0, 0.0]])
    with pytest.raises(InvalidParameter, match="target_wait"):
        model.set_params(target_wait=3)
    with pytest.raises(InvalidArray, match="0 samples"):
        BalancedKMeans(target_weight=1).fit(np.empty((0, 2)))


def test_scikit_learn_is_not_imported():
    code = (
        "import sys, kmeans; kmeans.BalancedKMeans(target_weight=1).fit([[0, 0]]); assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("target_weight", None),
        ("target_weight", "240"),
        ("target_weight", np.array([300, 200])),
        ("min_weight", "5"),
        ("max_radius", [1000]),
        ("weight_importance", None),
        ("n_clusters", "4"),
        ("n_clusters", 4.0),
        ("bridge", "no"),
        ("random_state", None),
        ("random_state", np.random.default_rng(0)),
    ],
)
def test_a_parameter_of_a_wrong_type_is_named(name, value):
    model = BalancedKMeans(**{"target_weight": 240.0} | {name: value})
    with pytest.raises(InvalidParameter, match=f"^{name} is "):
        model.fit(SQUARE)


def test_numbers_of_numpy_will_do():
    model = BalancedKMeans(np.float32(9), n_clusters=np.int64(4), bridge=np.True_, random_state=np.int64(0)).fit(SQUARE)
    wanted = BalancedKMeans(9.0, n_clusters=4, bridge=True).fit(SQUARE)
    np.testing.assert_array_equal(model.labels_, wanted.labels_)
    with pytest.raises(TypeError, match=r"params has to be kmeans\.Parameters, not int"):
        cluster(SQUARE, None, 240)
