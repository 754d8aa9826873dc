"""Small inputs of every kind, and hashes of what is made of them: a change of the bytes has to raise OUTPUT_VERSION.

``python -m tests.support.golden_outputs`` records the hashes anew.
"""

import hashlib
import json
import sys
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely

from sampling_units.parameters import RunParameters
from sampling_units.versions import OUTPUT_VERSION
from tests.support.file_jobs import cluster_bytes
from tests.support.geoparquet_files import file_bytes, point_geometry, square_geometry
from tests.support.project import PROJECT

RECORD = PROJECT / "tests" / "sampling_units" / "golden_outputs.json"

# Only whole random numbers, and sums and products of them: other functions may differ in the last bit from processor
# to processor, and the inputs have to be the same everywhere.
_UTM = pyproj.CRS("EPSG:32651").to_json_dict()
_CELL = 1 / 1200


def _weights(rng, n):
    """Whole numbers with a heavy tail."""
    return rng.integers(1, 9, n).astype(float) * np.where(rng.integers(0, 25, n) == 0, 6.0, 1.0)


def _lattice(side, rng):
    """Cells of a square lattice, some of them missing, float64 (n, 2), spacing 1."""
    row, column = np.divmod(np.arange(side * side), side)
    cells = np.column_stack([column, row]).astype(float)
    return cells[rng.integers(0, 12, len(cells)) > 0]


def _in_degrees(points, middle=(121.0, 14.5)):
    return np.asarray(middle) + points * _CELL


def _in_metres(points):
    return np.asarray((280_000.0, 1_600_000.0)) + points * 100.0


def _wkb(polygons):
    return pa.array(shapely.to_wkb(polygons), pa.binary())


def _scattered_points(rng):
    villages = rng.integers(0, 4000, (12, 2))
    points = villages[rng.integers(0, 12, 500)] + rng.integers(-120, 120, (500, 2))
    content = file_bytes({"id": np.arange(500), "geometry": point_geometry(_in_degrees(points / 100))})
    return content, {"target_weight": 30, "weight_column": None}


def _lattice_in_degrees(rng):
    cells = _lattice(26, rng)
    columns = {"population": _weights(rng, len(cells)), "geometry": point_geometry(_in_degrees(cells))}
    return file_bytes(columns), {"target_weight": 150, "radius": 400}


def _lattice_in_metres(rng):
    cells = _lattice(24, rng)
    columns = {"population": _weights(rng, len(cells)), "geometry": point_geometry(_in_metres(cells))}
    limits = {"target_weight": 120, "min_weight": 100, "max_weight": 140, "max_radius": 350}
    return file_bytes(columns, crs=_UTM), limits


def _rotated_lattice(rng):
    cells = _lattice(22, rng) @ np.array([[0.6, 0.8], [-0.8, 0.6]])
    columns = {"population": _weights(rng, len(cells)), "geometry": point_geometry(_in_metres(cells))}
    return file_bytes(columns, crs=_UTM), {"target_weight": 130}


def _square_polygons(rng):
    cells = _lattice(20, rng)
    columns = {"population": _weights(rng, len(cells)), "geometry": square_geometry(_in_degrees(cells), _CELL)}
    return file_bytes(columns), {"target_weight": 200, "n_clusters": 9}


def _hexagons(rng):
    height = 0.8660254037844386
    corners = np.array([(0.5, 0), (1, 0.5), (1, 1), (0.5, 1.5), (0, 1), (0, 0.5)]) * (2 * height, 1)
    cells = _lattice(18, rng)
    middles = np.column_stack([(cells[:, 0] + cells[:, 1] % 2 / 2) * 2 * height, cells[:, 1] * 1.5])
    polygons = shapely.polygons(_in_metres(middles[:, None] + corners))
    columns = {"population": _weights(rng, len(cells)), "geometry": _wkb(polygons)}
    return file_bytes(columns, crs=_UTM), {"target_weight": 110, "weight_importance": 0.8, "radius": 500}


