"""What is kept of a run that sends sensitive samples: of every message that could carry one, or an answer, its size.

No value is looked for: how an endpoint, or a check that mutates a request, spells one cannot be foreseen. What may be
kept is told from what may not by what it *is*, and all that is not told apart is withheld. No digest is kept either:
of few possible inputs each could be tried, and with a secret key equal answers would still show.
"""

from __future__ import annotations

import threading
from dataclasses import replace

from harness.bundle.exchange import IN_HEAD, NOT_KEPT, SENSITIVE
from harness.record.described import is_description
from harness.record.exchange import Exchange, Failure, RpcStatus
from harness.record.framing import answered_with, asked_with, phrase, version
from harness.record.redact import Redaction

# Methods of gRPC whose requests name a model, or nothing.
_CALLS = frozenset(
    {
        "ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelConfig", "ModelStatistics",
        "RepositoryIndex",
    }
)  # fmt: skip
# Failures that no byte of an answer has part in.
_UNMET = frozenset({"connect", "timeout", "tls"})


class Withholding:
    """Takes the content out of exchanges before anything is written. Safe to use from several threads.

    Args:
        metrics: the URL of metrics of the policy.

    Attributes:
        exchanges: of how many the content was not kept.
    """

    def __init__(self, metrics: str | None = None) -> None:
        self.exchanges = 0
        self._metrics = metrics
        self._lock = threading.Lock()

    def exchange(self, exchange: Exchange) -> tuple[Exchange, list[Redaction]]:
        """The exchange as it may be written, and one entry for each place of which something was not kept."""
        head = replace(
            exchange,
            reason=phrase(exchange.status, exchange.reason),
            response_http_version=version(exchange.response_http_version),
            response_headers=answered_with(exchange.response_headers),
            response_trailers=answered_with(exchange.response_trailers),
        )
        in_head: list[Redaction] = [] if head == exchange else [{"where": IN_HEAD, "rule": SENSITIVE}]
        if self._says_nothing(exchange):
            return head, in_head
        clean = _without_content(head)
        done: list[Redaction] = [
            {"where": where, "rule": SENSITIVE}
            for where, before, after in (
                ("request.headers", exchange.request_headers, clean.request_headers),
                ("request.body", exchange.request_body, clean.request_body),
                ("response.body", exchange.response_body, clean.response_body),
                ("error", exchange.error, clean.error),
                ("rpc", exchange.rpc, clean.rpc),
            )
            if before != after
        ]
        with self._lock:
            self.exchanges += bool(done)
        return clean, [*done, *in_head]

    def _says_nothing(self, exchange: Exchange) -> bool:
        """Whether neither request nor answer can hold an input of a model, or an output: it asks about a model only.

        An error may quote anything, another request too.
        """
        if not exchange.ok and (exchange.answered or exchange.error is None or exchange.error.kind not in _UNMET):
            return False
        if exchange.transport == "grpc":
            asked = exchange.url.rpartition("/")[2] in _CALLS and _names_only(exchange.request_body)
            return asked and not (exchange.rpc is not None and exchange.rpc.details)
        return is_description(exchange, self._metrics)


def _without_content(exchange: Exchange) -> Exchange:
    """Without bodies, words of errors, and what the headers of the request say."""
    grpc = exchange.transport == "grpc"
    request, response = _marker(exchange.request_body), _marker(exchange.response_body)
    error, rpc = exchange.error, exchange.rpc
    return replace(
        exchange,
        request_headers=asked_with(exchange.request_headers),
        request_body=request,
        request_text=request.decode() if grpc else "",
        response_body=response,
        response_text=response.decode() if grpc else "",
        error=None if error is None else Failure(error.kind, NOT_KEPT),
        rpc=None if rpc is None else RpcStatus(rpc.code, rpc.name, NOT_KEPT if rpc.details else ""),
    )


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


def _marker(body: bytes) -> bytes:
    return f"[not kept: {len(body)} bytes; {SENSITIVE}]".encode() if body else b""
