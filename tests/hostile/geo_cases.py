"""GeoParquet metadata that is broken, contradicts the file, or is made to be expensive."""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyproj

from tests.hostile.cases import Case
from tests.hostile.good_files import N_ROWS, with_geo

MANY = 1_000_000


def geo(primary: Any = "geometry", **entry: Any) -> dict[str, Any]:
    """Sound metadata but for these fields of the entry; of None, left out."""
    described = {"encoding": "WKB", "geometry_types": []} | entry
    described = {name: value for name, value in described.items() if value is not LEFT_OUT}
    return {"version": "1.1.0", "primary_column": primary, "columns": {"geometry": described}}


LEFT_OUT = object()
SOUND = geo()


def cases() -> Iterator[Case]:
    for name, content in _texts().items():
        yield Case(name, with_geo(content))
    for name, content in _shapes().items():
        yield Case(name, with_geo(json.dumps(content)))
    for name, crs in _systems().items():
        yield Case(f"crs: {name}", with_geo(json.dumps(geo(crs=crs))))
    for name, crs in _raw_systems().items():
        yield Case(f"crs: {name}", with_geo(json.dumps(geo(crs="HERE")).replace('"HERE"', crs)))


def odd() -> Iterator[Case]:
    """What does not matter to a clustering may say anything."""
    for name, entry in {
        "geometry_types: a lie": {"geometry_types": ["MultiPolygon Z"]},
        "geometry_types: unknown words": {"geometry_types": ["Blob", "", "Point ZM", "\0"]},
        "geometry_types: 100,000 of them": {"geometry_types": ["Point"] * 100_000},
        "bbox: a lie": {"bbox": [0, 0, 1e-9, 1e-9]},
        "bbox: text": {"bbox": "everywhere"},
        "bbox: of huge numbers": {"bbox": [1e308, -1e308, 10**400, -(10**400)]},
        "bbox: of 100,000 numbers": {"bbox": [0] * 100_000},
        "bbox: of booleans": {"bbox": [True, False, True, False]},
        "covering: of columns that are not there": {"covering": {"bbox": {"xmin": ["a", "b"]}}},
        "covering: a list": {"covering": [1]},
        "covering: of the geometry column": {
            "covering": {"bbox": {side: ["geometry", side] for side in ("xmin", "ymin", "xmax", "ymax")}}
        },
        "covering: of numbers": {"covering": {"bbox": {side: [1, 2] for side in ("xmin", "ymin", "xmax", "ymax")}}},
        "edges: spherical": {"edges": "spherical"},
        "edges: an object": {"edges": {"planar": True}},
        "orientation: upside down": {"orientation": "upside down"},
        "orientation: a list": {"orientation": [[]]},
        "epoch: text": {"epoch": "2024"},
        "epoch: huge": {"epoch": 10**300},
        "crs: NUL and another one behind it": {"crs": "EPSG:4326\0EPSG:3857"},
        "crs: PROJJSON with 10,000 identifiers": {
            "crs": pyproj.CRS(4326).to_json_dict() | {"ids": [{"authority": "A", "code": n} for n in range(10_000)]}
        },
    }.items():
        yield Case(name, with_geo(json.dumps(geo(**entry))))
    for name, version in {"a number": 7, "missing": None, "of the future": "99.0.0", "NUL": "\0", "a list": []}.items():
        yield Case(f"version: {name}", with_geo(json.dumps(SOUND | {"version": version})))
    yield Case("a field nobody knows", with_geo(json.dumps(SOUND | {"a": {"b": ["c"] * 1000}})))
    others = {"other": {"encoding": 7}, "gone": {"encoding": "WKB"}, "population": {"encoding": "WKB"}}
    yield Case("broken entries of other columns", with_geo(json.dumps(SOUND | {"columns": SOUND["columns"] | others})))
    yield Case(
        "bbox column that lies", with_geo(json.dumps(SOUND), bbox=pa.array([{"xmin": 0.0, "ymax": -9.0}] * N_ROWS))
    )


