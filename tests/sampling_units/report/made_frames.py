"""Frames made for tests of the report, without files."""

from collections import Counter

import numpy as np
import pyarrow as pa
import shapely

from kmeans import Finding, Status
from sampling_units.frame.reading import Frame, FrameOrigin
from sampling_units.results import FileReport

SIDE = 0.01
IN_RANGE = {"ok", "radius_above_target", "bridged"}


def made_frame(
    n=10, stem="area", west=121.0, south=14.6, weights=None, statuses=None, ids=None, polygons=None, **group
):
    """n clusters, squares side by side in rows of ten; keyword arguments are columns that they are nested in."""
    x, y = west + SIDE * (np.arange(n) % 10), south + SIDE * (np.arange(n) // 10)
    weights = np.linspace(180, 300, n) if weights is None else np.asarray(weights, dtype=float)
    statuses = ["ok"] * n if statuses is None else list(statuses)
    return Frame(
        filename=f"{stem}.parquet",
        origin=FrameOrigin("0.2.0", "{}", "0" * 32, "etag", _report(weights, statuses)),
        ids=[f"{stem}_{number}" for number in range(n)] if ids is None else ids,
        weights=weights,
        statuses=statuses,
        n_points=np.arange(n) + 10,
        areas=np.full(n, 1.2e6),
        radii=np.linspace(400, 900, n),
        pieces=np.ones(n, dtype=np.int64),
        group={name: pa.array(values) for name, values in group.items()},
        centroids=np.column_stack([x + SIDE / 2, y + SIDE / 2]),
        polygons=shapely.box(x, y, x + SIDE, y + SIDE) if polygons is None else polygons,
    )


def _report(weights, statuses):
    counts = Counter(statuses)
    inside = np.array([status in IN_RANGE for status in statuses], dtype=bool)
    return FileReport(
        n_rows=int(10 * len(weights)),
        n_invalid=0,
        n_clusters=len(weights),
        n_in_range=int(inside.sum()),
        weight=float(weights.sum()),
        weight_in_range=float(weights[inside].sum()),
        radius_median=650.0,
        statuses=dict(counts),
        findings=[
            Finding(status, counts[status], 1.0, Status(status).explanation)
            for status in counts
            if status in set(Status) and status != "ok"
        ],
    )
