"""A format is one entry: what follows from it works for a reader that only this test knows."""

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from geopandas.testing import assert_geodataframe_equal

import sampling_units
from sampling_units import errors, file_names, formats
from sampling_units.io.geo_file import GeoFile
from tests.support.geoparquet_files import cell_file


class ArrowFile(GeoFile):
    """A file of Arrow's own format, turned into Parquet in memory."""

    def __init__(self, source, filename):
        content = pa.BufferOutputStream()
        try:
            table = pa.ipc.open_file(pa.OSFile(source) if isinstance(source, str) else source).read_all()
        except pa.ArrowInvalid as error:
            raise errors.InvalidInput("is no Arrow file", filename=filename) from error
        pq.write_table(table, content)
        super().__init__(pa.BufferReader(content.getvalue()), filename)


@pytest.fixture
def arrow_format(monkeypatch):
    entry = formats.InputFormat("Arrow", (".arrow",), f"{__name__}:ArrowFile")
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, entry))


@pytest.mark.usefixtures("arrow_format")
def test_a_file_of_another_format_gives_the_same_units(tmp_path):
    (tmp_path / "cells.parquet").write_bytes(cell_file(100))
    table = pq.read_table(tmp_path / "cells.parquet")
    with pa.OSFile(str(tmp_path / "cells.arrow"), "w") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    options = {"target_weight": 40, "weight": "population"}
    wanted = sampling_units.cluster_file(tmp_path / "cells.parquet", tmp_path / "of_parquet", **options)
    found = sampling_units.cluster_file(tmp_path / "cells.arrow", tmp_path / "of_arrow", **options)
    assert found.report == wanted.report
    assert found.output == str(tmp_path / "of_arrow" / "clustered_cells.arrow.parquet")
    assert found.frame == str(tmp_path / "of_arrow" / "frame" / "cells.arrow.parquet")
    for one, other in ((found.output, wanted.output), (found.frame, wanted.frame)):
        assert_geodataframe_equal(geopandas.read_parquet(one), geopandas.read_parquet(other))


@pytest.mark.usefixtures("arrow_format")
def test_names_of_outputs_end_like_parquet():
    assert file_names.is_input("a/cells.ARROW")
    assert file_names.output_key("a/cells.arrow") == "a/clustered_cells.arrow.parquet"
    assert file_names.output_key("a/cells.geoparquet") == "a/clustered_cells.geoparquet"
    assert file_names.output_prefixes("a/cel") == ["a/cel", "a/clustered_cel"]
    assert file_names.file_stem("a/cells.arrow") == "a/cells"