def _rooftops(rng):
    low = _in_metres(rng.integers(0, 1500, (400, 2)) / 100)
    x, y = low.T
    width, depth = rng.integers(6, 25, (2, 400))
    columns = {"roof": np.arange(400), "geometry": _wkb(shapely.box(x, y, x + width, y + depth))}
    return file_bytes(columns, crs=_UTM), {"target_weight": 25, "weight_column": None, "random_state": 3}


def _islands(rng):
    islands = [_lattice(side, rng) + middle for side, middle in ((18, (0, 0)), (3, (30, 5)), (2, (24, 24)))]
    cells = np.concatenate(islands)
    columns = {"population": _weights(rng, len(cells)), "geometry": point_geometry(_in_degrees(cells))}
    return file_bytes(columns), {"target_weight": 160, "bridge": True}


def _groups_urban_and_rural(rng):
    cells = _lattice(26, rng)
    columns = {
        "population": _weights(rng, len(cells)),
        "district": pa.array([f"d{int(x) // 9}" for x in cells[:, 0]]).dictionary_encode(),
        "kind": pa.array(["town" if x < 9 else "land" for x in cells[:, 0]]),
        "geometry": point_geometry(_in_degrees(cells)),
    }
    by_settlement = {
        "target_weight": {"urban": 180, "rural": 120},
        "radius": {"urban": 300, "rural": 500},
        "urban_column": "kind",
        "urban_values": ["town"],
        "group_by": ["district"],
        "column_prefix": "psu_",
    }
    return file_bytes(columns), by_settlement


def _across_the_antimeridian(rng):
    cells = _in_degrees(_lattice(20, rng), (180 - 10 * _CELL, -17.0))
    longitude = np.where(cells[:, 0] > 180, cells[:, 0] - 360, cells[:, 0])
    columns = {"population": _weights(rng, len(cells)), "lon": longitude, "lat": cells[:, 1]}
    return file_bytes(columns, geo=None), {"target_weight": 140}


def _odd_weights(rng):
    cells = _lattice(18, rng)
    weights = _weights(rng, len(cells))
    weights[::5], weights[7], weights[50:60] = 0, 900, np.nan
    columns = {"population": weights, "geometry": point_geometry(_in_degrees(cells))}
    return file_bytes(columns), {"target_weight": 100, "max_weight": "unlimited", "drop_invalid": True}


CASES = {
    function.__name__.removeprefix("_"): function
    for function in (
        _scattered_points,
        _lattice_in_degrees,
        _lattice_in_metres,
        _rotated_lattice,
        _square_polygons,
        _hexagons,
        _rooftops,
        _islands,
        _groups_urban_and_rural,
        _across_the_antimeridian,
        _odd_weights,
    )
}


def output_hashes(case):
    """SHA-256 of both outputs of a case, without what tells releases of this program and of the writer apart."""
    content, params = CASES[case](np.random.default_rng(0))
    with mock.patch("sampling_units.job.describe_origin", return_value={}):
        outcome = cluster_bytes(content, **params)
    return {"clustered": _hash(outcome.clustered), "frame": _hash(outcome.frame)}


def _hash(content):
    writer = pq.read_metadata(pa.BufferReader(content)).created_by
    return hashlib.sha256(content.replace(writer.encode(), b"")).hexdigest()


def defaults():
    """The default of each run parameter: it decides what outputs are like that were made without it."""
    return json.loads(RunParameters().to_json())


def current():
    """What the record should say."""
    return {
        "output_version": OUTPUT_VERSION,
        "defaults": defaults(),
        "outputs": {case: output_hashes(case) for case in CASES},
    }


def changes(recorded, found):
    """Names of cases and parameters whose output or default is another one; new ones are no change."""
    return [
        name
        for part in ("outputs", "defaults")
        for name, value in recorded[part].items()
        if found[part].get(name, value) != value
    ]


def main():
    """Record anew; not if something has changed under the same output version."""
    found = current()
    if RECORD.exists():
        recorded = json.loads(RECORD.read_text())
        changed = changes(recorded, found)
        if changed and recorded["output_version"] == OUTPUT_VERSION:
            sys.exit(f"first raise OUTPUT_VERSION in sampling_units/versions.py: changed are {', '.join(changed)}")
    RECORD.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
