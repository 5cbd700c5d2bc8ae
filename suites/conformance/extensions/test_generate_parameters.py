"""Parameters of generation, and where text ends (generate_rest.yaml, GenerateParameters and Finish_Reason)."""

from __future__ import annotations

import re
from typing import Any

from harness.check import check
from harness.probing.generation import STILL, TEXT, details_of, found
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, refused, status_of
from harness.record.exchange import Exchange

FEW = 3
MANY = 40
# Tokens are shorter than this many words in every tokenizer there is.
WORDS_PER_TOKEN = 4
OUT_OF_RANGE: tuple[tuple[str, Any], ...] = (
    ("temperature", -1),
    ("top_p", -0.5),
    ("top_p", 1.5),
    ("max_tokens", 0),
    ("max_tokens", -1),
    ("max_tokens", 1.5),
    ("stop", "a"),
    ("stop", [1]),
)


@check(
    "generate-limits-enforced",
    clauses=["GEN-05"],
    duties=["A15-4-c"],
    criterion="parameters outside their limits are refused, and unknown ones are tolerated",
    per="model",
    needs=["generate-path"],
    faults=[
        "temperature-unchecked",
        "top-p-unchecked",
        "max-tokens-unchecked",
        "stop-unchecked",
        "unknown-generate-parameter-refused",
    ],
    fix="Answer 422 for temperature below 0, top_p outside 0 to 1, max_tokens below 1, stop that is no array of texts.",
)
def generate_limits_enforced(probe: Probe) -> None:
    """Parameters of generation have limits.

    One request for each parameter out of its range; then one with a parameter that nobody knows, and one with every
    parameter in its range.
    """
    generation = found(probe)
    for name, value in OUT_OF_RANGE:
        exchange = generation.ask(**{name: value})
        observed = f"{name} {value!r}: {status_of(exchange)}"
        probe.holds(refused(exchange), expected="an error status", observed=observed, exchange=exchange)
    inside = {"temperature": 0.5, "top_p": 0.9, "max_tokens": FEW, "stop": ["zzz", "qqq"]}
    for parameters in ({"p_unknown_7f3a": 1}, inside):
        exchange = generation.ask(**parameters)
        observed = f"{', '.join(parameters)}: {status_of(exchange)}"
        probe.holds(exchange.ok, expected="status 200", observed=observed, exchange=exchange)


@check(
    "generate-length-bounded",
    clauses=["GEN-06"],
    duties=["A15-4-d"],
    criterion="at most max_tokens tokens come, with the reason length where the text would go on",
    per="model",
    needs=["generate-path"],
    faults=["max-tokens-ignored", "max-tokens-one-too-many", "finish-reason-always-eos"],
    fix="Stop after max_tokens tokens, and say so with finish_reason length.",
)
def generate_length_bounded(probe: Probe) -> None:
    """max_tokens bounds the text.

    Asks for one and three tokens with details, and counts those listed; without a list, words are counted, four to a
    token. Fewer tokens than allowed have another reason than length. Where the text at temperature 0 is the same twice
    and a larger bound makes it longer, the reason for the shorter is length.
    """
    generation = found(probe)
    for most in (1, FEW):
        exchange = generation.ask(details=True, max_tokens=most)
        if not exchange.ok:
            probe.untestable(f"max_tokens {most} is not answered with a text")
        _bounded(probe, exchange, most)
    short, long = generation.steady(max_tokens=FEW), generation.steady(max_tokens=MANY)
    exchange = generation.ask(details=True, max_tokens=FEW, **STILL)
    reason = details_of(object_or_none(exchange)).get("finish_reason")
    if short and long and len(long) > len(short) and long.startswith(short) and reason is not None:
        observed = f"{reason!r}, and a bound of {MANY} goes on"
        probe.holds(reason == "length", expected="finish_reason length", observed=observed, exchange=exchange)


def _bounded(probe: Probe, exchange: Exchange, most: int) -> None:
    body = object_or_none(exchange) or {}
    details = details_of(body)
    tokens, reason = details.get("logprobs"), details.get("finish_reason")
    if isinstance(tokens, list) and tokens:
        observed = f"{len(tokens)} tokens for max_tokens {most}"
        probe.holds(len(tokens) <= most, expected=f"at most {most}", observed=observed, exchange=exchange)
        good = len(tokens) >= most or reason != "length"
        observed = f"{len(tokens)} of {most} tokens, finish_reason {reason!r}"
        probe.holds(good, expected="length only at the bound", observed=observed, exchange=exchange)
        return
    text = body.get("text_output")
    words = len(text.removeprefix(TEXT).split()) if isinstance(text, str) else 0
    observed = f"{words} words for max_tokens {most}"
    bound = most * WORDS_PER_TOKEN
    probe.holds(words <= bound, expected=f"at most {bound} words", observed=observed, exchange=exchange)


@check(
    "generate-stops-at-strings",
    clauses=["GEN-06"],
    duties=["A15-4-d"],
    criterion="text ends at the first of the stop strings, with the reason stop_sequence",
    per="model",
    needs=["generate-path"],
    faults=["stop-ignored", "stop-last-only", "finish-reason-always-eos"],
    fix="End the text at the first stop string, whichever of them it is, and say stop_sequence.",
)
def generate_stops_at_strings(probe: Probe) -> None:
    """Stop strings end the text.

    Takes a word out of the text at temperature 0, and asks for the same with that word as the only stop string, as the
    first and as the last of two. The text may end before or with it, and must not go on after it. Only for models whose
    text at temperature 0 is the same twice and long enough.
    """
    generation = found(probe)
    text = generation.steady(max_tokens=MANY)
    word = _stop_word(text or "")
    if text is None or word is None:
        probe.not_applicable("the text at temperature 0 is not the same twice, or has no word to stop at")
    for stop in ([word], [word, "\u2603no"], ["\u2603no", word]):
        exchange = generation.ask(details=True, max_tokens=MANY, stop=stop, **STILL)
        _stopped(probe, exchange, text, word, stop)


def _stopped(probe: Probe, exchange: Exchange, whole: str, word: str, stop: list[str]) -> None:
    body = object_or_none(exchange) or {}
    text = body.get("text_output")
    if not exchange.ok or not isinstance(text, str):
        probe.untestable("a request with stop strings is not answered with a text")
    first = whole.index(word)
    # With or without the string itself; white space about it is a matter of tokens.
    good = whole.startswith(text.rstrip()) and len(text.rstrip()) <= first + len(word)
    observed = f"stop {stop!r}: {len(text)} characters ({text[-40:]!r}); the string is at {first}"
    probe.holds(good, expected="no text after the stop string", observed=observed, exchange=exchange)
    reason = details_of(body).get("finish_reason")
    if good and reason is not None:
        observed = f"stop {stop!r}: finish_reason {reason!r}"
        probe.holds(reason == "stop_sequence", expected="stop_sequence", observed=observed, exchange=exchange)


def _stop_word(text: str) -> str | None:
    """A word that first stands in the middle of the text, not only at its end."""
    words = [match for match in re.finditer(r"\w{2,}", text) if match.start() > 0]
    for match in words:
        later = text[match.end() :].strip()
        if text.index(match.group()) == match.start() and match.group() not in TEXT and len(later) > 3:
            return match.group()
    return None
