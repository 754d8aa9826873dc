"""How little the clustering function loads before its first file."""

import subprocess
import sys

from tests.support.project import PROJECT


def test_the_function_starts_without_numba():
    slow = {"numba", "shapely", "pandas", "scipy", "boto3", "pyarrow.compute"}
    code = f"import sys, lambdas.clustering.handler; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert done.stdout.strip() == "[]"


def test_kernels_load_while_the_first_file_arrives():
    code = (
        "import threading, lambdas.clustering.batch as batch\n"
        "batch._load_kernels()\n"
        "batch._load_kernels()\n"
        "others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]\n"
        "[thread.join() for thread in others]\n"
        "import sys, kmeans.spatial.kdtree\n"
        "print(len(others), 'numba' in sys.modules, bool(kmeans.spatial.kdtree._split_nodes.signatures))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert done.stdout.split() == ["1", "True", "True"]
