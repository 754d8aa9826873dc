"""The input and the output bucket, made by the stack or brought along by name."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Config


class Buckets(Construct):
    """Private, encrypted buckets that refuse plain HTTP; an existing bucket is used as it is.

    Both outlive the stack: deleting a deployment must not delete a survey's data.
    """

    def __init__(self, scope: Construct, construct_id: str, config: Config) -> None:
        super().__init__(scope, construct_id)
        self.input = self._existing("Input", config.input_bucket) or self._new("Input")
        self.output = self._existing("Output", config.output_bucket) or self._new("Output")

    def _existing(self, construct_id: str, name: str | None) -> s3.IBucket | None:
        return s3.Bucket.from_bucket_name(self, construct_id, name) if name else None

    def _new(self, construct_id: str) -> s3.Bucket:
        return s3.Bucket(
            self,
            construct_id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            # An overwritten or deleted file can be brought back for a month.
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    noncurrent_version_expiration=Duration.days(30),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )
