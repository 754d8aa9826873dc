"""Geometries that are broken, of the wrong kind, or nowhere on Earth."""

import struct
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import shapely

from tests.hostile.cases import Case
from tests.hostile.good_files import N_ROWS, with_columns, with_geo
from tests.support.geoparquet_files import cells, point_geometry

POINTS: list[bytes] = point_geometry(cells(N_ROWS)[0]).to_pylist()
SQUARE = [(121.0, 14.0), (121.001, 14.0), (121.001, 14.001), (121.0, 14.001), (121.0, 14.0)]
MOST = 2**32 - 1
BAD_ROW = 7


def cases() -> Iterator[Case]:
    for name, geometry in (_points() | _polygons() | _counts() | _other_kinds() | _coordinates()).items():
        yield Case(name, _file(geometry))
        if name in _ALSO_ALL:
            yield Case(f"{name}, in all rows", with_columns(geometry=pa.array([geometry] * N_ROWS, pa.binary())))
    yield Case("null in all rows", with_columns(geometry=pa.nulls(N_ROWS, pa.binary())))
    yield Case("empty in all rows", with_columns(geometry=pa.array([b""] * N_ROWS)))
    yield Case("a different defect in each row", with_columns(geometry=pa.array(_many(), pa.binary())))
    yield Case("text instead of WKB", with_columns(geometry=pa.array(["POINT (121 14)"] * N_ROWS)))
    yield Case("text of WKT in binary", with_columns(geometry=pa.array([b"POINT (121 14)"] * N_ROWS)))
    yield Case("numbers instead of WKB", with_columns(geometry=np.arange(N_ROWS)))
    yield Case("WKB of fixed length", with_columns(geometry=pa.array(POINTS, pa.binary(21))))
    yield Case("WKB in lists", with_columns(geometry=pa.array([[p] for p in POINTS])))
    yield Case("WKB in a struct", with_columns(geometry=pa.array([{"wkb": p} for p in POINTS])))
    large = pa.array([polygon(circle(250_000))] * N_ROWS)
    yield Case("polygons of 250,000 corners, more than fit into memory", with_columns(geometry=large))
    yield Case("the north pole", with_columns(geometry=pa.array([point(0, 90)] * N_ROWS)))
    hexadecimal = pa.array([nested(300_000).hex().encode()] * N_ROWS)
    yield Case("collection in collections in hexadecimal digits", with_columns(geometry=hexadecimal))
    far = [point(121, 14), point(-59, -14)] * (N_ROWS // 2)
    yield Case("points on opposite sides of the globe", with_columns(geometry=pa.array(far)))
    unknown = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "crs": None}},
    }
    metres = pa.array([point(5e5, 1.6e6)] * N_ROWS)
    yield Case("metres in an unknown system", with_geo(unknown, geometry=metres))


def odd() -> Iterator[Case]:
    """What has a place in spite of all."""
    for name, geometry in {
        "bytes behind the point": POINTS[7] + b"behind",
        "EWKB with an SRID": struct.pack("<BIIdd", 1, 0x20000001, 4326, 121.0, 14.6),
        "EWKB with an SRID that nobody knows": struct.pack("<BIIdd", 1, 0x20000001, MOST, 121.0, 14.6),
        "heights that are NaN": struct.pack("<BIddd", 1, 1001, 121.0, 14.6, float("nan")),
        "heights that are infinite": struct.pack("<BIddd", 1, 1001, 121.0, 14.6, float("inf")),
        "big endian among little endian": struct.pack(">BIdd", 0, 1, 121.0, 14.6),
        "polygon of a single place": polygon([SQUARE[0]] * 5),
        "polygon that crosses itself": polygon([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]),
        "polygon with the hole outside": polygon(SQUARE, [(x + 1, y) for x, y in SQUARE]),
        "polygon with the same ring as hole": polygon(SQUARE, SQUARE),
        "multipolygon that overlaps itself": collection(6, [polygon(SQUARE)] * 50),
        "coordinates of minus zero": point(-0.0, 0.0),
        "byte order 255": b"\xff" + POINTS[7][1:],
        "ring of three corners": polygon([*SQUARE[:2], SQUARE[0]]),
        "the smallest numbers": point(5e-324, 5e-324),
        "longitude 360": point(360, 14),
    }.items():
        yield Case(name, with_columns(geometry=pa.array([geometry] * N_ROWS, pa.binary())))
    yield Case("bytes behind one point of many", _file(POINTS[7] + b"behind"))
    yield Case("one polygon of 100,000 corners", _file(polygon(circle(100_000))))


