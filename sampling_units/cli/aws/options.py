"""Options that the commands about AWS share: which stack and how to reach it, what to run, what to do after a start.

Each decorator adds options to a command, which gets their values as one argument.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click
import msgspec

Command = Callable[..., Any]

DEFAULT_STACK = "SamplingUnits-dev"


@dataclass(frozen=True)
class StackConnection:
    """Which stack to use, and how to reach it; None leaves the choice to the environment.

    Attributes:
        stack: name of the deployed stack.
        profile, region, endpoint_url: mean what they mean to AWS's own command line.
    """

    stack: str = DEFAULT_STACK
    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None


@dataclass(frozen=True)
class AfterStart:
    """What a command does once it has started a run.

    Attributes:
        as_json: print JSON instead of text.
        wait: wait until the input files are listed, and print how many there are.
        is_followed: follow the run to its end.
    """

    as_json: bool = False
    wait: bool = True
    is_followed: bool = False


def connection_options(command: Command) -> Command:
    """Which stack, and how to reach it; the command gets ``connection``, a ``StackConnection``."""

    @click.option("--stack", default=DEFAULT_STACK, show_default=True, help="Name of the deployed stack.")
    @click.option("--profile", help="Profile of the AWS credentials.")
    @click.option("--region", help="AWS region.  [default: that of the profile]")
    @click.option("--endpoint-url", metavar="URL", help="Address to use instead of that of AWS.")
    @wraps(command)
    def with_connection(
        stack: str, profile: str | None, region: str | None, endpoint_url: str | None, **others: Any
    ) -> Any:
        return command(connection=StackConnection(stack, profile, region, endpoint_url), **others)

    return with_connection


def request_options(command: Command) -> Command:
    """Fields of a run request, see docs/parameters.md; the command gets ``request`` with those that were given."""

    @click.option("--prefix", default="", help="Only files whose key begins with this.  [default: all]")
    @click.option("--n-files", type=click.IntRange(0), help="At most this many files, in the order of their keys.")
    @click.option(
        "--max-concurrency", type=click.IntRange(1, 10_000), help="Largest number of invocations at the same time."
    )
    @click.option(
        "--tolerated-failure-percentage",
        type=click.FloatRange(0, 100),
        help="Percentage of failed files up to which the run succeeds.",
    )
    @click.option(
        "--params",
        callback=_parsed_object,
        metavar="JSON",
        help="How to cluster: a JSON object, or @FILE with one; the rest comes from the deployment.",
    )
    @click.option("--force", is_flag=True, help="Also redo files whose output is up to date.")
    @wraps(command)
    def with_request(**given: Any) -> Any:
        request = {name: given.pop(name) for name in _REQUEST_FIELDS}
        return command(request=request_of(request), **given)

    return with_request


def after_start_options(command: Command) -> Command:
    """What to do once a run has started; the command gets ``after``, an ``AfterStart``."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
    @click.option("--wait/--no-wait", default=True, help="Wait until the files are listed, and say how many there are.")
    @click.option("--watch", "is_followed", is_flag=True, help="Follow the run to its end, like `kmeans aws watch`.")
    @wraps(command)
    def with_after(as_json: bool, wait: bool, is_followed: bool, **others: Any) -> Any:
        return command(after=AfterStart(as_json, wait, is_followed), **others)

    return with_after


# Options of ``request_options``.
_REQUEST_FIELDS = ("prefix", "n_files", "max_concurrency", "tolerated_failure_percentage", "params", "force")


def request_of(given: dict[str, Any]) -> dict[str, Any]:
    """The request that the values of ``request_options`` make, without those that were not given."""
    # `is not False`, since 0 is a value of its own and equals False.
    return {
        name: value
        for name, value in given.items()
        if value is not None and value is not False and value not in ("", {})
    }


def use_connection(connection: StackConnection) -> None:
    """Make every AWS client of this process use what the options say; else what the environment does."""
    chosen = {
        "AWS_PROFILE": connection.profile,
        # boto3 reads only AWS_DEFAULT_REGION; version 2 of AWS's command line reads AWS_REGION first.
        "AWS_REGION": connection.region,
        "AWS_DEFAULT_REGION": connection.region or os.environ.get("AWS_REGION"),
        "AWS_ENDPOINT_URL": connection.endpoint_url,
    }
    os.environ.update({name: value for name, value in chosen.items() if value is not None})


def _parsed_object(_: click.Context, __: click.Parameter, value: str | None) -> dict[str, Any]:
    if value is None:
        return {}
    try:
        content = Path(value[1:]).read_bytes() if value.startswith("@") else value.encode()
        return msgspec.json.decode(content, type=dict[str, Any])
    except OSError as error:
        raise click.BadParameter(f"{value[1:]} cannot be read ({error.strerror})") from error
    except msgspec.MsgspecError as error:
        raise click.BadParameter(f"is no JSON object ({error})") from error


def stack_option(stack: str) -> str:
    """The option that other commands need for this stack, after a space; empty for the default stack."""
    return "" if stack == DEFAULT_STACK else f" --stack {stack}"
