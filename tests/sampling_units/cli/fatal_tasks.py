"""Tasks for the worker pool; a module of its own because worker processes import it by name."""

import os
import signal
import time
from pathlib import Path

from sampling_units.cli.cluster import local_run


def note_and_die_if_fatal(task):
    """Note in a file that the task was started, then end the whole process if it is a fatal one."""
    folder, name, is_fatal = task
    with Path(folder, name).open("a") as notes:
        notes.write(f"{os.getpid()}\n")
    if is_fatal:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def cluster_file_or_die(file, **options):
    """Cluster a file, as a run does; one named ``fatal`` ends the whole process."""
    if file.filename == "fatal.parquet":
        os.kill(os.getpid(), signal.SIGKILL)
    return local_run.cluster_local_file(file, **options)


def sleep_and_return(seconds):
    time.sleep(seconds)
    return seconds
