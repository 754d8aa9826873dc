"""Divides the rows of a Parquet file among files, one for each value of a column, in bounded memory.

Nothing here depends on the command line, or on the names that the files have in the end.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kmeans.arrays import IntArray
from sampling_units.cli.row_progress import Advance
from sampling_units.cli.split.column_values import STAND_INS, Values
from sampling_units.errors import OutputNotWritable
from sampling_units.io.geo_file import ROW_GROUP_ROWS, GeoFile, regrouped
from sampling_units.io.geo_metadata import GEO_METADATA

# About as many files are open at the same time; some systems allow 256.
_MOST_BUCKETS = 128
# Memory of the rows that are sorted at once; more for a file of more than 64 times as much.
_BUCKET_BYTES = 64 * 2**20
_SORTING, _WRITING = "sorting", "writing"


def write_parts(file: GeoFile, values: Values, paths: Sequence[Path], staging: Path, advance: Advance) -> None:
    """Write the rows of each value to its path, in input order, with all columns and the metadata of the file.

    A bounding box of the whole file in its metadata is left out. Files whose rows need more memory than
    ``_BUCKET_BYTES`` are sorted by ranges of values first, into buckets on the disk.

    Args:
        file: the file.
        values: what ``count_values`` found in it.
        paths: one for each value.
        staging: folder for the buckets.
        advance: called with the progress.

    Raises:
        InvalidInput: the file cannot be decoded.
        OutputNotWritable: the disk is full or fails.
    """
    schema = _schema_of_parts(file)
    buckets = _buckets(values.n_rows, _rows_in_memory(file))
    try:
        if len(buckets) == 1:
            _write_bucket(file.tables(), values, buckets[0], paths, schema, advance)
            return
        sources = [staging / f"{number}.bucket" for number in range(len(buckets))]
        _sort_into_buckets(file, values, buckets, sources, advance)
        for bucket, source in zip(buckets, sources, strict=True):
            _write_bucket(_read_bucket(source), values, bucket, paths, schema, advance)
            source.unlink()
    except OSError as error:
        raise OutputNotWritable(f"cannot write to {staging.parent}: {error.strerror or error}") from error


def _rows_in_memory(file: GeoFile) -> int:
    """Rows that fit into a bucket, estimated from the first chunk."""
    first = next(file.tables())
    return max(_BUCKET_BYTES * int(first.num_rows) // max(int(first.nbytes), 1), 1)


def _buckets(n_rows: IntArray, most_rows: int) -> list[range]:
    """Ranges of values with at most ``most_rows`` rows each; more if a single value has more, or the file is large."""
    # Two adjacent buckets have more rows together than the limit, so at most twice as many are made as full ones.
    most_rows = max(most_rows, 2 * int(n_rows.sum()) // _MOST_BUCKETS)
    edges, total = [0], 0
    for number, n in enumerate(n_rows.tolist()):
        if total and total + n > most_rows:
            edges.append(number)
            total = 0
        total += n
    return [range(begin, end) for begin, end in pairwise([*edges, len(n_rows)])]


def _sort_into_buckets(
    file: GeoFile, values: Values, buckets: Sequence[range], paths: Sequence[Path], advance: Advance
) -> None:
    """Write the rows of each bucket to its path, in input order, as an Arrow stream."""
    bucket_of = np.repeat(np.arange(len(buckets)), [len(bucket) for bucket in buckets])
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with ExitStack() as stack:
        schema = _sortable(file.schema)
        writers = [stack.enter_context(pa.ipc.new_stream(path, schema, options=options)) for path in paths]
        for table in file.tables():
            for bucket, rows in _divided(table, bucket_of[values.number(table)], len(buckets)):
                writers[bucket].write_table(rows)
            advance(_SORTING, table.num_rows, file.n_rows)


def _read_bucket(path: Path) -> Iterator[pa.Table]:
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])


def _write_bucket(
    tables: Iterable[pa.Table],
    values: Values,
    bucket: range,
    paths: Sequence[Path],
    schema: pa.Schema,
    advance: Advance,
) -> None:
    """Write the files of a range of values; a range of one value may have any number of rows."""
    n_rows = int(values.n_rows.sum())
    if len(bucket) == 1:
        _write_part(regrouped(tables), paths[bucket.start], schema, lambda n: advance(_WRITING, n, n_rows))
        return
    table = pa.concat_tables(tables)
    for number, rows in _divided(table, values.number(table) - bucket.start, len(bucket)):
        _write_part([rows], paths[bucket.start + number], schema, lambda n: advance(_WRITING, n, n_rows))


def _divided(table: pa.Table, number: IntArray, n_parts: int) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each part that has any, in their order; ``number`` is the part of each row."""
    order = np.argsort(number, kind="stable")
    edges = np.searchsorted(number[order], np.arange(n_parts + 1)).tolist()
    table = table.cast(_sortable(table.schema)).take(order)
    for part, (begin, end) in enumerate(pairwise(edges)):
        if begin < end:
            yield part, table.slice(begin, end - begin)


def _sortable(schema: pa.Schema) -> pa.Schema:
    """The schema with types whose rows Arrow can reorder."""
    fields = [field.with_type(STAND_INS.get(field.type, field.type)) for field in schema]
    return pa.schema(fields, schema.metadata)


def _write_part(tables: Iterable[pa.Table], path: Path, schema: pa.Schema, advance: Callable[[int], None]) -> None:
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for table in tables:
            columns = [_without_unused_words(column) for column in table.columns]
            rows = pa.Table.from_arrays(columns, table.column_names).cast(schema)
            writer.write_table(rows, ROW_GROUP_ROWS)
            advance(table.num_rows)


def _without_unused_words(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A dictionary column without unused words, which each file would hold otherwise; the order of words stays."""
    if not pa.types.is_dictionary(column.type):
        return column
    array = column.unify_dictionaries().combine_chunks()
    used = pc.unique(array.indices.drop_null())
    used = used.take(pc.sort_indices(used))
    indices = pc.index_in(array.indices, value_set=used).cast(column.type.index_type)
    words = array.dictionary.take(used)
    return pa.chunked_array([pa.DictionaryArray.from_arrays(indices, words, ordered=column.type.ordered)])


def _schema_of_parts(file: GeoFile) -> pa.Schema:
    """Schema and metadata of the file, without the bounding box of the whole file."""
    metadata = dict(file.schema.metadata or {})
    if GEO_METADATA in metadata:
        geo = json.loads(metadata[GEO_METADATA])
        for description in geo["columns"].values():
            description.pop("bbox", None)
        metadata[GEO_METADATA] = json.dumps(geo).encode()
    elif file.geometry is not None:
        # Parquet's own type GEOMETRY, which pyarrow reads but does not write.
        geometry = file.geometry
        crs = None if geometry.crs is None else geometry.crs.system.to_json_dict()
        description = {"encoding": geometry.encoding, "geometry_types": [], "crs": crs}
        geo = {"version": "1.1.0", "primary_column": geometry.name, "columns": {geometry.name: description}}
        metadata[GEO_METADATA] = json.dumps(geo).encode()
    return file.schema.with_metadata(metadata)
