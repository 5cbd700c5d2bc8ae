"""The words and signs of the page: every state is a glyph and a word, and a colour only after those."""

from __future__ import annotations

import datetime
import re
from typing import Any

NBSP = "\u00a0"

# name: (glyph, word, tone). Glyphs are text characters, never emoji, so they print in one colour.
STATES: dict[str, tuple[str, str, str]] = {
    "fail": ("✗", "fail", "bad"),
    "tool_error": ("⊗", "tool error", "tool"),
    "inconclusive": ("◐", "inconclusive", "open"),
    "untestable": ("⊘", "untestable", "none"),
    "warn": ("△", "warn", "warn"),
    "pass": ("✓", "pass", "good"),
    "not_applicable": ("·", "not applicable", "none"),
    "not_tested": ("–", "not tested", "none"),
    "supported": ("≈", "observations consistent with", "none"),
    "contradicted": ("✗", "contradicted", "bad"),
    "not_testable_from_outside": ("○", "not testable from outside", "none"),
    "declared_not_applicable": ("·", "declared not applicable", "none"),
    "unchanged": ("✓", "unchanged", "good"),
    "changed": ("✗", "changed", "bad"),
    "unknown": ("–", "unknown", "none"),
}

VERDICT_MEANINGS = (
    (
        "fail",
        "A MUST of the specification, or a criterion of the policy, is broken, with a recorded exchange to show it.",
    ),
    ("tool_error", "The check itself broke. It says nothing about the endpoint."),
    ("inconclusive", "Carried out, but what was seen cannot decide. Never counted as a pass."),
    ("untestable", "Could not be carried out: a prerequisite was missing. Never counted as a pass."),
    ("warn", "A SHOULD is not met, or the answer lies outside every outcome listed for an ambiguous sentence."),
    ("pass", "The criterion held in every case tried. For a search: no counterexample was found in that many cases."),
    ("not_applicable", "The sentence speaks of something that this endpoint or model does not have."),
    ("not_tested", "No check of this run says anything about it."),
)
CONSEQUENCES = {
    "data_of_others": "data of others",
    "crash_or_hang": "crash or hang",
    "wrong_answer": "wrong answer",
    "security": "security",
    "interoperability": "interoperability",
    "style": "style",
}
CONSEQUENCE_MEANINGS = {
    "data_of_others": "data of others: one client gets, or changes, what belongs to another",
    "crash_or_hang": "crash or hang: the service ends, waits, or keeps others waiting",
    "wrong_answer": "wrong answer: an answer that looks right and is not",
    "security": "security: somebody can do, or learn, what they should not",
    "interoperability": "interoperability: clients that follow the protocol do not get along with the endpoint",
    "style": "style: untidy, and seldom in anybody's way",
}
DUTY_MEANINGS = (
    (
        "supported",
        "All that it asks for was carried out; each check that serves it passed or does not apply. No proof of it.",
    ),
    ("contradicted", "A clause or a criterion that stands for the duty was seen broken."),
    ("inconclusive", "Something was seen, but less than the duty asks for, or a warning, or no decision."),
    ("not_tested", "It can be tested from outside, but what it asks for first was not carried out in this run."),
    ("not_testable_from_outside", "No test of an endpoint can show it. The row names where to look instead."),
    ("declared_not_applicable", "The operator says that it does not apply, with a reason and a name."),
)
LEVELS = (
    ("must", "MUST"),
    ("should", "SHOULD"),
    ("ambiguous", "Ambiguous: the documents disagree or are silent"),
    ("may", "MAY"),
)
TRANSPORTS = {"rest": "REST", "grpc": "gRPC", "both": "REST and gRPC"}
_ADDRESSES = {
    "rest": "no REST address given (--endpoint URL)",
    "grpc": "no gRPC address given (--oip-grpc HOST:PORT)",
}
# How the lines of a gRPC call are told from those of HTTP, where they are made and where they are shown.
RPC_CALL = " (gRPC)"
RPC_STATUS = "gRPC status"
NO_RPC_STATUS = "no gRPC status"
KINDS = {
    "direct": "direct observation",
    "search": "search for a counterexample",
    "sampling": "sampling estimate",
}
_LEADS = {
    "Cut short": ("◐", "open"),
    "Endpoint away": ("◐", "open"),
    "Nothing was tested": ("–", "none"),
    "Only load was measured": ("–", "none"),
    "Contradicted": ("✗", "bad"),
    "Warning": ("△", "warn"),
    "Inconclusive": ("◐", "open"),
    "Tool error": ("⊗", "tool"),
    "Observed": ("·", "none"),
    "Observations consistent with": ("≈", "none"),
    "Supported": ("≈", "none"),  # of documents made before 0.2
    "Silent on": ("–", "none"),
    "Tested over": ("·", "none"),
    "Not tested": ("–", "none"),
    "Decision rule": ("§", "rule"),
}
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)")
STALE_DAYS = 90
_NAMED = 8


