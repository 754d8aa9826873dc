"""The input and the output bucket, new or existing, and the bucket with their access logs."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Config

_NONCURRENT_DAYS = 30
_ACCESS_LOG_DAYS = 90


class Buckets(Construct):
    """Private, encrypted buckets that refuse plain HTTP; an existing bucket is used as it is.

    With the removal policy ``retain`` they stay when the stack is deleted: a survey's data outlive the deployment.

    Attributes:
        input, output: the buckets.
        access_logs: the bucket for the access logs of the new buckets; None if both buckets exist already.
        key: the customer managed KMS key that encrypts them; None: keys that S3 manages (SSE-S3).
    """

    def __init__(self, scope: Construct, construct_id: str, config: Config) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self.key = kms.Key.from_key_arn(self, "Key", config.kms_key_arn) if config.kms_key_arn else None
        self.access_logs = None if config.input_bucket and config.output_bucket else self._access_logs()
        self.input = self._existing("Input", config.input_bucket) or self._new("Input")
        self.output = self._existing("Output", config.output_bucket) or self._new("Output")
        for bucket in (self.access_logs, self.input, self.output):
            if bucket is not None and bucket.policy is not None:
                # A retained bucket keeps its policy too, so that it still requires TLS and still accepts access logs.
                bucket.policy.apply_removal_policy(self._removal_policy)

    def grant_key(self, grantee: iam.IGrantable) -> None:
        """Let ``grantee`` use the customer managed key to read and write objects; does nothing without such a key."""
        if self.key is None:
            return
        # A multipart upload needs kms:Decrypt too.
        actions = ["kms:Decrypt", "kms:GenerateDataKey"]
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(actions=actions, resources=[self.key.key_arn])
        )

    def _existing(self, construct_id: str, name: str | None) -> s3.IBucket | None:
        return s3.Bucket.from_bucket_name(self, construct_id, name) if name else None

    def _new(self, construct_id: str) -> s3.Bucket:
        is_retained = self._config.removal_policy == "retain"
        return s3.Bucket(
            self,
            construct_id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS if self.key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=self.key,
            # With a bucket key one request to KMS serves many objects.
            bucket_key_enabled=True if self.key else None,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            # An overwritten or deleted file can be restored for 30 days. A bucket that is deleted with the stack has
            # no versions, because each of them would have to be deleted before the bucket.
            versioned=is_retained,
            lifecycle_rules=[
                s3.LifecycleRule(
                    noncurrent_version_expiration=Duration.days(_NONCURRENT_DAYS) if is_retained else None,
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix=f"{construct_id.lower()}/",
            removal_policy=self._removal_policy,
        )

    def _access_logs(self) -> s3.Bucket:
        # S3 delivers access logs only to buckets encrypted with SSE-S3, not with a KMS key.
        return s3.Bucket(
            self,
            "AccessLogs",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(_ACCESS_LOG_DAYS))],
            removal_policy=self._removal_policy,
        )

    @property
    def _removal_policy(self) -> RemovalPolicy:
        return RemovalPolicy.RETAIN if self._config.removal_policy == "retain" else RemovalPolicy.DESTROY
