"""Stands between functions and S3 and does to single requests what networks, clouds and people do."""

import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

_ERROR = '<?xml version="1.0"?><Error><Code>{}</Code><Message>injected</Message><RequestId>1</RequestId></Error>'
# Headers that are about one connection, not about the message.
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"}


@dataclass(frozen=True)
class Request:
    """A request that has arrived: ``key`` is empty for a listing; ``port`` tells who sent it."""

    method: str
    bucket: str
    key: str
    query: str
    port: int


@dataclass(frozen=True)
class Fault:
    """What happens to a request.

    Attributes:
        kind: ``answer`` with ``status`` and ``code``; ``reset_before`` and ``reset_after`` it reached S3; ``truncate``
            the body of the answer; ``slow``: the answer comes in pieces over ``seconds``; ``hang`` for ``seconds``,
            then reset; ``act``: nothing but the actions.
        before, midway, after: called before the request is passed on, when half of its body (or of the answer's) has
            passed, and when S3 has answered.
    """

    kind: str
    status: int = 503
    code: str = "SlowDown"
    seconds: float = 0.0
    before: Callable[[Request], None] | None = None
    midway: Callable[[Request], None] | None = None
    after: Callable[[Request], None] | None = None


class _Reset(Exception):
    """The connection is to be cut."""


class FaultProxy:
    """An HTTP server on loopback that passes everything on to ``target``, but for what ``choose`` says.

    ``choose`` is called with each request, from many threads, and returns a fault or None.
    """

    def __init__(self) -> None:
        self.target = ""
        self.choose: Callable[[Request], Fault | None] = lambda request: None
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "FaultProxy":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __getattr__(self, name: str):
        if name.startswith("do_"):
            return self._pass_on
        raise AttributeError(name)

    protocol_version = "HTTP/1.1"
    owner: FaultProxy
    # Answers are written in one piece, or in the pieces that a fault asks for.
    wbufsize = 0
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def handle(self):
        with suppress(ConnectionError, _Reset):
            super().handle()

    def _request(self) -> Request:
        url = urlsplit(self.path)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        return Request(self.command, bucket, key, url.query, self.client_address[1])

    def _pass_on(self):
        request = self._request()
        fault = self.owner.choose(request)
        body = self._body(request, fault)
        if fault is not None:
            if fault.before:
                fault.before(request)
            if fault.kind == "hang":
                time.sleep(fault.seconds)
            if fault.kind in ("hang", "reset_before"):
                self._cut()
            if fault.kind == "answer":
                content = b"" if self.command == "HEAD" else _ERROR.format(fault.code).encode()
                self._answer(fault.status, [("Content-Type", "application/xml")], content, None, request)
                return
        status, headers, content = self._ask(body)
        if fault is not None:
            if fault.after:
                fault.after(request)
            if fault.kind == "reset_after":
                self._cut()
        self._answer(status, headers, content, fault, request)

    def _body(self, request: Request, fault: Fault | None) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        if fault is not None and fault.midway and self.command == "PUT":
            first = self.rfile.read(length // 2)
            fault.midway(request)
            return first + self.rfile.read(length - len(first))
        return self.rfile.read(length)

    def _chunks(self) -> bytes:
        content = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return content

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(urlsplit(self.owner.target).netloc, timeout=120)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                    upstream.putheader(name, value)
            if body or self.command in ("PUT", "POST"):
                upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()

    def _answer(
        self,
        status: int,
        headers: list[tuple[str, str]],
        content: bytes,
        fault: Fault | None,
        request: Request,
    ) -> None:
        if fault is not None and not content:
            self._without_content(fault, request)
        self.send_response_only(status)
        length = str(len(content))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value
            elif name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command == "HEAD":
            return
        kind = fault.kind if fault is not None else ""
        half = len(content) // 2
        if fault is not None and fault.midway and self.command == "GET":
            self.wfile.write(content[:half])
            fault.midway(request)
            content = content[half:]
        if kind == "truncate":
            self.wfile.write(content[: len(content) // 2])
            self._cut()
        if kind == "slow":
            pieces = 8
            step = len(content) // pieces + 1
            for begin in range(0, len(content), step):
                self.wfile.write(content[begin : begin + step])
                time.sleep(fault.seconds / pieces if fault else 0)
            return
        self.wfile.write(content)

    def _without_content(self, fault: Fault, request: Request) -> None:
        """What happens to an answer that cannot come in pieces: it is late, or never comes."""
        if fault.midway and self.command != "PUT":
            fault.midway(request)
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        if fault.kind == "truncate":
            self._cut()

    def _cut(self) -> None:
        """End the connection at once, without the orderly end that a server would give it."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        raise _Reset
