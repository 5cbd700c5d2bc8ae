"""A server that answers each POST by a function of the test, and a endpoint that talks to it."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.budget import MEBIBYTE, Budget, Limits
from harness.endpoint.endpoint import Endpoint
from harness.policy import Policy
from harness.record.redact import Redactor
from harness.record.store import ExchangeStore, Recorder
from harness.wire.access import Access
from harness.wire.rest import RestClient

Answer = Callable[[bytes, int], tuple[int, bytes]]
"""Body of the request and its number on the connection, from 1 -> status and body of the answer."""


@contextlib.contextmanager
def flawed(answer: Answer) -> Iterator[str]:
    """URL of the server."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        count = 0

        def do_POST(self) -> None:
            self.count += 1
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, reply = answer(body, self.count)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the library's
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def target_of(
    url: str, folder: Path, *, requests: int | None = None, token: str | None = None, body: int = MEBIBYTE
) -> Iterator[Endpoint]:
    """An endpoint over REST with nothing discovered."""
    recorder = Recorder(ExchangeStore(folder), Redactor(), lambda _: None)
    access = Access(url, token=token)
    with RestClient(
        access, recorder, Budget(Limits(requests=requests, request_seconds=5.0, body_bytes=body))
    ) as client:
        nothing = client.send("POST", "/")
        yield Endpoint(client, None, Policy(), "/v2", nothing, None, examples=100)
