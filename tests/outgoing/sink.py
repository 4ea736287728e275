"""A web server on loopback that logs what it gets, and answers, waits or breaks by its script."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# A certificate for sink.test and 127.0.0.1, with its key. It protects nothing.
CERTIFICATE = Path(__file__).with_name("sink.pem")


@dataclass(frozen=True)
class Got:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class HttpSink:
    """The server. got: the requests. bytes_read: of all connections, also of those without a request.

    answer: called with each request; returns the status, the headers and the body. A body that is a function
    writes by itself, to the given file.
    """

    def __init__(self, *, is_secure: bool = False) -> None:
        self.got: list[Got] = []
        self.connections = 0
        self.bytes_read = 0
        self.answer: Callable[[Got], tuple[int, dict[str, str], bytes | Callable]] = lambda got: (
            200,
            {},
            b"ok",
        )
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if is_secure:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self.url = f"http{'s' if is_secure else ''}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(sink: HttpSink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            sink.connections += 1
            super().setup()

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True

        def parse_request(self) -> bool:
            sink.bytes_read += len(self.raw_requestline)
            return super().parse_request()

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            got = Got(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
            sink.got.append(got)
            status, headers, body = sink.answer(got)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if isinstance(body, bytes):
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if isinstance(body, bytes):
                self.wfile.write(body)
            else:
                body(self.wfile)

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    return Handler


class Canary:
    """A listener on an inner address that counts what it gets. It must never get a byte."""

    def __init__(self) -> None:
        self.connections = 0
        self.bytes_read = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port = self._socket.getsockname()[1]
        self._is_over = False
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while not self._is_over:
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            self.connections += 1
            with connection:
                connection.settimeout(0.2)
                try:
                    self.bytes_read += len(connection.recv(10_000))
                except OSError:
                    continue

    def settle(self) -> None:
        """Wait until what was sent has arrived."""
        time.sleep(0.3)

    def stop(self) -> None:
        self._is_over = True
        self._thread.join()
        self._socket.close()
