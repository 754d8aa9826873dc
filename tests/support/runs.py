"""A run without a state machine: the batches of a plan, one after the other."""

import json

from lambdas.clustering.handler import handle as cluster
from tests.conftest import OUTPUTS

# What the state machine hands on to each batch.
_FIELDS = ("run_id", "started_at", "input_bucket", "output_bucket", "params")


def run_batches(client, plan, leave_out=(), only=None):
    """Cluster the batches of a plan that kickoff has made, but for some; or ``only`` those of these numbers."""
    for batch in json.loads(client.get_object(Bucket=OUTPUTS, Key=plan["manifest_key"])["Body"].read()):
        if batch["batch"] not in leave_out and (only is None or batch["batch"] in only):
            cluster({name: plan[name] for name in _FIELDS} | batch, None)
