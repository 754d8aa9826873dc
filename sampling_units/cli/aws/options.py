"""Options that the commands about AWS share: which account and stack, and what to run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_STACK = "SamplingUnits-dev"


def stack_options(command: Command) -> Command:
    """Which stack, and how to get at it; the AWS options mean what they mean to AWS's own command line."""
    for option in (
        click.option("--endpoint-url", metavar="URL", help="Ask this address instead of AWS."),
        click.option("--region", help="AWS region.  [default: that of the profile]"),
        click.option("--profile", help="Profile with the credentials."),
        click.option("--stack", default=DEFAULT_STACK, show_default=True, help="Name of the deployed stack."),
    ):
        command = option(command)
    return command


def run_options(command: Command) -> Command:
    """What a run request may hold; see docs/parameters.md."""
    for option in (
        click.option("--force", is_flag=True, help="Also do again what is up to date."),
        click.option(
            "--params",
            callback=_parsed_object,
            metavar="JSON",
            help="How to cluster: a JSON object, or @FILE with one; the rest comes from the deployment.",
        ),
        click.option(
            "--tolerated-failure-percentage",
            type=click.FloatRange(0, 100),
            help="Share of failed files up to which the run succeeds.",
        ),
        click.option("--max-concurrency", type=click.IntRange(1, 10_000), help="Invocations at a time."),
        click.option("--n-files", type=click.IntRange(0), help="At most so many files, in the order of their keys."),
        click.option("--prefix", default="", help="Only files whose key begins with this.  [default: all]"),
    ):
        command = option(command)
    return command


def request_of(given: dict[str, Any]) -> dict[str, Any]:
    """The request that the values of ``run_options`` make, with nothing in it that was not given."""
    # 0 says something, and equals False.
    return {
        name: value
        for name, value in given.items()
        if value is not None and value is not False and value not in ("", {})
    }


def choose_account(profile: str | None, region: str | None, endpoint_url: str | None) -> None:
    """Make every AWS client of this process use what the options say; else what the environment does."""
    chosen = {
        "AWS_PROFILE": profile,
        # boto3 knows the second name only, AWS's own command line both.
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region or os.environ.get("AWS_REGION"),
        "AWS_ENDPOINT_URL": endpoint_url,
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


def option_for(stack: str) -> str:
    """What commands for a stack need, with a blank before it; nothing for the one that is the default."""
    return "" if stack == DEFAULT_STACK else f" --stack {stack}"
