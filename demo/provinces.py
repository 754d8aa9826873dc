"""Real input for the demonstration: the 42,010 barangays of the Philippines with their 2024 census population.

The data come with the package ``psgc`` (MIT licence): one point per barangay, one file per province or equivalent
(an independent city, say).
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sampling_units.io.encoding import points_as_wkb

if TYPE_CHECKING:
    from psgc.models.barangay import Barangay

_GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}


def write_provinces(folder: Path) -> dict[str, str]:
    """Write ``<province code>.parquet`` for each province; the same bytes each time.

    Returns:
        The name of the region of each file.
    """
    import psgc

    by_province: dict[str, list[Barangay]] = defaultdict(list)
    for barangay in psgc.barangays:
        by_province[barangay.province_code].append(barangay)
    province_names = {province.psgc_code: province.name for province in psgc.provinces}
    region_names = {region.psgc_code: region.name for region in psgc.regions}
    folder.mkdir(parents=True, exist_ok=True)
    regions = {}
    for code, barangays in sorted(by_province.items()):
        path = folder / f"{code}.parquet"
        unfinished = path.with_suffix(".part")
        pq.write_table(_table(barangays, province_names[code]), unfinished, compression="zstd")
        unfinished.replace(path)
        regions[path.name] = region_names[barangays[0].region_code]
    return regions


def _table(barangays: Iterable["Barangay"], province: str) -> pa.Table:
    rows = sorted(barangays, key=lambda barangay: barangay.psgc_code)
    points = np.array([(place.longitude, place.latitude) for row in rows if (place := row.coordinate)])
    columns = {
        "psgc_code": [row.psgc_code for row in rows],
        "name": [row.name for row in rows],
        "city_code": [row.city_code for row in rows],
        "province_code": [row.province_code for row in rows],
        "province": [province] * len(rows),
        "population": pa.array([row.population or 0 for row in rows], pa.int32()),
        "area_km2": pa.array([row.area_km2 for row in rows], pa.float64()),
        "urban": [row.is_urban for row in rows],
        "geometry": points_as_wkb(points, np.ones(len(points), bool)),
    }
    return pa.table(columns).replace_schema_metadata({"geo": json.dumps(_GEO)})
