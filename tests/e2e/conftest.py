"""The synthesised app, deployed once to an embedded AWS."""

import pytest

from demo.embedded.deployment import deploy, synthesise
from demo.embedded.emulator import Emulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    with Emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture(scope="session")
def deployment(emulator, tmp_path_factory):
    return deploy(emulator, synthesise(tmp_path_factory.mktemp("cdk"), {}))
