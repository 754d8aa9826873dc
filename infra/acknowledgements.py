"""The cdk-nag findings (AwsSolutions rules) that are accepted: wildcards in policies, each with its reason."""

from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import Construct

from infra.buckets import Buckets
from infra.functions import CLUSTERING_WRITES, Functions
from infra.workflow import Workflow
from infra.workflow_role import execution_arns
from sampling_units.file_names import FRAME_PREFIX, RUNS_PREFIX

_TRACING = "X-Ray has no resources that a policy could name"
_LOGS = "log delivery and X-Ray have no resources that a policy could name"
_OBJECT_KEYS = "the keys of the objects are the user's; the bucket is fixed"
_RUN_FOLDERS = "the folder of a run has the name of the run; the bucket and the folder above are fixed"
_CHILD_EXECUTIONS = "Step Functions chooses the names of the map's executions; the state machine is fixed"


def acknowledge(buckets: Buckets, functions: Functions, workflow: Workflow) -> None:
    """Acknowledge each wildcard that the deployment needs."""
    inputs, outputs = buckets.input.arn_for_objects("*"), buckets.output.arn_for_objects("*")
    runs = buckets.output.arn_for_objects(f"{RUNS_PREFIX}*")
    own, children = execution_arns(workflow.state_machine)
    _acknowledge(functions, "KickoffRole", {"*": _TRACING, outputs: _OBJECT_KEYS, runs: _RUN_FOLDERS})
    written = {buckets.output.arn_for_objects(keys): _OBJECT_KEYS for keys in CLUSTERING_WRITES}
    _acknowledge(functions, "ClusteringRole", {"*": _TRACING, inputs: _OBJECT_KEYS, **written})
    frames = buckets.output.arn_for_objects(f"{FRAME_PREFIX}*")
    _acknowledge(functions, "SummaryRole", {"*": _TRACING, runs: _RUN_FOLDERS, frames: _OBJECT_KEYS})
    _acknowledge(workflow, "Permissions", {"*": _LOGS, runs: _RUN_FOLDERS})
    _acknowledge(workflow, "Children", {own: _CHILD_EXECUTIONS, children: _CHILD_EXECUTIONS})


def _acknowledge(scope: Construct, child: str, reasons: dict[str, str]) -> None:
    construct = scope.node.find_child(child)
    for resource, reason in reasons.items():
        name = _as_cdk_nag_writes(Stack.of(construct).resolve(resource))
        Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions-IAM5[Resource::{name}]", reason=reason))


def _as_cdk_nag_writes(value: Any) -> str:
    """A resolved value as text, with references in angle brackets: the form in cdk-nag's ids."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator.join(map(_as_cdk_nag_writes, parts)))
    if "Fn::GetAtt" in value:
        return f"<{'.'.join(value['Fn::GetAtt'])}>"
    return f"<{value['Ref']}>"
