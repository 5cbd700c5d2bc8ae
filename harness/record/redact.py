"""Takes secrets out of exchanges before anything is written: headers by name, secret values wherever they stand."""

from __future__ import annotations

import contextlib
import re
import threading
import weakref
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from harness.record.bodies import NO_TEXT, REPLACEMENT, clean_body, withheld, without
from harness.record.coding import codings
from harness.record.exchange import Exchange, Failure, Headers, RpcStatus
from harness.record.needles import Needles
from harness.record.noise import stretches
from harness.record.packed import Opaque
from harness.record.parts import MIN_SECRET, halves, searchable
from harness.record.search import spans
from harness.record.unescape import unescaped

SENSITIVE_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "set-cookie2", "x-api-key", "x-auth-token"}
)
# Of headers that make a secret together only so short ones can stay.
MIN_SPREAD = 3

Redaction = dict[str, str]
# Every redactor there is: what one run holds secret, no other part of this process writes.
_ALL: weakref.WeakSet[Redactor] = weakref.WeakSet()
_USERINFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#\s]*@")


class Redactor:
    """Removes secrets from exchanges and texts. Safe to use from several threads.

    Args:
        secrets: values that must not be written anywhere, in whatever encoding they come back.
        headers: names of further headers whose values are never written; the usual ones are always among them.

    Attributes:
        unsought: how many values are too short, or too ordinary, to be looked for in texts.
    """

    def __init__(self, secrets: Iterable[str | bytes] = (), headers: Iterable[str] = ()) -> None:
        self.headers = SENSITIVE_HEADERS | {name.lower() for name in headers}
        self._given: set[bytes] = set()
        self._needles = Needles()
        self._lock = threading.Lock()
        self.unsought = 0
        self.add(secrets)
        _ALL.add(self)

    def add(self, secrets: Iterable[str | bytes]) -> None:
        """Add values; a token that was renewed during the run stays secret together with the one before."""
        new = {secret.encode() if isinstance(secret, str) else secret for secret in secrets}
        with self._lock:
            for secret in sorted(new - self._given):
                self._given.add(secret)
                text = secret.decode("utf-8", "replace")
                self.unsought += not searchable(text)
                for part in {text} if " " in text else halves(text):
                    self._seek(part)

    def _seek(self, part: str) -> None:
        if not searchable(part):
            return
        self._needles.add(data := part.encode())
        while (layer := unescaped(data)) is not None and len(layer[0]) >= MIN_SECRET:
            self._needles.add(data := layer[0])  # a secret that looks escaped itself
        with contextlib.suppress(UnicodeEncodeError):
            self._needles.add(part.encode("latin-1"))  # as a header sends it

    def holds(self, data: bytes) -> bool:
        """Whether there may be a secret in it."""
        try:
            return bool(spans(self._needles, data))
        except Opaque:
            return True

    def text(self, text: str) -> str:
        """A text for people without the secrets."""
        return self._text(text)[0]

    def data(self, data: bytes, *, cut: bool = False) -> bytes:
        """Bytes without the secrets; ``cut``: the end may be the beginning of one."""
        try:
            return without(self._needles, data, cut=cut)[0] if self._needles else data
        except Opaque as error:
            return withheld(data, f"{error}, and may hold a secret")

    @property
    def given(self) -> tuple[str, ...]:
        """The values that were added, for a process of ours that writes as well."""
        return tuple(secret.decode("utf-8", "replace") for secret in sorted(self._given))

    def url(self, url: str) -> str:
        """A URL without user name, password and secrets."""
        return self._url(url)[0]

    def value(self, value: object) -> Any:  # noqa: ANN401 -- the shape of the argument is the shape of the result
        """A JSON-like value with every text in it redacted, keys included; for what is said *about* exchanges."""
        return self._value(value) if self._needles and self.holds(_together(value)) else value

    def _value(self, value: Any) -> Any:  # noqa: ANN401 -- as above
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self._value(key): self._value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item) for item in value]
        return value

    def exchange(self, exchange: Exchange) -> tuple[Exchange, list[Redaction]]:
        """The exchange as it may be written, and one entry ``{"where", "rule"}`` per place that was changed."""
        if self._only_by_name(exchange):
            return self._without_headers(exchange)
        done: list[Redaction] = []
        url, count = self._url(exchange.url)
        _note(done, "url", count)
        reason, count = self._line(exchange.reason)
        _note(done, "response.reason", count)
        error = exchange.error
        if error is not None:
            message, count = self._line(error.message)
            _note(done, "error.message", count)
            error = Failure(error.kind, message)
        rpc = exchange.rpc
        if rpc is not None:
            details, count = self._line(rpc.details)
            _note(done, "rpc.details", count)
            rpc = RpcStatus(rpc.code, rpc.name, details)
        before = len(done)
        request_body = self._body(exchange.request_body, exchange.request_headers, "request", done)
        of_request = len(done) - before
        response_body = self._body(
            exchange.response_body, exchange.response_headers, "response", done, cut=exchange.truncated
        )
        of_response = len(done) - before - of_request
        trailers = self._headers(exchange.response_trailers, "response", done)
        of_request_headers = self._headers(exchange.request_headers, "request", done)
        headers = self._headers(exchange.response_headers, "response", done)
        headers, trailers = self._spread(headers, trailers, done)
        request_text = self._rendering(exchange.request_text, of_request)
        response_text = self._rendering(exchange.response_text, of_response)
        if not of_response and response_text != exchange.response_text:
            # A rendering knows the parts of a message: what is packed in one of them is seen there alone.
            response_body = withheld(response_body, "a secret is in a part of it")
            _note(done, "response.body", 1, "not kept")
        clean = replace(
            exchange,
            url=url,
            reason=reason,
            error=error,
            rpc=rpc,
            response_trailers=trailers,
            request_text=request_text,
            response_text=response_text,
            request_headers=of_request_headers,
            request_body=request_body,
            response_headers=headers,
            response_body=response_body,
        )
        return clean, done

    def _only_by_name(self, exchange: Exchange) -> bool:
        """Whether a quick look shows that beside headers of certain names there is nothing to take out.

        May say no where there is nothing, never yes where there is something.
        """
        if "@" in exchange.url:
            return False
        if not self._needles:
            return True
        if exchange.truncated or codings(exchange.request_headers) or codings(exchange.response_headers):
            return False  # a piece of a secret at the end of a cut body, or one that is compressed
        texts = [exchange.url, exchange.reason, exchange.request_text, exchange.response_text]
        texts += [exchange.error.message] if exchange.error is not None else []
        texts += [exchange.rpc.details] if exchange.rpc is not None else []
        # A line break between two pieces can make a secret of them, but never hide one.
        together = "\n".join(texts)
        headers = (*exchange.request_headers, *exchange.response_headers, *exchange.response_trailers)
        kept = (name if name.lower() in self.headers else f"{name}\n{value}" for name, value in headers)
        joined = "\n".join(kept)
        lines = joined.encode("latin-1", "replace")
        values = "".join(value for name, value in headers if name.lower() not in self.headers)
        pieces = [together.encode("utf-8", "surrogatepass"), lines, values.encode("latin-1", "replace")]
        if not together.isascii():
            pieces.append(together.encode("latin-1", "replace"))
        if any(self.holds(piece) for piece in pieces):
            return False
        if stretches(joined.encode("utf-8", "surrogatepass")):
            return False
        sides = (
            (exchange.request_body, exchange.request_headers, False),
            (exchange.response_body, exchange.response_headers, True),
        )
        return all(
            not body or clean_body(self._needles, body, headers, cut=False, foreign=foreign)[1] == 0
            for body, headers, foreign in sides
        )

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
        data, count = self._without(text.encode("utf-8", "surrogatepass"))
        if not count:
            return text, 0
        try:
            return data.decode("utf-8", "surrogatepass"), count
        except UnicodeDecodeError:
            return data.decode("utf-8", "replace"), count

    def _line(self, text: str) -> tuple[str, int]:
        """A text that came as bytes, one sign of Latin-1 for each, or as text: nobody can tell which."""
        clean, count = self._text(text)
        if clean.isascii() or not self._needles:
            return clean, count
        clean, more = self._header_text(clean)
        return clean, count + more

    def _without(self, data: bytes) -> tuple[bytes, int]:
        try:
            return without(self._needles, data)
        except Opaque as error:
            return withheld(data, f"{error}, and may hold a secret"), 1

    def _rendering(self, text: str, in_body: int) -> str:
        """The rendering of a body in which so many secrets were found; they are counted there.

        A rendering escapes in ways of its own (octal bytes). One that shows fewer secrets than the body is left out.
        """
        clean, count = self._text(text)
        return clean if count >= in_body else ""

    def _url(self, url: str) -> tuple[str, int]:
        head, userinfo = _USERINFO.subn(rf"\1{REPLACEMENT}@", url, count=1)
        text, count = self._line(head)
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
        if self._needles and not text.isascii() and stretches(text.encode("utf-8", "surrogatepass")):
            return withheld(text.encode("latin-1", "replace"), NO_TEXT).decode(), 1
        data, count = self._without(text.encode("latin-1", "replace"))
        return (data.decode("latin-1"), count) if count else (text, 0)

    def _spread(self, headers: Headers, trailers: Headers, done: list[Redaction]) -> tuple[Headers, Headers]:
        """Takes out the values that make a secret together."""
        values = [value for _, value in (*headers, *trailers)]
        if not self._needles or not self.holds("".join(values).encode("latin-1", "replace")):
            return headers, trailers
        _note(done, "response.headers", 1)
        pairs = [(name, value if len(value) < MIN_SPREAD else REPLACEMENT) for name, value in (*headers, *trailers)]
        return tuple(pairs[: len(headers)]), tuple(pairs[len(headers) :])

    def _body(self, body: bytes, headers: Headers, side: str, done: list[Redaction], *, cut: bool = False) -> bytes:
        if not body or not self._needles:
            return body
        clean, count, rule = clean_body(self._needles, body, headers, cut=cut, foreign=side == "response")
        _note(done, f"{side}.body", count, rule)
        return clean


def foreign(text: str) -> str:
    """A text without what any redactor of this process holds secret."""
    for redactor in list(_ALL):
        text = redactor.text(text)
    return text


def _together(value: Any) -> bytes:  # noqa: ANN401 -- any JSON-like value
    """Every text in a value, one after the other."""
    texts: list[str] = []
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            texts.append(each)
        elif isinstance(each, dict):
            left += [*each, *each.values()]
        elif isinstance(each, list | tuple):
            left += each
    return "\n".join(texts).encode("utf-8", "surrogatepass")


def _note(done: list[Redaction], where: str, count: int, rule: str = "secret") -> None:
    done.extend({"where": where, "rule": rule} for _ in range(count))
