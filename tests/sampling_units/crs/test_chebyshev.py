import numpy as np
import pytest

from sampling_units.crs.chebyshev import fit_box


def test_a_polynomial_is_found_as_it_is():
    def quintic(points):
        x, y = points.T
        # The Chebyshev polynomials of degree 5 and 4.
        return np.column_stack([(16 * x**5 - 20 * x**3 + 5 * x) * (8 * y**4 - 8 * y**2 + 1), 7 * y**3 - x])

    found = fit_box(quintic, -np.ones(2), np.ones(2), None, 1e-3)
    points = np.random.default_rng(0).uniform(-1, 1, (100, 2))
    np.testing.assert_allclose(found(points), quintic(points), atol=1e-11)
    assert np.isnan(found(np.array([(1.1, 0), (0, -1.1), (-np.inf, 0), (0, np.nan)]))).all()


@pytest.mark.parametrize("place", [0.93, 0.3, 0.999])
def test_a_tear_is_no_polynomial(place):
    def torn(points):
        return points + np.where(points > place, (10.0, 0.0), 0.0)

    corner = np.ones(2)
    assert fit_box(torn, -corner, corner, None, 1e-3) is None
    assert fit_box(torn, -corner, corner * 0.9 * place, None, 1e-3) is not None


def test_a_map_without_values_somewhere_is_no_polynomial():
    def half_a_map(points):
        return np.where(points[:, :1] < 0.97, points, np.inf)

    assert fit_box(half_a_map, -np.ones(2), np.ones(2), None, 1e-3) is None
    assert fit_box(half_a_map, -np.ones(2), np.full(2, 0.9), None, 1e-3) is not None
