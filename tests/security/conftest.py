"""The synthesised template, as in the tests of the infrastructure."""

from tests.infra.conftest import state_machine, template  # noqa: F401 (fixtures)
