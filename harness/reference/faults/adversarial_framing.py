"""Requests and answers that are cut in other places than they should be; only seen over real connections."""

from __future__ import annotations

import re

from harness.reference.faults.adversarial import end
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.http.wires import Wire
from harness.reference.messages import Call, Reply

CHANGE, CRASH, HANG, LEAK = "policy:no-silent-change", "policy:no-crash", "policy:no-hang", "policy:no-leak"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n)", re.IGNORECASE)
# Less than what the HTTP library takes: it would refuse before.
HEAD_BUFFER = 48 * 1024
BEGIN = re.compile(rb"[A-Z]+( |$)")


def wire(kind: type[Wire]) -> Install:
    return lambda hooks: hooks.wires.append(kind)


def complete(data: bytes) -> list[bytes]:
    """The requests in ``data``, each whole; empty if they do not end where ``data`` does."""
    found, rest = [], data
    while rest:
        head, gap, _ = rest.partition(b"\r\n\r\n")
        length = LENGTH.search(head + b"\r\n")
        size = len(head) + 4 + (int(length.group(1)) if length else 0)
        if not gap or len(rest) < size or CHUNKED.search(head + b"\r\n"):
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


fault(
    "pipelined-answer-lost",
    HANG,
    text="of requests that arrive together, only the first is answered",
    effect="connection",
)(wire(_FirstOnly))
fault(
    "pipelined-answers-swapped",
    LEAK,
    "REST-INFER-12",
    text="requests that arrive together are answered in reverse order",
    effect="connection",
)(wire(_Backwards))


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
        return CHUNKED.sub(b"", head) if LENGTH.search(head) else head


class _ChunksWin(_Heads):
    def head(self, head: bytes) -> bytes:
        return LENGTH.sub(b"", head) if CHUNKED.search(head) else head


class _FirstLength(_Heads):
    def head(self, head: bytes) -> bytes:
        lengths = list(LENGTH.finditer(head))
        return head if len(lengths) < 2 else head[: lengths[1].start()] + LENGTH.sub(b"", head[lengths[1].start() :])


class _NoBodyOfGet(_Heads):
    def head(self, head: bytes) -> bytes:
        return LENGTH.sub(b"", head) if head.startswith(b"GET ") else head


class _NoBodyOfUnknown(_Heads):
    def head(self, head: bytes) -> bytes:
        known = re.match(rb"POST \S*/v2/(models|repository|logging|trace|systemsharedmemory)", head)
        return head if known or not head.startswith(b"POST ") else LENGTH.sub(b"", head)


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


fault(
    "length-wins-over-chunks",
    LEAK,
    text="a length beside chunks counts, and what is behind it is the next request",
    effect="connection",
)(wire(_LengthWins))
fault(
    "chunks-win-and-connection-lives",
    LEAK,
    text="chunks beside a length count, and the connection goes on",
    effect="connection",
)(wire(_ChunksWin))
fault(
    "first-of-two-lengths",
    LEAK,
    text="of two lengths the first counts, and the rest is the next request",
    effect="connection",
)(wire(_FirstLength))
fault("body-of-get-is-next-request", LEAK, text="the body of a GET is read as the next request", effect="connection")(
    wire(_NoBodyOfGet)
)
fault(
    "body-of-unknown-path-is-next-request",
    LEAK,
    "REST-ERR-06",
    text="the body sent to an unknown path is read as the next request",
    effect="connection",
)(wire(_NoBodyOfUnknown))
fault(
    "bare-carriage-return-ends-header",
    LEAK,
    text="a bare carriage return in a header begins another header",
    effect="connection",
)(wire(_BareLineEnds))
fault("signed-length-ends-process", CRASH, text="a length with a sign ends the process", effect="connection")(
    wire(_NegativeLength)
)
fault(
    "space-before-colon-ignored", LEAK, text="a length with white space before its colon is one", effect="connection"
)(wire(_SpaceBeforeColon))


class _HeadBuffer(Wire):
    """A buffer of fixed size for the head, and nobody who looks whether it fits."""

    def __init__(self) -> None:
        self._begun = 0

    def received(self, data: bytes) -> bytes:
        if self._begun or BEGIN.match(data):
            head, gap, _ = data.partition(b"\r\n\r\n")
            self._begun += len(head)
            if self._begun > HEAD_BUFFER:
                end()
            self._begun = 0 if gap else self._begun
        return data


fault("long-head-ends-process", CRASH, "TDATA-17", text="a head above 48 KiB ends the process", effect="connection")(
    wire(_HeadBuffer)
)


class _TargetBuffer(Wire):
    """Reads the first line into a buffer of 48 KiB."""

    def __init__(self) -> None:
        self._line = b""

    def received(self, data: bytes) -> bytes:
        self._line = (self._line + data)[: 2 * 48 * 1024]
        if b"\n" in self._line[: 48 * 1024]:
            self._line = b""
        elif len(self._line) > 48 * 1024 and BEGIN.match(self._line):
            end()
        return data


fault("long-target-ends-process", CRASH, text="a request target above 48 KiB ends the process", effect="connection")(
    wire(_TargetBuffer)
)


def _reflected(hooks: Hooks, value: dict[str, bytes], name: bytes) -> None:
    """Send a header with a raw value in it, line ends and all; the library would refuse to."""

    class Splits(Wire):
        def sent(self, data: bytes) -> bytes:
            if not data.startswith(b"HTTP/1") or "now" not in value:
                return data
            line, gap, rest = data.partition(b"\r\n")
            return line + gap + name + b": " + value.pop("now") + b"\r\n" + rest

    hooks.wires.append(Splits)


@fault("id-splits-header", LEAK, text="the id goes into a header as it is, line ends and all", effect="connection")
def id_splits_header(hooks: Hooks) -> None:
    value: dict[str, bytes] = {}
    _reflected(hooks, value, b"x-request-id")

    def edit(call: Call, reply: Reply) -> None:
        document = call.request if call.op == "infer" and isinstance(call.request, dict) else {}
        if reply.status == 200 and isinstance(document.get("id"), str):
            value["now"] = document["id"].encode("utf-8", "replace")

    hooks.bodies.append(edit)


@fault(
    "model-name-splits-header",
    LEAK,
    text="the name of an unknown model goes into a header, line ends and all",
    effect="connection",
)
def model_name_splits_header(hooks: Hooks) -> None:
    value: dict[str, bytes] = {}
    _reflected(hooks, value, b"x-model")

    def edit(call: Call, reply: Reply) -> None:
        if call.model and reply.status == 404:
            value["now"] = call.model.encode("utf-8", "replace")

    hooks.bodies.append(edit)
