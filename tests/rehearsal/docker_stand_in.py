#!/usr/bin/env python3
"""What the CDK calls as ``docker`` where there is none: it writes down each call, and a push puts an empty image.

The embedded AWS runs the functions from the source tree; of an image it only wants to know that it is there.
"""

import json
import os
import sys
import urllib.request

_DOCKER = "application/vnd.docker"
# Of an image without layers.
_MANIFEST = {
    "schemaVersion": 2,
    "mediaType": f"{_DOCKER}.distribution.manifest.v2+json",
    "config": {"mediaType": f"{_DOCKER}.container.image.v1+json", "size": 2, "digest": f"sha256:{'0' * 64}"},
    "layers": [],
}
_NOT_FOUND = 1


def main(arguments: list[str]) -> int:
    with open(os.environ["DOCKER_CALLS"], "a", encoding="utf-8") as calls:
        calls.write(" ".join(arguments) + "\n")
    if arguments[0] == "inspect":
        return _NOT_FOUND  # No image was built before.
    if arguments[0] == "login":
        sys.stdin.read()  # The password.
    if arguments[0] == "push":
        push(arguments[-1])
    return 0


def push(image: str) -> None:
    """Put the manifest under the image's tag, as docker does after the layers."""
    repository, tag = image.partition("/")[2].rsplit(":", 1)
    request = urllib.request.Request(
        f"{os.environ['AWS_ENDPOINT_URL']}/v2/{repository}/manifests/{tag}",
        data=json.dumps(_MANIFEST | {"annotations": {"tag": tag}}).encode(),
        headers={"Content-Type": _MANIFEST["mediaType"]},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=10):
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
