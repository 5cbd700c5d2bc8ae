"""What is kept of a run that sends sensitive samples: of every message that could carry one, or an answer, its size.

No value is looked for: how an endpoint, or a check that mutates a request, spells one cannot be foreseen. What may be
kept is told from what may not by what it *is*, and all that is not told apart is withheld. No digest is kept either:
of few possible inputs each could be tried, and with a secret key equal answers would still show.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace

from harness.bundle.exchange import SENSITIVE
from harness.record.exchange import Exchange, Failure, Headers, RpcStatus
from harness.record.redact import Redaction

NOT_KEPT = f"not kept: {SENSITIVE}"
_MARKER = re.compile(rb"\[not kept: \d{1,12} bytes; " + SENSITIVE.encode() + rb"\]")
# Methods of gRPC whose requests name a model, or nothing.
_CALLS = frozenset(
    {
        "ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelConfig", "ModelStatistics",
        "RepositoryIndex",
    }
)  # fmt: skip
_MOST_OF_NAME = 1024
# Of answers: what frames a message, and says nothing of what is in it.
_HEADERS = frozenset(
    {
        "allow", "connection", "content-encoding", "content-length", "content-type", "date", "grpc-encoding",
        "grpc-status", "inference-header-content-length", "keep-alive", "retry-after", "server", "transfer-encoding",
        "upgrade", "www-authenticate",
    }
)  # fmt: skip
# Of requests also what a client says of itself.
_OWN_HEADERS = _HEADERS | {"accept", "accept-encoding", "host", "te", "user-agent", ":authority", "grpc-timeout"}
# How a member that holds values ends, also in what an error quotes.
_VALUES = re.compile(rb'(?:data|text_output|raw_output_contents)\\*"')
# Failures that no byte of an answer has part in.
_UNMET = frozenset({"connect", "timeout", "tls"})
_REASON = re.compile(r"[A-Za-z' -]{0,40}")


class Withholding:
    """Takes the content out of exchanges before anything is written. Safe to use from several threads.

    Attributes:
        exchanges: of how many something was not kept.
    """

    def __init__(self) -> None:
        self.exchanges = 0
        self._lock = threading.Lock()

    def exchange(self, exchange: Exchange) -> tuple[Exchange, list[Redaction]]:
        """The exchange as it may be written, and one entry for each side of which something was not kept."""
        if _says_nothing(exchange):
            return exchange, []
        done: list[Redaction] = []
        for where, body in (("request.body", exchange.request_body), ("response.body", exchange.response_body)):
            if body:
                done.append({"where": where, "rule": SENSITIVE})
        grpc = exchange.transport == "grpc"
        request, response = _marker(exchange.request_body), _marker(exchange.response_body)
        error, rpc = exchange.error, exchange.rpc
        clean = replace(
            exchange,
            request_headers=_without(exchange.request_headers, _OWN_HEADERS),
            request_body=request,
            request_text=request.decode() if grpc else "",
            reason=exchange.reason if _REASON.fullmatch(exchange.reason) else NOT_KEPT,
            response_headers=_without(exchange.response_headers, _HEADERS),
            response_trailers=_without(exchange.response_trailers, _HEADERS),
            response_body=response,
            response_text=response.decode() if grpc else "",
            error=None if error is None else Failure(error.kind, NOT_KEPT),
            rpc=None if rpc is None else RpcStatus(rpc.code, rpc.name, NOT_KEPT if rpc.details else ""),
        )
        if not done:
            done.append({"where": "response.headers", "rule": SENSITIVE})
        with self._lock:
            self.exchanges += 1
        return clean, done


def _says_nothing(exchange: Exchange) -> bool:
    """Whether neither request nor answer can hold an input of a model, or an output: what asks about a model only.

    An error may quote anything, another request too.
    """
    if not exchange.ok and (exchange.answered or exchange.error is None or exchange.error.kind not in _UNMET):
        return False
    if exchange.transport == "grpc":
        asked = exchange.url.rpartition("/")[2] in _CALLS and _names_only(exchange.request_body)
        return asked and exchange.response_headers == _without(exchange.response_headers, _HEADERS)
    if exchange.request_body or exchange.method not in ("GET", "HEAD", "OPTIONS"):
        return False
    return _is_no_answer(exchange)


def _is_no_answer(exchange: Exchange) -> bool:
    """Whether what came is no answer to an inference, such as that of another request on a connection out of step."""
    body = exchange.response_body
    if not body:
        return True
    if exchange.truncated or exchange.header("content-encoding") is not None or _VALUES.search(body):
        return False
    try:
        text = body.decode()
        if "json" in (exchange.media_type or "json"):
            json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _names_only(message: bytes) -> bool:
    """Whether a message of protobuf has no more than short texts as its fields 1 and 2."""
    at = 0
    for tag in (0x0A, 0x12):
        if at < len(message) and message[at] == tag:
            size = message[at + 1] if at + 1 < len(message) else 128
            at += 2 + size
            if size > 127 or at > len(message):
                return False
    return at == len(message)


def is_withheld(body: bytes) -> bool:
    """Whether a body is what stands in the place of one that was not kept."""
    return _MARKER.fullmatch(body) is not None


def _marker(body: bytes) -> bytes:
    return f"[not kept: {len(body)} bytes; {SENSITIVE}]".encode() if body else b""


def _without(headers: Headers, kept: frozenset[str]) -> Headers:
    return tuple((name, value) if name.lower() in kept else (_name(name), NOT_KEPT) for name, value in headers)


def _name(name: str) -> str:
    """A name of a header; one that nobody expects may itself be a value."""
    return name if len(name) <= _MOST_OF_NAME else NOT_KEPT
