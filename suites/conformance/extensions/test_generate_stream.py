"""Generated text as a stream of server-sent events (generate_rest.yaml; Triton extension_generate.md)."""

from __future__ import annotations

from harness.check import check
from harness.probing.generation import (
    REASONS,
    STILL,
    Generation,
    answer_problem,
    closes,
    details_of,
    events_of,
    found,
    payloads,
)
from harness.probing.json_values import shown
from harness.probing.probe import Probe
from harness.probing.replies import error_object_problem, refused, status_of
from harness.record.exchange import Exchange
from harness.wire.events import MEDIA_TYPE

FEW = 3
SEVERAL = 12


@check(
    "generate-stream-events",
    clauses=["GEN-08"],
    duties=["A15-4-d"],
    criterion="a stream is text/event-stream under 200, each event one object with text_output and model_name",
    per="model",
    needs=["generate-path"],
    faults=[
        "stream-of-json-lines",
        "stream-other-field",
        "stream-ends-in-half-an-event",
        "stream-events-not-parted",
        "stream-python-objects",
        "stream-labelled-json",
        "stream-labelled-ndjson",
        "stream-status-206",
        "stream-model-name-first-only",
        "stream-text-missing-at-end",
        "stream-token-instead-of-text",
        "stream-events-in-arrays",
        "stream-text-null-at-end",
    ],
    fix="Send each piece as one event: the field data, one JSON object in it, and an empty line after it.",
)
def generate_stream_events(probe: Probe) -> None:
    """A stream is server-sent events, each with text_output and model_name.

    Reads the body as the HTML standard says a client does: what no empty line ends is no event. A closing event such as
    [DONE] is neither required nor forbidden. Only where generate_stream is there at all.
    """
    generation = found(probe)
    for exchange in (_streamed(generation), generation.stream(max_tokens=FEW, details=True)):
        if not probe.holds(exchange.ok, expected="status 200", observed=status_of(exchange), exchange=exchange):
            continue
        label = exchange.media_type or "none"
        probe.holds(label == MEDIA_TYPE, expected=f"Content-Type {MEDIA_TYPE}", observed=label, exchange=exchange)
        _well_formed(probe, exchange)


def _well_formed(probe: Probe, exchange: Exchange) -> None:
    stream = events_of(exchange)
    observed = f"{len(stream.events)} events, {len(stream.unknown)} lines of no field ({shown(stream.unknown[:1])})"
    probe.holds(bool(stream.events), expected="events", observed=observed, exchange=exchange)
    whole = not stream.unfinished or closes(stream.unfinished.removeprefix("data:").strip())
    observed = f"after the last event: {shown(stream.unfinished)}"
    probe.holds(whole, expected="an empty line after every event", observed=observed, exchange=exchange)
    values = payloads(exchange)
    for value, event in zip(values, stream.events, strict=False):
        problem = answer_problem(value)
        observed = f"{problem or 'both'}: {shown(event.data)}"
        probe.holds(problem is None, expected="one object with text_output and model_name", observed=observed,
                    exchange=exchange)  # fmt: skip


@check(
    "generate-stream-text",
    clauses=["GEN-09"],
    duties=["A15-4-d"],
    criterion="events carry pieces or the whole so far; a finish_reason is at the last of those with details",
    per="model",
    needs=["generate-stream-events"],
    faults=["stream-text-lost", "stream-without-reason"],
    fix="Send the pieces of the text, or the text so far, and the reason with the last one.",
)
def generate_stream_text(probe: Probe) -> None:
    """A stream carries the same text as the answer in one piece.

    At temperature 0, and only where the whole text is the same twice, the events put together, or the last one by
    itself, are that text; which it is, is recorded. Where details come, finish_reason is with the last of them; whether
    it is with the others, too, which the documents call required, is recorded.
    """
    generation = found(probe)
    exchange = generation.stream(details=True, max_tokens=SEVERAL, **STILL)
    events = [value for value in payloads(exchange) if isinstance(value, dict)]
    pieces = [value["text_output"] for value in events if isinstance(value.get("text_output"), str)]
    whole = generation.steady(max_tokens=SEVERAL)
    seen = False
    if whole is not None and pieces:
        seen = True
        joined, last = "".join(pieces) == whole, pieces[-1] == whole
        probe.observe(f"events carry {'pieces' if joined else 'the text so far' if last else 'something else'}")
        observed = f"pieces {shown(pieces)} of {whole!r}"
        probe.holds(joined or last, expected="the text in pieces, or the text so far", observed=observed,
                    exchange=exchange)  # fmt: skip
    reasons = [details.get("finish_reason") for details in map(details_of, events) if details]
    if reasons:
        seen = True
        others = sum(reason is not None for reason in reasons[:-1])
        probe.observe(f"finish_reason is in {others} of {len(reasons) - 1} events before the last")
        observed = f"finish_reason {reasons[-1]!r} with the last details"
        probe.holds(reasons[-1] in REASONS, expected=f"one of {', '.join(REASONS)}", observed=observed,
                    exchange=exchange)  # fmt: skip
    if not seen:
        probe.not_applicable("the text is not the same twice at temperature 0, and no details come")


@check(
    "generate-stream-errors",
    clauses=["GEN-10"],
    duties=["A15-4-c", "A15-4-d"],
    criterion="a mistake in the request is an error status and an object with a string error, under either media type",
    per="model",
    needs=["generate-path"],
    faults=["stream-error-empty-stream", "stream-error-as-event"],
    fix="Look at the request before the stream begins, and answer 4xx with an object with the string error.",
)
def generate_stream_errors(probe: Probe) -> None:
    """A stream that cannot begin is an ordinary error answer.

    An empty object and a parameter out of its range, the latter only where generate refuses it. The error object may
    stand alone, as application/json, or in an event.
    """
    generation = found(probe)
    _streamed(generation)
    mistakes: list[dict[str, object]] = [{}]
    if refused(generation.ask(max_tokens=0)):
        mistakes.append({"text_input": "a", "parameters": {"max_tokens": 0}})
    for value in mistakes:
        exchange = probe.answered(generation.send(value, stream=True))
        observed = f"{value!r}: {status_of(exchange)}"
        if not probe.holds(refused(exchange), expected="an error status", observed=observed, exchange=exchange):
            continue
        problem = error_object_problem(exchange)
        if problem is not None and any(_is_error(each) for each in payloads(exchange)):
            problem = None
        observed = f"{value!r}: {problem or 'an error object'}"
        probe.holds(problem is None, expected="an object with a string error", observed=observed, exchange=exchange)


def _is_error(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("error"), str)


def _streamed(generation: Generation) -> Exchange:
    """The answer to generate_stream; ends the check where that is not offered."""
    exchange = generation.stream()
    if exchange.status in (404, 405, 501):
        generation.probe.not_applicable(f"generate_stream is not offered ({status_of(exchange)})")
    return exchange
