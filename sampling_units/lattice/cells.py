"""Recognises files whose rows are cells of a lattice, in degrees or in metres."""

from dataclasses import dataclass

import numpy as np

from kmeans.arrays import FloatArray
from kmeans.graph.lattice.polynomial_map import Lattice
from kmeans.graph.lattice.recognition import find_lattice
from sampling_units.crs.antimeridian import LongitudeWindow
from sampling_units.io.rows import Rows

# How far the sides of a polygon may be from the step of the lattice, relative to it, for it to be a cell.
_CELL_TOLERANCE = 0.1


@dataclass(frozen=True)
class Cells:
    """The lattice of the sound rows of a file.

    Attributes:
        lattice: their columns and rows.
        is_in_metres: whether its corners are projected coordinates, not those of the file.
        are_filled: whether the area of a row is its cell; otherwise only the centroids of polygons lie on a lattice.
    """

    lattice: Lattice
    is_in_metres: bool
    are_filled: bool


def find_cells(rows: Rows, metres: FloatArray, window: LongitudeWindow | None) -> Cells | None:
    """Look for a lattice in the coordinates of the file, where most lattices are regular, and then in metres.

    Args:
        rows: the rows of the file.
        metres: float64 (m, 2), the sound ones among them, projected.
        window: in which their longitudes do not jump; None if the file has none.
    """
    points = rows.points if rows.is_sound.all() else rows.points[rows.is_sound]
    lattice = find_lattice(points if window is None else window.unwrap(points))
    if lattice is not None:
        return Cells(lattice, False, _are_filled(rows, lattice.steps))
    lattice = find_lattice(metres) if rows.bounds is None else None
    return None if lattice is None else Cells(lattice, True, True)


def _are_filled(rows: Rows, steps: FloatArray) -> bool:
    """Whether the geometries are points, or polygons that fill the cells of the lattice."""
    if rows.bounds is None:
        return True
    sides = rows.bounds[rows.is_sound, 2:] - rows.bounds[rows.is_sound, :2]
    # The box around a cell, which may be rotated.
    wanted = np.abs(steps).sum(axis=0)
    return bool((np.abs(sides - wanted) <= _CELL_TOLERANCE * wanted).all())
