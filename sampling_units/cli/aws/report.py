"""``kmeans aws report``: the page about a run."""

import json
from pathlib import Path

import click

from sampling_units.cli.aws.options import StackConnection, connection_options, use_connection
from sampling_units.cli.command_errors import errors_as_exit_status
from sampling_units.errors import FileMissing, InvalidParameters
from sampling_units.io.atomic import check_writable
from sampling_units.runs import keys


@click.command(epilog="Exit status: 0 done, 1 AWS does not answer as it should, 2 wrong usage, 130 Ctrl-C.")
@click.argument("run")
@connection_options
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Where to put it.  [default: RUN.html, here]"
)
@click.option("--open", "is_opened", is_flag=True, help="Open it in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def report(run: str, connection: StackConnection, out: Path | None, is_opened: bool, as_json: bool) -> None:
    """Fetch the report of the run RUN: a page with key figures, map, histograms and tables. It needs no network.

    \b
    Examples:
      kmeans aws report run-20261123-093000 --open
      kmeans aws report ilocos-300 --out ilocos.html --stack SamplingUnits-prod
    """
    path = out or Path(f"{run}.html")
    with errors_as_exit_status():
        use_connection(connection)
        from sampling_units.aws import s3
        from sampling_units.cli.aws.deployment import find_deployment  # boto3 takes a moment to load.

        deployment = find_deployment(connection.stack)
        check_writable(path.parent)
        try:
            s3.download(deployment.output_bucket, keys.report_key(run), path)
        except FileMissing as error:
            follow = f"kmeans aws watch {run}{deployment.stack_option}"
            message = f"there is no report of {run} in {connection.stack} (yet); see `{follow}`"
            raise InvalidParameters(message) from error
    if as_json:
        click.echo(json.dumps({"run": run, "stack": connection.stack, "report": str(path)}))
    else:
        click.echo(f"The report is in {path}.")
    if is_opened:
        click.launch(str(path))
