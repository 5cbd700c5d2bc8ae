"""Requests and answers that are cut in other places than they should be; only seen over real connections."""

from __future__ import annotations

import re

from harness.reference.faults.adversarial import end
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.http.wires import Wire
from harness.reference.messages import Call, Reply

CHANGE, CRASH, HANG, LEAK = "policy:no-silent-change", "policy:no-crash", "policy:no-hang", "policy:no-leak"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n)", re.IGNORECASE)
_MOST = 2**20


def _wire(kind: type[Wire]) -> Install:
    return lambda hooks: hooks.wires.append(kind)


def complete(data: bytes) -> list[bytes]:
    """The requests in ``data``, each whole; empty if they do not end where ``data`` does."""
    found, rest = [], data
    while rest:
        head, gap, _ = rest.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        size = len(head) + 4 + (int(length.group(1)) if length else 0)
        if not gap or len(rest) < size or _CHUNKED.search(head + b"\r\n"):
            return []
        found.append(rest[:size])
        rest = rest[size:]
    return found


class _FirstOnly(Wire):
    def received(self, data: bytes) -> bytes:
        return (complete(data) or [data])[0]


class _Backwards(Wire):
    def received(self, data: bytes) -> bytes:
        return b"".join(complete(data)[::-1]) or data


fault("pipelined-answer-lost", HANG, text="of requests that arrive together, only the first is answered")(
    _wire(_FirstOnly)
)
fault("pipelined-answers-swapped", LEAK, "REST-INFER-12",
      text="requests that arrive together are answered in reverse order")(_wire(_Backwards))  # fmt: skip


class _Heads(Wire):
    """Edits the heads of requests that arrive whole in one piece of data; their bodies are left alone."""

    def received(self, data: bytes) -> bytes:
        head, gap, body = data.partition(b"\r\n\r\n")
        if not gap or not re.match(rb"[A-Z]+ \S+ HTTP/1", head):
            return data
        return self.head(head + b"\r\n")[:-2] + gap + body

    def head(self, head: bytes) -> bytes:
        """The head, each line with its end."""
        raise NotImplementedError


class _LengthWins(_Heads):
    def head(self, head: bytes) -> bytes:
        return _CHUNKED.sub(b"", head) if _LENGTH.search(head) else head


class _ChunksWin(_Heads):
    def head(self, head: bytes) -> bytes:
        return _LENGTH.sub(b"", head) if _CHUNKED.search(head) else head


class _FirstLength(_Heads):
    def head(self, head: bytes) -> bytes:
        lengths = list(_LENGTH.finditer(head))
        return head if len(lengths) < 2 else head[: lengths[1].start()] + _LENGTH.sub(b"", head[lengths[1].start() :])


class _NoBodyOfGet(_Heads):
    def head(self, head: bytes) -> bytes:
        return _LENGTH.sub(b"", head) if head.startswith(b"GET ") else head


class _NoBodyOfUnknown(_Heads):
    def head(self, head: bytes) -> bytes:
        known = re.match(rb"POST \S*/v2/(models|repository|logging|trace|systemsharedmemory)", head)
        return head if known or not head.startswith(b"POST ") else _LENGTH.sub(b"", head)


class _BareLineEnds(_Heads):
    def head(self, head: bytes) -> bytes:
        # A lone LF may end a line (RFC 9112, 2.2); a lone CR never does.
        return re.sub(rb"\r(?!\n)", b"\r\n", head)


class _NegativeLength(_Heads):
    def head(self, head: bytes) -> bytes:
        if re.search(rb"\r\ncontent-length:[ \t]*[-+]", head, re.IGNORECASE):
            end()
        return head


class _SpaceBeforeColon(_Heads):
    def head(self, head: bytes) -> bytes:
        return re.sub(rb"(?i)\r\n(transfer-encoding|content-length)[ \t]+:", rb"\r\n\1:", head)


fault("length-wins-over-chunks", LEAK, text="a length beside chunks counts, and what is behind it is the next request")(
    _wire(_LengthWins)
)
fault("chunks-win-and-connection-lives", LEAK, text="chunks beside a length count, and the connection goes on")(
    _wire(_ChunksWin)
)
fault("first-of-two-lengths", LEAK, text="of two lengths the first counts, and the rest is the next request")(
    _wire(_FirstLength)
)
fault("body-of-get-is-next-request", LEAK, text="the body of a GET is read as the next request")(_wire(_NoBodyOfGet))
fault("body-of-unknown-path-is-next-request", LEAK, "REST-ERR-06",
      text="the body sent to an unknown path is read as the next request")(_wire(_NoBodyOfUnknown))  # fmt: skip
