"""Files of every kind that the job has to read, each made of the same population cells."""

import datetime
import decimal
import json

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from tests.support.geoparquet_files import cells, file_bytes, point_geometry
from tests.support.native_geometry import native_geometry_file

N = 120
SYSTEMS = (4326, 3121, 26191, 32651, 3857)


def projjson(epsg):
    return pyproj.CRS.from_epsg(epsg).to_json_dict()


def squares(coordinates, side=1 / 1200):
    """A square around each place."""
    (x, y), half = np.asarray(coordinates).T, side / 2
    return shapely.box(x - half, y - half, x + half, y + half)


def shapes_of_kind(kind):
    coordinates, _ = cells(N)
    boxes = squares(coordinates)
    if kind == "Point":
        return shapely.points(coordinates)
    if kind == "MultiPoint":
        return shapely.multipoints([[place - 1e-5, place + 1e-5] for place in coordinates])
    if kind == "Polygon":
        return boxes
    if kind == "Polygon with a hole":
        return shapely.difference(boxes, shapely.buffer(shapely.centroid(boxes), 1e-4))
    parts = [[box, shapely.transform(box, lambda xy: xy + 0.01)] for box in shapely.box(*shapely.bounds(boxes).T)]
    return shapely.multipolygons(parts)


KINDS = ("Point", "MultiPoint", "Polygon", "Polygon with a hole", "MultiPolygon")


def geo(version, description, **more):
    columns = {"geometry": {"encoding": "WKB"} | description}
    return json.dumps({"version": version, "primary_column": "geometry", "columns": columns} | more)


def wkb(shapes, **options):
    return pa.array(shapely.to_wkb(shapes, **options), pa.binary())


def wkb_file(shapes, description=None, version="1.1.0", **columns):
    kinds = sorted({shape.geom_type for shape in shapes if shape is not None})
    description = {"geometry_types": kinds} | (description or {})
    base = {"population": np.ones(len(shapes)), "geometry": wkb(shapes)}
    return file_bytes(base | columns, geo=geo(version, description))


def native_file(kind):
    """The encodings of version 1.1 besides WKB: structs of x and y in lists."""
    shapes = shapes_of_kind(kind)
    _, coordinates, offsets = shapely.to_ragged_array(shapes)
    array = pa.StructArray.from_arrays(
        [pa.array(coordinates[:, 0].copy()), pa.array(coordinates[:, 1].copy())], ["x", "y"]
    )
    for offset in offsets:
        array = pa.ListArray.from_arrays(pa.array(offset, pa.int32()), array)
    encoding = {"encoding": kind.lower(), "geometry_types": [kind]}
    return file_bytes({"population": np.ones(N), "geometry": array}, geo=geo("1.1.0", encoding))


