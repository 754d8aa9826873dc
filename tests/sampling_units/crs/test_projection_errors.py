import numpy as np
import pytest

from sampling_units.crs.systems import Crs, check_crs
from sampling_units.errors import InvalidInput, InvalidParameters
from tests.support.projecting import (
    DEGREES,
    PHILIPPINES,
    around,
    by_pyproj,
    choose,
    is_fast,
    project,
)


@pytest.mark.parametrize("n", [20, 3000])
@pytest.mark.parametrize("bad", [(121.0, 90.1), (121.0, -91.0), (360.5, 14.0), (-361.0, 14.0), (121.0, 9e9)])
@pytest.mark.parametrize("wanted", ["auto", "EPSG:3121"])
def test_coordinates_off_the_globe_name_their_row(bad, wanted, n):
    points = around(PHILIPPINES, 1, 1, n)
    points[13] = bad
    with pytest.raises(InvalidInput, match=r"row 13: .* are no longitude and latitude") as caught:
        choose(points, DEGREES, wanted)
    assert caught.value.where == {"filename": "area.parquet", "row": 13, "value": f"({bad[0]}, {bad[1]})"}


@pytest.mark.parametrize("n", [20, 3000])
@pytest.mark.parametrize(
    ("source", "wanted", "complaint"),
    [
        ("EPSG:3121", "auto", "is outside the domain of PRS92"),
        ("EPSG:32651", "auto", "is outside the domain of WGS 84 / UTM zone 51N"),
        ("EPSG:3121", "EPSG:32651", "cannot be projected to EPSG:32651"),
    ],
)
def test_coordinates_that_are_nowhere_name_their_row(source, wanted, complaint, n):
    points = by_pyproj(around(PHILIPPINES, 1, 1, n), DEGREES, source)
    points[13] = (9e9, 1.0)
    with pytest.raises(InvalidInput, match=complaint) as caught:
        project(points, source, wanted)
    assert caught.value.where == {"filename": "area.parquet", "row": 13, "value": "(9000000000.0, 1.0)"}


def test_later_batches_name_their_row_too():
    points = around(PHILIPPINES, 1, 1)
    projection = choose(points)
    assert is_fast(projection)
    with pytest.raises(
        InvalidInput, match=r"area\.parquet, row 2: \(121\.0, 95\.0\) cannot be projected to EPSG:32651"
    ):
        projection.to_metres(np.array([(121.0, 14.0), (131.0, 14.0), (121.0, 95.0)]))
    with pytest.raises(InvalidInput, match=r"row 0: .* cannot be projected"):
        projection.to_metres(np.array([(121.0, 1e200)]))
    with pytest.raises(InvalidInput, match=r"row 1: \(9000000000\.0, 0\.0\) cannot be projected"):
        projection.to_source(np.array([(3e5, 1e6), (9e9, 0.0)]))


def test_rows_off_the_globe_can_be_found_beforehand():
    points = np.array([(121, 14), (121, 90), (121, -90.1), (-360, 0), (360.1, 0), (np.nan, np.nan)])
    assert Crs(DEGREES).outside_domain(points).tolist() == [False, False, True, False, True, False]
    assert Crs("EPSG:4807").outside_domain(np.array([(399.0, 99.0), (0.0, 100.1)])).tolist() == [False, True]
    assert not Crs("EPSG:32651").outside_domain(points * 1e6).any()
    assert Crs(DEGREES).outside_domain(points[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("crs", "complaint"),
    [
        ("EPSG:0", "unknown coordinate system"),
        ({"type": "GeographicCRS"}, "unknown coordinate system"),
        (["EPSG", 4326], "unknown coordinate system"),
        (None, "unknown coordinate system"),
        ("\ud800", "unknown coordinate system"),
        ("EPSG:4978", "geocentric .* whose x and y are no map coordinates"),
        ('LOCAL_CS["site"]', "site, which has no way to metres"),
        ("IAU_2015:30100", "Moon .* which has no way to metres"),
    ],
)
def test_a_coordinate_system_without_a_way_to_metres_is_named(crs, complaint):
    with pytest.raises(InvalidInput, match=rf"area\.parquet: .*{complaint}"):
        choose(np.zeros((1, 2)), crs)


@pytest.mark.parametrize(
    ("crs", "complaint"),
    [("EPSG:4326", "not projected in metres"), ("EPSG:2225", "not projected in metres"), ("EPSG:0", "not known")],
)
def test_a_wanted_system_has_to_be_in_metres(crs, complaint):
    with pytest.raises(InvalidParameters, match=complaint) as caught:
        check_crs(crs)
    assert caught.value.where == {"value": crs}
    with pytest.raises(InvalidParameters, match=complaint):
        choose(np.zeros((1, 2)), DEGREES, crs)
    check_crs("auto")
    check_crs(choose(around(PHILIPPINES, 9, 9, 5)).name)
