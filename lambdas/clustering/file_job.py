"""The job of one file, the same in Lambda and on a laptop: GeoParquet bytes in, clustered GeoParquet bytes out."""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

import kmeans
from lambdas.clustering import geoparquet
from lambdas.clustering.geoparquet import FloatArray, GeoTable
from lambdas.clustering.projection import to_metres
from lambdas.contract.errors import InvalidInput, InvalidParameters
from lambdas.contract.keys import file_stem
from lambdas.contract.parameters import Radius, RunParameters
from lambdas.contract.results import FileReport

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClusteredFile:
    """The output file and its figures."""

    content: bytes
    report: FileReport


def cluster_file(content: bytes, filename: str, input_etag: str, params: RunParameters) -> ClusteredFile:
    """Cluster one GeoParquet file.

    Args:
        content: the input file.
        filename: its name: cluster ids begin with its stem, errors name it.
        input_etag: identifies this version of the input; noted in the output.
        params: how to cluster.

    Raises:
        InvalidInput: something in the file is wrong; names column, row and value.
        InvalidParameters: a parameter does not fit the file.
    """
    geo = geoparquet.read(content, filename)
    weights = (
        np.ones(len(geo)) if params.weight_column is None else geoparquet.numeric_column(geo, params.weight_column)
    )
    points, crs = project(geo, params)
    algorithm = params.for_settlement(_is_urban(geo, weights, params))
    clustering = _cluster_groups(geo, points, weights, params, algorithm)
    report = _report(len(geo), clustering, algorithm)
    output = geoparquet.write(
        geo,
        cluster_ids=_cluster_ids(filename, clustering.n_clusters)[clustering.labels],
        cluster_weights=clustering.weight[clustering.labels],
        cluster_status=clustering.status.astype(object)[clustering.labels],
        provenance=describe_origin(params, input_etag) | {"crs": crs, "report": msgspec.to_builtins(report)},
    )
    return ClusteredFile(output, report)


def describe_origin(params: RunParameters, input_etag: str) -> dict[str, Any]:
    """What decides an output; an existing output with the same description need not be made again."""
    return {
        "version": kmeans.__version__,
        "parameters": params.to_json().decode(),
        "parameters_fingerprint": params.fingerprint(),
        "input_etag": input_etag,
    }


def project(geo: GeoTable, params: RunParameters) -> tuple[FloatArray, str]:
    """One point in metres for each row, and the coordinate system; polygons are represented by their centroid."""
    points = geoparquet.representative_points(geo)
    try:
        if points is not None:
            return to_metres(points, geo.crs, params.crs, geo.filename)
        return _project_shapes(geo, params)
    except InvalidInput as error:
        # The projection knows rows, not the column they came from.
        raise InvalidInput(error.message, **{"column": geo.geometry_column, **error.where}) from error


def _project_shapes(geo: GeoTable, params: RunParameters) -> tuple[FloatArray, str]:
    """Centroids of points and polygons of any kind, computed in metres."""
    import shapely  # Only polygons need it, and it takes a quarter of a second to load.

    kinds = (
        shapely.GeometryType.POINT,
        shapely.GeometryType.MULTIPOINT,
        shapely.GeometryType.POLYGON,
        shapely.GeometryType.MULTIPOLYGON,
    )
    column = geo.table[geo.geometry_column].combine_chunks()
    shapes = shapely.from_wkb(column.to_numpy(zero_copy_only=False), on_invalid="ignore")
    for is_wrong, message in (
        (shapely.is_missing(shapes), "the geometry is broken WKB"),
        (~np.isin(shapely.get_type_id(shapes), kinds), "the geometry is neither a point nor a polygon"),
        (shapely.is_empty(shapes), "the geometry is empty"),
    ):
        if is_wrong.any():
            raise InvalidInput(message, filename=geo.filename, row=int(np.argmax(is_wrong)))
    vertices, row_of_vertex = shapely.get_coordinates(shapes, return_index=True)
    try:
        metres, crs = to_metres(vertices, geo.crs, params.crs, geo.filename)
    except InvalidInput as error:
        if "row" not in error.where:
            raise
        # There it is the number of the vertex.
        raise InvalidInput(error.message, **error.where | {"row": int(row_of_vertex[error.where["row"]])}) from error
    return shapely.get_coordinates(shapely.centroid(shapely.set_coordinates(shapes, metres))), crs


