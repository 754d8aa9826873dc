"""The lists of what the project needs agree with each other."""

import re
import tomllib

from tests.support.project import PROJECT

DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]


def requirements(name):
    lines = (line.partition("#")[0].strip() for line in (PROJECT / name).read_text().splitlines())
    return {line for line in lines if line and not line.startswith("-")}


def test_a_checkout_gets_what_an_installation_gets():
    extras = DECLARED["optional-dependencies"]
    needed = {*DECLARED["dependencies"], *extras["aws"], *extras["prepare"]}
    assert needed <= requirements("requirements.txt")
    assert set(extras["notebook"]) <= requirements("requirements.txt") | requirements("requirements-dev.txt")


def test_only_a_deployment_needs_the_cdk():
    more = requirements("requirements.txt") - set(DECLARED["dependencies"])
    assert {re.split("[~=<>]", line)[0] for line in more} == {"aws-cdk-lib", "boto3", "constructs", "obstore", "pandas"}
