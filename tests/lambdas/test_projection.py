import numpy as np
import pyproj
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.contract.errors import InvalidInput, InvalidParameters
from lambdas.geodata.chebyshev import fit_box
from lambdas.geodata.projection import check_crs, choose_projection, outside_domain, parse_crs

DEGREES = "OGC:CRS84"
PHILIPPINES, MOROCCO, SPITSBERGEN, FIJI = (121.3, 14.6), (-6.4, 33.6), (16.5, 78.6), (180.0, -17.2)


def around(middle, width, height, n=3000, seed=0):
    """Longitudes and latitudes in a box, its corners among them; longitudes from -180 to 180."""
    points = np.random.default_rng(seed).uniform(-0.5, 0.5, (n, 2))
    points[:4] = [(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)]
    points = points * (width, height) + middle
    points[:, 0] = (points[:, 0] + 180) % 360 - 180
    return points


def by_pyproj(points, source, target):
    return np.column_stack(pyproj.Transformer.from_crs(source, target, always_xy=True).transform(*points.T))


def choose(points, source=DEGREES, wanted="auto"):
    return choose_projection(points, source, wanted, "area.parquet")


def project(points, source=DEGREES, wanted="auto"):
    return choose(points, source, wanted).to_metres(points)


def is_fast(projection):
    """Whether anything but pyproj is at work, without which a test of accuracy would say nothing."""
    return projection._polynomial is not None


def longitude_apart(a, b):
    return np.abs((a - b + 180) % 360 - 180)


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
    np.testing.assert_allclose(back, points, atol=1e-9 if parse_crs(source, "").is_geographic else 1e-4)


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
        ("EPSG:3121", "auto", "is no place in PRS92"),
        ("EPSG:32651", "auto", "is no place in WGS 84 / UTM zone 51N"),
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
    assert outside_domain(points, parse_crs(DEGREES, "")).tolist() == [False, False, True, False, True, False]
    assert outside_domain(np.array([(399.0, 99.0), (0.0, 100.1)]), parse_crs("EPSG:4807", "")).tolist() == [False, True]
    assert not outside_domain(points * 1e6, parse_crs("EPSG:32651", "")).any()
    assert outside_domain(points[:0], parse_crs(DEGREES, "")).shape == (0,)


@pytest.mark.parametrize(
    ("crs", "complaint"),
    [
        ("EPSG:0", "unknown coordinate system"),
        ({"type": "GeographicCRS"}, "unknown coordinate system"),
        (["EPSG", 4326], "unknown coordinate system"),
        (None, "unknown coordinate system"),
        ("\ud800", "unknown coordinate system"),
        ("EPSG:4978", "where x and y are no place"),
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


def test_a_coordinate_system_is_built_once():
    values = pyproj.CRS.from_epsg(3121).to_json_dict()
    assert parse_crs(values, "a") is parse_crs(dict(values), "b")
    assert parse_crs(parse_crs(values, "a"), "b") is parse_crs(values, "a")


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
