"""Takes secrets out of exchanges before anything is written: headers by name, secret values wherever they stand."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from harness.record.coding import Undecodable, codings, decode, encode
from harness.record.exchange import Exchange, Failure, Headers, RpcStatus
from harness.record.patterns import SecretPattern

SENSITIVE_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "set-cookie2", "x-api-key", "x-auth-token"}
)
REPLACEMENT = "[redacted]"
# A value shorter than this is taken out by header name only: it would be found in half of all texts.
MIN_SECRET = 4

Redaction = dict[str, str]
_USERINFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#\s]*@")


class Redactor:
    """Removes secrets from exchanges and texts. Safe to use from several threads.

    Args:
        secrets: values that must not be written anywhere, in whatever encoding they come back.
        headers: names of further headers whose values are never written; the usual ones are always among them.
    """

    def __init__(self, secrets: Iterable[str | bytes] = (), headers: Iterable[str] = ()) -> None:
        self.headers = SENSITIVE_HEADERS | {name.lower() for name in headers}
        self._secrets: frozenset[bytes] = frozenset()
        self._pattern = SecretPattern(())
        self._lock = threading.Lock()
        self.add(secrets)

    def add(self, secrets: Iterable[str | bytes]) -> None:
        """Add values; a token that was renewed during the run stays secret together with the one before."""
        new = {secret.encode() if isinstance(secret, str) else secret for secret in secrets}
        with self._lock:
            known = self._secrets | {secret for secret in new if len(secret) >= MIN_SECRET}
            if known != self._secrets:
                self._secrets = known
                self._pattern = SecretPattern(known)

    def text(self, text: str) -> str:
        """A text for people without the secrets."""
        return self._text(text)[0]

    def url(self, url: str) -> str:
        """A URL without user name, password and secrets."""
        return self._url(url)[0]

    def value(self, value: object) -> Any:  # noqa: ANN401 -- the shape of the argument is the shape of the result
        """A JSON-like value with every text in it redacted, keys included; for what is said *about* exchanges."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def exchange(self, exchange: Exchange) -> tuple[Exchange, list[Redaction]]:
        """The exchange as it may be written, and one entry ``{"where", "rule"}`` per place that was changed."""
        if self._only_by_name(exchange):
            return self._without_headers(exchange)
        done: list[Redaction] = []
        url, count = self._url(exchange.url)
        _note(done, "url", count)
        reason, count = self._text(exchange.reason)
        _note(done, "response.reason", count)
        error = exchange.error
        if error is not None:
            message, count = self._text(error.message)
            _note(done, "error.message", count)
            error = Failure(error.kind, message)
        rpc = exchange.rpc
        if rpc is not None:
            details, count = self._text(rpc.details)
            _note(done, "rpc.details", count)
            rpc = RpcStatus(rpc.code, rpc.name, details)
        before = len(done)
        request_body = self._body(exchange.request_body, exchange.request_headers, "request", done)
        of_request = len(done) - before
        response_body = self._body(
            exchange.response_body, exchange.response_headers, "response", done, cut=exchange.truncated
        )
        of_response = len(done) - before - of_request
        clean = replace(
            exchange,
            url=url,
            reason=reason,
            error=error,
            rpc=rpc,
            response_trailers=self._headers(exchange.response_trailers, "response", done),
            request_text=self._rendering(exchange.request_text, of_request),
            response_text=self._rendering(exchange.response_text, of_response),
            request_headers=self._headers(exchange.request_headers, "request", done),
            request_body=request_body,
            response_headers=self._headers(exchange.response_headers, "response", done),
            response_body=response_body,
        )
        return clean, done

    def _only_by_name(self, exchange: Exchange) -> bool:
        """Whether a quick look shows that beside headers of certain names there is nothing to take out.

        May say no where there is nothing, never yes where there is something.
        """
        if "@" in exchange.url:
            return False
        if not self._secrets:
            return True
        if exchange.truncated or codings(exchange.request_headers) or codings(exchange.response_headers):
            return False  # a piece of a secret at the end of a cut body, or one that is compressed
        texts = [exchange.url, exchange.reason, exchange.request_text, exchange.response_text]
        texts += [exchange.error.message] if exchange.error is not None else []
        texts += [exchange.rpc.details] if exchange.rpc is not None else []
        # A line break between two pieces can make a secret of them, but never hide one.
        together = "\n".join(texts).encode("utf-8", "surrogatepass")
        headers = (*exchange.request_headers, *exchange.response_headers, *exchange.response_trailers)
        kept = (name if name.lower() in self.headers else f"{name}\n{value}" for name, value in headers)
        lines = "\n".join(kept).encode("latin-1", "replace")
        pieces = (together, lines, exchange.request_body, exchange.response_body)
        return not any(self._pattern.found_in(piece) for piece in pieces)

    def _without_headers(self, exchange: Exchange) -> tuple[Exchange, list[Redaction]]:
        done: list[Redaction] = []

        def clean(headers: Headers, side: str) -> Headers:
            if not any(name.lower() in self.headers for name, _ in headers):
                return headers
            for name, _ in headers:
                _note(done, f"{side}.header.{name.lower()}", name.lower() in self.headers, "header")
            return tuple((name, REPLACEMENT if name.lower() in self.headers else value) for name, value in headers)

        trailers = clean(exchange.response_trailers, "response")
        request, response = clean(exchange.request_headers, "request"), clean(exchange.response_headers, "response")
        if not done:
            return exchange, done
        return replace(exchange, response_trailers=trailers, request_headers=request, response_headers=response), done

    def _text(self, text: str) -> tuple[str, int]:
        # surrogatepass: what an endpoint sent may hold half a surrogate pair, and must not stop the recording.
        data, count = self._pattern.replace(text.encode("utf-8", "surrogatepass"), REPLACEMENT.encode())
        return (data.decode("utf-8", "surrogatepass"), count) if count else (text, 0)

    def _rendering(self, text: str, in_body: int) -> str:
        """The rendering of a body in which so many secrets were found; they are counted there.

        A rendering escapes in ways of its own (octal bytes). One that shows fewer secrets than the body is left out.
        """
        clean, count = self._text(text)
        return clean if count >= in_body else ""

    def _url(self, url: str) -> tuple[str, int]:
        head, userinfo = _USERINFO.subn(rf"\1{REPLACEMENT}@", url, count=1)
        text, count = self._text(head)
        return text, count + userinfo

    def _headers(self, headers: Headers, side: str, done: list[Redaction]) -> Headers:
        clean = []
        for name, value in headers:
            lowered = name.lower()
            key, in_key = self._header_text(name)
            if lowered in self.headers:
                _note(done, f"{side}.header.{lowered}", 1, "header")
                clean.append((key, REPLACEMENT))
                continue
            text, count = self._header_text(value)
            _note(done, f"{side}.header.{key.lower()}", count + in_key)
            clean.append((key, text))
        return tuple(clean)

    def _header_text(self, text: str) -> tuple[str, int]:
        # On the wire a header is bytes: Latin-1 gives back the very bytes that a UTF-8 secret was sent in.
        data, count = self._pattern.replace(text.encode("latin-1", "replace"), REPLACEMENT.encode())
        return (data.decode("latin-1"), count) if count else (text, 0)

    def _body(self, body: bytes, headers: Headers, side: str, done: list[Redaction], *, cut: bool = False) -> bytes:
        if not body:
            return body
        clean, count = self._pattern.replace(body, REPLACEMENT.encode(), cut=cut)
        names = codings(headers)
        if self._secrets and names:
            clean, hidden = self._compressed(clean, names, cut=cut)
            count += hidden
        _note(done, f"{side}.body", count)
        return clean

    def _compressed(self, body: bytes, names: Sequence[str], *, cut: bool) -> tuple[bytes, int]:
        """Looks inside a compressed body, so far as it can be read; one that holds a secret is compressed anew."""
        try:
            plain = decode(body, names, partial=True)
        except Undecodable:
            return body, 0
        clean, count = self._pattern.replace(plain, REPLACEMENT.encode(), cut=cut)
        return (encode(clean, names), count) if count else (body, 0)


def _note(done: list[Redaction], where: str, count: int, rule: str = "secret") -> None:
    done.extend({"where": where, "rule": rule} for _ in range(count))
