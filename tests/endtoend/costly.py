"""A server that is well but for its inferences: those cost whoever reads them more than they cost to send."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

METADATA = {
    "name": "m",
    "versions": ["1"],
    "platform": "none",
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}],
}
LARGE = 15_000_000
Answer = tuple[bytes, dict[str, str]]


def _infer(data: str, shape: str = "[1,2]") -> bytes:
    output = f'{{"name":"y","datatype":"FP32","shape":{shape},"data":{data}}}'
    return f'{{"model_name":"m","model_version":"1","outputs":[{output}]}}'.encode()


def _plain(body: bytes) -> Answer:
    return body, {}


# By name: what every inference is answered with.
ANSWERS: dict[str, Callable[[], Answer]] = {
    "quotes-in-an-open-text": lambda: _plain(b"[" * 401 + b'"' + b'\\"' * 20_000),
    "quotes-in-a-long-open-text": lambda: _plain(b"[" * 401 + b'"' + b'\\"' * (LARGE // 2)),
    "quotes-in-a-shallow-text": lambda: _plain(b"[" * 50 + b'"' + b'\\"' * (LARGE // 2)),
    "small-lists": lambda: _plain(_infer("[" + "[]," * (LARGE // 3) + "[]]")),
    "small-objects": lambda: _plain(_infer("[" + "{}," * (LARGE // 3) + "{}]")),
    "small-numbers": lambda: _plain(_infer("[" + "0.1," * (LARGE // 4) + "1]")),
    "as-many-numbers-as-are-read": lambda: _plain(_infer("[" + "0.1," * 1_200_000 + "1]")),
    "packed-lists": lambda: (gzip.compress(b"[" + b"[]," * 20_000_000 + b"[]]"), {"Content-Encoding": "gzip"}),
    "packed-twice": lambda: (gzip.compress(gzip.compress(bytes(1 << 28))), {"Content-Encoding": "gzip, gzip"}),
    "many-packages": lambda: (gzip.compress(b"") * 50_000, {"Content-Encoding": "gzip"}),
    "one-percent-sign": lambda: _plain(b'{"error":"%' + b"a" * LARGE + b'"}'),
    "integers-of-4200-digits": lambda: _plain(_infer("[" + "9" * 4200 + "," + "9" * 4200 + "]")),
    "integers-of-400-digits": lambda: _plain(_infer("[" + "9" * 400 + ",-" + "9" * 309 + "]")),
    "integers-beyond-64-bits": lambda: _plain(_infer("[18446744073709551617,-99999999999999999999]")),
    "numbers-beyond-double": lambda: _plain(_infer("[1e999,-1e999]")),
    "rank-of-10000": lambda: _plain(_infer("[1,2]", json.dumps([1] * 10_000))),
    "sizes-of-many-digits": lambda: _plain(_infer("[1,2]", json.dumps([10**300] * 5_000))),
    "sizes-of-4200-digits": lambda: _plain(_infer("[1,2]", "[" + "9" * 4200 + ",2]")),
    "nested-10000-deep": lambda: _plain(_infer("[" * 10_000 + "1,2" + "]" * 10_000)),
    "lone-surrogates": lambda: _plain(_infer('["\\ud800","\\udfff"]')),
}
METADATA_ANSWERS: dict[str, dict[str, object]] = {
    "metadata-rank-of-10000": {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1] * 10_000}]},
    "metadata-sizes-of-many-digits": {"inputs": [{"name": "x", "datatype": "FP32", "shape": [10**300, 2]}]},
    "metadata-of-many-inputs": {"inputs": [{"name": f"x{n}", "datatype": "FP32", "shape": [1]} for n in range(50_000)]},
}


@contextlib.contextmanager
def costly(name: str) -> Iterator[str]:
    """Serve an answer of this name; gives the base URL."""
    body, headers = ANSWERS[name]() if name in ANSWERS else _plain(_infer("[1,2]"))
    metadata = json.dumps({**METADATA, **METADATA_ANSWERS.get(name, {})}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing: the tests' output is for the tests."""

        def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for key, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            with contextlib.suppress(OSError):  # who asked may have had enough
                self.end_headers()
                self.wfile.write(body)

        def do_GET(self) -> None:
            path = self.path.rstrip("/")
            known = {"/v2": b'{"name":"s","version":"1","extensions":[]}', "/v2/models/m": metadata}
            known |= dict.fromkeys(("/v2/health/live", "/v2/health/ready", "/v2/models/m/ready"), b"{}")
            self._say(200, known[path]) if path in known else self._say(404, b'{"error":"no such thing"}')

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length") or "0"
            self.rfile.read(int(length) if length.isdecimal() else 0)
            if self.path.endswith("/m/infer"):
                self._say(200, body, headers)
            else:
                self._say(404, b'{"error":"no such thing"}')

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Who asked hung up: that is part of the game."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
