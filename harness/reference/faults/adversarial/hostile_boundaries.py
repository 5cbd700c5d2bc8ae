"""Seeded faults that the checks of ``suites/adversarial/test_hostile_boundaries.py`` find."""

from __future__ import annotations

import re
from collections import Counter

from harness.reference.faults.kit.common import holds
from harness.reference.faults.kit.framing import CHUNKED, LENGTH, Heads, wire
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.http.wires import Wire
from harness.reference.messages import Call, Reply

HANG = "policy:no-hang"
LEAK = "policy:no-leak"


@fault(
    "connection-dead-after-three-refusals",
    HANG,
    "REST-ERR-06",
    text="a connection on which three requests were refused answers no inference any more",
)
def connection_dead(hooks: Hooks) -> None:
    refused: Counter[object] = Counter()

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status >= 400:
            refused[call.connection] += 1

    def dead(call: Call) -> bool:
        if call.number_on_connection == 1:
            refused.pop(call.connection, None)
        return call.op == "infer" and refused[call.connection] >= 3

    hooks.documents.append(edit)
    holds(dead)(hooks)


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


class _QuickFirst(Wire):
    def received(self, data: bytes) -> bytes:
        requests = complete(data)
        quick = [each for each in requests if each.startswith(b"GET")]
        return b"".join([*quick, *(each for each in requests if each not in quick)]) or data


fault(
    "pipelined-quick-routes-first",
    LEAK,
    text="of requests that arrive together those without a body are answered first",
    effect="connection",
)(wire(_QuickFirst))


class _Twice(Wire):
    """Answers with outputs, each followed by its copy."""

    def __init__(self) -> None:
        self._answer = b""

    def sent(self, data: bytes) -> bytes:
        self._answer = data if data.startswith(b"HTTP/1") else self._answer + data
        head, gap, body = self._answer.partition(b"\r\n\r\n")
        length = LENGTH.search(head + b"\r\n")
        if not gap or length is None or len(body) < int(length.group(1)):
            return data
        whole, self._answer = self._answer, b""
        return data + whole if b'"outputs"' in body else data


fault(
    "inference-answered-twice",
    LEAK,
    text="a connection on which an inference was answered carries that answer once more",
    effect="connection",
)(wire(_Twice))


class _LengthWins(Heads):
    def head(self, head: bytes) -> bytes:
        return CHUNKED.sub(b"", head) if LENGTH.search(head) else head


class _ChunksWin(Heads):
    def head(self, head: bytes) -> bytes:
        return LENGTH.sub(b"", head) if CHUNKED.search(head) else head


class _FirstLength(Heads):
    def head(self, head: bytes) -> bytes:
        lengths = list(LENGTH.finditer(head))
        return head if len(lengths) < 2 else head[: lengths[1].start()] + LENGTH.sub(b"", head[lengths[1].start() :])


class _NoBodyOfGet(Heads):
    def head(self, head: bytes) -> bytes:
        return LENGTH.sub(b"", head) if head.startswith(b"GET ") else head


class _NoBodyOfUnknown(Heads):
    def head(self, head: bytes) -> bytes:
        known = re.match(rb"POST \S*/v2/(models|repository|logging|trace|systemsharedmemory)", head)
        return head if known or not head.startswith(b"POST ") else LENGTH.sub(b"", head)


class _BareLineEnds(Heads):
    def head(self, head: bytes) -> bytes:
        # A lone LF may end a line (RFC 9112, 2.2); a lone CR never does.
        return re.sub(rb"\r(?!\n)", b"\r\n", head)


class _SpaceBeforeColon(Heads):
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

fault(
    "space-before-colon-ignored", LEAK, text="a length with white space before its colon is one", effect="connection"
)(wire(_SpaceBeforeColon))
