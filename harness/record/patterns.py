"""How a secret can look once it has been through an endpoint: percent-encoded, JSON-escaped, in HTML, in base64."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Literal

# Below this a base64 form is too short to tell from other text.
MIN_BASE64 = 6
# A cut body may end in the middle of a secret; a shorter piece of it says nothing.
MIN_PREFIX = 4

_HTML = {"&": ("&amp;",), "<": ("&lt;",), ">": ("&gt;",), '"': ("&quot;",), "'": ("&#x27;", "&#39;", "&apos;")}
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
# Without one of these no character of an encoded form can differ from the plain one, and the slow search is skipped.
_MARKS = re.compile(rb"[%\\&+]")


def base64_cores(secret: bytes) -> set[bytes]:
    """The part of its base64 text that a secret always has, for each of the three positions in a longer value.

    The characters at both ends depend on the neighbours too and are left out. Standard and URL-safe alphabet.
    """
    cores = set()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret)
        core = encoded[-(-shift * 8 // 6) : (shift + len(secret)) * 8 // 6]
        cores |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    return cores


def _character(char: str, encoding: Literal["utf-8", "latin-1"]) -> bytes:
    """All the ways in which one character may be written, as a regular expression."""
    raw = char.encode(encoding)
    units = char.encode("utf-16-be")
    escaped = "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
    forms = [
        re.escape(raw),
        b"(?i:" + b"".join(b"%%%02x" % byte for byte in raw) + b")",
        b"(?i:" + re.escape(escaped.encode()) + b")",
        *(re.escape(text.encode()) for text in _HTML.get(char, ())),
    ]
    if char in _SHORT_ESCAPES:
        forms.append(re.escape(_SHORT_ESCAPES[char].encode()))
    if char == " ":
        forms.append(rb"\+")
    return b"(?:" + b"|".join(forms) + b")"


def _encoded(secret: bytes) -> bytes:
    """The secret with every character in any of its forms, mixed at will."""
    try:
        return b"".join(_character(char, "utf-8") for char in secret.decode("utf-8"))
    except UnicodeDecodeError:
        return b"".join(_character(char, "latin-1") for char in secret.decode("latin-1"))


class SecretPattern:
    """Finds every form of a set of secrets in bytes."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        plain: set[bytes] = set()
        for secret in secrets:
            plain.add(secret)
            if len(secret) >= MIN_BASE64:
                plain |= base64_cores(secret)
        # Longest first: of two secrets of which one begins the other, the whole one is taken away.
        self._plain = sorted(plain, key=lambda text: (-len(text), text))
        self._literal = re.compile(b"|".join(map(re.escape, self._plain))) if plain else None
        self._any_form = re.compile(b"|".join(map(_encoded, self._plain))) if plain else None

    def found_in(self, data: bytes) -> bool:
        """Whether any form of a secret is in ``data``."""
        if self._literal is None or self._any_form is None:
            return False
        return (self._any_form if _MARKS.search(data) else self._literal).search(data) is not None

    def replace(self, data: bytes, replacement: bytes, *, cut: bool = False) -> tuple[bytes, int]:
        """``data`` without the secrets, and how many were found; ``cut`` looks for a beginning of one at the end."""
        if self._literal is None or self._any_form is None or not data:
            return data, 0
        # For thousands of bytes the plain search is a hundred times faster than the one for every form.
        pattern = self._any_form if _MARKS.search(data) else self._literal
        data, count = pattern.subn(replacement, data)
        if cut:
            for secret in self._plain:
                for length in range(len(secret) - 1, MIN_PREFIX - 1, -1):
                    if data.endswith(secret[:length]):
                        return data[:-length] + replacement, count + 1
        return data, count
