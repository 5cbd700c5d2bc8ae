"""What a run records in English, in the language of a page: from ``catalogue/``, by the English words.

Duties, law, suites and rules stand in every bundle in English, in the words of the release that made it. A language has
them by those words: where they have changed since, or where it has none, they stay as they are and are marked as
English. What checks say and endpoints answer is evidence and is never put into other words.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

from markupsafe import Markup, escape

from reports.text.neutralise import visible
from reports.text.sentences import DEFAULT, Sentences, begun, sentences

FOLDER = Path(__file__).parent / "catalogue"


def translated(said: Sentences, text: str) -> str:
    """The words in the language, or as they are."""
    return text if said.code == DEFAULT else _rows(said.code).get(text.strip().rstrip("."), text)


def quoted(said: Sentences, text: str | None) -> str | None:
    """The words in the language, or marked as the English ones that they are."""
    if said.code == DEFAULT or not text:
        return text
    words = translated(said, text)
    if words is not text:
        return words
    return Markup('<span lang="{}">{}</span>').format(DEFAULT, escape(str(visible(text))))


@functools.cache
def _rows(code: str) -> dict[str, str]:
    """By the English words without the full stop at their end; our own sentences without places are among them."""
    path = FOLDER / f"{code}.toml"
    told = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    english, ours = sentences().rows, sentences(code).rows
    fixed = {text: ours[name] for name, text in english.items() if "{" not in text and name.startswith(_WHY)}
    first = {begun(text): begun(words) for text, words in fixed.items()}
    return {key.rstrip("."): words for key, words in (*fixed.items(), *first.items(), *told.items())}


_WHY = ("reason.", "clause.", "duty.", "support.", "short.", "unreached.", "finding.")
