"""Changes of texts by a share of their characters: typing mistakes, case, white space, characters that look alike."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np

_TABLE = Path(__file__).with_name("confusables.toml")


def changed_text(kind: str, text: str, share: float, rng: np.random.Generator) -> str:
    """A text changed by a kind of :mod:`harness.robustness.kinds` that is of texts."""
    return _CHANGES[kind](text, share, rng)


def _typos(text: str, share: float, rng: np.random.Generator) -> str:
    made, place = [], 0
    chosen = set(_chosen(range(len(text)), share, rng))
    while place < len(text):
        own, following = text[place], text[place + 1 : place + 2]
        mistake = int(rng.integers(3)) if place in chosen else -1
        if mistake == 2 and following:
            made.append(following + own)
            place += 1
        elif mistake >= 0:
            made.append(own * 2 if mistake == 1 else "")
        else:
            made.append(own)
        place += 1
    return "".join(made)


def _case(text: str, share: float, rng: np.random.Generator) -> str:
    # A letter whose other case is two letters would make the text longer: German sharp s.
    letters = [place for place, each in enumerate(text) if len(each.swapcase()) == 1 and each.swapcase() != each]
    return _replaced(text, {place: text[place].swapcase() for place in _chosen(letters, share, rng)})


def _whitespace(text: str, share: float, rng: np.random.Generator) -> str:
    gaps = [place for place, each in enumerate(text) if each.isspace()]
    more = ("  ", " \t", "\u00a0 ")
    found = {place: text[place] + more[int(rng.integers(len(more)))] for place in _chosen(gaps, share, rng)}
    return _replaced(text, found)


def _confusables(text: str, share: float, rng: np.random.Generator) -> str:
    known = confusables()
    letters = [place for place, each in enumerate(text) if each in known]
    return _replaced(text, {place: known[text[place]] for place in _chosen(letters, share, rng)})


@functools.cache
def confusables() -> dict[str, str]:
    """Letter -> another one that looks the same."""
    found: dict[str, str] = tomllib.loads(_TABLE.read_text(encoding="utf-8"))["letters"]
    return found


def _chosen(places: list[int] | range, share: float, rng: np.random.Generator) -> list[int]:
    """As many of the places as the share says, one at least where there are any."""
    count = min(len(places), max(1, round(share * len(places)))) if share > 0 else 0
    drawn: list[int] = rng.choice(np.array(places, dtype=np.intp), count, replace=False).tolist() if count else []
    return drawn


def _replaced(text: str, other: dict[int, str]) -> str:
    return "".join(other.get(place, each) for place, each in enumerate(text))


_CHANGES: dict[str, Callable[[str, float, np.random.Generator], str]] = {
    "typos": _typos,
    "case": _case,
    "whitespace": _whitespace,
    "confusables": _confusables,
}
