"""A table of pandas or geopandas as the file that the job reads: the columns that it needs, and no index."""

import difflib
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sampling_units.errors import InvalidInput
from sampling_units.formatting import explained, listed, shortened
from sampling_units.io.clustered_file import added_columns
from sampling_units.io.coordinates import usual_columns
from sampling_units.parameters import RunParameters

if TYPE_CHECKING:
    import pandas as pd

# What pandas and pyarrow raise when they cannot write a table.
_UNWRITABLE = (pa.ArrowException, TypeError, ValueError, NotImplementedError)
# Types of values that an error lists.
_NAMED_TYPES = 5


def table_as_parquet(table: Any, params: RunParameters) -> bytes:
    """The columns of ``table`` that ``params`` need, as Parquet; those that nobody reads may hold anything.

    Raises:
        InvalidInput: a column is missing or cannot be written, or nothing says where the rows are.
        TypeError: it is no table.
    """
    _require_table(table)
    names = _needed_columns(table, params)
    for name in names:
        _require_column(table, name, "urban_column names it" if name == params.urban_column else "")
    for name in added_columns(params.column_prefix):
        if name in table.columns:
            message = "the table has this column already; drop it, or choose other names with column_prefix"
            raise InvalidInput(message, column=name)
    part = table[names].reset_index(drop=True)
    # Notes of the user, which may hold what Parquet does not.
    part.attrs = {}
    content = io.BytesIO()
    try:
        part.to_parquet(content, index=False)
    except _UNWRITABLE as error:
        raise _unwritable(part, error) from error
    return content.getvalue()


def _require_table(table: Any) -> None:
    import geopandas
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        hint = "; cluster_file takes files" if isinstance(table, str) or hasattr(table, "__fspath__") else ""
        if isinstance(table, geopandas.GeoSeries):
            hint = '; to_frame("geometry") makes it one'
        raise TypeError(f"a DataFrame or GeoDataFrame is needed, not {type(table).__name__}{hint}")
    if table.columns.nlevels > 1:
        raise InvalidInput("the columns of the table have several levels; give them plain names first")


def _needed_columns(table: "pd.DataFrame", params: RunParameters) -> list[str]:
    """Names of the columns that the job reads."""
    named = [*_place_columns(table, params), params.weight_column, *params.group_by]
    if params.tells_settlements_apart and len(table):
        named.append(params.urban_column)
    return list(dict.fromkeys(name for name in named if name is not None))


def _place_columns(table: "pd.DataFrame", params: RunParameters) -> Sequence[str | None]:
    """Columns with the places of the rows.

    Raises:
        InvalidInput: there are none.
    """
    geometry = getattr(table, "active_geometry_name", None)
    active = [geometry] if geometry in table.columns else []
    if active or params.longitude_column is not None:
        return [*active, params.longitude_column, params.latitude_column]
    shapes = [name for name, data_type in table.dtypes.items() if str(data_type) == "geometry"]
    pair = usual_columns(name for name in table.columns if isinstance(name, str))
    if not shapes and pair is not None:
        return [pair.x, pair.y]
    shapes = shapes or [name for name in table.columns if _holds_shapes(table, name)]
    if shapes:
        name = shortened(shapes[0])
        how = f'geopandas.GeoDataFrame(table, geometry="{name}")'
        message = f"holds geometries, but is not the active geometry of a GeoDataFrame; {how} makes it so"
        raise InvalidInput(message, column=name)
    raise InvalidInput(
        "the table has no geometry, and no columns named longitude and latitude (or lon and lat, lng and lat, x and "
        "y); name them with longitude_column and latitude_column"
    )


def _holds_shapes(table: "pd.DataFrame", name: Any) -> bool:
    """Whether a column of objects begins with a geometry of shapely."""
    import shapely

    column = table[name]
    return column.ndim == 1 and column.dtype == object and any(map(shapely.is_geometry, column.dropna()[:1]))


def _require_column(table: "pd.DataFrame", name: str, hint: str) -> None:
    """Refuse a name that is not that of one column; ``hint`` says how to name another one.

    Raises:
        InvalidInput: says what there is instead.
    """
    count = list(table.columns).count(name)
    if count == 1 and isinstance(name, str):
        return
    if count == 1:
        message = "the name of this column is not text"
    elif count:
        message = "there are several columns of that name"
    elif name in table.index.names:
        message = "is a level of the index and no column; table.reset_index() makes it one"
    else:
        names = [column for column in table.columns if isinstance(column, str)]
        near = difflib.get_close_matches(name, names, 1)
        known = f"did you mean {shortened(near[0])}?" if near else f"the table has {listed(names)}"
        message = f"there is no such column; {hint and f'{hint}; '}{known}"
    raise InvalidInput(message, column=shortened(name))


def _unwritable(table: "pd.DataFrame", error: Exception) -> InvalidInput:
    """Says which column cannot be written, and why."""
    for name in table.columns:
        try:
            table[[name]].to_parquet(io.BytesIO(), index=False)
        except _UNWRITABLE as cause:
            kinds = list(dict.fromkeys(type(value).__name__ for value in table[name].dropna()))
            if len(kinds) > 1:
                message = (
                    f"holds values of several types ({', '.join(kinds[:_NAMED_TYPES])}); "
                    "make them one, for example with astype(str)"
                )
            else:
                message = f"has the type {shortened(table[name].dtype)}, which cannot be read ({explained(cause)})"
            return InvalidInput(message, column=name)
    return InvalidInput(f"the table cannot be written as Parquet ({explained(error)})")
