"""Text of others within Markdown: shown as it is, and neither markup, nor a link, nor a call to anybody."""

from __future__ import annotations

import re

from reports.text.neutralise import lines, plain

_MARKS = re.compile(r"[\\`*_{}\[\]#|~^$]")
# What begins a list; a heading is begun by one of the marks, and nothing else is where text stands behind other text.
_BEGIN = re.compile(r"^(\s*\d*)([-+.)])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# What a forge makes a link or a notice of by itself, wherever it stands: a name, a number, an address.
_CALLS = re.compile(r"(?i)@|#|://|www(?=\.)|GH(?=-)")


def markdown(text: str, most: int) -> str:
    """One line of at most so many characters of the text that Markdown shows letter by letter.

    Args:
        text: of anybody.
        most: characters of it, before it is escaped.
    """
    entities = re.sub("[&<>]", lambda found: _ENTITIES[found[0]], cut(text, most))
    return _BEGIN.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", entities))


def uncalled(text: str, most: int) -> str:
    """The same for the pages of a forge, where a name behind an @ would be told, and an address be a link."""
    # A comment shows nothing and ends the word.
    return _CALLS.sub(r"\g<0><!-- -->", markdown(text, most))


def code(text: str, most: int) -> str:
    """The text as code; a span between backticks could not hold every text within a table."""
    return f"<code>{uncalled(text, most)}</code>"


def block(text: str, language: str) -> str:
    """Text of several lines as a block of code, behind a fence that is longer than any within."""
    shown = lines(text)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    return f"{fence}{language}\n{shown}\n{fence}"


def cut(text: str, most: int) -> str:
    """One line of harmless characters, and an ellipsis where there were more than so many."""
    # What is far beyond the end is not looked at: it may be megabytes.
    shown = plain(text[: most + 1])
    return shown if len(shown) <= most and len(text) <= most else shown[: most - 1] + "…"
