"""A Parquet file opened for reading in chunks of rows: small files are decoded once, large ones never held whole."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sampling_units.errors import InvalidInput
from sampling_units.formatting import explained, listed, shortened
from sampling_units.io.geo_metadata import geometry_columns

# Rows of a row group of an output, and of a chunk of an input. It suits readers of GeoParquet, and takes some 10 MB.
ROW_GROUP_ROWS = 131_072
# What pyarrow says of files that are cut off, and of files of other formats.
_NO_FOOTER = "magic bytes not found"
# What pyarrow says of lists and structs with a dictionary in a chunk of several row groups.
_NESTED_LIMITATION = "Nested data conversions"


class GeoFile:
    """A Parquet file.

    Attributes:
        filename: for error messages.
        schema: Arrow schema of the whole file.
        n_rows: number of rows.
        geometry: the primary geometry column, None in a file that declares none.
        geometries: entries in the ``geo`` metadata of all geometry columns.
    """

    def __init__(self, source: Any, filename: str) -> None:
        """Open ``source``: a path, or a file object of pyarrow.

        Raises:
            InvalidInput: not Parquet, or with broken or unusable geometry metadata.
        """
        self.filename = filename
        with self._errors_translated():
            if isinstance(source, str):  # Else Arrow looks for the file system that it is in.
                source = pa.OSFile(source)
            # Buffered ahead, every compressed byte that was read would stay in memory.
            self._parquet = pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True)
            self.schema: pa.Schema = _without_geoarrow(self._parquet.schema_arrow)
            self.geometry, self.geometries = geometry_columns(self._parquet, self.schema, filename)
        metadata = self._parquet.metadata
        self.n_rows = int(metadata.num_rows)
        self._require_rows(sum(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)))
        self._whole: pa.Table | None = None

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows in order, in chunks of at most ``ROW_GROUP_ROWS``; all columns, or those named, in file order.

        Raises:
            InvalidInput: the file cannot be decoded.
        """
        with self._errors_translated():
            if self.n_rows <= ROW_GROUP_ROWS:
                if self._whole is None:
                    self._whole = self._as_stored(self._parquet.read(use_threads=False))
                    self._require_rows(self._whole.num_rows)
                yield self._whole if columns is None else self._whole.select(columns)
                return
            n_read = 0
            for batch in self._parquet.iter_batches(ROW_GROUP_ROWS, columns=columns):
                n_read += batch.num_rows
                yield self._as_stored(pa.Table.from_batches([batch]))
            self._require_rows(n_read)

    @contextmanager
    def _errors_translated(self) -> Iterator[None]:
        """Turn pyarrow's errors about the file into ours."""
        try:
            yield
        except MemoryError:
            # pyarrow's own error for it is a MemoryError too. The file is not to blame.
            raise
        except pa.ArrowNotImplementedError as error:
            if _NESTED_LIMITATION not in str(error):
                raise self._unreadable(error) from error
            message = (
                "has a list or struct around a dictionary, which pyarrow cannot read from a large file; "
                f"store its values as they are, without a dictionary ({explained(error)})"
            )
            raise InvalidInput(message, filename=self.filename) from error
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise self._unreadable(error) from error

    def _require_rows(self, n_rows: int) -> None:
        """Refuse a file whose number of rows is not that of its footer."""
        if n_rows != self.n_rows:
            message = f"is not a readable Parquet file (its footer says {self.n_rows:,} rows, but there are {n_rows:,})"
            raise InvalidInput(message, filename=self.filename)

    def _as_stored(self, table: pa.Table) -> pa.Table:
        """The table with the types of ``schema``."""
        for number, column in enumerate(table.columns):
            if _is_geoarrow(column.type):
                storage = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
                table = table.set_column(number, table.field(number).with_type(storage.type), storage)
        return table

    def require_column(self, name: str) -> pa.DataType:
        """Type of a column.

        Raises:
            InvalidInput: there is no such column.
        """
        names = self.schema.names
        if names.count(name) != 1:
            message = f"there is no such column; the file has {listed(names)}"
            if name in names:
                message = "there are several columns of that name"
            raise InvalidInput(message, filename=self.filename, column=shortened(name))
        return self.schema.field(name).type

    def _unreadable(self, error: Exception) -> InvalidInput:
        reason = explained(error)
        if _NO_FOOTER in reason:
            reason = "it does not end like one: its end is missing, as after a copy that broke off, or it is no Parquet"
        return InvalidInput(f"is not a readable Parquet file ({reason})", filename=self.filename)


def _is_geoarrow(data_type: pa.DataType) -> bool:
    return isinstance(data_type, pa.BaseExtensionType) and data_type.extension_name.startswith("geoarrow.")


def _without_geoarrow(schema: pa.Schema) -> pa.Schema:
    """The schema with storage types in place of the extension types that pyarrow gives if GeoArrow is installed."""
    fields = [field.with_type(field.type.storage_type) if _is_geoarrow(field.type) else field for field in schema]
    return pa.schema(fields, schema.metadata)


def regrouped(tables: Iterable[pa.Table], n_rows: int = ROW_GROUP_ROWS) -> Iterator[pa.Table]:
    """The rows of all tables in chunks of ``n_rows``, the last one with the rest; chunks as read may be shorter.

    >>> [chunk.num_rows for chunk in regrouped([pa.table({"a": [1, 2, 3]}), pa.table({"a": [4]})], n_rows=2)]
    [2, 2]
    """
    held: list[pa.Table] = []
    n_held = 0
    for table in tables:
        held.append(table)
        n_held += table.num_rows
        while n_held >= n_rows:
            joined = pa.concat_tables(held)
            yield joined.slice(0, n_rows)
            held = [joined.slice(n_rows)]
            n_held -= n_rows
    if n_held:
        yield pa.concat_tables(held)
