"""How a Parquet file becomes a layer of a map file: its columns, type of geometry and coordinate system."""

from collections.abc import Set
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyproj

from sampling_units.cli.export.attributes import ExportedColumn, Format, export_attribute
from sampling_units.cli.export.geometries import LONGITUDE_LATITUDE_FOR_GDAL, crs_for_gdal, export_further_geometry
from sampling_units.crs.systems import LONGITUDE_LATITUDE, Crs
from sampling_units.errors import InvalidInput
from sampling_units.io.geo_file import GeoFile
from sampling_units.io.geo_metadata import BBOX_FIELDS, GeometryColumn

# GDAL's name for the number of a row: a column of this name would be lost.
_ROW_NUMBER = "OGC_FID"


@dataclass(frozen=True)
class Plan:
    """How the rows of a file are exported to a layer.

    Attributes:
        filename: for error messages.
        geometry: the primary geometry column.
        crs: its coordinate system, None if it is unknown.
        columns: how each other column is exported, by its name in the file.
        changes: what is lost or different.
        n_rows: rows of the file.
    """

    filename: str
    geometry: GeometryColumn
    crs: Crs | None
    columns: dict[str, ExportedColumn]
    changes: list[str]
    n_rows: int

    @property
    def schema(self) -> pa.Schema:
        """What is handed to GDAL, the geometry last."""
        fields = [field for exported in self.columns.values() for field in exported.fields]
        return pa.schema([*fields, pa.field(self.geometry.name, pa.binary())])

    @property
    def kinds(self) -> frozenset[str]:
        """Types of the geometries, as the file declares them; none if it leaves them open."""
        return frozenset(self.geometry.description.get("geometry_types") or ())


def plan_layer(file: GeoFile, wanted: Format) -> Plan:
    """How a file is exported to a format.

    Raises:
        InvalidInput: it has no geometries, several columns of one name, or for GeoJSON no coordinate system.
    """
    geometry = file.geometry
    if geometry is None:
        raise InvalidInput("is not GeoParquet: it has no geometries to export", filename=file.filename)
    crs, changes = _known_crs(geometry, wanted, file.filename)
    further = _further_geometries(file, geometry)
    columns: dict[str, ExportedColumn] = {}
    # Some formats do not distinguish upper and lower case.
    taken = {geometry.name.lower(), _ROW_NUMBER.lower()}
    for field in file.schema:
        file.require_column(field.name)
        if field.name == geometry.name:
            continue
        if pa.types.is_struct(field.type) and set(BBOX_FIELDS) <= {part.name for part in field.type}:
            changes.append(f"column {field.name}: left out, because it only repeats the bounds of the geometries")
            continue
        exported = _exported(field, further, wanted)
        if exported.change is not None:
            changes.append(f"column {field.name}: {exported.change}")
        names = []
        for name in (part.name for part in exported.fields):
            names.append(unused_name(name, taken))
            taken.add(names[-1].lower())
            if names[-1] != name:
                changes.append(f"column {name}: named {names[-1]}, because {name} is taken")
        renamed = [part.with_name(name) for part, name in zip(exported.fields, names, strict=True)]
        columns[field.name] = replace(exported, fields=renamed)
    return Plan(file.filename, geometry, crs, columns, changes, file.n_rows)


def require_same(first: Plan, other: Plan) -> None:
    """Refuse a file that does not fit into the layer of another one; the order of columns does not matter.

    Raises:
        InvalidInput: names the column, and how it differs between the files.
    """
    types, other_types = ({field.name: field.type for field in plan.schema} for plan in (first, other))
    if first.geometry.name != other.geometry.name:
        complaint = f"is the geometry, which in {first.filename} is {first.geometry.name}"
        raise InvalidInput(complaint, filename=other.filename, column=other.geometry.name)
    for name in [*types, *other_types]:
        here, there = (None if name not in each else str(each[name]) for each in (other_types, types))
        if here != there:
            complaint = f"{_as_type(here)}, and {_as_type(there)} in {first.filename}; a layer has one set of columns"
            raise InvalidInput(complaint, filename=other.filename, column=name)
    # Codes are compared: both codes of longitude and latitude mean longitude first in a file.
    code, other_code = (None if plan.crs is None else crs_for_gdal(plan.crs) for plan in (first, other))
    if code != other_code:
        here, there = ("unknown" if plan.crs is None else plan.crs.name for plan in (other, first))
        complaint = f"the coordinate system is {here}, and {there} in {first.filename}; export them to different files"
        raise InvalidInput(complaint, filename=other.filename, column=other.geometry.name)


def _as_type(data_type: str | None) -> str:
    return "there is no such column" if data_type is None else f"the type is {data_type}"


def _known_crs(geometry: GeometryColumn, wanted: Format, filename: str) -> tuple[Crs | None, list[str]]:
    """The coordinate system of a file, and how coordinates change."""
    crs = geometry.crs
    if crs is not None:
        is_changed = wanted.is_geojson and not _is_longitude_latitude(crs)
        return crs, [f"coordinates: longitude and latitude instead of {crs.name}"] if is_changed else []
    if wanted.is_geojson:
        raise InvalidInput(
            "the coordinate system is unknown, and GeoJSON has only longitude and latitude; export it as .gpkg",
            filename=filename,
            column=geometry.name,
        )
    return None, []


def _is_longitude_latitude(crs: Crs) -> bool:
    return crs_for_gdal(crs) == LONGITUDE_LATITUDE_FOR_GDAL


def _further_geometries(file: GeoFile, geometry: GeometryColumn) -> dict[str, dict[str, Any]]:
    """Entries of the columns with WKB other than the primary one."""
    return {
        name: entry for name, entry in file.geometries.items() if name != geometry.name and entry["encoding"] == "WKB"
    }


def _exported(field: pa.Field, further: dict[str, dict[str, Any]], wanted: Format) -> ExportedColumn:
    if field.name not in further:
        return export_attribute(field, wanted)
    description = further[field.name]
    # No entry means longitude and latitude.
    crs: Crs | None = description.get("crs")
    transformer = None
    if wanted.is_geojson and crs is not None and not _is_longitude_latitude(crs):
        transformer = pyproj.Transformer.from_crs(crs.system, LONGITUDE_LATITUDE, always_xy=True)
    return export_further_geometry(field.name, description.get("geometry_types", ()), transformer)


def unused_name(name: str, taken: Set[str]) -> str:
    """The name, with a number behind it if its lower case is taken.

    >>> unused_name("People", {"people"})
    'People_2'
    """
    free, number = name, 1
    while free.lower() in taken:
        number += 1
        free = f"{name}_{number}"
    return free
