"""Numbers, times, sizes and values of a policy as people of a language read them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

from reports.text.sentences import Sentences

NBSP = "\u00a0"
STALE_DAYS = 90
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)T(?P<time>\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)")


def when(said: Sentences, text: str | None) -> str:
    """An ISO time in UTC as the language writes it, such as ``2026-11-21 09:02:11 UTC``; anything else as it is."""
    if text is None:
        return said("format.not_recorded")
    return _ISO.sub(lambda found: said("format.time", **found.groupdict()), text)


def number(said: Sentences, value: float | None) -> str:
    """A count with its digits in groups of three, a fraction with at most six significant digits."""
    if value is None:
        return said("format.no_limit")
    return _grouped(value) if isinstance(value, int) else figure(said, value)


def figure(said: Sentences, value: float | None, digits: int = 6) -> str:
    """A measured figure with at most so many significant digits."""
    return said("format.undefined") if value is None else said.figure(value, digits)


def _grouped(value: int) -> str:
    return f"{value:,}".replace(",", NBSP)


def seconds(said: Sentences, value: float) -> str:
    """A duration with its unit."""
    return said.decimal(f"{value:.0f}{NBSP}s" if value >= 100 else f"{value:.2f}{NBSP}s")


def span(said: Sentences, value: float) -> str:
    """A duration in three digits: milliseconds below a second."""
    return said.decimal(f"{value:.3g}{NBSP}s" if value >= 1 or not value else f"{value * 1e3:.3g}{NBSP}ms")


def octets(said: Sentences, value: int) -> str:
    """A size in bytes with its unit."""
    return said.counted(value, "byte", _grouped(value))


def short(said: Sentences, digest: str | None) -> str:
    """The first twelve digits of a digest, for tables; cards and the index have it whole, as are words in its place."""
    if not digest:
        return said("format.none")
    return digest if " " in digest else f"{digest[:12]}…"


def stale(verified_on: str, issued: str) -> bool:
    """Whether a dated fact was more than 90 days old when the report was issued; an unreadable date is stale."""
    try:
        age = datetime.date.fromisoformat(issued[:10]) - datetime.date.fromisoformat(verified_on[:10])
    except ValueError:
        return True
    return age.days > STALE_DAYS


def transports(said: Sentences, names: Sequence[str]) -> str:
    """Transports as people write them, in a row."""
    return ", ".join(said.spoken("transport", name) for name in names) or said("format.none")


def plain(said: Sentences, value: object) -> str:
    """A value of the policy or of the budget as text."""
    if value is None:
        return said("format.none")
    if isinstance(value, list):
        return ", ".join(plain(said, each) for each in value) or said("format.none")
    if isinstance(value, dict):
        return "; ".join(f"{key}: {plain(said, each)}" for key, each in value.items()) or said("format.none")
    return str(value)


def policy_rows(said: Sentences, policy: dict[str, Any]) -> list[tuple[str, str]]:
    """The policy as ``(table, text)``, without what is empty."""
    return [(name, plain(said, value)) for name, value in policy.items() if value not in (None, [], {}, "")]


def seen_again(said: Sentences, replayed: Any) -> str:  # noqa: ANN401 -- evidence.Replayed; this room imports nothing of ours
    """How often a counterexample came again, and what it means if not always."""
    kind = "always" if replayed.k == replayed.n else "sometimes"
    return said(f"seen_again.{kind}", k=replayed.k, n=replayed.n)
