"""All cases by kind, under the headings of the page that `make hostile-page` writes."""

from collections.abc import Callable, Iterable

from tests.hostile import (
    column_cases,
    event_cases,
    geo_cases,
    key_cases,
    long_cases,
    page_cases,
    parquet_cases,
    wkb_cases,
)
from tests.hostile.cases import Case, EventCase

# Every one of these is refused.
FILES: dict[str, Callable[[], Iterable[Case]]] = {
    "Bytes and footers of Parquet": parquet_cases.cases,
    "Pages of Parquet": page_cases.page_cases,
    "Small files that fill any memory": page_cases.bomb_cases,
    "GeoParquet metadata": geo_cases.cases,
    "Geometries in WKB": wkb_cases.cases,
    "Geometries in native encodings": column_cases.native_cases,
    "Columns of longitude and latitude": column_cases.place_cases,
    "Weights": column_cases.weight_cases,
    "Groups, urban and rural": column_cases.group_cases,
    "Names of columns": column_cases.name_cases,
    "Names of files": key_cases.cases,
    "Long and unprintable names": long_cases.cases,
}
# Refused for every file, so that no neighbour stands beside them.
PARAMETERS: dict[str, Callable[[], Iterable[Case]]] = {
    "Parameters that fit no file": event_cases.params_for_files,
}
EVENTS: dict[str, Callable[[], Iterable[EventCase]]] = {
    "Events and parameters": event_cases.cases,
    "Long and unprintable events": long_cases.events,
}
# Unusual, but clustered like any other file.
ODD: dict[str, Callable[[], Iterable[Case]]] = {
    "Parquet": parquet_cases.odd,
    "pages": page_cases.odd,
    "large, but not too large": page_cases.odd_bombs,
    "GeoParquet metadata": geo_cases.odd,
    "WKB": wkb_cases.odd,
    "columns": column_cases.odd,
    "names of files": key_cases.odd,
}
