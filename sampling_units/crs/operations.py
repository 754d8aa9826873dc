"""PROJ's operations between coordinate systems, applied to arrays, with errors that name the row."""

from functools import lru_cache

import numpy as np
import pyproj
from pyproj.enums import TransformDirection
from pyproj.exceptions import ProjError

from kmeans.arrays import FloatArray
from kmeans.spatial.rows import finite_rows
from sampling_units.crs.systems import find_crs
from sampling_units.errors import InvalidInput


def find_transformer(source: pyproj.CRS, target: pyproj.CRS) -> pyproj.Transformer:
    """The transformation from one system to another, x or longitude first; raises ``ProjError`` if there is none."""
    return _transformer(source.srs, target.srs)


# Building one takes milliseconds, as long as projecting 30,000 points. Names are compared faster than systems.
@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(find_crs(source), find_crs(target), always_xy=True)


def operation_at(point: FloatArray, transformer: pyproj.Transformer) -> pyproj.Transformer:
    """The operation that PROJ takes at one point, to be used everywhere.

    Between some datums it has one for each country, and would tear neighbours at a border metres apart.
    """
    # This is the definition of a transformer that has only one operation.
    if transformer.definition.startswith("proj="):
        return transformer
    if not np.isfinite(transformer.transform(*point)).all():
        return transformer
    try:
        # Made anew from its definition, because the object itself works in this thread only.
        return _operation(transformer.get_last_used_operation().definition)
    except ProjError:
        # There is none between systems with the same x and y.
        return transformer


@lru_cache(maxsize=64)
def _operation(definition: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_pipeline(definition)


def transform(
    transformer: pyproj.Transformer,
    points: FloatArray,
    direction: TransformDirection = TransformDirection.FORWARD,
) -> FloatArray:
    """Images of points, float64 (n, 2) -> (n, 2), infinite where there are none."""
    return np.column_stack(transformer.transform(points[:, 0], points[:, 1], direction=direction))


def require_images(points: FloatArray, images: FloatArray, complaint: str, filename: str | None) -> None:
    """Refuse points without an image.

    Raises:
        InvalidInput: names the first such row and its coordinates, which ``complaint`` is about.
    """
    if not np.isfinite(images).all():
        raise bad_point(points, int(np.argmin(finite_rows(images))), complaint, filename)


def bad_point(points: FloatArray, row: int, complaint: str, filename: str | None) -> InvalidInput:
    value = f"({points[row, 0]}, {points[row, 1]})"
    return InvalidInput(f"{value} {complaint}", filename=filename, row=row, value=value)
