"""Files with Parquet's own type GEOMETRY instead of GeoParquet metadata."""

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.geoparquet_files import point_geometry


class _Wkb(pa.ExtensionType):
    """pyarrow writes the type GEOMETRY for columns of a registered type of this name."""

    def __init__(self):
        super().__init__(pa.binary(), "geoarrow.wkb")

    def __arrow_ext_serialize__(self):
        return b"{}"

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized):
        return cls()


def native_geometry_file(columns, points):
    """A file with these columns and points in longitude and latitude."""
    pa.register_extension_type(_Wkb())
    try:
        geometry = pa.ExtensionArray.from_storage(_Wkb(), point_geometry(points))
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns | {"geometry": geometry}), sink, store_schema=False)
    finally:
        pa.unregister_extension_type("geoarrow.wkb")
    content = sink.getvalue().to_pybytes()
    assert "Geometry" in str(pq.read_metadata(pa.BufferReader(content)).schema)
    return content