def _texts() -> dict[str, str | bytes]:
    sound = json.dumps(SOUND)
    deep = 100_000
    return {
        "empty text": "",
        "not JSON": "GeoParquet 1.1",
        "JSON cut off": sound[: len(sound) // 2],
        "two JSON objects": sound * 2,
        "a comma too many": sound[:-1] + ",}",
        "single quotes": sound.replace('"', "'"),
        "NUL before it": "\0" + sound,
        "NUL after it": sound + "\0",
        "byte order mark": "\ufeff" + sound,
        "number": "42",
        "text": '"geometry"',
        "list": "[]",
        "null": "null",
        "NaN": "NaN",
        "empty object": "{}",
        "lists in lists, 100,000 deep": "[" * deep + "]" * deep,
        "objects in objects, 100,000 deep": '{"a":' * deep + "1" + "}" * deep,
        "objects in objects, never closed": '{"a":' * deep,
        "text of 10 MB": '"' + "x" * 10 * MANY + '"',
        "number of a million digits": "9" * MANY,
        "half a character as an escape": sound.replace("geometry", "\\ud800"),
        "a wrong escape": sound.replace("geometry", "\\x41"),
        "a tab in a name": sound.replace("geometry", "geo\tmetry"),
        "UTF-16": sound.encode("utf-16").decode("latin-1"),
        "YAML": "version: 1.1.0\nprimary_column: geometry\n",
        "base64": "eyJ2ZXJzaW9uIjogIjEuMS4wIn0=",
    }


def _shapes() -> dict[str, Any]:
    entry = SOUND["columns"]["geometry"]
    columns = {name: SOUND | {"columns": value} for name, value in {
        "missing": LEFT_OUT, "null": None, "a list": [entry], "a text": "geometry", "empty": {}, "of numbers": {"a": 1},
        "with null for the column": {"geometry": None}, "with a list for the column": {"geometry": []},
        "with a text for the column": {"geometry": "WKB"}, "of another column only": {"other": entry},
    }.items()}  # fmt: skip
    primary = {name: SOUND | {"primary_column": value} for name, value in {
        "missing": LEFT_OUT, "null": None, "a number": 3, "a list": ["geometry"], "an object": {}, "empty": "",
        "of another name": "geom", "in capitals": "GEOMETRY", "with a space": "geometry ", "the weight": "population",
        "of a megabyte": "x" * MANY, "with NUL": "geometry\0", "with half a character": "\ud800",
        "with newlines": "\n\n",
    }.items()}  # fmt: skip
    encodings = {name: geo(encoding=value) for name, value in {
        "missing": LEFT_OUT, "null": None, "a number": 1, "a list": ["WKB"], "empty": "", "in small letters": "wkb",
        "WKT": "WKT", "unknown": "geoarrow.wkb", "a megabyte": "W" * MANY, "lines": "linestring",
        "multilines": "multilinestring", "points in binary": "point", "polygons in binary": "polygon",
        "multipolygons in binary": "multipolygon", "with newlines": "WKB\n",
    }.items()}  # fmt: skip
    kinds = {name: geo(geometry_types=value) for name, value in {
        "a number": 3, "null": None, "an object": {"Point": 1}, "of numbers": [1, 2], "of lists": [["Point"]],
        "of null": [None],
    }.items()}  # fmt: skip
    found = {"entry of the weight as primary": SOUND | {"primary_column": "population",
             "columns": {"population": entry}}}  # fmt: skip
    for kind, shapes in (("columns", columns), ("primary_column", primary), ("encoding", encodings),
                         ("geometry_types", kinds)):  # fmt: skip
        for name, value in shapes.items():
            found[f"{kind}: {name}"] = {key: part for key, part in value.items() if part is not LEFT_OUT}
    return found


def _systems() -> dict[str, Any]:
    system = pyproj.CRS(4326).to_json_dict()
    projected = pyproj.CRS(32651).to_json_dict()
    return {
        "empty text": "",
        "empty object": {},
        "zero": 0,
        "a negative number": -1,
        "a large number": 10**18,
        "true": True,
        "a number with a point": 4326.5,
        "a list": [4326],
        "unknown authority": "NOPE:1",
        "unknown code": "EPSG:999999",
        "words": "somewhere in Asia",
        "a megabyte": "x" * MANY,
        "PROJ without a projection": "+proj=nothing",
        "PROJ pipeline": "+proj=pipeline +step +proj=axisswap +order=2,1",
        "path": "/etc/passwd",
        "URL": "http://127.0.0.1:1/crs.json",
        "file of grids": "+proj=longlat +nadgrids=../../secret.gsb +no_defs +type=crs",
        "geocentric": "EPSG:4978",
        "vertical": "EPSG:5773",
        "local engineering": _engineering(),
        "the moon": "IAU_2015:30100",
        "time": {"type": "TemporalCRS", "name": "t"},
        "PROJJSON of no type": {key: value for key, value in system.items() if key != "type"},
        "PROJJSON of another type": system | {"type": "Ellipsoid"},
        "PROJJSON without a datum": {key: value for key, value in system.items() if not key.startswith("datum")},
        "PROJJSON with texts for numbers": json.loads(json.dumps(projected).replace("0.9996", '"scale"')),
        "PROJJSON with a scale of 0": json.loads(json.dumps(projected).replace("0.9996", "0")),
        "PROJJSON with a unit of 0": system | {"coordinate_system": _axes(0)},
        "PROJJSON with a negative unit": system | {"coordinate_system": _axes(-1)},
        "PROJJSON with a unit of 1e300": system | {"coordinate_system": _axes(1e300)},
        "PROJJSON with three axes of one name": system | {"coordinate_system": _axes(0.017, 3)},
        "PROJJSON without axes": system | {"coordinate_system": {"subtype": "ellipsoidal", "axis": []}},
        "WKT cut off": pyproj.CRS(4326).to_wkt()[:200],
        "WKT in brackets, 10,000 deep": "GEOGCRS[" * 10_000 + "]" * 10_000,
    }


def _axes(unit: float, count: int = 2) -> dict[str, Any]:
    named = {"type": "AngularUnit", "name": "odd", "conversion_factor": unit}
    axis = {"name": "Longitude", "abbreviation": "lon", "direction": "east", "unit": named}
    other = {"name": "Latitude", "abbreviation": "lat", "direction": "north", "unit": named}
    return {"subtype": "ellipsoidal", "axis": [axis, other, other][:count]}


def _engineering() -> dict[str, Any]:
    axis = {"abbreviation": "", "direction": "unspecified", "unit": "metre"}
    return {
        "type": "EngineeringCRS",
        "name": "a wall",
        "datum": {"type": "EngineeringDatum", "name": "a corner"},
        "coordinate_system": {"subtype": "Cartesian", "axis": [axis | {"name": "a"}, axis | {"name": "b"}]},
    }


def _raw_systems() -> dict[str, str]:
    deep = 50_000
    return {
        "lists in lists, 50,000 deep": "[" * deep + "]" * deep,
        "PROJJSON in PROJJSON, 900 deep": '{"type":"BoundCRS","source_crs":' * 900 + "{}" + "}" * 900,
        "PROJJSON in PROJJSON, 50,000 deep": '{"type":"BoundCRS","source_crs":' * deep + "{}" + "}" * deep,
        "number beyond all numbers": "1" + "0" * 400,
        "number with an exponent beyond all": "1e999",
        "text with half a character": '"\\ud800"',
        "NaN": "NaN",
    }
