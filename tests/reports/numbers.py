"""Every number of a page, and every number of a document in each form in which a page may write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from reports.text.formats import NBSP

_DIGITS = re.compile(r"\d+")
# A count in groups of three digits.
_GROUPED = re.compile(rf"(?<=\d){NBSP}(?=\d{{3}}(?!\d))")


def digits_of(text: str) -> set[str]:
    """The numbers of a text, a fraction as its two halves: signs between them differ by language."""
    return set(_DIGITS.findall(_GROUPED.sub("", text)))


def numbers_of(document: Any) -> set[str]:
    """The numbers of a document: of its values, its words, its keys, and how many members each of its lists has."""
    return {each for text in _texts(document) for each in _DIGITS.findall(text)}


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node
        yield str(len(node))
        for each in node.values():
            yield from _texts(each)
    elif isinstance(node, list):
        yield str(len(node))
        for each in node:
            yield from _texts(each)
    elif isinstance(node, float):
        # As a figure, as a share, and as seconds or milliseconds.
        yield from (f"{node:.6g}", f"{node:.4g}", f"{node:.3g}", f"{node * 100:.6g}", f"{node * 1e3:.3g}")
        yield from (f"{node:.2f}", f"{node:.0f}", repr(node))
    elif isinstance(node, str):
        yield node
        # The beginning of a digest.
        yield node[:12]
    elif node is not None and not isinstance(node, bool):
        yield str(node)


def told_apart(document: Any) -> Any:
    """The document with another large number in the place of each whole one of its results: none is found by chance.

    What says how something is to be drawn stays as it is.
    """
    following = iter(range(1_000_003, 10**9, 17))

    def changed(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: each if key in ("points", "width", "height", "sums") else changed(each)
                for key, each in node.items()
            }
        if isinstance(node, list):
            return [changed(each) for each in node]
        return next(following) if isinstance(node, int) and not isinstance(node, bool) else node

    return changed(document)
