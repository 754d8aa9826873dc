"""Writes the rows of Parquet files as one layer of a map file, in batches, through GDAL.

Nothing here depends on the command line.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FieldError

from sampling_units.cli.export.attributes import Format
from sampling_units.cli.export.deferred_signals import stop_signals_deferred
from sampling_units.cli.export.geometries import ANY_TYPE, as_wkb, crs_for_gdal, layer_type
from sampling_units.cli.export.layer_plan import Plan, plan_layer, require_same, unused_name
from sampling_units.cli.row_progress import Advance
from sampling_units.errors import InvalidInput, OutputNotWritable
from sampling_units.io.geo_file import GeoFile

# Rows of a batch for GDAL: a fraction of a second, after which a stop signal is handled.
_BATCH_ROWS = 16_384
_WRITING = "writing"
# GDAL's default name for the column with the number of a row in a GeoPackage.
_GEOPACKAGE_ROW_NUMBER = "fid"


@dataclass(frozen=True)
class Written:
    """What was written: number of rows, and what is different from the files."""

    n_rows: int
    changes: list[str]


def write_layer(sources: Sequence[Path], path: Path, wanted: Format, advance: Advance) -> Written:
    """Write the rows of all ``sources``, in their order, to ``path``, a new file that is called like its layer.

    Raises:
        InvalidInput: a file cannot be read or has no geometries, one of them is broken, or the files differ.
        OutputNotWritable: GDAL cannot write, for lack of space or because the format refuses something.
    """
    # A file is opened again when its turn comes: a nation's frames are more files than a process may hold open.
    plans = [plan_layer(GeoFile(str(source), str(source)), wanted) for source in sources]
    first = plans[0]
    for plan in plans[1:]:
        require_same(first, plan)
    kinds = frozenset[str]().union(*(plan.kinds for plan in plans))
    kind = layer_type(kinds) if wanted.has_layer_type else ANY_TYPE
    changes = list(dict.fromkeys(change for plan in plans for change in plan.changes))
    if wanted.is_in_spatial_order:
        changes.append("rows: in spatial order, for the spatial index")
    if kinds != {kind} and kind != ANY_TYPE:
        changes.append(f"column {first.geometry.name}: all geometries as {kind}, so that the layer has one type")
    n_rows = sum(plan.n_rows for plan in plans)
    with stop_signals_deferred() as stop_if_asked:

        def go_on(n_done: int) -> None:
            stop_if_asked()
            advance(_WRITING, n_done, n_rows)

        batches = _Batches(first, kind, sources, wanted, go_on)
        changes += _write(batches, first, kind, path, wanted)
    changes += [f"column {name}: {n:,} numbers that are not finite are missing" for name, n in batches.n_lost.items()]
    return Written(n_rows, changes)


def _write(batches: "_Batches", plan: Plan, kind: str, path: Path, wanted: Format) -> list[str]:
    """Write a layer of one type; the warnings of GDAL."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            pyogrio.write_arrow(
                pa.RecordBatchReader.from_batches(plan.schema, iter(batches)),
                path,
                layer=path.stem,
                driver=wanted.driver,
                geometry_name=plan.geometry.name,
                geometry_type=kind,
                crs=None if plan.crs is None else crs_for_gdal(plan.crs),
                layer_options=wanted.options | _names(plan, wanted),
            )
        except (DataLayerError, DataSourceError, FieldError, RuntimeError) as error:
            if batches.error is not None:
                # GDAL does not say which error it was.
                raise batches.error from error
            raise OutputNotWritable(f"{wanted.name} cannot be written ({error})", filename=path.name) from error
    # The other category is pyogrio's own, when a file names no coordinate system.
    return list(dict.fromkeys(str(warning.message) for warning in caught if warning.category is RuntimeWarning))


def _names(plan: Plan, wanted: Format) -> dict[str, str]:
    """Layer options that name the columns which a GeoPackage adds."""
    if wanted.driver != "GPKG":
        return {}
    taken = {name.lower() for name in plan.schema.names}
    return {"GEOMETRY_NAME": plan.geometry.name, "FID": unused_name(_GEOPACKAGE_ROW_NUMBER, taken)}


class _Batches:
    """The rows of the files as GDAL takes them.

    Attributes:
        error: the error that ended them too early, if any.
        n_lost: by column, values that the format does not hold.
    """

    def __init__(
        self, first: Plan, kind: str, sources: Sequence[Path], wanted: Format, go_on: Callable[[int], None]
    ) -> None:
        self.error: BaseException | None = None
        self.n_lost: Counter[str] = Counter()
        self._schema, self._kind, self._sources = first.schema, kind, sources
        self._wanted, self._go_on = wanted, go_on

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for source in self._sources:
                yield from self._of_file(source)
        except BaseException as error:
            self.error = error
            raise

    def _of_file(self, source: Path) -> Iterator[pa.RecordBatch]:
        file = GeoFile(str(source), str(source))
        plan = plan_layer(file, self._wanted)
        begin = 0
        for table in file.tables([*plan.columns, plan.geometry.name]):
            arrays: dict[str, pa.Array] = {}
            for name in table.column_names:
                try:
                    arrays |= self._converted(table[name], name, plan)
                except InvalidInput as error:
                    row = begin + error.where["row"]
                    raise InvalidInput(error.message, filename=file.filename, column=name, row=row) from error
            begin += table.num_rows
            batch = pa.record_batch([arrays[name] for name in self._schema.names], schema=self._schema)
            for offset in range(0, len(batch), _BATCH_ROWS):
                part = batch.slice(offset, _BATCH_ROWS)
                yield part
                self._go_on(len(part))

    def _converted(self, column: pa.ChunkedArray, name: str, plan: Plan) -> dict[str, pa.Array]:
        """Columns of the layer from one of the file, by their names."""
        # Not `combine_chunks`, which leaves the chunks of long text as they are.
        array = pa.concat_arrays(column.unify_dictionaries().chunks or [pa.array([], column.type)])
        if name != plan.geometry.name:
            exported = plan.columns[name]
            converted = exported.convert(array)
            n_lost = sum(part.null_count - array.null_count for part in converted)
            if n_lost:
                self.n_lost[name] += n_lost
            return {field.name: part for field, part in zip(exported.fields, converted, strict=True)}
        geometries = as_wkb(array, plan.geometry.encoding, self._kind)
        if geometries.null_count and not self._wanted.allows_missing_geometry:
            row = geometries.is_null().to_pylist().index(True)
            raise InvalidInput(f"the geometry is missing, which {self._wanted.name} cannot hold", row=row)
        return {name: geometries}
