"""``python -m sampling_units``: the command ``kmeans``."""

from sampling_units.cli.main import run

if __name__ == "__main__":
    run()
