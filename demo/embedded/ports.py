"""Free ports of the loopback interface. Only the standard library: it is used in MiniStack's environment too."""

import socket


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
