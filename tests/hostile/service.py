"""A service that speaks the protocol over REST, any part of which a scenario replaces.

    service(metadata=b"[" * 400, infer=lambda request: status(500, b"{}"))

gives a function from the request on the wire to the response on the wire. A part is the body of an answer with status
200, or a function from the request to a whole response.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.harness.wire.hostile import ok

JSON = b"Content-Type: application/json"
SHAPE = [1, 4]


@dataclass(frozen=True)
class Request:
    """What came: the first line in parts, everything before the body, and the body."""

    method: str
    path: str
    head: bytes
    body: bytes

    @classmethod
    def read(cls, data: bytes) -> Request:
        """Tolerant: what is no request at all becomes one that nobody knows."""
        head, _, body = data.partition(b"\r\n\r\n")
        words = head.split(b"\r\n")[0].decode("latin-1").split(" ")
        method, path = (words[0], words[1]) if len(words) > 1 else ("?", "?")
        return cls(method, path, head, body)

    @property
    def kind(self) -> str:
        """Which part of the service answers."""
        path = self.path.partition("?")[0].rstrip("/")
        for end in ("index", "infer", "ready", "live"):
            if path.endswith("/" + end):
                return end
        if path == "/v2":
            return "server"
        return "metadata" if path.startswith("/v2/models/") else "other"

    def header(self, name: bytes) -> bytes:
        """The value of a header, or nothing."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.lower():
                return value.strip()
        return b""


Reply = Callable[[Request], bytes]
Part = bytes | Reply


def said(body: bytes, *headers: bytes) -> bytes:
    """A whole response with status 200 and JSON."""
    return ok(body, JSON, *headers)


def status(code: int | str, body: bytes = b'{"error":"no"}', *headers: bytes) -> bytes:
    """A whole response with another status."""
    lines = [f"HTTP/1.1 {code} Words".encode(), b"Content-Length: %d" % len(body), JSON, *headers, b"", body]
    return b"\r\n".join(lines)


def dump(value: Any) -> bytes:
    """Compact JSON; lone surrogates as escapes."""
    return json.dumps(value, separators=(",", ":")).encode()


def index(*names: str) -> bytes:
    """A repository index."""
    return dump([{"name": name, "state": "READY"} for name in names])


def tensor(name: str = "x", shape: Any = (-1, 4), datatype: Any = "FP32") -> dict[str, Any]:
    """Metadata of one tensor."""
    return {"name": name, "datatype": datatype, "shape": list(shape) if isinstance(shape, tuple) else shape}


def metadata(*, inputs: Any = None, outputs: Any = None, **more: Any) -> bytes:
    """Metadata of a model."""
    return dump(
        {
            "name": "m",
            "platform": "hostile",
            "inputs": [tensor()] if inputs is None else inputs,
            "outputs": [tensor("y")] if outputs is None else outputs,
            **more,
        }
    )


def answer(output: Any = None, **more: Any) -> bytes:
    """An inference response."""
    one = {"name": "y", "datatype": "FP32", "shape": SHAPE, "data": [1.0, 2.0, 3.0, 4.0]}
    return dump({"model_name": "m", "outputs": [one if output is None else output], **more})


def echo(request: Request) -> bytes:
    """The right answer of a model that gives back its input, and an error object for what is no request."""
    try:
        asked = json.loads(request.body)
        given = asked["inputs"][0]
        one = {"name": "y", "datatype": given["datatype"], "shape": given["shape"], "data": given["data"]}
        more = {"id": asked["id"]} if "id" in asked else {}
    except (ValueError, LookupError, TypeError, RecursionError):
        return status(400)
    return said(answer(one, **more))


PARTS: dict[str, Part] = {
    "server": dump({"name": "hostile", "version": "1", "extensions": ["model_repository"]}),
    "index": index("m"),
    "ready": dump({"ready": True}),
    "live": dump({"live": True}),
    "metadata": metadata(),
    "infer": echo,
    "other": lambda _: status(404),
}


def service(every: Part | None = None, **parts: Part) -> Callable[[bytes], bytes]:
    """Replies with some parts, by kind of request, replaced; ``every`` stands for all that are not given."""

    def reply(data: bytes) -> bytes:
        request = Request.read(data)
        part = parts.get(request.kind, every if every is not None else PARTS[request.kind])
        return said(part) if isinstance(part, bytes) else part(request)

    return reply
