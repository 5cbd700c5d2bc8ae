"""Whether a page is a page of ours in form: known elements and attributes, no script, nothing that is fetched.

Links lead to a place of the two pages, or to a source of a rule (:mod:`reports.page.sources`): nothing is fetched
unless somebody follows one.
Our pages are written in a strict form: every ``<`` begins an element of a short list, every value is quoted and
escaped. What is not in this form is refused, so it does not matter how a browser would have read it.
"""

from __future__ import annotations

import base64
import hashlib
import re

from reports.page.render import ANNEX, REPORT
from reports.page.sources import is_source
from reports.text.sentences import languages

_WORDS = re.compile(r"[A-Za-z0-9-]+")
_ELEMENTS = frozenset(
    _WORDS.findall(
        "a article blockquote body br caption code dd desc details div dl dt em figcaption figure footer h1 h2 h3 "
        "h4 h5 head header html img li main meta nav ol p path polyline pre q rect section span strong style "
        "summary svg table tbody td text th thead title tr ul"
    )
)
_ATTRIBUTES = frozenset(
    _WORDS.findall(
        "alt aria-hidden aria-label aria-labelledby charset class colspan content d data-label fill height href "
        "http-equiv id lang name points preserveAspectRatio role scope src start tabindex text-anchor title "
        "vector-effect viewBox width x y"
    )
)
_PIECE = re.compile(r'(/?)([a-z][a-z0-9]{0,20})((?: [A-Za-z-]{1,30}="[^"<>]*+"| open)*+) ?/?>')
_ATTRIBUTE = re.compile(r' ([A-Za-z-]+)="([^"]*+)"')
_BEGIN = re.compile(
    r'<!DOCTYPE html>\n<html lang="([a-z]{2,3})">\n<head>\n<meta charset="utf-8">\n'
    r'<meta http-equiv="Content-Security-Policy" '
)
_POLICY = re.compile(
    r"""content="default-src 'none'; style-src 'sha256-([A-Za-z0-9+/=]+)'; img-src data:; """
    r"""base-uri 'none'; form-action 'none'">"""
)
# Within an image no script runs and nothing is fetched, of SVG neither.
_PICTURE = re.compile(r"data:image/(?:png|svg\+xml);base64,[A-Za-z0-9+/]*={0,2}")
# A place of the page itself, or of the other page of the bundle.
_INSIDE = re.compile(
    rf"(?:{re.escape(REPORT)}|{re.escape(ANNEX)})?#[A-Za-z0-9.-]+|{re.escape(REPORT)}|{re.escape(ANNEX)}"
)
_META = frozenset({"viewport", "color-scheme", "referrer"})
_FETCHED = ("\\", "url(", "@import", "image-set", "src(", "expression(", "@font-face")


def language_of(page: bytes | None) -> str | None:
    """The language that a page says it is in; None where it says none that there is."""
    begin = _BEGIN.match((page or b"")[:200].decode("utf-8", "replace").lstrip("\n"))
    return begin[1] if begin and begin[1] in languages() else None


def not_inert(page: bytes) -> str | None:
    """Why the page is not one of ours in form, in words; None where it is. Linear in its length."""
    try:
        text = page.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    text = text.lstrip("\n")
    begin = _BEGIN.match(text)
    if begin is None:
        return "does not begin as a page of art15 does"
    policy = _POLICY.match(text, begin.end())
    if policy is None:
        return "has not the security policy of a page of art15"
    before, opened, rest = text.partition("<style>")
    style, closed, after = rest.partition("</style>")
    if not (opened and closed):
        return "has no style sheet"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    if digest != policy[1] or "<" in style or any(word in style.lower() for word in _FETCHED):
        return "has a style sheet that is not the one of its policy, or that fetches something"
    head = _unknown(before.removeprefix(begin[0] + policy[0]), {"meta", "title"})
    return head or _unknown(after, _ELEMENTS - {"meta", "style"})


def _unknown(text: str, elements: frozenset[str] | set[str]) -> str | None:
    """The first thing in a piece of a page that no page of ours has."""
    at = text.find("<")
    while at >= 0:
        piece = _PIECE.match(text, at + 1)
        if piece is None:
            return f"holds what no page of art15 has: {text[at : at + 40]!r}"
        if piece[2] not in elements:
            return f"holds the element {piece[2]!r}, which no page of art15 has there"
        for name, value in _ATTRIBUTE.findall(piece[3]):
            if name not in _ATTRIBUTES or not _allowed(piece[2], name, value):
                return f"holds the attribute {name}={value[:40]!r} of {piece[2]!r}, which no page of art15 has"
        at = text.find("<", piece.end())
    return None


def _allowed(element: str, name: str, value: str) -> bool:
    if name == "href":
        return element == "a" and (_INSIDE.fullmatch(value) is not None or is_source(value))
    if name == "src":
        return element == "img" and _PICTURE.fullmatch(value) is not None
    if element == "meta":
        return name == "content" or (name == "name" and value in _META)
    return name not in ("content", "http-equiv", "charset")