def all_types(n):
    """Columns of every type that Parquet keeps, with nulls."""
    rng = np.random.default_rng(0)

    def sparse(values, data_type):
        return pa.array([None if i % 5 == 3 else value for i, value in enumerate(values)], data_type)

    moments = [datetime.datetime(2020, 1, 1) + datetime.timedelta(hours=i, microseconds=i) for i in range(n)]
    return {
        "int8": sparse(range(-60, n - 60), pa.int8()),
        "uint64": sparse([2**63 + i for i in range(n)], pa.uint64()),
        "float16": pa.array(rng.random(n).astype(np.float16)),
        "float32": sparse(rng.random(n), pa.float32()),
        "boolean": sparse([i % 2 == 0 for i in range(n)], pa.bool_()),
        "decimal": sparse([decimal.Decimal(i) / 100 for i in range(n)], pa.decimal128(12, 2)),
        "text": sparse([f"ñ {i}" for i in range(n)], pa.string()),
        "large_text": sparse([f"{i}" for i in range(n)], pa.large_string()),
        "binary": sparse([bytes([i]) for i in range(n)], pa.binary()),
        "date": sparse([moment.date() for moment in moments], pa.date32()),
        "time": sparse([moment.time() for moment in moments], pa.time64("us")),
        "timestamp": sparse(moments, pa.timestamp("us", "Asia/Manila")),
        "nanoseconds": sparse(range(n), pa.timestamp("ns")),
        "duration": sparse(range(n), pa.duration("ms")),
        "dictionary": sparse(["north", "south"] * (n // 2), pa.string()).dictionary_encode(),
        "ordered": pa.DictionaryArray.from_arrays(
            pa.array(rng.integers(0, 2, n), pa.int8()), pa.array(["low", "unused", "high"]), ordered=True
        ),
        "list": sparse([list(range(i % 4)) for i in range(n)], pa.list_(pa.int16())),
        "struct": sparse([{"a": i, "b": None} for i in range(n)], pa.struct([("a", pa.int32()), ("b", pa.string())])),
        "map": sparse([[("k", i)] for i in range(n)], pa.map_(pa.string(), pa.int32())),
        "fixed": pa.array([[0.5, i] for i in range(n)], pa.list_(pa.float64(), 2)),
        "nothing": pa.nulls(n),
        "with.dot and space": pa.array(range(n)),
    }


def in_system(epsg):
    coordinates, population = cells(N, middle=(-6.0, 32.0) if epsg == 26191 else (121.0, 14.6))
    transform = pyproj.Transformer.from_crs(4326, epsg, always_xy=True).transform
    projected = np.column_stack(transform(*coordinates.T))
    return file_bytes({"population": population, "geometry": point_geometry(projected)}, crs=projjson(epsg))


def corpus():
    """Name, content and parameters of each file."""
    coordinates, population = cells(N)
    points = shapes_of_kind("Point")
    with_gaps = points.copy()
    with_gaps[[3, 50]] = None
    with_empty = shapes_of_kind("Polygon")
    with_empty[7] = shapely.from_wkt("POLYGON EMPTY")
    flipped = {"crs": projjson(4326)}
    old = {"geometry_type": "Point", "crs": projjson(4326), "bbox": [0, 0, 1, 1]}
    x, y = coordinates.T
    plain = {"geo": None}
    files = {
        "version 0.3, WKT": (wkb_file(points, {"crs": pyproj.CRS(4326).to_wkt()}, "0.3.0"), {}),
        "version 0.4": (file_bytes({"population": population, "geometry": wkb(points)}, geo=geo("0.4.0", old)), {}),
        "version 1.0": (wkb_file(points, flipped, "1.0.0"), {}),
        "version 1.1": (wkb_file(points, flipped), {}),
        "Parquet GEOMETRY": (native_geometry_file({"population": population}, coordinates), {}),
        "big-endian": (wkb_file(points, geometry=wkb(points, byte_order=0)), {}),
        "large binary": (wkb_file(points, geometry=wkb(points).cast(pa.large_binary())), {}),
        "with heights": (wkb_file(shapely.force_3d(points, 5.0), {"geometry_types": ["Point Z"]}), {}),
        "all types": (file_bytes({"population": population, "geometry": wkb(points)} | all_types(N)), {}),
        "pandas index": (wkb_file(points, __index_level_0__=np.arange(N)[::-1]), {}),
        "no rows": (wkb_file(points[:0]), {}),
        "one row": (wkb_file(points[:1]), {}),
        "two rows": (wkb_file(points[:2]), {}),
        "all in one place": (wkb_file(np.repeat(points[:1], N)), {}),
        "every place twice": (wkb_file(np.repeat(points[: N // 2], 2)), {}),
        "null geometries": (wkb_file(with_gaps), {"drop_invalid": True}),
        "empty geometries": (wkb_file(with_empty), {"drop_invalid": True}),
        "null weights": (
            wkb_file(points, population=pa.array([None, float("nan"), -1, *[1] * (N - 3)], pa.float64())),
            {"drop_invalid": True},
        ),
        "nothing but nulls": (wkb_file(np.full(5, None)), {"drop_invalid": True}),
        "system unknown": (wkb_file(points, {"crs": None}), {}),
        "several row groups": (wkb_file(points), {"group_by": ["side"]}),
        "a bbox column that is none": (wkb_file(points, bbox=np.arange(N)), {}),
        "longitude and latitude": (file_bytes({"population": population, "Longitude": x, "LATITUDE": y}, **plain), {}),
        "lng and lat": (file_bytes({"population": population, "lng": x, "lat": y, "geometry": y}, **plain), {}),
        "named columns": (
            file_bytes({"population": population, "east": x, "north": y}, **plain),
            {"longitude_column": "east", "latitude_column": "north"},
        ),
        "x and y in metres": (
            file_bytes({"population": population, "x": x * 1e3, "y": y * 1e3 + 1.6e6}, **plain),
            {"input_crs": "EPSG:32651"},
        ),
    }
    files["several row groups"] = (
        wkb_file(points, side=np.where(x > x.mean(), "east", "west")),
        {"group_by": ["side"]},
    )
    files |= {f"kind {kind}": (wkb_file(shapes_of_kind(kind)), {}) for kind in KINDS}
    files |= {f"encoding {kind}": (native_file(kind), {}) for kind in KINDS if "hole" not in kind}
    return files | {f"EPSG:{epsg}": (in_system(epsg), {}) for epsg in SYSTEMS}
