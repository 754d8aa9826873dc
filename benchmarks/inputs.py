"""Generated input of known size: population cells as WorldPop has them, and one file for each barangay of a nation."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sampling_units.io.encoding import points_as_wkb

FloatArray = npt.NDArray[np.float64]

# Three seconds of arc, 92 m in north and south.
CELL_DEGREES = 1 / 1200
CELL_KM2 = 0.092**2
# Quantiles of people in a cell of a real country: one in a hundred has twenty times the median.
_SHARES = [0, 0.05, 0.5, 0.95, 0.99, 1]
_PEOPLE = [0.02, 0.036, 0.112, 0.93, 2.24, 6.0]
_GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}


def cells(n_cells: int, population: float, centre: tuple[float, float], seed: int) -> tuple[FloatArray, FloatArray]:
    """Cells of an area without holes: longitude and latitude float64 (n, 2), and people float64 (n,).

    The outline is irregular; people live around a few settlements, with the quantiles of a real country.
    """
    rng = np.random.default_rng(seed)
    half = int(np.sqrt(n_cells)) + 3
    column, row = (axis.ravel() for axis in np.meshgrid(np.arange(-half, half + 1), np.arange(-half, half + 1)))
    angle = np.arctan2(row, column)
    first, second = rng.uniform(0, 2 * np.pi, 2)
    reach = np.hypot(column, row) / (1 + 0.15 * np.sin(2 * angle + first) + 0.1 * np.sin(3 * angle + second))
    inside = np.sort(np.argsort(reach, kind="stable")[:n_cells])
    lattice = np.column_stack([column[inside], row[inside]])
    towns = lattice[rng.integers(n_cells, size=1 + n_cells // 2000)]
    away = np.full(n_cells, np.inf)
    for town in towns:
        away = np.minimum(away, np.hypot(*(lattice - town).T))
    rank = np.argsort(np.argsort(-away / half + 0.15 * rng.normal(size=n_cells)))
    people = np.exp(np.interp(rank / n_cells, _SHARES, np.log(_PEOPLE)))
    origin = np.rint(np.array(centre) / CELL_DEGREES)
    return (lattice + origin) * CELL_DEGREES, people * (population / people.sum())


def buildings(n_buildings: int, centre: tuple[float, float], seed: int) -> FloatArray:
    """Scattered buildings around some hundred villages of every size: longitude and latitude float64 (n, 2)."""
    rng = np.random.default_rng(seed)
    villages = rng.normal(0, 0.05, (100, 2))
    village = rng.choice(len(villages), n_buildings, p=rng.dirichlet(np.full(len(villages), 0.5)))
    return np.array(centre) + villages[village] + rng.normal(0, 0.003, (n_buildings, 2))


def write_cells(path: Path, points: FloatArray, people: FloatArray, code: str, is_urban: bool) -> None:
    """Write cells, or other points, as a file with the columns of a real one."""
    n = len(points)
    columns = {
        "grid_id": [f"{code}_{number}" for number in range(n)],
        "psgc_code": pa.array([code], pa.string()).take(pa.array(np.zeros(n, np.int64))),
        "population": pa.array(people, pa.float32()),
        "urban": pa.array(np.full(n, is_urban)),
        "geometry": points_as_wkb(points, np.ones(n, bool)),
    }
    table = pa.table(columns).replace_schema_metadata({"geo": json.dumps(_GEO)})
    pq.write_table(table, path, compression="zstd")


@dataclass(frozen=True)
class Area:
    """What is known of a barangay."""

    code: str
    centre: tuple[float, float]
    population: float
    km2: float
    is_urban: bool

    @property
    def n_cells(self) -> int:
        return max(1, round(self.km2 / CELL_KM2))


def nation() -> Iterator[Area]:
    """The 42,010 barangays of the Philippines (package ``psgc``): real population, area and urban flag.

    Where the area is not known it is that of the mean density of its kind.
    """
    import psgc

    density = {True: 5000.0, False: 250.0}  # people a square kilometre
    for barangay in sorted(psgc.barangays, key=lambda barangay: barangay.psgc_code):
        place, population, is_urban = barangay.coordinate, float(barangay.population or 0), bool(barangay.is_urban)
        assert place is not None
        km2 = barangay.area_km2 or population / density[is_urban]
        yield Area(barangay.psgc_code, (place.longitude, place.latitude), population, km2, is_urban)


def write_nation(folder: Path, every: int = 1) -> list[Path]:
    """Write one file for each area, or for each ``every``-th one; files that are there already stay."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, area in enumerate(nation()):
        if number % every:
            continue
        path = folder / f"{area.code}.parquet"
        paths.append(path)
        if not path.exists():
            points, people = cells(area.n_cells, area.population, area.centre, seed=number)
            unfinished = path.with_suffix(".part")
            write_cells(unfinished, points, people, area.code, area.is_urban)
            unfinished.replace(path)
    return paths
