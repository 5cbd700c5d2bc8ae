"""Text from a server is hostile: it must not reorder, hide or imitate what stands around it.

Autoescaping keeps markup out. What it does not stop are characters that are no glyphs: controls, direction
overrides (``user`` + U+202E + ``nimda`` displays as ``useradmin``), zero-width and other invisible characters.
They are printed as their code points.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from markupsafe import Markup

# A fixed list, not unicodedata: the page must be the same bytes under every Python version.
_INVISIBLE = (
    ("\x00", "\x08"),
    ("\x0b", "\x1f"),
    ("\x7f", "\x9f"),
    ("\u00ad", "\u00ad"),
    ("\u034f", "\u034f"),
    ("\u0600", "\u0605"),
    ("\u061c", "\u061c"),
    ("\u06dd", "\u06dd"),
    ("\u070f", "\u070f"),
    ("\u0890", "\u0891"),
    ("\u08e2", "\u08e2"),
    ("\u115f", "\u1160"),
    ("\u17b4", "\u17b5"),
    ("\u180b", "\u180f"),
    ("\u200b", "\u200f"),
    ("\u2028", "\u202e"),
    ("\u2060", "\u206f"),
    ("\u2800", "\u2800"),
    ("\u3164", "\u3164"),
    ("\ud800", "\uf8ff"),
    ("\ufdd0", "\ufdef"),
    ("\ufe00", "\ufe0f"),
    ("\ufeff", "\ufeff"),
    ("\uffa0", "\uffa0"),
    ("\ufff0", "\ufffb"),
    ("\ufffe", "\uffff"),
    ("\U000110bd", "\U000110bd"),
    ("\U000110cd", "\U000110cd"),
    ("\U00013430", "\U0001345f"),
    ("\U0001bca0", "\U0001bcaf"),
    ("\U0001d173", "\U0001d17a"),
    ("\U000e0000", "\U0010ffff"),
)
_PATTERN = re.compile("[" + "".join(f"{first}-{last}" for first, last in _INVISIBLE) + "]")
# More marks on one letter than any script uses paint over the lines above and below.
_PILED = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def visible(value: object) -> object:
    """Every string with its invisible characters spelled out, as in ``‹U+202E›``; other values unchanged.

    Markup is what our own templates made from text that came through here already.
    """
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    # Most of a page, and a tenth of the time.
    if value.isascii() and value.isprintable():
        return value
    return _PILED.sub(r"\1‹…›", spelled(value, lambda point: f"‹U+{point:04X}›"))


def spelled(text: str, escape: Callable[[int], str]) -> str:
    """The text with an escape for each invisible character, made from its code point."""
    return _PATTERN.sub(lambda match: escape(ord(match.group())), text)


def plain(text: str) -> str:
    """One line that a terminal shows and does not obey."""
    return str(visible(re.sub(r"[\t\n\r]", " ", text)))


def lines(text: str) -> str:
    """Text of several lines, each of which a terminal shows and does not obey."""
    return "\n".join(map(plain, text.split("\n")))
