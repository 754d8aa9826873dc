import aws_cdk
import pytest

from infra.config import Config, ConfigError
from tests.infra.conftest import CONTEXT, KEY


def read(**context):
    return Config.from_context(aws_cdk.App(context=context).node)


def test_defaults_need_no_context():
    assert read() == Config()


def test_values_from_the_command_line_are_converted():
    given = {
        "stage": "prod",
        "memory_mb": "3008",
        "input_bucket": "mine",
        "architecture": "x86_64",
        "tolerated_failure_percentage": "2.5",
        "params": '{"target_weight": 300}',
        "tags": '{"owner": "survey"}',
        "log_retention_days": "7",
    }
    assert read(**given) == Config(
        stage="prod",
        memory_mb=3008,
        input_bucket="mine",
        architecture="x86_64",
        tolerated_failure_percentage=2.5,
        params={"target_weight": 300},
        tags={"owner": "survey"},
        log_retention_days=7,
    )


def test_a_stage_has_its_own_choices_and_the_command_line_the_last_word():
    stages = {"dev": {"memory_mb": 1024}, "prod": {"memory_mb": 2048, "log_retention_days": 365}}
    assert read(stages=stages) == Config(memory_mb=1024)
    assert read(stages=stages, stage="prod", memory_mb="3008") == Config(
        stage="prod", memory_mb=3008, log_retention_days=365
    )


@pytest.mark.parametrize(
    "name",
    [
        "@aws-cdk/core:anything",
        "aws:cdk:toolkit:default-region",
        "availability-zones:account=111122223333:region=eu-west-1",
        "cli-telemetry",
        "acknowledged-issue-numbers",
    ],
)
def test_what_the_cdk_keeps_in_the_context_is_its_own(name):
    assert read(**{name: "x"}) == Config()


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_examples_in_cdk_json_are_read(stage):
    config = read(**CONTEXT, stage=stage)
    assert config.stage == stage
    assert config.removal_policy == {"dev": "destroy", "prod": "retain"}[stage]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"memory_mb": "lots"}, "memory_mb = lots: Expected `int`, got `str`"),
        ({"memory_mb": "64"}, "memory_mb = 64: Expected `int` >= 512"),
        ({"memmory_mb": "1024"}, "there is no option 'memmory_mb'; did you mean 'memory_mb'?"),
        ({"tolerated_failure_percentage": "140"}, "tolerated_failure_percentage = 140: Expected `float` <= 100.0"),
        ({"architecture": "mips"}, "architecture = mips: Invalid enum value 'mips'"),
        ({"log_retention_days": "8"}, "log_retention_days = 8: Invalid enum value 8"),
        ({"stage": "no spaces"}, "stage = no spaces: Expected `str` matching regex"),
        ({"input_bucket": "same", "output_bucket": "same"}, "`input_bucket` and `output_bucket` have to differ"),
        ({"params": '{"target_weight": -1}'}, "params: target_weight"),
        ({"params": '{"taget_weight": 1}'}, "params: Object contains unknown field `taget_weight`"),
        ({"params": "300"}, "params = 300: Expected `object`, got `int`"),
        ({"params": "{"}, "params = {: is not JSON"),
        ({"stages": {"dev": {"regoin": "x"}}}, "there is no option 'regoin'; did you mean 'region'?"),
        ({"stages": "dev"}, "stages has to hold an object"),
        ({"stages": {"prod": {}}, "stage": "pord"}, "there is no stage 'pord'; did you mean 'prod'?"),
        ({"stages": {"dev": {"stage": "prod"}}}, "stages must not name another stage inside 'dev'"),
        ({"stage": ["x"]}, 'stage = ["x"]: Expected `str`, got `array`'),
        ({"input_bucket": ""}, "input_bucket = : Expected `str` matching regex"),
        ({"input_bucket": "s3://mine"}, "input_bucket = s3://mine: Expected `str` matching regex"),
        ({"tags": '{"owner": 3}'}, 'tags[...] = {"owner":3}: Expected'),
        ({"kms_key_arn": KEY, "region": "us-east-1"}, "`kms_key_arn` is a key of another region than us-east-1"),
        ({"alarm_email": "nobody"}, "alarm_email = nobody: Expected `str` matching regex"),
    ],
    ids=str,
)
def test_wrong_choices_are_refused_in_one_line(given, message):
    with pytest.raises(ConfigError) as caught:
        read(**given)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
