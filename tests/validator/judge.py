"""Judges GeoParquet files with software that shares nothing with ours; runs in the environment of this folder.

    judge.py FILE...

Prints one JSON object a file: what the validator fails or warns of, and what DuckDB reads.
"""

import json
import sys

import duckdb
from geoparquet_io.core.validate import validate_geoparquet

BAD = ("failed", "warning")


def judge(path):
    result = validate_geoparquet(path, sample_size=0)
    complaints = [f"{check.name}: {check.message}" for check in result.checks if check.status.value in BAD]
    with duckdb.connect() as connection:
        connection.execute("load spatial")
        [(metadata,)] = connection.execute(
            "select value from parquet_kv_metadata(?) where key = 'geo'", [path]
        ).fetchall()
        geo = json.loads(metadata)
        name = geo["primary_column"]
        # DuckDB reads other encodings as plain structs and lists.
        area = f'sum(ST_Area("{name}"))' if geo["columns"][name]["encoding"] == "WKB" else "null"
        [(n_rows, n_geometries, area)] = connection.execute(
            f'select count(*), count("{name}"), {area} from read_parquet(?)', [path]
        ).fetchall()
    return {
        "version": result.detected_version,
        "n_checks": len(result.checks),
        "complaints": complaints,
        "n_rows": n_rows,
        "n_geometries": n_geometries,
        "area": area,
    }


for file in sys.argv[1:]:
    print(json.dumps(judge(file)), flush=True)
