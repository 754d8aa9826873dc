"""The CDK app: reads the configuration and declares the stack, nothing else."""

import sys

import aws_cdk

from infra.config import Config, ConfigError
from infra.stack import SamplingUnitsStack

app = aws_cdk.App()
try:
    config = Config.from_context(app.node)
except ConfigError as error:
    sys.exit(f"wrong configuration: {error}")
SamplingUnitsStack(app, f"SamplingUnits-{config.stage}", config)
app.synth()
