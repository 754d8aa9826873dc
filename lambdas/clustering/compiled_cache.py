"""Machine code of the kernels, compiled while the image is built, so that no invocation ever compiles.

numba refuses a cache on a read-only file system, so a start of the function makes a folder of links in /tmp (5 ms). The
code is compiled for a fixed processor type that every Lambda host has; compiled for the type of the build machine, it
would be useless on other hosts. ``python -m lambdas.clustering.compiled_cache`` fills the cache.
"""

import os
import platform
from pathlib import Path

# Set in the image only: elsewhere numba chooses folder and processor type itself.
BAKED_CACHE_VARIABLE = "BAKED_NUMBA_CACHE"
_WRITABLE_CACHE = Path("/tmp/numba_cache")  # noqa: S108 (the one writable place in Lambda, private to the function)
# Haswell and later for x86_64, Graviton2 for arm64: the oldest processors that run Lambda functions.
_PROCESSORS = {"x86_64": ("x86-64-v3", "+avx2,+fma,+bmi,+bmi2"), "aarch64": ("neoverse-n1", "")}


def prepare() -> None:
    """Make numba use the baked cache. Call it before numba is imported; it does nothing outside the image."""
    baked = os.environ.get(BAKED_CACHE_VARIABLE)
    if not baked:
        return
    _pin_processor()
    os.environ["NUMBA_CACHE_DIR"] = str(_WRITABLE_CACHE)
    for folder in os.scandir(baked):
        links = _WRITABLE_CACHE / folder.name
        links.mkdir(parents=True, exist_ok=True)
        present = set(os.listdir(links))
        for file in os.scandir(folder):
            link = f"{links}/{file.name}"
            if file.name in present:
                os.unlink(link)
            os.symlink(file.path, link)


def bake() -> None:
    """Compile every kernel into the folder that ``BAKED_NUMBA_CACHE`` names."""
    _pin_processor()
    os.environ["NUMBA_CACHE_DIR"] = os.environ[BAKED_CACHE_VARIABLE]
    import numpy as np

    import kmeans
    from kmeans.graph.lattice.aligned import find_aligned
    from kmeans.search.seeding import greedy_kmeans_plus_plus
    from sampling_units.io.wkb_headers import is_nested
    from sampling_units.polygons.cell_rings import trace_rings

    rng = np.random.default_rng(0)
    lattice = np.column_stack([np.repeat(np.arange(30.0), 30), np.tile(np.arange(30.0), 30)])
    islands = np.concatenate([lattice, lattice[:90] + np.array([100, 0]), lattice[:2] + np.array([0, 100])])
    columns_and_rows = islands.astype(np.int64)
    for points, cells in ((islands, None), (islands, columns_and_rows), (rng.uniform(0, 1000, (500, 2)), None)):
        weights = rng.lognormal(0, 1, len(points))
        # A narrow weight range needs repairs, a wide one local search: together they call every kernel.
        for tolerance in (0.01, 0.25):
            low, high = 10 * (1 - tolerance), 10 * (1 + tolerance)
            params = kmeans.Parameters(10, min_weight=low, max_weight=high, radius=3, bridge=True)
            found = kmeans.cluster(points, weights, params, cells=cells)
            print(f"baked with {len(points)} points in {found.n_clusters} clusters")
        tree = kmeans.build_kdtree(points, weights)
        kmeans.lloyd(tree, greedy_kmeans_plus_plus(tree, 20, 0))

    trace_rings(np.array([4, 5]), np.array([0, 1]), 4, keeps_all=False)
    find_aligned(lattice)
    is_nested(np.frombuffer(bytes(9), np.uint8), 8)


def _pin_processor() -> None:
    name, features = _PROCESSORS[platform.machine()]
    os.environ["NUMBA_CPU_NAME"], os.environ["NUMBA_CPU_FEATURES"] = name, features


if __name__ == "__main__":
    bake()
