"""A hostile endpoint over REST: whatever it is asked, it tells the credentials that it was given, each time in another
spelling and place.

What it answers is right often enough for a run to go on: ``GENTLE`` places leave an answer what it is, ``ROUGH`` ones
do not, and are kept for inferences and for what does not exist.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from tests.harness.record.spellings import SPELLINGS
from tests.harness.wire.hostile import HostileServer, Peer
from tests.hostile.service import Request, answer, dump, echo, tensor

# Of inferences so many in a row are answered well, so that a model counts as one that works.
WELL = 4
_LINE = re.compile(rb"[\x21-\x7e\x80-\xff][\x20-\x7e\x80-\xff]*")
_TOKEN = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

# The body of a right answer, and how the credential is spelled -> a whole response.
Place = Callable[[bytes, bytes], bytes]


def whole(status: bytes, body: bytes, *headers: bytes, kind: bytes = b"application/json") -> bytes:
    """A response with these headers."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), b"Content-Type: " + kind, *headers]
    return b"\r\n".join([*lines, b"", body])


def text(told: bytes) -> str:
    """What stands for the bytes in JSON: themselves, or one sign for each."""
    return told.decode("latin-1")


def chunked(body: bytes, *, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    """A right answer in one chunk."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X-Told\r\n\r\n"
    return head + b"%x%s\r\n%s\r\n0\r\n%s\r\n" % (len(body), extension, body, trailer)


def headed(line: bytes) -> Place:
    """A right answer with one more line in its head; ``*`` stands for what is told."""
    return lambda body, told: whole(b"200 OK", body, line.replace(b"*", told))


def beside(member: str, value: Callable[[bytes], Any] = text) -> Place:
    """A right answer with one more member."""
    return lambda body, told: whole(b"200 OK", _with(body, member, value(told)))


def _with(body: bytes, member: str, value: Any) -> bytes:
    asked = json.loads(body)
    return dump({**asked, member: value} if isinstance(asked, dict) else asked)


def wrong(status: bytes, body: Callable[[bytes], bytes], *headers: bytes, kind: bytes = b"application/json") -> Place:
    """An error."""
    return lambda _, told: whole(status, body(told), *(each.replace(b"*", told) for each in headers), kind=kind)


def error(told: bytes) -> bytes:
    """An error object."""
    return dump({"error": f"the token {text(told)} is not valid"})


def _bytes(told: bytes) -> bytes:
    one = {"name": "y", "datatype": "BYTES", "shape": [1], "data": [text(told)]}
    return answer(one, id=text(told), parameters={"seen": text(told)})


def _binary(_: bytes, told: bytes) -> bytes:
    size = len(told) + 4
    head = answer({"name": "y", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": size}})
    body = head + len(told).to_bytes(4, "little") + told
    return whole(b"200 OK", body, b"Inference-Header-Content-Length: %d" % len(head), kind=b"application/octet-stream")


def _events(_: bytes, told: bytes) -> bytes:
    stream = b"event: token\r\nid: 1\r\ndata: " + dump({"text_output": text(told)}) + b"\r\n\r\n: " + told + b"\r\n\r\n"
    return whole(b"200 OK", stream, kind=b"text/event-stream")


def _in_halves(body: bytes, told: bytes) -> bytes:
    middle = len(told) // 2
    return whole(b"200 OK", body, b"X-First: " + told[:middle], b"X-Second: " + told[middle:])


GENTLE: dict[str, Place] = {
    "member": beside("seen"),
    "header": headed(b"X-Told: *"),
    "member in a list": beside("seen", lambda told: [[{"by": text(told)}]]),
    "cookie": headed(b"Set-Cookie: session=*; Path=/; HttpOnly"),
    "platform": beside("platform"),
    "server": headed(b"Server: *"),
    "name of a member": lambda body, told: whole(b"200 OK", _with(body, text(told), 1)),
    "reason phrase": lambda body, told: whole(b"200 " + told, body),
    "version": beside("versions", lambda told: [text(told)]),
    "link": headed(b"Link: <https://elsewhere.example/?token=*>; rel=next"),
    "parameters": beside("parameters", lambda told: {"by": text(told)}),
    "chunk extension": lambda body, told: chunked(body, extension=b";by=" + told),
    "header name": headed(b"X-*: 1"),
    "trailer": lambda body, told: chunked(body, trailer=b"X-Told: " + told + b"\r\n"),
    "two headers": _in_halves,
    "media type": lambda body, told: whole(b"200 OK", body, kind=b'application/json; by="' + told + b'"'),
    "compressed body": lambda body, told: whole(
        b"200 OK", gzip.compress(_with(body, "seen", text(told))), b"Content-Encoding: gzip"
    ),
    "early hints": lambda body, told: (
        b"HTTP/1.1 103 Early Hints\r\nLink: <" + told + b">\r\n\r\n" + whole(b"200 OK", body)
    ),
}

ROUGH: dict[str, Place] = {
    "error": wrong(b"401 Unauthorized", error),
    "text": wrong(b"500 Internal Server Error", lambda told: b"Traceback: key=" + told, kind=b"text/plain"),
    "challenge": wrong(b"401 Unauthorized", error, b'WWW-Authenticate: Bearer realm="*"'),
    "bytes": wrong(b"502 Bad Gateway", lambda told: told, kind=b"application/octet-stream"),
    "redirect": wrong(b"307 Temporary Redirect", lambda _: b"", b"Location: http://127.0.0.1:9/?access_token=*"),
    "tensor": lambda _, told: whole(b"200 OK", _bytes(told)),
    "page": wrong(b"403 Forbidden", lambda told: b"<p title='" + told + b"'>no</p>", kind=b"text/html"),
    "binary tensor": _binary,
    "name of an output": lambda _, told: whole(b"200 OK", answer(tensor(text(told)) | {"shape": [1], "data": [1.0]})),
    "values of a tensor": lambda _, told: whole(
        b"200 OK", answer({"name": "y", "datatype": "UINT8", "shape": [len(told)], "data": list(told)})
    ),
    "status line": lambda _, told: b"HTTP/1.1 " + told + b"\r\nContent-Length: 0\r\n\r\n",
    "events": _events,
    "no JSON": wrong(b"200 OK", lambda told: b'{"outputs": [' + told),
    "line without a colon": lambda body, told: whole(b"200 OK", body, b"seen " + told),
    "coding": wrong(b"200 OK", lambda told: told * 3, b"Content-Encoding: zstd"),
    "name of a coding": wrong(b"200 OK", error, b"Content-Encoding: *"),
    "cut body": lambda _, told: (
        whole(b"200 OK", b"").replace(b"Length: 0", b"Length: 9999") + error(told)[: 24 + len(told) // 2]
    ),
    "size of a chunk": lambda body, told: chunked(body, extension=b"").replace(
        b"\r\n\r\n", b"\r\n\r\nx" + told + b"\r\n", 1
    ),
    "no HTTP": lambda _, told: told + b"\r\n",
}
# After these the connection is of no more use, and a client would wait for the rest.
LAST = {"status line", "line without a colon", "cut body", "size of a chunk", "no HTTP", "redirect"}
# Where only a line fits, or a token.
LINES = {
    "header", "cookie", "server", "reason phrase", "link", "chunk extension", "trailer", "two headers", "media type",
    "early hints", "challenge", "redirect", "status line", "line without a colon", "name of a coding",
    "size of a chunk",
}  # fmt: skip
TOKENS = {"header name"}

Case = tuple[str, str]


def fits(place: str, told: bytes) -> bool:
    """Whether it can be told there."""
    if place in TOKENS:
        return _TOKEN.fullmatch(told) is not None
    return place not in LINES or _LINE.fullmatch(told) is not None


def cases(places: Iterable[str]) -> list[Case]:
    """Every spelling at least once, and every place, evenly."""
    found: list[Case] = []
    left = list(places)
    for spelling, spell in SPELLINGS.items():
        told = spell("a sample of 24 characters")
        place = next(each for each in left if fits(each, told))
        found.append((place, spelling))
        left.remove(place)
        left.append(place)
    return found


class Turns:
    """How many of each kind there were; safe to use from several threads."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def next(self, kind: str) -> int:
        """The number of the next one, from 0."""
        with self._lock:
            self._counts[kind] += 1
            return self._counts[kind] - 1


class Teller(HostileServer):
    """Serves models, and tells.

    Args:
        secrets: what is told of all that comes: a run makes up other credentials, which are nobody's.
        names: of the models; ``*`` stands for a secret.
        rough: of so many inferences one is answered roughly.

    Attributes:
        told: places and spellings that were used.
        given: credentials that came, each with its parts.
    """

    def __init__(self, secrets: Sequence[str], names: Sequence[str] = ("m",), rough: int = 2) -> None:
        super().__init__("never-answers")
        self._behaviour = self._behave
        self.told: set[Case] = set()
        self.given: list[str] = []
        self._secrets, self._names, self._rough = secrets, names, rough
        self._turns = Turns()

    def _behave(self, peer: Peer) -> None:
        while not peer.stopping.is_set():
            response, last = self.respond(Request.read(peer.request()))
            peer.send(response)
            if last:
                return

    def respond(self, request: Request) -> tuple[bytes, bool]:
        """A response, and whether the connection ends with it."""
        self._learn(request)
        right = self._right(request)
        turn = self._turns.next("infer") if request.kind == "infer" else 0
        gentle = right is not None and (request.kind != "infer" or turn < WELL or turn % self._rough != 0)
        kind, places = ("gentle", GENTLE) if gentle else ("rough", ROUGH)
        if not self.given:
            return (whole(b"200 OK", right) if right is not None else whole(b"401 Unauthorized", error(b"?"))), False
        place, spelling = _CASES[kind][(number := self._turns.next(kind)) % len(_CASES[kind])]
        secret = self.given[number // 7 % len(self.given)]
        told = SPELLINGS[spelling](secret)
        if not fits(place, told):
            place = "member" if gentle else "error"
        self.told.add((place, spelling))
        return places[place](right or b"{}", told), place in LAST

    def _learn(self, request: Request) -> None:
        for name in (b"authorization", b"cookie", b"x-api-key", b"x-tenant"):
            for value in credentials(request.header(name).decode("latin-1")):
                if value in self._secrets and value not in self.given:
                    self.given.append(value)

    def _right(self, request: Request) -> bytes | None:
        kind = request.kind
        if kind == "infer":
            response = echo(request)
            return response.partition(b"\r\n\r\n")[2] if response.startswith(b"HTTP/1.1 200") else None
        if kind == "index":
            secret = self.given[-1] if self.given else "nothing"
            return dump([{"name": name.replace("*", secret), "state": "READY"} for name in self._names])
        if kind == "metadata":
            name = request.path.partition("?")[0].split("/")[3]
            return dump({"name": name, "platform": "p", "inputs": [tensor()], "outputs": [tensor("y")]})
        if kind == "server":
            return dump({"name": "teller", "version": "1", "extensions": ["model_repository", "binary_tensor_data"]})
        return dump({kind: True}) if kind in ("ready", "live") else None


def credentials(value: str) -> list[str]:
    """What a header gives access with: the token, values of cookies, both halves of Basic and the whole of them."""
    scheme, blank, rest = value.partition(" ")
    if scheme == "Basic":
        with suppress(ValueError):
            pair = base64.b64decode(rest).decode()
            return [pair.partition(":")[2], rest, pair, pair.partition(":")[0]]
    if blank and scheme in ("Bearer", "Token"):
        return [rest]
    return [
        each.partition("=")[2].strip() if "=" in each else each.strip() for each in value.split(";") if each.strip()
    ]


_CASES = {"gentle": cases(GENTLE), "rough": cases(ROUGH)}
ALL = {*_CASES["gentle"], *_CASES["rough"]}