fault("bare-carriage-return-ends-header", LEAK, text="a bare carriage return in a header begins another header")(
    _wire(_BareLineEnds)
)
fault("signed-length-ends-process", CRASH, text="a length with a sign ends the process")(_wire(_NegativeLength))
fault("space-before-colon-ignored", LEAK, text="a length with white space before its colon is one")(
    _wire(_SpaceBeforeColon)
)


class _Chunks(Wire):
    """Unpacks chunked requests itself, wrongly; what is no chunked request goes through as it is."""

    base = 16
    extension_is_data = False
    last_lost = False

    def __init__(self) -> None:
        self._kept = b""

    def received(self, data: bytes) -> bytes:
        self._kept += data
        head, gap, body = self._kept.partition(b"\r\n\r\n")
        chunked = gap and _CHUNKED.search(head + b"\r\n") and not _LENGTH.search(head + b"\r\n")
        if not chunked and (gap or len(self._kept) > _MOST):
            data, self._kept = self._kept, b""
            return data
        if not gap or (b"0\r\n\r\n" not in body and len(body) < _MOST):
            return b""
        self._kept = b""
        plain = self.unpacked(body)
        return _CHUNKED.sub(b"", head + b"\r\n") + b"content-length: %d\r\n\r\n" % len(plain) + plain

    def unpacked(self, body: bytes) -> bytes:
        """Data of the chunks."""
        chunks = []
        while body:
            line, _, body = body.partition(b"\r\n")
            digits, _, extension = line.partition(b";")
            try:
                size = int(digits, self.base)
            except ValueError:
                size = 0
            if size <= 0:
                break
            chunks.append((extension if self.extension_is_data else b"") + body[:size])
            body = body[size + 2 :]
        return b"".join(chunks[:-1] if self.last_lost and len(chunks) > 2 else chunks)


class _DecimalChunks(_Chunks):
    base = 10


class _ExtensionIsData(_Chunks):
    extension_is_data = True


class _LastChunkLost(_Chunks):
    last_lost = True


fault("chunk-sizes-decimal", CHANGE, text="sizes of chunks are read as decimal numbers")(_wire(_DecimalChunks))
fault("chunk-extension-is-data", CHANGE, text="what follows the size of a chunk becomes part of the body")(
    _wire(_ExtensionIsData)
)
fault("last-of-many-chunks-lost", CHANGE, text="of more than two chunks the last is lost")(_wire(_LastChunkLost))


def _reflected(hooks: Hooks, value: dict[str, bytes], name: bytes) -> None:
    """Send a header with a raw value in it, line ends and all; the library would refuse to."""

    class Splits(Wire):
        def sent(self, data: bytes) -> bytes:
            if not data.startswith(b"HTTP/1") or "now" not in value:
                return data
            line, gap, rest = data.partition(b"\r\n")
            return line + gap + name + b": " + value.pop("now") + b"\r\n" + rest

    hooks.wires.append(Splits)


@fault("id-splits-header", LEAK, text="the id goes into a header as it is, line ends and all")
def id_splits_header(hooks: Hooks) -> None:
    value: dict[str, bytes] = {}
    _reflected(hooks, value, b"x-request-id")

    def edit(call: Call, reply: Reply) -> None:
        document = call.request if call.op == "infer" and isinstance(call.request, dict) else {}
        if reply.status == 200 and isinstance(document.get("id"), str):
            value["now"] = document["id"].encode("utf-8", "replace")

    hooks.bodies.append(edit)


@fault("model-name-splits-header", LEAK, text="the name of an unknown model goes into a header, line ends and all")
def model_name_splits_header(hooks: Hooks) -> None:
    value: dict[str, bytes] = {}
    _reflected(hooks, value, b"x-model")

    def edit(call: Call, reply: Reply) -> None:
        if call.model and reply.status == 404:
            value["now"] = call.model.encode("utf-8", "replace")

    hooks.bodies.append(edit)
