"""Prints what the tests reach, a line for each package; `make coverage` calls it with a report in JSON."""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def table(files: Mapping[str, Any]) -> list[str]:
    """Statements and branches of each folder, and the share of both that is reached."""
    packages: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(COUNTS))
    for name, file in files.items():
        for package in ("/".join(Path(name).parent.parts[:2]), "all"):
            packages[package] = [
                sum(pair) for pair in zip(packages[package], (file["summary"][count] for count in COUNTS), strict=True)
            ]
    lines = [f"{'package':<28} {'statements':>10} {'branches':>9} {'reached':>8}"]
    for package, (statements, lines_run, branches, taken) in sorted(
        packages.items(), key=lambda item: (item[0] == "all", item)
    ):
        share = 100 * (lines_run + taken) / max(statements + branches, 1)
        lines.append(f"{package:<28} {statements:>10} {branches:>9} {share:>7.1f}%")
    return lines


if __name__ == "__main__":
    print("\n".join(table(json.loads(Path(sys.argv[1]).read_text())["files"])))
