"""How values of claims are written, and when two of them say the same.

Sources: OCI image specification 1.1, descriptor.md, "Digests"; RFC 3339, section 5.6; RFC 3986, section 3; Git, object
names in SHA-1 and SHA-256.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

Form = Literal["digest", "uri", "text", "commit", "moment"]
Said = str | tuple[datetime, datetime]
"""What a value says: its text, or the first and the last moment that a date may mean."""

LONGEST = 4096
# Digits of the algorithms that the OCI registers; others are free in theirs.
_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_DIGEST = re.compile(r"\A([a-z0-9]+(?:[+._-][a-z0-9]+)*):([A-Za-z0-9=_-]+)")
_URI = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f]+")
_HEX = re.compile(r"[0-9a-f]+")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}:(\d{2})(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2}))?")
# A date without a time may be that of any place on Earth.
_EARLIEST, _LATEST = timedelta(hours=14), timedelta(days=1, hours=12)


class Malformed(ValueError):
    """A value that is not written as its form asks; the message says what is wrong, without the value."""


def read(form: Form, value: str) -> Said:
    """What a value says.

    Raises:
        Malformed: it is not written as the form asks.
    """
    if not value.strip():
        raise Malformed("is empty")
    if len(value) > LONGEST:
        raise Malformed(f"has {len(value)} characters")
    return _READERS[form](value)


def same(one: Said, other: Said) -> bool:
    """Whether two values can both be true: the same text, or dates that may mean one moment."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return one[0] <= other[1] and other[0] <= one[1]


def before(one: Said, other: Said) -> bool:
    """Whether one date lies before another one, whatever moments the two may mean."""
    return not isinstance(one, str) and not isinstance(other, str) and one[1] < other[0]


def _digest(value: str) -> Said:
    found = _DIGEST.fullmatch(value)
    if found is None:
        raise Malformed("is no algorithm, a colon and a digest, such as sha256:9f86...")
    algorithm, digits = found.groups()
    wanted = _DIGITS.get(algorithm)
    if wanted is not None and (len(digits) != wanted or not _HEX.fullmatch(digits)):
        raise Malformed(f"is {algorithm} with {len(digits)} characters, which are to be {wanted} small hex digits")
    return value


def _uri(value: str) -> Said:
    if not _URI.fullmatch(value):
        raise Malformed("is no URI: a scheme, a colon and no white space")
    return value


def _text(value: str) -> Said:
    if not value.isprintable():
        raise Malformed("holds characters that cannot be printed")
    return value


def _commit(value: str) -> Said:
    if len(value) not in (40, 64) or not _HEX.fullmatch(value):
        raise Malformed("is no whole commit id: 40 or 64 small hex digits")
    return value


def _moment(value: str) -> Said:
    found = _MOMENT.fullmatch(value)
    if found is None:
        raise Malformed("is no date of RFC 3339, such as 2026-11-30 or 2026-11-30T10:00:00Z")
    # A leap second is right and unknown to Python.
    text = value if found[1] != "60" else value[:17] + "59" + value[19:]
    try:
        moment = datetime.fromisoformat(text.upper())
        if moment.tzinfo is not None:
            return moment.astimezone(UTC), moment.astimezone(UTC) + timedelta(seconds=1)
        day = moment.replace(tzinfo=UTC)
        return day - _EARLIEST, day + _LATEST
    except (ValueError, OverflowError):
        raise Malformed("is a date that no calendar has") from None


_READERS: dict[Form, Callable[[str], Said]] = {
    "digest": _digest,
    "uri": _uri,
    "text": _text,
    "commit": _commit,
    "moment": _moment,
}
