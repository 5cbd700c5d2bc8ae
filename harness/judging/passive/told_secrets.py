"""Secrets that an answer gives away, made known to the redactor before the answer is written."""

from __future__ import annotations

import contextlib

from harness.judging.passive.fair import is_grpc, route_of
from harness.judging.passive.sightings import SECRETS_KEPT
from harness.judging.passive.texts import HEAD, TAIL, body_text, said, telling_headers
from harness.oracles.disclosure import SECRETS, disclosures
from harness.probing.origin.claimed import parameters_of
from harness.record.exchange import Exchange
from harness.record.redact import Redactor

# Most answers hold none of these: they are not taken apart. A slash may be escaped in JSON.
SIGNS = tuple({sign.encode() for pattern in SECRETS for sign in pattern.signs} | {rb":\/\/", rb"\u"})
LARGEST = 1 << 20


class ToldSecrets:
    """Looks at an answer before it is written: at what describes the service, headers, parameters of an inference.

    What a model gives back is its own affair, and what the request had said itself is no secret of the endpoint.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._known: set[str] = set()

    def learn(self, exchange: Exchange) -> None:
        """Make known what one answer gives away; never raises."""
        if len(self._known) >= SECRETS_KEPT or not (exchange.ok and _may_tell(exchange)):
            return
        # What cannot be read is told by the checks that read it.
        with contextlib.suppress(Exception):
            found = disclosures(_told(exchange), SECRETS)
            new = {each.value for each in found} - self._known if found else set()
            sent = said(exchange) if new else ""
            if new := {value for value in new if value not in sent}:
                self._known |= new
                self._redactor.add(sorted(new))


def _may_tell(exchange: Exchange) -> bool:
    body = exchange.response_body
    if len(body) > LARGEST:
        return False
    lowered = body.lower()
    headers = "\n".join(value for _, value in exchange.response_headers).lower().encode("latin-1", "replace")
    return any(sign in lowered or sign in headers for sign in SIGNS)


def _told(exchange: Exchange) -> str:
    headers = telling_headers((*exchange.response_headers, *exchange.response_trailers))
    inferred = exchange.url.endswith("/ModelInfer") if is_grpc(exchange) else route_of(exchange.url) == "infer"
    if inferred:
        return f"{parameters_of(exchange)[: HEAD + TAIL]}\n{headers}"
    if not is_grpc(exchange):
        return f"{body_text(exchange)}\n{headers}"
    from harness.probing.grpc_calls import texts_of  # noqa: PLC0415 -- needs the extra grpc

    return f"{texts_of(exchange.response_body)}\n{headers}"
