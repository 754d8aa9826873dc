import numpy as np
import pyproj
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sampling_units.crs.systems import Crs
from tests.support.projecting import (
    DEGREES,
    FIJI,
    MOROCCO,
    PHILIPPINES,
    SPITSBERGEN,
    around,
    by_pyproj,
    choose,
    is_fast,
    longitude_apart,
    project,
)


@pytest.mark.parametrize("extent", [0.002, 0.3, 2.9, 8.0, 25.0], ids=["village", "city", "province", "country", "wide"])
@pytest.mark.parametrize("source", [DEGREES, "EPSG:4326", "EPSG:3857", "EPSG:32651", "EPSG:3121"])
def test_dense_files_are_within_a_tenth_of_a_millimetre_of_pyproj(source, extent):
    points = by_pyproj(around((124.1, 12.3), extent, extent), DEGREES, source)
    projection = choose(points, source, "auto" if source != "EPSG:32651" else "EPSG:32652")
    assert is_fast(projection) or extent == 25.0
    np.testing.assert_allclose(projection.to_metres(points), by_pyproj(points, source, projection.name), atol=1e-4)


@pytest.mark.parametrize("wanted", ["auto", "EPSG:26191", "EPSG:3857"])
@pytest.mark.parametrize("source", [DEGREES, "EPSG:26191", "EPSG:32629"])
def test_another_datum_and_other_wishes_are_as_exact(source, wanted):
    points = by_pyproj(around(MOROCCO, 3, 2.5), DEGREES, source)
    projection = choose(points, source, wanted)
    assert is_fast(projection) or projection.name == source
    np.testing.assert_allclose(projection.to_metres(points), by_pyproj(points, source, projection.name), atol=1e-4)


@given(st.floats(-180, 180), st.floats(-88, 88), st.floats(0, 30), st.floats(0, 20), st.integers(0, 9))
@example(*SPITSBERGEN, 9.0, 3.0, 0)
@example(*FIJI, 5.0, 5.0, 0)
@example(0.0, 0.0, 0.0, 0.0, 0)
def test_any_place_is_exact_and_comes_back(longitude, latitude, width, height, seed):
    points = around((longitude, latitude), width, height, 2500, seed)
    points[:, 1] = points[:, 1].clip(-89, 89)
    projection = choose(points)
    metres = projection.to_metres(points)
    np.testing.assert_allclose(metres, by_pyproj(points, DEGREES, projection.name), atol=1e-4)
    back = projection.to_source(metres)
    assert np.abs(back[:, 0]).max() <= 180
    _, _, off = pyproj.Geod(ellps="WGS84").inv(*points.T, *back.T)
    assert np.max(off) < 1e-4


def test_points_beyond_the_extent_are_those_of_pyproj():
    points = around(PHILIPPINES, 1, 1)
    projection = choose(points)
    assert is_fast(projection)
    mixed = np.vstack([points, around(PHILIPPINES, 12, 12, 500)])
    beyond = (np.abs(mixed - PHILIPPINES) > 0.6).any(axis=1)
    metres, exact = projection.to_metres(mixed), by_pyproj(mixed, DEGREES, projection.name)
    assert np.array_equal(metres[beyond], exact[beyond])
    np.testing.assert_allclose(metres, exact, atol=1e-4)


def test_corners_of_cells_at_the_edge_are_inside_the_extent():
    points = around(PHILIPPINES, 1, 1)
    projection = choose(points)
    corners = np.vstack([points + 0.005, points - 0.005])
    assert not np.isnan(projection._polynomial(corners)).any()


@pytest.mark.parametrize(("source", "middle"), [(DEGREES, PHILIPPINES), (DEGREES, FIJI), ("EPSG:3121", PHILIPPINES)])
def test_a_point_has_the_same_image_in_every_batch(source, middle):
    lonlat = np.vstack([around(middle, 2, 2, 40_000), around(middle, 9, 9, 700, seed=1)])
    points = by_pyproj(lonlat, DEGREES, source)
    projection = choose(points[:40_000], source)
    assert is_fast(projection)
    whole = projection.to_metres(points)
    rng = np.random.default_rng(2)
    for size in (1, 2, 3, 7, 64, 1001, 16_383, 16_385, 40_699):
        start = int(rng.integers(len(points) - size + 1))
        assert np.array_equal(projection.to_metres(points[start : start + size]), whole[start : start + size])
    one_by_one = [projection.to_metres(points[row : row + 1])[0] for row in range(300)]
    assert np.array_equal(one_by_one, whole[:300])
    shuffled = rng.permutation(len(points))
    assert np.array_equal(projection.to_metres(points[shuffled]), whole[shuffled])
    assert np.array_equal(projection.to_metres(np.asfortranarray(points)), whole)
    assert np.array_equal(projection.to_metres(points[::3]), whole[::3])
    assert np.array_equal(choose(points[:40_000], source).to_metres(points), whole)
    back = projection.to_source(whole)
    assert np.array_equal(projection.to_source(whole[5:17]), back[5:17])