def _is_urban(geo: GeoTable, weights: FloatArray, params: RunParameters) -> bool:
    """Whether at least half of the file's weight is in rows marked as urban; only read when it matters."""
    if not isinstance(params.radius, Radius) or len(geo) == 0:
        return True
    column = geoparquet.existing_column(geo, params.urban_column)
    if not pa.types.is_boolean(column.type):
        raise InvalidInput(
            f"has the type {column.type}, but has to be boolean to tell urban from rural",
            filename=geo.filename,
            column=params.urban_column,
        )
    urban = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return bool(2 * weights[urban].sum() >= weights.sum())


def _cluster_groups(
    geo: GeoTable, points: FloatArray, weights: FloatArray, params: RunParameters, algorithm: kmeans.Parameters
) -> kmeans.Clustering:
    """Cluster each group of rows by itself and number the clusters through, group after group."""
    try:
        if not params.group_by:
            return kmeans.cluster(points, weights, algorithm)
        return kmeans.cluster_groups(points, weights, _group_numbers(geo, params.group_by), algorithm)
    except kmeans.InvalidWeight as error:
        raise InvalidInput(
            f"the weight is {error.value}, but has to be a finite number of at least 0",
            filename=geo.filename,
            column=params.weight_column,
            row=error.row,
            value=str(error.value),
        ) from error
    except kmeans.InvalidParameter as error:
        raise InvalidParameters(str(error)) from error


def _group_numbers(geo: GeoTable, columns: tuple[str, ...]) -> IntArray:
    """Number the distinct combinations of values of ``columns`` in sorted order; null is a value, the last one."""
    numbers = np.zeros(len(geo), np.int64)
    for name in columns:
        encoded = geoparquet.existing_column(geo, name)
        try:
            if not pa.types.is_dictionary(encoded.type):
                encoded = encoded.dictionary_encode(null_encoding="encode")
            rank = pc.rank(encoded.dictionary, tiebreaker="dense").to_numpy() - 1
        except pa.ArrowNotImplementedError as error:
            message = f"has the type {encoded.type}, which has no groups"
            raise InvalidInput(message, filename=geo.filename, column=name) from error
        codes = pc.fill_null(encoded.indices.cast(pa.int64()), len(rank)).to_numpy()
        codes = np.append(rank.astype(np.int64), len(rank))[codes]
        _, numbers = np.unique(numbers * (len(rank) + 1) + codes, return_inverse=True)
    return numbers


def _cluster_ids(filename: str, n_clusters: int) -> npt.NDArray[np.object_]:
    """``<file stem>_<number>`` with as many digits as the largest number needs."""
    digits = len(str(max(n_clusters - 1, 0)))
    return np.array([f"{file_stem(filename)}_{number:0{digits}d}" for number in range(n_clusters)], dtype=object)


def _report(n_rows: int, clustering: kmeans.Clustering, params: kmeans.Parameters) -> FileReport:
    statuses, counts = np.unique(clustering.status, return_counts=True)
    return FileReport(
        n_rows=n_rows,
        n_clusters=clustering.n_clusters,
        n_in_range=int(clustering.in_range.sum()),
        weight=float(clustering.weight.sum()),
        weight_in_range=float(clustering.weight[clustering.in_range].sum()),
        radius_median=float(np.median(clustering.radius)) if clustering.n_clusters else None,
        statuses={str(status): int(count) for status, count in zip(statuses, counts, strict=True)},
        findings=kmeans.diagnose(clustering, params),
    )
