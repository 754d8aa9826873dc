import numpy as np
import pyproj
import pytest

from sampling_units.errors import InvalidInput
from tests.support.projecting import (
    DEGREES,
    FIJI,
    around,
    by_pyproj,
    choose,
    is_fast,
    longitude_apart,
)


@pytest.mark.parametrize(
    ("points", "crs"),
    [
        ([(121.0, 14.6), (121.1, 14.7)], "EPSG:32651"),
        ([(-58.4, -34.6)], "EPSG:32721"),
        ([(179.9, -17.0)], "EPSG:32760"),
        ([(-179.9, 65.0)], "EPSG:32601"),
        ([(-180.0, 65.0)], "EPSG:32601"),
        ([(180.0, 65.0)], "EPSG:32660"),
        ([(239.0, 0.0)], "EPSG:32610"),
        ([(359.5, 51.0), (0.3, 51.0)], "EPSG:32630"),
        # The middle of the box decides, not where most points are.
        ([(119.9, 14.0)] * 99 + [(120.3, 14.0)], "EPSG:32651"),
        # 4.5 degrees from the central meridian, and beyond.
        ([(118.51, 10.0), (127.49, 10.0)], "EPSG:32651"),
        ([(118.45, 10.0), (127.4, 10.0)], "+proj=laea +lat_0=10 +lon_0=122.9 +datum=WGS84 +units=m +no_defs"),
        ([(118.6, 10.0), (127.55, 10.0)], "+proj=laea +lat_0=10 +lon_0=123.1 +datum=WGS84 +units=m +no_defs"),
        # Beyond the latitudes of UTM.
        ([(16.0, 83.9)], "EPSG:32633"),
        ([(16.0, 84.1)], "+proj=laea +lat_0=84.1 +lon_0=16 +datum=WGS84 +units=m +no_defs"),
        ([(16.0, -79.9)], "EPSG:32733"),
        ([(16.0, -80.1)], "+proj=laea +lat_0=-80.1 +lon_0=16 +datum=WGS84 +units=m +no_defs"),
        # No -0 in a name.
        ([(-5.01, -5.0), (4.99, 4.98)], "+proj=laea +lat_0=0 +lon_0=0 +datum=WGS84 +units=m +no_defs"),
        ([], "EPSG:32631"),
    ],
)
def test_the_system_follows_from_the_extent(points, crs):
    points = np.array(points).reshape(-1, 2)
    projection = choose(points)
    assert projection.name == crs
    assert projection.to_metres(points).shape == points.shape
    assert projection.to_source(points[:0]).shape == (0, 2)


@pytest.mark.parametrize("latitude", [-17.0, 66.5])
def test_the_antimeridian_is_a_place_like_any_other(latitude):
    points = np.array([(179.99, latitude), (-179.99, latitude), (180.0, latitude), (-180.0, latitude)])
    projection = choose(points)
    hemisphere = 6 if latitude > 0 else 7
    assert projection.name in (f"EPSG:32{hemisphere}60", f"EPSG:32{hemisphere}01")
    metres = projection.to_metres(points)
    width = pyproj.Geod(ellps="WGS84").line_length([179.99, -179.99], [latitude] * 2)
    assert np.linalg.norm(metres[0] - metres[1]) == pytest.approx(width, rel=1.1e-3)
    np.testing.assert_allclose(metres[2], metres[3], atol=1e-6)
    np.testing.assert_allclose(metres[2], (metres[0] + metres[1]) / 2, atol=1)


@pytest.mark.parametrize(("middle", "width"), [(FIJI, 1), (FIJI, 4), ((178.0, 66.0), 24)])
def test_dense_files_across_the_antimeridian_are_fast_however_longitudes_are_counted(middle, width):
    points = around(middle, width, 2)
    assert np.ptp(points[:, 0]) > 350
    counted_on = points + np.array([360, 0]) * (points[:, :1] < 0)
    projection, other = choose(points), choose(counted_on)
    assert projection.name == other.name
    for chosen in (projection, other):
        assert not np.isnan(chosen._polynomial(np.vstack([points, counted_on]))).any()
    metres = projection.to_metres(points)
    np.testing.assert_allclose(metres, by_pyproj(points, DEGREES, projection.name), atol=1e-4)
    np.testing.assert_allclose(other.to_metres(counted_on), metres, atol=1e-6)
    np.testing.assert_allclose(other.to_metres(points), metres, atol=1e-6)


