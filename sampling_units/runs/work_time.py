"""How long files take in the clustering function: known to whoever packs batches, and to the cost model.

How the constants were found is in docs/cost.md.
"""

# Measured by benchmarks/nation.py: seconds of a file, and of each of its cells, on one core.
SECONDS_PER_FILE, SECONDS_PER_CELL = 0.0061, 1.5e-6
# A vCPU of Lambda is taken to be this much slower than the core of the benchmark.
SLOWER = 1.5
# One vCPU; less memory has a share of it.
MEGABYTES_PER_VCPU = 1769
# One read and two writes in turn, at the latency that AWS states for small objects.
S3_SECONDS_PER_FILE = 0.3
# Compressed, of files with little but people and places.
BYTES_PER_CELL = 12


def slowness(memory_mb: int) -> float:
    """How many times as long computing takes as on the core of the benchmark."""
    return SLOWER * max(1.0, MEGABYTES_PER_VCPU / memory_mb)


def working_seconds(n_files: int, n_cells: float, memory_mb: int) -> float:
    """Seconds that the clustering function works on so many files with so many cells in all, one after the other."""
    computing = SECONDS_PER_FILE * n_files + SECONDS_PER_CELL * n_cells
    return slowness(memory_mb) * computing + S3_SECONDS_PER_FILE * n_files
