"""``kmeans aws stop``: ends a run before its time."""

import json

import click

from sampling_units.cli.aws.options import StackConnection, connection_options, use_connection
from sampling_units.cli.command_errors import errors_as_exit_status


@click.command(epilog="Exit status: 0 stopped, or ended already, 1 AWS does not answer, 2 wrong usage, 130 Ctrl-C.")
@click.argument("run")
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def stop(run: str, connection: StackConnection, as_json: bool) -> None:
    """Stop the run RUN. Finished files stay; invocations that are at work finish their batches.

    \b
    Examples:
      kmeans aws stop run-20261123-093000
      kmeans aws stop ilocos-300 --stack SamplingUnits-prod
    """
    with errors_as_exit_status(when_stopped="Stopped. `kmeans aws list` shows whether it had taken effect."):
        use_connection(connection)
        import boto3  # Takes a moment to load.

        from sampling_units.cli.aws.deployment import find_deployment
        from sampling_units.cli.aws.run_progress import describe
        from sampling_units.cli.aws.service_errors import translated

        deployment = find_deployment(connection.stack)
        before = describe(deployment, run)["status"]
        is_stopped = before == "RUNNING"
        if is_stopped:
            with translated(f"run {run} of {connection.stack}"):
                boto3.client("stepfunctions").stop_execution(
                    executionArn=deployment.execution_arn(run), error="Stopped", cause="by kmeans aws stop"
                )
    if as_json:
        click.echo(json.dumps({"run": run, "stack": connection.stack, "stopped": is_stopped}))
        return
    click.echo(f"Stopped {run}." if is_stopped else f"{run} had ended already ({before}).")
    if is_stopped:
        click.echo(f"Do what is left: kmeans aws retry {run}{deployment.stack_option}")
