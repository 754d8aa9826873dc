import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from demo.embedded import emulator as emulator_module
from demo.embedded.emulator import PROJECT, Emulator, EmulatorError
from tests.sampling_units.cli.processes import children, eventually, group_members


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """An emulator of a few lines with a function process that hears no polite signal."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} {tmp_path / "main.py"} "$@"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    monkeypatch.setattr(emulator_module, "ENVIRONMENT", tmp_path)

    def write(after_start):
        program = """
            import http.server, os, signal, subprocess, sys, tempfile, threading, time
            deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
            tempfile.mkdtemp(prefix="function-")
            class Healthy(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200)
                    self.end_headers()
            server = http.server.HTTPServer(("127.0.0.1", int(os.environ["GATEWAY_PORT"])), Healthy)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            subprocess.Popen([sys.executable, "-c", deaf])
        """
        (tmp_path / "main.py").write_text(textwrap.dedent(program) + textwrap.dedent(after_start))
        return Emulator(tmp_path / "state")

    return write


DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
ENDS_WITH_CLIENT = "sys.stdin.read()"
ENDS_BY_ITSELF = "time.sleep(1)"


@pytest.mark.parametrize("after_start", [DEAF, ENDS_WITH_CLIENT, ENDS_BY_ITSELF])
def test_neither_the_emulator_nor_its_functions_outlive_it(stand_in, tmp_path, after_start):
    with stand_in(after_start) as running:
        group = running._process.pid
        assert len(group_members(group)) == 2
        assert [path.name[:9] for path in (tmp_path / "state" / "tmp").iterdir()] == ["function-"]
        if after_start == ENDS_BY_ITSELF:
            running._process.wait()
        started = time.monotonic()
    assert time.monotonic() - started < 8
    assert group_members(group) == []
    assert not (tmp_path / "state" / "tmp").exists()


def test_an_emulator_that_does_not_start_is_reported(stand_in):
    with pytest.raises(EmulatorError, match="ended at its start"), stand_in("os._exit(1)"):
        pass


def test_a_missing_emulator_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(emulator_module, "ENVIRONMENT", tmp_path)
    with pytest.raises(EmulatorError, match="make setup"), Emulator(tmp_path / "state"):
        pass


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, *(pytest.param(other, marks=pytest.mark.slow) for other in (signal.SIGINT, signal.SIGKILL))],
)
def test_a_stopped_demonstration_leaves_no_process(tmp_path, number):
    command = [sys.executable, "-m", "demo", "--folder", str(tmp_path)]
    with (tmp_path / "shown").open("w") as shown:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            stdout=shown,
            stderr=subprocess.STDOUT,
            # A shell that runs this in the background has it ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (it takes no lock)
        )
    try:
        assert eventually(lambda: functions_below(process.pid), seconds=120)
        [emulator] = children(process.pid, "ministack_main")
    finally:
        os.kill(process.pid, number)
    process.wait(10)
    assert eventually(lambda: group_members(emulator) == [], seconds=10)
    if number == signal.SIGKILL:
        return
    assert process.returncode == 128 + number
    assert (tmp_path / "shown").read_text().splitlines()[-1].startswith("Stopped. Run `make demo` again")
    assert not (tmp_path / "tmp").exists()


def functions_below(demonstration):
    return [
        function
        for emulator in children(demonstration, "ministack_main")
        for function in children(emulator, "_worker.py")
    ]
