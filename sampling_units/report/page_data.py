"""What the page's scripts draw and list: columns of numbers and texts, as JSON."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from sampling_units.parameters import RunParameters
from sampling_units.report.cluster_records import ClusterRecords, in_range
from sampling_units.report.hexagons import hexagon_levels
from sampling_units.report.histograms import histogram
from sampling_units.report.polygon_packing import PER_DEGREE, pack_polygons, together
from sampling_units.report.run_header import WeightRange, target_radii, weight_ranges

# Of a run that is too large to draw each cluster.
MOST_EXCEPTIONS_PER_STATUS = 5_000
MOST_AREAS = 50_000
_METRES_PER_DEGREE = 111_320.0


def page_data(clusters: ClusterRecords, params: RunParameters) -> dict[str, Any]:
    """All that the scripts need, in values that JSON can hold.

    ``clusters`` holds all clusters, or only exceptions if there are too many; then ``hexagons`` counts all of them.
    """
    records = clusters.array()
    ranges = weight_ranges(params)
    is_in_range = in_range(records, clusters, [(limits.low, limits.high) for limits in ranges])
    is_over_date_line = bool(len(records)) and float(np.ptp(records["longitude"])) > 180
    longitude = together(records["longitude"]) if is_over_date_line else records["longitude"]
    is_detailed = clusters.ids is not None
    listed = np.arange(len(records)) if is_detailed else _chosen_exceptions(records)
    ids = clusters.ids if clusters.ids is not None else _ids_of(listed, records, clusters)
    polygons = None if clusters.polygons is None else pack_polygons(clusters.polygons, is_over_date_line)
    files, file_of = _used_files(records["area"][listed], clusters)
    tops = [limits.high if math.isfinite(limits.high) else 2 * limits.target for limits in ranges]
    return {
        "perDegree": PER_DEGREE,
        "ranges": [_range(limits) for limits in ranges],
        "weightScale": _weight_scale(records["weight"], ranges),
        "targetRadii": [{"kind": kind, "value": value} for kind, value in target_radii(params)],
        "weightName": params.weight_column,
        "statuses": [style._asdict() for style in clusters.styles],
        "counts": np.bincount(records["status"], minlength=len(clusters.styles)).tolist(),
        "histograms": {
            "weight": histogram(records["weight"], max(tops)),
            "radius": histogram(
                records["radius"].astype(np.float64),
                max((value for _, value in target_radii(params)), default=0.0),
            ),
        },
        "isDetailed": is_detailed,
        "bounds": _bounds(_boxes(records, longitude)),
        "typicalRadius": float(np.median(records["radius"])) if len(records) else 0,
        "files": files,
        "clusters": {
            "id": ids,
            "file": file_of,
            "longitude": np.rint(longitude[listed] * PER_DEGREE).astype(np.int64).tolist(),
            "latitude": np.rint(records["latitude"][listed] * PER_DEGREE).astype(np.int64).tolist(),
            "weight": _compact(records["weight"][listed], 1),
            "radius": _compact(records["radius"][listed], 0),
            "ground": _compact(records["ground"][listed], 0),
            "places": records["n_points"][listed].tolist(),
            "pieces": records["pieces"][listed].tolist(),
            "status": records["status"][listed].tolist(),
            # Only polygons are drawn area by area.
            "area": records["area"].tolist() if is_detailed else None,
        },
        "polygons": polygons,
        "hexagons": None
        if is_detailed
        else hexagon_levels(longitude, records["latitude"], records["weight"], is_in_range),
        "areas": _areas(records, longitude, is_in_range, clusters),
    }


def _chosen_exceptions(records: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Evenly chosen clusters of each status but ``ok``, in their order."""
    chosen = []
    for status in range(1, int(records["status"].max(initial=0)) + 1):
        found = np.flatnonzero(records["status"] == status)
        if len(found) > MOST_EXCEPTIONS_PER_STATUS:
            found = found[np.linspace(0, len(found) - 1, MOST_EXCEPTIONS_PER_STATUS).astype(np.int64)]
        chosen.append(found)
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.int64)


def _ids_of(listed: npt.NDArray[np.int64], records: npt.NDArray[Any], clusters: ClusterRecords) -> list[str]:
    among_exceptions = np.cumsum(records["status"] > 0) - 1
    return [clusters.exception_ids[number] for number in among_exceptions[listed].tolist()]


def _used_files(areas: npt.NDArray[Any], clusters: ClusterRecords) -> tuple[list[str], list[int]]:
    """Names of the files that these areas are in, and for each area the number of its file among them."""
    if not len(areas):
        return [], []
    file_of_area = np.array([file for file, _ in clusters.areas])
    used, numbers = np.unique(file_of_area[areas], return_inverse=True)
    return [clusters.files[file] for file in used.tolist()], numbers.tolist()


