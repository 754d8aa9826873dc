#!/usr/bin/env python3
"""What the CDK calls as ``docker`` where there is one: the same, but images go to the embedded registry.

Their names say AWS's registry, which nobody can reach; the embedded one lets anybody in and speaks HTTP on loopback.
"""

import os
import shlex
import subprocess
import sys
from urllib.parse import urlsplit

_NOT_FOUND = 1


def main(arguments: list[str]) -> int:
    with open(os.environ["DOCKER_CALLS"], "a", encoding="utf-8") as calls:
        calls.write(" ".join(arguments) + "\n")
    verb, rest = arguments[0], arguments[1:]
    if verb == "login":
        sys.stdin.read()  # The password.
        return 0
    if verb == "inspect":
        return _NOT_FOUND  # A rehearsal that was killed may have left the image; this one builds it all the same.
    if verb == "push":
        return push(rest[-1])
    if verb == "build":
        rest = [*shlex.split(os.environ["DOCKER_BUILD_OPTIONS"]), *rest]
    return docker(verb, *rest)


def push(image: str) -> int:
    here = f"{urlsplit(os.environ['AWS_ENDPOINT_URL']).netloc}/{image.partition('/')[2]}"
    # Untagged again, so that functions get what the registry has.
    return docker("tag", image, here) or docker("push", here) or docker("rmi", here)


def docker(*arguments: str) -> int:
    return subprocess.run(["docker", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
