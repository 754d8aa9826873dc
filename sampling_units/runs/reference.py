"""What the documents take from the code: the JSON schema of a run's input, and tables of parameters and statuses.

``python -m sampling_units.runs.reference docs`` writes all of them anew.
"""

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from kmeans import Status, Verdict
from sampling_units.parameters import BySettlement, Parameter, RunParameters, parameter_table
from sampling_units.runs.events import RunRequest

_PARAMETERS = "<!-- Made from sampling_units/parameters by `make parameters`: begin -->\n"
_STATUSES = "<!-- Made from kmeans/status.py by `make parameters`: begin -->\n"
_END = "<!-- end -->\n"


def run_input_schema() -> dict[str, Any]:
    """The JSON schema of the input of the state machine: a ``RunRequest``, whose ``run_id`` the state machine adds.

    >>> schema = run_input_schema()
    >>> schema["$defs"]["RunParameters"]["properties"]["weight_importance"]["maximum"]
    1
    """
    schema = msgspec.json.schema(RunRequest)
    request, params = (schema["$defs"][kind.__name__] for kind in (RunRequest, RunParameters))
    del request["properties"]["run_id"]
    request["required"].remove("run_id")
    for definition in schema["$defs"].values():
        # Of a docstring the first paragraph; the others are for readers of the code.
        definition["description"] = " ".join(definition["description"].partition("\n\n")[0].split())
    for name, parameter in parameter_table().items():
        described = parameter.entry.bounds | {"description": _meaning(parameter)}
        params["properties"][name].update(described)
        if parameter.may_differ_by_settlement:
            for number in schema["$defs"][BySettlement.__name__]["properties"].values():
                number.update(parameter.entry.bounds)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def parameter_rows() -> str:
    """The run parameters as a table in Markdown."""
    lines = ["| name | option | default | meaning |", "|---|---|---|---|"]
    for parameter in parameter_table().values():
        names = [parameter.option]
        if parameter.may_differ_by_settlement:
            names += [f"{parameter.option}-urban", f"{parameter.option}-rural"]
        options = ", ".join(f"`{name}`" for name in names) + (", repeatable" if parameter.is_repeatable else "")
        lines.append(f"| `{parameter.name}` | {options} | {_default(parameter)} | {_meaning(parameter)} |")
    return "\n".join(lines) + "\n"


def status_rows() -> str:
    """The statuses of clusters as a table in Markdown."""
    lines = ["| `cluster_status` | weight in the range | meaning, and what to change |", "|---|---|---|"]
    in_range = {Verdict.INSIDE: "yes", Verdict.OUTSIDE: "no", Verdict.EITHER: "yes or no"}
    lines += [f"| `{status.value}` | {in_range[status.verdict]} | {status.explanation} |" for status in Status]
    return "\n".join(lines) + "\n"


def with_parameter_rows(page: str) -> str:
    """A page with its table of parameters made anew.

    Raises:
        ValueError: it does not have the marks between which the table is.
    """
    return _with_table(page, _PARAMETERS, parameter_rows())


def with_status_rows(page: str) -> str:
    """A page with its table of statuses made anew.

    Raises:
        ValueError: as in ``with_parameter_rows``.
    """
    return _with_table(page, _STATUSES, status_rows())


def _with_table(page: str, begin: str, rows: str) -> str:
    head, _, rest = page.partition(begin)
    _, mark, tail = rest.partition(_END)
    if not mark:
        raise ValueError("the page has no marks between which the table would be")
    return f"{head}{begin}\n{rows}\n{_END}{tail}"


def schema_text() -> str:
    """The schema as it is written into a file."""
    return json.dumps(run_input_schema(), indent=2) + "\n"


def _default(parameter: Parameter) -> str:
    entry, on_command_line = parameter.entry, parameter.command_line_default
    text = f"`{json.dumps(parameter.default)}`" if parameter.default is not None or not entry.default else entry.default
    if parameter.default == () and entry.default:
        text = f"`[]`: {entry.default}"
    if entry.is_required:
        return f"{text} (required on the command line)"
    if on_command_line != parameter.default:
        return f"{text} (on the command line: {entry.default})"
    return text


def _meaning(parameter: Parameter) -> str:
    entry = parameter.entry
    sentences = [entry.help, entry.details]
    if parameter.may_differ_by_settlement:
        sentences.append('One number, or `{"urban": ..., "rural": ...}`.')
    return " ".join(filter(None, sentences))


def main(folder: Path) -> None:
    """Write the documents in a folder anew."""
    page = folder / "parameters.md"
    page.write_text(with_parameter_rows(page.read_text()))
    page = folder / "algorithm.md"
    page.write_text(with_status_rows(page.read_text()))
    (folder / "run-input.schema.json").write_text(schema_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
