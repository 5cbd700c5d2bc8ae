"""Whether a text for people holds English sentences of ours: runs of words of all data that is in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser

from reports.text.recorded import told_in
from reports.text.sentences import DEFAULT, PLACE, sentences
from tests.reports.reading import VOID
from tests.reports.recorded_sources import strings

# Words in a row that are a sentence of ours; fewer are a name, or the same in both languages.
RUN = 4
# Shown as they are: code, what was sent and came back.
AS_IT_IS = {"pre", "code", "style"}


@dataclass
class Shown(HTMLParser):
    """The visible text of a page that is not marked as English, and the words that a reader hears beside it."""

    html: str
    texts: list[str] = field(default_factory=list)
    _marked: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        HTMLParser.feed(self, self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note whether what follows is marked."""
        given = dict(attrs)
        marked = any(self._marked) or given.get("lang") == DEFAULT or tag in AS_IT_IS
        if not marked:
            self.texts += [given[name] or "" for name in ("alt", "title", "aria-label", "data-label") if name in given]
        if tag not in VOID:
            self._marked.append(marked)

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        self._marked.pop()

    def handle_data(self, data: str) -> None:
        """Text, unless it is marked."""
        if not any(self._marked) and data.strip():
            self.texts.append(data)


def english_in(texts: list[str], code: str) -> list[str]:
    """Those that hold a run of words of ours which is English and not of this language."""
    own = _runs_of(code)
    return [text for text in texts if any(run in _english() and run not in own for run in _runs(text))]


@cache
def _english() -> frozenset[tuple[str, ...]]:
    keys = (english for english, _ in told_in("de"))
    every = (*sentences().rows.values(), *keys, *(text for text in strings() if " " in text))
    return frozenset(run for text in every for piece in _pieces(text) for run in _runs(piece))


@cache
def _runs_of(code: str) -> frozenset[tuple[str, ...]]:
    every = (*sentences(code).rows.values(), *(words for _, words in told_in(code)))
    return frozenset(run for text in every for piece in _pieces(text) for run in _runs(piece))


def _pieces(text: str) -> list[str]:
    return PLACE.sub("\0", re.sub(r"<[^>]*>|\{[^}]*\}", "\0", text)).split("\0")


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = [word.lower() for word in re.findall(r"[^\s,;:.()“”„«»\"]+", text)]
    runs = zip(*(words[place:] for place in range(RUN)), strict=False)
    yield from (run for run in runs if sum(word.isalpha() for word in run) >= RUN - 1)
