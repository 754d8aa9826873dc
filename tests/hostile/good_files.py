"""The good file that stands beside bad ones, and what bad ones are made from."""

import io
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile.forging import GEO
from tests.support.geoparquet_files import cell_file, cells, file_bytes, point_geometry

N_ROWS = 40


def neighbour(params: Mapping[str, Any]) -> bytes:
    """A file that can be clustered with these parameters: it has every column that they name."""
    coordinates, _ = cells(N_ROWS)
    weights = np.full(N_ROWS, 50.0)
    return cell_file(
        N_ROWS,
        population=weights,
        urban=pa.array(["urban", "rural"] * (N_ROWS // 2)),
        east=coordinates[:, 0],
        north=coordinates[:, 1],
        **{name: pa.array(["a", "b"] * (N_ROWS // 2)) for name in params.get("group_by", [])},
        **({params["weight_column"]: weights} if "weight_column" in params else {}),
    )


@cache
def cells_file(**options: Any) -> bytes:
    """Cells with a weight, without compression and dictionaries: what is changed in it is what was there."""
    coordinates, population = cells(N_ROWS)
    table = pa.table(
        {"grid_id": np.arange(N_ROWS), "population": population, "geometry": point_geometry(coordinates)}
    ).replace_schema_metadata({"geo": json.dumps(GEO)})
    sink = io.BytesIO()
    pq.write_table(table, sink, **{"compression": "none", "use_dictionary": False} | options)
    return sink.getvalue()


def with_columns(**columns: Any) -> bytes:
    """Cells with columns added or replaced; of None, left out."""
    coordinates, population = cells(N_ROWS)
    base = {"population": population, "geometry": point_geometry(coordinates)} | columns
    return file_bytes({name: values for name, values in base.items() if values is not None})


def with_geo(geo: Any, **columns: Any) -> bytes:
    """Cells with another `geo` entry: an object, or the text itself."""
    coordinates, population = cells(N_ROWS)
    base = {"population": population, "geometry": point_geometry(coordinates)} | columns
    return file_bytes(base, geo=geo)
