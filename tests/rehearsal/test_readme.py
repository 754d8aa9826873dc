import pytest

from tests.rehearsal.errors import RehearsalError
from tests.rehearsal.readme import command, commands, documented, filled_in

TEXT = """
Before.

```
make setup          # once
aws run --input '{
  "a": 1,

  "b": 2}' --last
aws invoke NAME \\
  --payload '{"c": "#"}'  # over two lines

```

`not this`

```python
nor_this()
```
"""


def test_commands_are_found_whole_and_without_comments():
    assert list(commands(TEXT)) == [
        "make setup",
        'aws run --input \'{\n  "a": 1,\n\n  "b": 2}\' --last',
        'aws invoke NAME \\\n  --payload \'{"c": "#"}\'',
    ]


def test_names_in_capitals_are_filled_in():
    assert filled_in("aws s3 cp s3://INPUT_BUCKET/ MODE", {"INPUT_BUCKET": "b"}) == "aws s3 cp s3://b/ MODE"
    with pytest.raises(RehearsalError, match="OUTPUT_BUCKET"):
        filled_in("aws s3 ls s3://OUTPUT_BUCKET", {"INPUT_BUCKET": "b"})


def test_a_command_is_chosen_by_its_beginning():
    assert command("make demo") == "make demo"
    assert "make test" in documented()
    with pytest.raises(RehearsalError, match="0 commands"):
        command("rm -rf")
    with pytest.raises(RehearsalError, match="commands that begin"):
        command("make ")
