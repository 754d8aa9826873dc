import aws_cdk
import msgspec
import pytest

from infra.config import Config


def read(**context):
    return Config.from_context(aws_cdk.App(context=context).node)


def test_defaults_need_no_context():
    assert read() == Config()


def test_values_from_the_command_line_are_converted():
    config = read(stage="prod", memory_mb="3008", input_bucket="mine", architecture="x86_64")
    assert config == Config(stage="prod", memory_mb=3008, input_bucket="mine", architecture="x86_64")


def test_one_bucket_for_both_is_refused():
    with pytest.raises(ValueError, match="differ"):
        read(input_bucket="same", output_bucket="same")


@pytest.mark.parametrize(("name", "value"), [("memory_mb", "lots"), ("architecture", "mips")])
def test_wrong_values_are_refused(name, value):
    with pytest.raises(msgspec.ValidationError, match=name):
        read(**{name: value})