@pytest.mark.parametrize("source", ["EPSG:3832", "EPSG:3857"])
def test_projected_files_across_the_antimeridian(source):
    points = around(FIJI, 2, 2)
    there = by_pyproj(points, DEGREES, source)
    projection = choose(there, source)
    assert projection.name in ("EPSG:32760", "EPSG:32701")
    np.testing.assert_allclose(projection.to_metres(there), by_pyproj(points, DEGREES, projection.name), atol=1e-4)


@pytest.mark.parametrize("source", [DEGREES, "polar stereographic"])
@pytest.mark.parametrize("pole", [90, -90])
def test_files_around_a_pole(pole, source):
    rng = np.random.default_rng(0)
    offset = rng.uniform(0.05, 4, 3000)
    points = np.column_stack([rng.uniform(-180, 180, 3000), np.sign(pole) * (90 - offset)])
    points[0] = (77, pole)
    if source == "polar stereographic":
        source = "EPSG:3995" if pole > 0 else "EPSG:3031"
    there = by_pyproj(points, DEGREES, source)
    projection = choose(there, source)
    assert projection.name == f"+proj=laea +lat_0={pole} +lon_0=0 +datum=WGS84 +units=m +no_defs"
    metres = projection.to_metres(there)
    np.testing.assert_allclose(metres[0], 0, atol=1e-6)
    _, _, distance = pyproj.Geod(ellps="WGS84").inv(*points.T, *np.broadcast_to((0, pole), points.shape).T)
    np.testing.assert_allclose(np.linalg.norm(metres, axis=1), distance, rtol=1e-3, atol=0.01)
    back = by_pyproj(projection.to_source(metres), source, DEGREES)
    np.testing.assert_allclose(back[:, 1], points[:, 1], atol=1e-9)
    assert longitude_apart(back[1:, 0], points[1:, 0]).max() < 1e-6


def test_a_file_beside_the_pole_is_not_turned_around_it():
    points = around((40.0, 89.0), 40, 2)
    projection = choose(points)
    assert projection.name == "+proj=laea +lat_0=89 +lon_0=40 +datum=WGS84 +units=m +no_defs"
    assert is_fast(projection)
    # So close to a pole PROJ itself scatters.
    np.testing.assert_allclose(projection.to_metres(points), by_pyproj(points, DEGREES, projection.name), atol=0.02)


@pytest.mark.parametrize(
    "corners",
    [
        [(0.0, 0.0), (1.0, 80.0), (179.0, 10.0)],
        [(-100.0, 0.0), (20.0, 5.0), (150.0, -5.0)],
        [(0.0, 0.0), (120.2, 0.0)],
        [(10.0, -40.0), (10.0, 85.0)],
    ],
)
@pytest.mark.parametrize("source", [DEGREES, "EPSG:3857"])
def test_what_is_too_wide_says_what_to_do(corners, source):
    points = by_pyproj(np.array(corners), DEGREES, source)
    with pytest.raises(
        InvalidInput, match=r"area\.parquet: reaches from longitude .* split the file, or name"
    ) as caught:
        choose(points, source)
    assert caught.value.where == {"filename": "area.parquet"}
    assert choose(points, source, "EPSG:6933").name == "EPSG:6933"


def test_half_a_globe_is_not_too_wide():
    assert choose(np.array([(0.0, 0.0), (119.8, 0.0)])).name.startswith("+proj=laea +lat_0=0 +lon_0=59.9 ")
    assert choose(np.array([(lon, 31.0) for lon in range(-180, 180, 10)])).name.startswith("+proj=laea +lat_0=90 ")


def test_the_distortion_is_as_documented():
    latitude = np.linspace(-80, 84, 83)
    zone = pyproj.Proj("EPSG:32651")
    scale = [zone.get_factors(np.full(83, 123 + offset), latitude).meridional_scale for offset in (0, 2, 4.5)]
    assert 0.9996 - 1e-7 < np.min(scale) < np.max(scale) < 1.00272
    name = choose(np.array([(100.0, 40.0), (150.0, 50.0)])).name
    for arc, stretch in ((5, 0.0011), (10, 0.0041), (30, 0.036), (60, 0.157)):
        azimuth = np.arange(0.0, 360, 5)
        sphere = pyproj.Geod(ellps="sphere")
        start = np.full(72, 125.0), np.full(72, 45.0)
        longitude, latitude, _ = sphere.fwd(*start, azimuth, np.full(72, np.radians(arc) * sphere.a))
        factors = pyproj.Proj(name).get_factors(longitude, latitude)
        assert stretch * 0.85 < np.max(factors.tissot_semimajor) - 1 < stretch
        assert np.min(factors.tissot_semiminor) > 1 - stretch
        np.testing.assert_allclose(factors.areal_scale, 1, atol=1e-6)
