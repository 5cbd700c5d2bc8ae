"""A replica to be drilled: a small HTTP server as a process of its own; imports nothing of ours."""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ANSWER = b'{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[0.5]}]}'


class Handler(BaseHTTPRequestHandler):
    """Answers everything with 200."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Says which process it is."""
        self.answer(str(os.getpid()).encode())

    def do_POST(self) -> None:
        """An answer of inference."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(ANSWER)

    def answer(self, body: bytes) -> None:
        """Send it."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 -- named by its base
        """Nothing is said."""


def main(port: str, pid_file: str = "") -> None:
    """Serve on a port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    if pid_file:
        Path(pid_file).write_text(str(os.getpid()))
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
