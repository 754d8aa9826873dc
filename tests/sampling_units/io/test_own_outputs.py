"""What identifies an input, and what is never replaced."""

import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sampling_units.errors import OutputNotWritable
from sampling_units.io.digest import content_digest
from sampling_units.io.provenance import PROVENANCE_METADATA, encode_provenance, read_own_outputs


@pytest.mark.parametrize("n_bytes", [0, 1, 2_500_000])
def test_the_digest_is_the_md5_of_the_content(tmp_path, n_bytes):
    content = bytes(range(250)) * (n_bytes // 250) + b"x" * (n_bytes % 250)
    (tmp_path / "in.parquet").write_bytes(content)
    assert content_digest(tmp_path / "in.parquet") == hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_outputs_say_how_they_were_made_and_missing_ones_nothing(tmp_path):
    table = pa.table({"a": [1]}).replace_schema_metadata({PROVENANCE_METADATA: encode_provenance({"version": "1"})})
    pq.write_table(table, tmp_path / "own.parquet")
    assert read_own_outputs([tmp_path / "own.parquet", tmp_path / "none.parquet"]) == [{"version": "1"}, None]


@pytest.mark.parametrize("content", [b"", b"notes", None])
def test_another_file_with_the_name_of_an_output_is_refused(tmp_path, content):
    path = tmp_path / "other.parquet"
    if content is None:
        pq.write_table(pa.table({"a": [1]}), path)
    else:
        path.write_bytes(content)
    with pytest.raises(OutputNotWritable, match=r"other\.parquet is there already, but cannot be read as an output"):
        read_own_outputs([tmp_path / "none.parquet", path])