def point(x: float, y: float) -> bytes:
    return struct.pack("<BIdd", 1, 1, x, y)


def ring(corners: Sequence[tuple[float, float]], count: int | None = None) -> bytes:
    return struct.pack("<I", len(corners) if count is None else count) + np.array(corners, "<f8").tobytes()


def polygon(*rings: Sequence[tuple[float, float]], count: int | None = None) -> bytes:
    return struct.pack("<BII", 1, 3, len(rings) if count is None else count) + b"".join(map(ring, rings))


def collection(kind: int, parts: Sequence[bytes], count: int | None = None) -> bytes:
    return struct.pack("<BII", 1, kind, len(parts) if count is None else count) + b"".join(parts)


def circle(n_corners: int, radius: float = 0.001) -> list[tuple[float, float]]:
    angle = np.linspace(0, 2 * np.pi, n_corners)
    corners = np.column_stack([121 + radius * np.cos(angle), 14 + radius * np.sin(angle)])
    corners[-1] = corners[0]
    return corners.tolist()


def nested(depth: int, kind: int = 7) -> bytes:
    return struct.pack("<BII", 1, kind, 1) * depth + point(121, 14)


def _before() -> list[bytes]:
    """What a walk through headers has to get past."""
    heights = shapely.from_wkt("POLYGON Z ((0 0 1, 1 0 1, 1 1 1, 0 0 1), (0 0 1, 1 0 1, 1 1 1, 0 0 1))")
    measures = struct.pack("<BI3d", 1, 0x40000001, 121, 14, 1)
    return [
        point(121, 14),
        polygon(SQUARE, SQUARE),
        shapely.to_wkb(shapely.LineString([(0, 0), (1, 1)]), byte_order=0),
        shapely.to_wkb(shapely.set_srid(heights, 4326), flavor="extended", include_srid=True),
        shapely.to_wkb(heights, flavor="iso"),
        measures,
        collection(4, []),
        collection(6, [polygon(SQUARE)] * 3),
    ]


def _file(geometry: bytes | None) -> bytes:
    """Points, and in one row this geometry."""
    return with_columns(geometry=pa.array([*POINTS[:BAD_ROW], geometry, *POINTS[BAD_ROW + 1 :]], pa.binary()))


_ALSO_ALL = ("point without its last byte", "line", "collection in collections, 10,000 deep", "longitude of 1e308")


def _many() -> list[bytes | None]:
    every = [*_points().values(), *_polygons().values(), *_other_kinds().values(), *_coordinates().values()]
    return (every * N_ROWS)[:N_ROWS]


def _points() -> dict[str, bytes | None]:
    good = POINTS[BAD_ROW]
    return {
        "no geometry": None,
        "no bytes": b"",
        "byte order only": good[:1],
        "header only": good[:5],
        "half a point": good[:13],
        "point without its last byte": good[:-1],
        "byte order of the other end": b"\x00" + good[1:],
        "type 0": struct.pack("<BIdd", 1, 0, 121, 14),
        "type 18": struct.pack("<BIdd", 1, 18, 121, 14),
        "type 4 billion": struct.pack("<BIdd", 1, MOST, 121, 14),
        "type of a point with heights without them": struct.pack("<BIdd", 1, 1001, 121, 14),
        "EWKB that ends in its SRID": struct.pack("<BIH", 1, 0x20000001, 4326),
        "zeros": bytes(21),
        "ones": b"\xff" * 21,
        "text": b"POINT (121 14)",
        "a gigabyte of nothing said": struct.pack("<BII", 1, 4, 2**26),
        "empty point": point(float("nan"), float("nan")),
    }


