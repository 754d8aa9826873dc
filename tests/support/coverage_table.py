"""Prints what the tests reach, a line for each package; `make coverage` calls it with a report in JSON."""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def table(files: Mapping[str, Any]) -> list[str]:
    """Statements of each folder, and the share that is reached."""
    packages: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, file in files.items():
        for package in ("/".join(Path(name).parent.parts[:2]), "all"):
            packages[package][0] += file["summary"]["num_statements"]
            packages[package][1] += file["summary"]["covered_lines"]
    lines = [f"{'package':<28} {'statements':>10} {'reached':>8}"]
    for package, (statements, reached) in sorted(packages.items(), key=lambda item: (item[0] == "all", item)):
        lines.append(f"{package:<28} {statements:>10} {100 * reached / max(statements, 1):>7.1f}%")
    return lines


if __name__ == "__main__":
    print("\n".join(table(json.loads(Path(sys.argv[1]).read_text())["files"])))
