"""A Parquet file opened for reading, piece by piece: small files are decoded once, large ones never held whole."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lambdas.contract.errors import InvalidInput
from lambdas.geodata.geo_metadata import geometry_column

# Rows of a piece, and of a row group of an output: as GeoParquet readers like it, and some 10 MB in memory.
PIECE_ROWS = 131_072
# Columns that an error lists: a message has to stay short.
_NAMED_COLUMNS = 20


class GeoFile:
    """A Parquet file.

    Attributes:
        filename: for error messages.
        schema: Arrow schema of the whole file.
        n_rows: number of rows.
        geometry: the primary geometry column, None in a file that declares none.
    """

    def __init__(self, source: Any, filename: str) -> None:
        """Open ``source``: a path, or a file object of pyarrow.

        Raises:
            InvalidInput: not Parquet, or with broken or unusable geometry metadata.
        """
        self.filename = filename
        try:
            # Buffered ahead, every compressed byte that was read would stay in memory.
            self._parquet = pq.ParquetFile(source, pre_buffer=False)
            self.schema: pa.Schema = self._parquet.schema_arrow
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error
        self.n_rows = int(self._parquet.metadata.num_rows)
        self.geometry = geometry_column(self._parquet, filename)
        self._whole: pa.Table | None = None

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows in order, in pieces of at most ``PIECE_ROWS``; all columns, or those named, in file order.

        Raises:
            InvalidInput: the file cannot be decoded.
        """
        try:
            if self.n_rows <= PIECE_ROWS:
                if self._whole is None:
                    self._whole = self._parquet.read(use_threads=False)
                yield self._whole if columns is None else self._whole.select(columns)
                return
            for batch in self._parquet.iter_batches(PIECE_ROWS, columns=columns):
                yield pa.Table.from_batches([batch])
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    def require_column(self, name: str) -> pa.DataType:
        """Type of a column.

        Raises:
            InvalidInput: there is no such column.
        """
        if self.schema.get_field_index(name) < 0:
            names = self.schema.names
            known = ", ".join(names[:_NAMED_COLUMNS]) + (" and others" if len(names) > _NAMED_COLUMNS else "")
            message = f"there is no such column; the file has {known}"
            if name in names:
                message = "there are several columns of that name"
            raise InvalidInput(message, filename=self.filename, column=name)
        return self.schema.field(name).type

    def _unreadable(self, error: Exception) -> InvalidInput:
        return InvalidInput(f"is not a readable Parquet file ({error})", filename=self.filename)