def _polygons() -> dict[str, bytes]:
    good = polygon(SQUARE)
    return {
        "polygon without its last byte": good[:-1],
        "polygon cut in its first ring": good[:40],
        "polygon without rings": polygon(),
        "polygon with an empty ring": polygon([]),
        "ring that is not closed": polygon(SQUARE[:-1]),
        "ring of one corner": polygon(SQUARE[:1]),
        "ring of two corners": polygon(SQUARE[:2]),
        "hole that is not closed": polygon(SQUARE, SQUARE[:-1]),
        "polygon with a NaN corner": polygon([SQUARE[0], (121.0, float("nan")), *SQUARE[2:]]),
        "polygon with an infinite corner": polygon([SQUARE[0], (float("inf"), 14.0), *SQUARE[2:]]),
        "polygon of NaN only": polygon([(float("nan"), float("nan"))] * 5),
        "multipolygon of nothing": collection(6, []),
        "multipolygon of points": collection(6, [point(121, 14)]),
        "multipolygon of one empty polygon": collection(6, [polygon()]),
        "multipoint of polygons": collection(4, [polygon(SQUARE)]),
        "multipoint of nothing": collection(4, []),
    }


def _counts() -> dict[str, bytes]:
    found = {}
    for count in (2, 2**16, 2**28, 2**31 - 1, 2**31, MOST):
        found[f"polygon of {count} rings in one"] = polygon(SQUARE, count=count)
        found[f"ring of {count + 5} corners in five" if count == 2 else f"ring of {count} corners in five"] = (
            struct.pack("<BII", 1, 3, 1) + ring(SQUARE, count + 5 if count == 2 else count)
        )
        found[f"multipolygon of {count} parts in one"] = collection(6, [polygon(SQUARE)], count)
        found[f"multipoint of {count} parts in one"] = collection(4, [point(121, 14)], count)
    return found


def _other_kinds() -> dict[str, bytes]:
    corners = struct.pack("<4d", 121, 14, 122, 15)
    line = struct.pack("<BII", 1, 2, 2) + corners
    return {
        "line": line,
        "line of no corners": struct.pack("<BII", 1, 2, 0),
        "lines": collection(5, [line]),
        "collection of a point": collection(7, [point(121, 14)]),
        "collection of nothing": collection(7, []),
        "collection in collections, 100 deep": nested(100),
        "collection in collections, 10,000 deep": nested(10_000),
        "collection in collections, behind geometries of all kinds": collection(7, [*_before(), nested(300_000)]),
        "collection in collections, 300,000 deep": nested(300_000),
        "multipolygon in multipolygons, 10,000 deep": nested(10_000, 6),
        "collection that never ends": struct.pack("<BII", 1, 7, 1) * 1000,
        "circular string": struct.pack("<BII", 1, 8, 2) + corners,
        "compound curve": struct.pack("<BII", 1, 9, 1) + line,
        "curve polygon": struct.pack("<BII", 1, 10, 1) + line,
        "multicurve": struct.pack("<BII", 1, 11, 1) + line,
        "multisurface": struct.pack("<BII", 1, 12, 1) + polygon(SQUARE),
        "polyhedral surface": struct.pack("<BII", 1, 15, 1) + polygon(SQUARE),
        "triangulated surface": struct.pack("<BII", 1, 16, 1) + polygon(SQUARE),
        "triangle": struct.pack("<BII", 1, 17, 1) + ring(SQUARE[:3] + SQUARE[:1]),
    }


def _coordinates() -> dict[str, bytes]:
    huge = shapely.to_wkb(shapely.box(-1e308, -1e308, 1e308, 1e308))
    return {
        "NaN longitude": point(float("nan"), 14),
        "infinite latitude": point(121, float("inf")),
        "minus infinity twice": point(float("-inf"), float("-inf")),
        "longitude of 1e308": point(1e308, 14),
        "latitude of 1e308": point(121, 1e308),
        "latitude 90.0001": point(121, 90.0001),
        "latitude -91": point(121, -91),
        "longitude 361": point(361, 14),
        "longitude and latitude in metres": point(500_000, 1_600_000),
        "polygon as large as numbers are": huge,
        "polygon over the pole and beyond": polygon([(0, 80), (10, 80), (10, 100), (0, 100), (0, 80)]),
        "multipoint from end to end": collection(4, [point(-1e308, 0), point(1e308, 0)]),
    }
