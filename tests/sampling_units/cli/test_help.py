import os
import subprocess
import sys

import pytest

from tests.support.project import PROJECT


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["cluster", "--help"],
        ["split", "--help"],
        ["export", "--help"],
        ["report", "--help"],
        ["inspect", "--help"],
        ["cost", "--help"],
        ["sample", "--help"],
        ["aws", "--help"],
        ["aws", "plan", "--help"],
        ["aws", "start", "--help"],
        ["aws", "watch", "--help"],
    ],
)
def test_help_does_not_wait_for_what_it_does_not_need(arguments):
    code = (
        "import sys\nfrom sampling_units.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'pyarrow', 'pyogrio', 'shapely', 'numpy'}))"
    )
    shown = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True).stdout
    assert "Usage: " in shown
    assert shown.splitlines()[-1] == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a file that is always full")
@pytest.mark.parametrize("buffering", [{}, {"PYTHONUNBUFFERED": "1"}])
def test_standard_output_on_a_full_disk_is_an_error_of_one_line(buffering):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"} | buffering
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "sampling_units", "--help"]
        done = subprocess.run(
            command, check=False, stdout=full, stderr=subprocess.PIPE, text=True, cwd=PROJECT, env=environment
        )
    assert done.returncode == 1
    assert done.stderr == "Error: standard output cannot be written (No space left on device)\n"