def _areas(
    records: npt.NDArray[Any],
    longitude: npt.NDArray[np.float64],
    is_in_range: npt.NDArray[np.bool_],
    clusters: ClusterRecords,
) -> dict[str, Any]:
    """A line for each area, in the order they came: the first ``MOST_AREAS``."""
    n_areas = min(len(clusters.areas), MOST_AREAS)
    own = clusters.areas[:n_areas]
    area = records["area"]
    # Clusters of an area need not lie together in a file.
    order = np.argsort(area, kind="stable")
    order = order[area[order] < n_areas]
    sums = {
        "clusters": np.bincount(area[order], minlength=n_areas),
        "inRange": np.bincount(area[order], weights=is_in_range[order], minlength=n_areas).astype(np.int64),
        "exceptions": np.bincount(area[order], weights=records["status"][order] > 0, minlength=n_areas).astype(
            np.int64
        ),
        "places": np.bincount(area[order], weights=records["n_points"][order], minlength=n_areas).astype(np.int64),
    }
    weight = np.bincount(area[order], weights=records["weight"][order], minlength=n_areas)
    filled = np.flatnonzero(sums["clusters"])
    boxes = np.zeros((n_areas, 4))
    if len(filled):
        starts = np.cumsum(sums["clusters"][filled]) - sums["clusters"][filled]
        own_boxes = _boxes(records, longitude)[order]
        boxes[filled, :2] = np.minimum.reduceat(own_boxes[:, :2], starts)
        boxes[filled, 2:] = np.maximum.reduceat(own_boxes[:, 2:], starts)
    return {
        "file": [clusters.files[file] for file, _ in own],
        "name": [name for _, name in own] if any(name for _, name in own) else None,
        **{name: values.tolist() for name, values in sums.items()},
        "weight": _compact(weight, 1),
        "medianWeight": _medians(records["weight"], order, sums["clusters"], 1),
        "medianRadius": _medians(records["radius"], order, sums["clusters"], 0),
        # Thousandths of a degree are enough to find an area.
        "box": np.rint(boxes * 1000).astype(np.int64).tolist(),
        "nLeftOut": len(clusters.areas) - n_areas,
    }


def _medians(
    values: npt.NDArray[Any], order: npt.NDArray[np.int64], counts: npt.NDArray[Any], digits: int
) -> list[float | int | None]:
    """The median of each area; ``order`` sorts clusters by area, ``counts`` says how many each has."""
    area = np.repeat(np.arange(len(counts)), counts)
    in_order = values[order][np.lexsort((values[order], area))].astype(np.float64)
    starts = np.cumsum(counts) - counts
    filled = counts > 0
    middle = np.full(len(counts), np.nan)
    low, high = starts + (counts - 1) // 2, starts + counts // 2
    middle[filled] = (in_order[low[filled]] + in_order[high[filled]]) / 2
    return _compact(middle, digits)


def _weight_scale(weight: npt.NDArray[Any], ranges: list[WeightRange]) -> list[float]:
    """Ends of the colour scale: a third of the range's width beyond its ends, as most clusters are inside."""
    low = min(limits.low for limits in ranges)
    high = max(limits.high for limits in ranges)
    if math.isinf(high):
        high = max(
            float(np.quantile(weight, 0.95)) if len(weight) else 0.0, 2 * max(limits.target for limits in ranges)
        )
    margin = (high - low) / 3
    return [max(0.0, low - margin), high + margin if high > low else high + 1.0]


def _range(limits: WeightRange) -> dict[str, Any]:
    high = limits.high if math.isfinite(limits.high) else None
    return {"kind": limits.kind, "low": limits.low, "high": high, "target": limits.target}


def _boxes(records: npt.NDArray[Any], longitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(k, 4) west, south, east and north of squares around the clusters, in degrees."""
    height = np.nan_to_num(records["radius"]).astype(np.float64) / _METRES_PER_DEGREE
    width = height / np.maximum(np.cos(np.radians(records["latitude"])), 0.01)
    latitude = records["latitude"]
    return np.column_stack([longitude - width, latitude - height, longitude + width, latitude + height])


def _bounds(boxes: npt.NDArray[np.float64]) -> list[float] | None:
    if not len(boxes):
        return None
    return [round(float(value), 5) for value in [*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)]]


def _compact(values: npt.NDArray[Any], digits: int) -> list[float | int | None]:
    """Rounded numbers, whole ones without a decimal point; None for what is not finite."""
    rounded = np.round(values.astype(np.float64), digits).tolist()
    return [None if not math.isfinite(value) else int(value) if value == int(value) else value for value in rounded]
