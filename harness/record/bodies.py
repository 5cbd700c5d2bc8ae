"""Bodies without secrets; one that cannot be looked into while a secret is in play is not kept, only its digest."""

from __future__ import annotations

import codecs
import hashlib

from harness.record.coding import DECODED_LIMIT, Undecodable, codings, decode, encode
from harness.record.exchange import Headers
from harness.record.needles import Needles
from harness.record.packed import Opaque, unbrotli
from harness.record.search import spans

REPLACEMENT = "[redacted]"
NO_TEXT = "it is no text, and may hold a secret"
# A cut body may end in the middle of a secret; a shorter piece of it says nothing.
MIN_PREFIX = 4
# The part of bytes that are no text, in what says it is text, from which on it is something else.
_FOREIGN = 0.1
_TEXTUAL = ("json", "text/", "xml", "html", "javascript")


def without(needles: Needles, data: bytes, *, cut: bool = False, foreign: bool = True) -> tuple[bytes, int]:
    """``data`` without the secrets, and how many places were changed.

    Args:
        cut: the end may be the beginning of a secret.
        foreign: see :func:`harness.record.search.spans`.

    Raises:
        Opaque: nobody knows what is in it.
    """
    places = spans(needles, data, foreign=foreign)
    if cut and (piece := needles.begun_at_end(data, MIN_PREFIX)) and (not places or places[-1][1] < len(data)):
        start = max(len(data) - piece, places[-1][1] if places else 0)
        places.append((start, len(data), False))
    if not places:
        return data, 0
    made, last = [], 0
    for start, end, dark in places:
        made += [data[last:start], withheld(data[start:end], NO_TEXT) if dark else REPLACEMENT.encode()]
        last = end
    return b"".join([*made, data[last:]]), len(places)


def withheld(data: bytes, why: str) -> bytes:
    """What is kept of data that cannot be looked into."""
    digest = hashlib.sha256(data).hexdigest()
    return f"[not kept: {len(data)} bytes with SHA-256 {digest}; {why}]".encode()


def clean_body(
    needles: Needles, body: bytes, headers: Headers, *, cut: bool, foreign: bool = True
) -> tuple[bytes, int, str]:
    """A body as it may be written, how many places were changed, and by what rule."""
    names = codings(headers)
    try:
        clean, count = _labelled(needles, body, names, cut=cut) if names else (body, 0)
        if not count:
            clean, count = without(needles, body, cut=cut, foreign=foreign)
    except Opaque as error:
        return withheld(body, f"{error}, and may hold a secret"), 1, "not kept"
    if not names and not cut and _is_no_text(body, headers):
        return withheld(body, "it says that it is text, and is none, and may hold a secret"), 1, "not kept"
    return clean, count, "secret"


def _labelled(needles: Needles, body: bytes, names: tuple[str, ...], *, cut: bool) -> tuple[bytes, int]:
    """Looks inside a compressed body, so far as it can be read; one that holds a secret is compressed anew."""
    try:
        plain = decode(body, names, partial=True)
    except Undecodable:
        plain = (unbrotli(body, DECODED_LIMIT) if names == ("br",) else None) or b""
        if not plain and not _readable(body):
            raise Opaque(f"it has the content coding {', '.join(names)[:40]}, which is not read here") from None
        if without(needles, plain, cut=cut)[1]:
            raise Opaque("a secret is in it") from None
        return body, 0
    if len(plain) >= DECODED_LIMIT:
        raise Opaque(f"it is more than {DECODED_LIMIT} bytes once decoded")
    clean, count = without(needles, plain, cut=cut)
    return (encode(clean, names), count) if count else (body, 0)


def _is_no_text(body: bytes, headers: Headers) -> bool:
    """Whether a body that is declared as text is compressed, by all that one sees, or something else."""
    given = {name.lower(): value.lower() for name, value in headers}
    media = given.get("content-type", "")
    if "inference-header-content-length" in given or not any(each in media for each in _TEXTUAL):
        return False
    return not _readable(body)


def _readable(body: bytes) -> bool:
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(body)
    foreign = text.count("\ufffd") + sum(text.count(chr(code)) for code in range(32) if code not in (9, 10, 13))
    return foreign <= _FOREIGN * len(text)
