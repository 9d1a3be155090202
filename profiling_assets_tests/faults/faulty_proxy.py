"""An HTTP proxy on loopback before an S3 server, that spoils a share of the answers.

Put here: which faults there are, how each looks on the wire, what was asked how often.
Do not put here: what a client must do about them (`test_storage_faults`, `long_storage_faults`).

Chance comes from a seed, so that one client that asks one after the other meets the same faults.
"""

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import urlsplit

_INVOCATION = "amz-sdk-invocation-id"
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "server"})


class Fault(Enum):
    """What happens to a request."""

    SLOW_DOWN = "503 SlowDown"
    INTERNAL = "500 InternalError"
    RESET = "reset before the request was done"
    LOST = "reset after the request was done"
    TIMEOUT = "no answer in time"
    TRUNCATED = "half of the body"
    DENIED = "403 AccessDenied"


_REFUSALS = {
    Fault.SLOW_DOWN: (503, "SlowDown"),
    Fault.INTERNAL: (500, "InternalError"),
    Fault.DENIED: (403, "AccessDenied"),
}


@dataclass
class Proxy:
    """What is spoiled, and what came by.

    Attributes
    ----------
    endpoint : str
        Where clients go.
    rates : mapping of Fault to float
        Share of the requests that each fault meets.
    hang : float
        Seconds that an unanswered request is held.
    requests : int
        How many came.
    injected : Counter of Fault
        Faults that were injected.
    attempts : Counter of str
        Requests of each call of boto3, which numbers its calls.
    """

    endpoint: str
    chance: random.Random
    rates: Mapping[Fault, float] = field(default_factory=dict[Fault, float])
    hang: float = 40.0
    requests: int = 0
    injected: Counter[Fault] = field(default_factory=Counter[Fault])
    attempts: Counter[str] = field(default_factory=Counter[str])
    unnumbered: Counter[str] = field(default_factory=Counter[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Count anew."""
        with self._lock:
            self.requests = 0
            for counter in (self.injected, self.attempts, self.unnumbered):
                counter.clear()

    def draw(self, method: str, path: str, invocation: str | None) -> Fault | None:
        """Count a request and choose what happens to it."""
        with self._lock:
            self.requests += 1
            if invocation is None:
                self.unnumbered[path] += 1
            else:
                self.attempts[invocation] += 1
            left = self.chance.random()
            for fault, rate in self.rates.items():
                left -= rate
                if left < 0:
                    if fault is Fault.TRUNCATED and method != "GET":
                        return None
                    self.injected[fault] += 1
                    return fault
            return None

    @property
    def most_attempts(self) -> int:
        """Return how often the most repeated call of boto3 was sent."""
        with self._lock:
            return max(self.attempts.values(), default=0)

    def lines(self) -> str:
        """Return the figures for people."""
        kinds = ", ".join(f"{self.injected[fault]} {fault.value}" for fault in self.rates)
        return (
            f"  {self.requests} requests, {self.injected.total()} of them spoiled: {kinds}\n"
            f"  most attempts of one call: {self.most_attempts}\n"
        )


@contextmanager
def faulty_proxy(server: str, seed: int) -> Generator[Proxy]:
    """Run a proxy before a server; it passes everything on until it is given rates."""
    running = _Server(urlsplit(server).netloc, seed)
    thread = threading.Thread(target=running.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield running.proxy
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    disable_nagle_algorithm = True

    @property
    def _server(self) -> "_Server":
        return cast("_Server", self.server)

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        fault = self._server.proxy.draw(self.command, path, self.headers.get(_INVOCATION))
        if fault in _REFUSALS:
            self._refuse(*_REFUSALS[fault])
        elif fault is Fault.RESET:
            self._reset()
        elif fault is Fault.TIMEOUT:
            time.sleep(self._server.proxy.hang)
            self._reset()
        else:
            self._pass_on(body, fault)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

    def _pass_on(self, body: bytes, fault: Fault | None) -> None:
        status, headers, answer = _asked(
            self._server.upstream, self.command, self.path, dict(self.headers), body
        )
        if fault is Fault.LOST:
            self._reset()
            return
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        size = str(len(answer))
        if self.command == "HEAD":
            size = next((v for n, v in headers if n.lower() == "content-length"), "0")
        self.send_header("Content-Length", size)
        self.end_headers()
        if fault is Fault.TRUNCATED:
            self.wfile.write(answer[: len(answer) // 2])
            self.close_connection = True
            return
        if self.command != "HEAD":
            self.wfile.write(answer)

    def _refuse(self, status: int, code: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>by the proxy</Message></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def _reset(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            # no time to linger: the other side is told with a RST instead of a FIN
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _asked(
    upstream: str, method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    kept = {name: text for name, text in headers.items() if name.lower() != "expect"}
    connection = http.client.HTTPConnection(upstream, timeout=120)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, text in kept.items():
            connection.putheader(name, text)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: str, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.proxy = Proxy(f"http://127.0.0.1:{self.server_address[1]}", random.Random(seed))

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that was reset hangs up in turn
