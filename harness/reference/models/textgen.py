"""A language model of words: which word follows which, counted in a text."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Reason = Literal["length", "eos_token", "stop_sequence"]

# However many are asked for: a walk over the words need not end by itself.
MOST_TOKENS = 512
END = "</s>"
_WORD = re.compile(r"\w+|[.,]")


@dataclass(frozen=True, slots=True)
class Options:
    """How to generate; see :func:`TextModel.generate`."""

    temperature: float = 1
    top_p: float = 1
    max_tokens: int = 20
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``logprob`` is the natural logarithm of its probability, before temperature and top_p."""

    id: int
    text: str
    logprob: float
    special: bool


@dataclass(frozen=True, slots=True)
class Generated:
    """Tokens, the text that each adds (less than its own where a stop string cuts it), and why there are no more."""

    tokens: tuple[Token, ...]
    pieces: tuple[str, ...]
    reason: Reason

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


class TextModel:
    """Continues a prompt by what followed its last ``order`` words in ``text``, or fewer where those are unknown."""

    def __init__(self, text: str, order: int) -> None:
        words = [*_words(text), END]
        self._ids = {word: number for number, word in enumerate(dict.fromkeys([END, *words]))}
        self._order = order
        self._followers: dict[tuple[str, ...], Counter[str]] = {}
        for at, word in enumerate(words):
            for length in range(min(order, at) + 1):
                self._followers.setdefault(tuple(words[at - length : at]), Counter())[word] += 1

    def generate(self, prompt: str, options: Options) -> Generated:
        """Continue ``prompt``, the same way every time.

        Args:
            prompt: any text; of words that the model does not know, it makes nothing.
            options: ``temperature`` from 0 (always the likeliest), ``top_p`` from 0 to 1 (only the likeliest words
                that make it up together), ``max_tokens`` from 1, and ``stop`` strings: the text ends before the
                first of them.
        """
        seed = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()
        draws = np.random.default_rng(list(seed))
        words = _words(prompt)
        tokens: list[Token] = []
        text = ""
        for _ in range(min(options.max_tokens, MOST_TOKENS)):
            # One draw per token, whatever the options: fewer tokens are the beginning of more.
            token = self._next(words, options, float(draws.random()))
            tokens.append(token)
            if token.special:
                return _made(tokens, len(text), "eos_token")
            text += token.text
            words.append(token.text.strip())
            cuts = [text.find(each) for each in options.stop if each and each in text]
            if cuts:
                return _made(tokens, min(cuts), "stop_sequence")
        return _made(tokens, len(text), "length")

    def _next(self, words: Sequence[str], options: Options, draw: float) -> Token:
        followers = self._after(words)
        ranked = sorted(followers, key=lambda word: (-followers[word], self._ids[word]))
        total = followers.total()
        weights = np.array([followers[word] for word in ranked], dtype=np.float64)
        chosen = 0
        if options.temperature > 0:
            # Divided by the largest first, so that a tiny temperature leaves that one at 1.
            with np.errstate(under="ignore", over="ignore", divide="ignore"):
                weights = (weights / weights[0]) ** (1 / np.float64(options.temperature))
            weights = np.cumsum(weights / weights.sum())
            kept = int(np.searchsorted(weights, options.top_p)) + 1
            weights = weights[:kept]
            chosen = int(np.searchsorted(weights, draw * weights[-1], side="right"))
        word = ranked[min(chosen, len(ranked) - 1)]
        text = word if word in (END, ".", ",") else f" {word}"
        return Token(self._ids[word], text, math.log(followers[word] / total), word == END)

    def _after(self, words: Sequence[str]) -> Counter[str]:
        for length in range(min(self._order, len(words)), 0, -1):
            found = self._followers.get(tuple(words[-length:]))
            if found is not None:
                return found
        return self._followers[()]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _made(tokens: list[Token], length: int, reason: Reason) -> Generated:
    """Cut the text to ``length`` characters; tokens that add nothing any more go, but never the last one left."""
    pieces = []
    for token in tokens:
        piece = "" if token.special else token.text[:length]
        length -= len(piece)
        pieces.append(piece)
    kept = [at for at, (token, piece) in enumerate(zip(tokens, pieces, strict=True)) if piece or token.special] or [0]
    return Generated(tuple(tokens[at] for at in kept), tuple(pieces[at] for at in kept), reason)
