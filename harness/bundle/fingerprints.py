"""What a model answers to a fixed set of requests: exact answers by their digests, for comparison with other runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from harness.bundle.events import JournalEvent, Moment
from harness.bundle.parts import Part


class AnswerTaken(Part, frozen=True, kw_only=True):
    """One request of the set, by the digest of its inputs, and the digest of the outputs that it always got.

    Digests are of names, data types, shapes and values, not of ids, headers or spelling. ``answer`` is None where the
    answers of one reading were not exactly alike; ``exchange`` shows one of them.
    """

    request: str
    answer: str | None
    exchange: str | None = None


class Fingerprint(Part, frozen=True, kw_only=True):
    """The answers of one model over one transport at one moment, or at one ``replica`` that was asked alone.

    ``version`` is the one that the answers name. ``sha256`` is over those requests of which every answer was exactly
    alike; None where there is none, with the ``reason``.
    """

    check: str | None = None
    model: str
    version: str | None = None
    transport: str
    replica: str | None = None
    when: Moment | None = None
    answers: list[AnswerTaken] = []
    sha256: str | None = None
    reason: str = ""


class FingerprintSeen(JournalEvent, frozen=True, kw_only=True):
    """``fingerprint``: what a fixed set of requests was answered with, and the check that asked."""

    kind_of_line = "fingerprint"
    check: str | None = None
    fingerprint: Fingerprint


def fingerprint_digest(answers: Iterable[AnswerTaken]) -> str | None:
    """SHA-256 over the lines ``REQUEST ANSWER`` of what has an answer, in their order; None where nothing has one."""
    lines = sorted({f"{each.request} {each.answer}\n" for each in answers if each.answer is not None})
    return hashlib.sha256("".join(lines).encode()).hexdigest() if lines else None
