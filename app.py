"""The CDK app: reads the configuration and declares the stack, nothing else."""

import aws_cdk

from infra.config import Config
from infra.stack import SamplingUnitsStack

app = aws_cdk.App()
config = Config.from_context(app.node)
SamplingUnitsStack(app, f"SamplingUnits-{config.stage}", config)
app.synth()