@pytest.mark.parametrize(("source", "wanted"), [("EPSG:32651", "auto"), ("EPSG:3123", "EPSG:3123")])
def test_what_is_in_the_system_already_stays_as_it_is(source, wanted):
    points = by_pyproj(around(PHILIPPINES, 1, 1), DEGREES, source)
    projection = choose(points, pyproj.CRS(source).to_json_dict(), wanted)
    assert projection.name == source
    assert projection.to_metres(points) is points
    assert projection.to_source(points) is points


@pytest.mark.parametrize("n", [500, 3000])
@pytest.mark.parametrize(
    ("source", "middle"),
    [
        (DEGREES, PHILIPPINES),
        ("EPSG:3857", PHILIPPINES),
        ("EPSG:3121", PHILIPPINES),
        ("EPSG:26191", MOROCCO),
        ("EPSG:4807", (2.3, 46.5)),
        ("EPSG:2225", (-122.0, 40.5)),
    ],
)
def test_the_way_back_leads_to_the_same_coordinates(source, middle, n):
    points = by_pyproj(around(middle, 1.5, 1.5, n), DEGREES, source)
    projection = choose(points, source)
    back = projection.to_source(projection.to_metres(points))
    np.testing.assert_allclose(back, points, atol=1e-9 if Crs(source).is_geographic else 1e-4)


def test_longitudes_come_back_from_minus_180_to_180():
    points = np.array([(178.5, -17.0), (181.5, -17.0), (180.0, -17.0), (-180.0, -17.0)])
    projection = choose(points, DEGREES, "EPSG:32760")
    # East of 180 degrees by so little that PROJ leaves it there.
    back = projection.to_source(projection.to_metres(points) + np.array([1e-6, 0]))
    assert np.abs(back[:, 0]).max() <= 180
    assert longitude_apart(back[:, 0], points[:, 0]).max() < 1e-9


def test_no_border_of_a_datum_operation_tears_neighbours_apart():
    points = np.column_stack([np.linspace(5, 12, 2001), np.full(2001, 47.3)])
    torn = by_pyproj(points, "EPSG:4230", "EPSG:32632")
    assert np.abs(np.diff(torn, 3, axis=0)).max() > 1
    for some in (points, points[500:1700]):
        assert np.abs(np.diff(project(some, "EPSG:4230", "EPSG:32632"), 3, axis=0)).max() < 1e-3


def in_grads_from_greenwich():
    crs = pyproj.CRS.from_epsg(4807).to_json_dict()
    del crs["datum"]["prime_meridian"]
    return crs


@pytest.mark.parametrize(
    ("crs", "place", "name"),
    [
        ("EPSG:4807", (6.9, 44.0), "EPSG:32632"),
        (in_grads_from_greenwich(), (5.6, 44.0), "EPSG:32631"),
        ("EPSG:4805", (14.2, 47.5), "EPSG:32633"),
        ("+proj=ob_tran +o_proj=longlat +o_lat_p=40 +lon_0=10 +datum=WGS84", (14.2, 47.5), "EPSG:32633"),
    ],
    ids=["grads from Paris", "grads from Greenwich", "degrees from Ferro", "another pole"],
)
def test_other_units_and_meridians_are_understood(crs, place, name):
    points = around(place, 0.5, 0.5)
    there = by_pyproj(points, DEGREES, crs)
    assert np.abs(there - points).max() > 2
    projection = choose(there, crs)
    assert projection.name == name
    np.testing.assert_allclose(projection.to_metres(there), by_pyproj(points, DEGREES, name), atol=2)


def test_a_file_whose_middle_is_nowhere_is_left_to_pyproj():
    # A quarter of the globe from its meridian, the system has no equator.
    points = np.array([(99.0, 30.0), (99.0, -30.0)])
    assert np.array_equal(project(points, "EPSG:4230", "EPSG:32632"), by_pyproj(points, "EPSG:4230", "EPSG:32632"))


def test_systems_that_differ_only_in_height_need_no_operation():
    points = by_pyproj(around((3.0, 47.0), 1, 1), DEGREES, "EPSG:2154")
    np.testing.assert_allclose(project(points, "EPSG:5698", "EPSG:2154"), points, rtol=1e-12)


def test_longitude_comes_first_whatever_the_authority_says():
    points = around(PHILIPPINES, 1, 1)
    declared = pyproj.CRS.from_epsg(4326).to_json_dict()
    assert declared["coordinate_system"]["axis"][0]["name"] == "Geodetic latitude"
    assert np.array_equal(project(points, declared), project(points))


def test_a_coordinate_system_is_built_once():
    values = pyproj.CRS.from_epsg(3121).to_json_dict()
    assert Crs(values, "a").system is Crs(dict(values), "b").system