def statement(text: str) -> tuple[str, str, str, str]:
    """A sentence of the first screen as ``(glyph, tone, lead, rest)``."""
    lead, colon, rest = text.partition(":")
    if not colon or lead not in _LEADS:
        return "·", "none", "", text
    glyph, tone = _LEADS[lead]
    if lead == "Contradicted" and rest.startswith(" none of"):
        glyph, tone = "·", "none"
    return glyph, tone, f"{lead}:", rest


def named(names: list[str]) -> str:
    """The first names of a list, with the number of the rest."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def fact(text: str) -> tuple[str, str]:
    """A fact of the first screen as ``(lead, rest)``: the lead ends with the first colon."""
    lead, colon, rest = text.partition(":")
    return (f"{lead}:", rest) if colon else (text, "")


def transport(name: str) -> str:
    """A transport as people write it; one that is not known as it is."""
    return TRANSPORTS.get(name, name)


def transports(names: list[str]) -> str:
    """Transports as people write them, in a row."""
    return ", ".join(map(transport, names)) or "none"


def untried(name: str, tried: list[str]) -> str | None:
    """Why nothing was tested over a transport; None if it was tried, in part at least."""
    if name in (*tried, "both", "any"):
        return None
    return f"not tested: {_ADDRESSES.get(name, f'no {transport(name)} address given')}"


def when(text: str | None) -> str:
    """An ISO time in UTC as ``2026-11-21 09:02:11 UTC``; anything else as it is."""
    if text is None:
        return "not recorded"
    return _ISO.sub(rf"\1{NBSP}\2{NBSP}UTC", text)


def number(value: float | None) -> str:
    """A count with its digits in groups of three, a fraction with at most six significant digits."""
    if value is None:
        return "no limit"
    if isinstance(value, int):
        return f"{value:,}".replace(",", NBSP)
    return f"{value:.6g}"


def seconds(value: float) -> str:
    """A duration with its unit."""
    return f"{value:.0f}{NBSP}s" if value >= 100 else f"{value:.2f}{NBSP}s"


def octets(value: int) -> str:
    """A size in bytes with its unit."""
    return f"{number(value)}{NBSP}{'byte' if value == 1 else 'bytes'}"


def short(digest: str | None) -> str:
    """The first twelve digits of a digest, for tables; cards and the index have it whole."""
    return f"{digest[:12]}…" if digest else "none"


def stale(verified_on: str, issued: str) -> bool:
    """Whether a dated fact was more than 90 days old when the report was issued; an unreadable date is stale."""
    try:
        age = datetime.date.fromisoformat(issued[:10]) - datetime.date.fromisoformat(verified_on[:10])
    except ValueError:
        return True
    return age.days > STALE_DAYS


def plain(value: object) -> str:
    """A value of the policy or of the budget as text."""
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(plain(each) for each in value) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {plain(each)}" for key, each in value.items()) or "none"
    return str(value)


def policy_rows(policy: dict[str, Any]) -> list[tuple[str, str]]:
    """The policy as ``(table, text)``, without what is empty."""
    return [(name, plain(value)) for name, value in policy.items() if value not in (None, [], {}, "")]


def seen_again(replayed: Any) -> str:  # noqa: ANN401 -- evidence.Replayed; this module imports nothing of ours
    """How often a counterexample came again, and what it means if not always."""
    text = f"Seen again {replayed.k} of {replayed.n} times, each on a connection of its own."
    return text if replayed.k == replayed.n else f"{text} Flaky: it depends on what came before, or on chance."
