"""What in a header's value is a secret: the value, what follows its scheme, cookies' values, both halves of a key."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

# Shorter values are taken out by the name of their header only: they would be found in half of all texts.
MIN_SECRET = 6
# Figures alone stand in every tensor.
MIN_NUMBER = 10
# Words of the protocol itself: as a user name or a cookie they tell nothing, and every answer has them.
_WORDS = """
application charset classification content contents datatype extensions gateway health inference inputs localhost
metadata model_name model_version models outputs parameters platform production shared_memory statistics standard
testing versions version_name
"""
ORDINARY = frozenset(_WORDS.split())
_SPLIT = re.compile(r"[\s;,&=?|\"']+")


def searchable(secret: str) -> bool:
    """Whether a value can be looked for in texts without destroying ordinary ones."""
    least = MIN_NUMBER if re.fullmatch(r"[\d.,+-]*", secret) else MIN_SECRET
    return len(secret) >= least and secret.lower() not in ORDINARY


def parts_of(value: str) -> set[str]:
    """Every part of a header's value that gives access to somebody, the whole value included.

    What stands before the first blank is a scheme where something follows it, and no secret.
    """
    value = value.strip()
    scheme, blank, rest = value.partition(" ")
    found = {value} | ({rest.strip()} if blank and scheme.isalpha() else set())
    for piece in _SPLIT.split(rest if blank and scheme.isalpha() else value):
        found |= halves(piece)
    for pair in value.split(";"):
        name, equals, held = pair.partition("=")
        if equals and name.strip():
            found |= halves(held.strip().strip('"'))
    return found - {""}


def halves(value: str) -> set[str]:
    """A value with both its halves where it is ``id:secret``, plain or in base64, and the parts of a JWT.

    What is sent of ``id:secret`` is its base64: that counts as a value of its own, which may come back backwards.
    """
    found = {value, unquote(value)}
    for each in (value, _from_base64(value)):
        first, colon, second = each.partition(":")
        if colon:
            found |= {each, first, second, base64.b64encode(each.encode()).decode()}
    if value.count(".") in (2, 4) and value.startswith("eyJ"):
        found |= set(value.split("."))
    return found - {""}


def _from_base64(value: str) -> str:
    """The text that a value is the base64 of; empty if it is none."""
    if len(value) < MIN_SECRET:
        return ""
    standard = value.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        text = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        return ""
    return text if text.isprintable() else ""
