"""Map formats, and how columns of a Parquet file without geometries are exported to them."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

# GDAL takes text with this mark for JSON; in GeoJSON it then becomes JSON instead of a string.
_JSON_MARK = {"ARROW:extension:name": "arrow.json", "ARROW:extension:metadata": ""}


@dataclass(frozen=True)
class Format:
    """A format that GDAL writes.

    Attributes:
        driver: GDAL's name for it.
        name: for messages.
        options: layer creation options.
        has_layer_type: whether a layer has one type of geometry.
        is_geojson: longitude and latitude, no numbers that are not finite.
        has_nan: whether NaN differs from null.
        allows_missing_geometry: whether a row may have no geometry.
        is_in_spatial_order: whether rows are written in spatial order, not in that of the file.
    """

    driver: str
    name: str
    options: dict[str, str]
    has_layer_type: bool = True
    is_geojson: bool = False
    has_nan: bool = False
    allows_missing_geometry: bool = True
    is_in_spatial_order: bool = False


_GEOJSON = Format(
    "GeoJSON", "GeoJSON", {"RFC7946": "YES", "AUTODETECT_JSON_STRINGS": "NO"}, has_layer_type=False, is_geojson=True
)
FORMATS = {
    ".gpkg": Format("GPKG", "GeoPackage", {}),
    ".geojson": _GEOJSON,
    ".json": _GEOJSON,
    ".fgb": Format(
        "FlatGeobuf", "FlatGeobuf", {}, has_nan=True, allows_missing_geometry=False, is_in_spatial_order=True
    ),
}


@dataclass(frozen=True)
class ExportedColumn:
    """How a column is exported.

    Attributes:
        fields: names and types as GDAL gets them; none for a column that is left out.
        convert: from the column to an array for each of them.
        change: what is lost or different, None if nothing is.
    """

    fields: list[pa.Field]
    convert: Callable[[pa.Array], list[pa.Array]]
    change: str | None = None


def export_attribute(field: pa.Field, wanted: Format) -> ExportedColumn:
    """How a column without geometries is exported to a format."""
    name, data_type = field.name, plain_type(field.type)
    if pa.types.is_nested(data_type):
        return ExportedColumn([pa.field(name, pa.string(), metadata=_JSON_MARK)], _as_json, "as JSON text")
    gdal_type, change = _gdal_type(data_type, wanted)

    def convert(array: pa.Array) -> list[pa.Array]:
        array = array.cast(data_type)
        if pa.types.is_floating(data_type) and not wanted.has_nan:
            is_lost = pc.invert(pc.is_finite(array)) if wanted.is_geojson else pc.is_nan(array)
            array = pc.if_else(is_lost, pa.scalar(None, data_type), array)
        return [array.cast(gdal_type, safe=False)]

    return ExportedColumn([pa.field(name, gdal_type)], convert, change)


def plain_type(data_type: pa.DataType) -> pa.DataType:
    """The type of the values behind a dictionary or an extension."""
    if isinstance(data_type, pa.BaseExtensionType):
        return plain_type(data_type.storage_type)
    if pa.types.is_dictionary(data_type):
        return plain_type(data_type.value_type)
    return data_type


def _gdal_type(data_type: pa.DataType, wanted: Format) -> tuple[pa.DataType, str | None]:
    """The Arrow type that GDAL takes for a type that is not nested, and what changes by it."""
    is_type = pa.types
    if is_type.is_null(data_type) or is_type.is_string(data_type) or is_type.is_large_string(data_type):
        return pa.string(), None
    if data_type == pa.string_view():
        return pa.string(), None
    if is_type.is_uint64(data_type):
        return pa.string(), "as text, because numbers of 64 bits without sign do not fit"
    if is_type.is_decimal(data_type):
        return pa.float64(), "as floating-point numbers, of about 16 digits"
    if is_type.is_float16(data_type):
        return pa.float32(), None
    if is_type.is_date(data_type):
        return pa.date32(), None
    if is_type.is_time(data_type):
        return pa.string(), "as text"
    if is_type.is_timestamp(data_type):
        return _gdal_timestamp(data_type, wanted)
    if is_type.is_duration(data_type):
        return pa.int64(), f"as whole numbers of the unit {data_type.unit}"
    if is_type.is_boolean(data_type) or is_type.is_integer(data_type) or is_type.is_floating(data_type):
        return data_type, None
    return pa.binary(), "in hexadecimal digits" if wanted.is_geojson else None


def _gdal_timestamp(data_type: pa.DataType, wanted: Format) -> tuple[pa.DataType, str | None]:
    """Milliseconds; in UTC where a time zone is known."""
    changes = ["to the millisecond"] if data_type.unit in ("us", "ns") else []
    if data_type.tz is None:
        if wanted.driver == "GPKG":
            changes.append("marked as UTC, although the file names no time zone")
        return pa.timestamp("ms"), ", ".join(changes) or None
    if data_type.tz != "UTC":
        changes.append("in UTC")
    return pa.timestamp("ms", "UTC"), ", ".join(changes) or None


def _as_json(array: pa.Array) -> list[pa.Array]:
    texts = (None if value is None else msgspec.json.encode(value).decode() for value in array.to_pylist())
    return [pa.array(texts, pa.string())]
