"""``kmeans aws start``: validates a request and starts a run, unless the same one is going on."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from cli.aws.options import DEFAULT_STACK, choose_account, request_of, run_options, stack_options
from cli.command_errors import errors_as_exit_status
from lambdas.contract.errors import InvalidParameters

if TYPE_CHECKING:
    from cli.aws.deployment import Deployment


@click.command(epilog="Exit status: 0 started or going on, 1 AWS does not answer as it should, 2 wrong usage.")
@stack_options
@run_options
@click.option("--name", help="What to call the run.  [default: run- and the time]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def start(
    stack: str,
    profile: str | None,
    region: str | None,
    endpoint_url: str | None,
    name: str | None,
    as_json: bool,
    **run: Any,
) -> None:
    """Start a run: every file of the input bucket that is not up to date. Its name is printed.

    What is wrong with the request is said before anything starts. While a run with the same request is going on, no
    second one is started. The run does not need this command any more: follow it with `kmeans aws watch NAME`.

    \b
    Examples:
      # Everything in the bucket, as the stack does it by default
      kmeans aws start
    \b
      # One province with other parameters, by a name of its own
      kmeans aws start --prefix ilocos/ --params '{"target_weight": 300}' --name ilocos-300
    """
    with errors_as_exit_status():
        choose_account(profile, region, endpoint_url)
        from cli.aws.deployment import find_deployment  # boto3 takes a moment to load.

        deployment = find_deployment(stack)
        run_name, is_new = start_run(deployment, request_of(run), name)
    if as_json:
        click.echo(json.dumps({"run": run_name, "stack": stack, "started": is_new}))
        return
    click.echo(
        f"Started {run_name}." if is_new else f"{run_name} is going on with the same request; nothing was started."
    )
    elsewhere = "" if stack == DEFAULT_STACK else f" --stack {stack}"
    click.echo(f"Follow it: kmeans aws watch {run_name}{elsewhere}")


def start_run(deployment: "Deployment", request: dict[str, Any], name: str | None) -> tuple[str, bool]:
    """Name of the run of a request, and whether it was started now.

    Raises:
        InvalidParameters: the request is wrong, or its name is taken.
        RunError: AWS does not answer as it should.
    """
    import boto3  # Takes a moment to load.

    from cli.aws.service_errors import translated
    from cli.execution import Execution

    wanted = name if name is not None else f"run-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    deployment.complete(request, wanted)
    client = boto3.client("stepfunctions")
    with translated(f"the state machine of {deployment.stack}"):
        for running in _running(client, deployment.state_machine_arn):
            if json.loads(client.describe_execution(executionArn=running["executionArn"])["input"]) == request:
                return str(running["name"]), False
        try:
            Execution.start(client, deployment.state_machine_arn, wanted, request)
        except client.exceptions.ExecutionAlreadyExists as error:
            raise InvalidParameters(f"there was a run called {wanted} already; choose another --name") from error
    return wanted, True


def _running(client: Any, state_machine_arn: str) -> Any:
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=state_machine_arn, statusFilter="RUNNING")
    return (execution for page in pages for execution in page["executions"])
