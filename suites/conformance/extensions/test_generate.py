"""Text generation in one piece (generate_rest.yaml; Triton extension_generate.md)."""

from __future__ import annotations

from harness.check import check
from harness.probing.generation import (
    REASONS,
    TEXT,
    Generation,
    answer_problem,
    details_of,
    forms,
    found,
    token_problem,
)
from harness.probing.json_values import ABSENT, shown
from harness.probing.probe import Probe
from harness.probing.replies import error_object_problem, error_root, object_or_none, refused, status_of
from harness.record.exchange import Exchange

# Enough for every rule, and little to compute.
FEW = 3


@check(
    "generate-path",
    clauses=["GEN-01"],
    duties=["A15-4-d"],
    criterion="generation answers at its path without a version, with one, or at both",
    per="model",
    faults=["generate-needs-parameters"],
    fix="Serve POST v2/models/MODEL/generate, with or without versions/VERSION.",
)
def generate_path(probe: Probe) -> None:
    """Generation is answered at one of its two paths.

    Nothing announces generation, so that only models with BYTES among inputs and outputs are asked, and the clauses
    apply where a text is answered with an object that is no inference response, or where the refusal of an empty object
    asks for text_input. Which paths work is recorded; any is right. A text without parameters is what is sent.
    """
    found(probe)
    seen = {}
    for version in forms(probe):
        form = "without a version" if version is None else "with a version"
        seen[form] = Generation(probe, version).ask()
        probe.observe(f"generation {form} is answered {status_of(seen[form])}")
    working = [form for form, exchange in seen.items() if exchange.ok]
    observed = ", ".join(f"{form}: {status_of(exchange)}" for form, exchange in seen.items())
    probe.holds(bool(working), expected="200 at one of them", observed=observed, exchange=next(iter(seen.values())))


@check(
    "generate-takes-text",
    clauses=["GEN-02"],
    duties=["A15-4-c", "A15-4-d"],
    criterion="an object with text_input is answered 200; without it, or with another type, it is refused",
    per="model",
    needs=["generate-path"],
    faults=[
        "generate-empty-accepted",
        "generate-number-accepted",
        "generate-needs-parameters",
        "generate-error-200",
    ],
    fix="Require the string text_input, and nothing else.",
)
def generate_takes_text(probe: Probe) -> None:
    """Generation takes a text, and refuses a request without one.

    Texts alone, with empty parameters, and with other letters; then an empty object, one with parameters only, a number
    in place of the text, and a body that is no JSON. Any error status is a refusal.
    """
    generation = found(probe)
    good: tuple[dict[str, object], ...] = (
        {"text_input": TEXT},
        {"text_input": TEXT, "parameters": {}},
        {"text_input": "Ключ, 鍵, é and 🔑"},
    )
    for sent in good:
        exchange = probe.answered(generation.send(sent))
        if exchange.status in (424, 429, 503):
            probe.untestable(f"generation is not working now: {status_of(exchange)}")
        observed = f"{sorted(sent)}: {status_of(exchange)}"
        probe.holds(exchange.ok, expected="status 200", observed=observed, exchange=exchange)
    for value, exchange in _mistakes(generation):
        observed = f"{value!r}: {status_of(exchange)}"
        probe.holds(refused(exchange), expected="an error status", observed=observed, exchange=exchange)


@check(
    "generate-answer-well-formed",
    clauses=["GEN-03"],
    duties=["A15-4-d"],
    criterion="the answer is application/json, an object with the strings text_output and model_name",
    per="model",
    needs=["generate-path"],
    faults=[
        "generated-text",
        "generate-text-in-list",
        "generate-model-name-missing",
        "generate-model-version-number",
        "generate-as-array",
    ],
    fix="Send text_output and model_name as strings; model_version, a string, and details, an object, may follow.",
)
def generate_answer_well_formed(probe: Probe) -> None:
    """The answer to generate is an object with text_output and model_name.

    Looks at the types of the members, which may be no others where they are there, and at Content-Type.
    """
    generation = found(probe)
    for exchange in (generation.ask(), generation.ask(max_tokens=FEW)):
        if not exchange.ok:
            continue
        problem = answer_problem(probe.document(exchange).value)
        probe.holds(problem is None, expected="text_output and model_name", observed=problem or "both",
                    exchange=exchange)  # fmt: skip
        label = exchange.media_type or "none"
        probe.holds(label == "application/json", expected="Content-Type application/json", observed=label,
                    exchange=exchange)  # fmt: skip


@check(
    "generate-details-well-formed",
    clauses=["GEN-04"],
    duties=["A15-4-d"],
    criterion="details, where they come, have one of the three reasons, and tokens with id, text, logprob and special",
    per="model",
    needs=["generate-path"],
    faults=[
        "finish-reason-stop",
        "finish-reason-capital",
        "finish-reason-null",
        "token-id-text",
        "token-id-negative",
        "token-logprob-text",
        "token-special-number",
        "token-without-text",
        "logprobs-by-token",
    ],
    fix="Send finish_reason as length, eos_token or stop_sequence, and logprobs as a list of tokens.",
)
def generate_details_well_formed(probe: Probe) -> None:
    """Details of an answer name a reason of the three, and tokens.

    Asks for details, once with few tokens and once with many. Their absence is recorded, and leaves nothing to say.
    """
    generation = found(probe)
    seen = [(exchange, details_of(object_or_none(exchange)))
            for exchange in (generation.ask(details=True, max_tokens=count) for count in (FEW, 60))]  # fmt: skip
    if not any(details for _, details in seen):
        probe.not_applicable("no details come where they are asked for")
    for exchange, details in seen:
        if not details:
            continue
        reason, tokens = details.get("finish_reason", ABSENT), details.get("logprobs", [])
        expected, observed = f"one of {', '.join(REASONS)}", f"finish_reason: {shown(reason)}"
        probe.holds(reason in REASONS, expected=expected, observed=observed, exchange=exchange)
        listed = probe.holds(isinstance(tokens, list | None), expected="logprobs is an array",
                             observed=shown(tokens), exchange=exchange)  # fmt: skip
        for token in tokens or [] if listed else []:
            problem = token_problem(token)
            probe.holds(problem is None, expected="id, text, logprob and special",
                        observed=f"{problem or 'all four'}: {shown(token)}", exchange=exchange)  # fmt: skip


@check(
    "generate-errors-well-formed",
    clauses=["GEN-07"],
    duties=["A15-4-c", "A15-4-d"],
    criterion="errors of generation have a status of 400 or more and an object with a string error",
    per="model",
    needs=["generate-path"],
    faults=["generate-error-detail", "generate-error-text", "generate-error-list", "generate-error-200"],
    fix="Answer errors with 4xx or 5xx and an object with the string error.",
)
def generate_errors_well_formed(probe: Probe) -> None:
    """Errors of generation are JSON objects with a string error.

    Looks at the answers to requests without a text and with a parameter out of its range; any status from 400 is right.
    A request that is answered with a text is left to other checks.
    """
    generation = found(probe)
    asked = 0
    exchanges = [*(each for _, each in _mistakes(generation)), generation.ask(max_tokens=0)]
    for exchange in exchanges:
        if exchange.ok and "error" not in (object_or_none(exchange) or {}):
            continue
        asked += 1
        good = refused(exchange)
        problem = error_object_problem(exchange) if good else f"an error with {status_of(exchange)}"
        observed = f"{status_of(exchange)}: {problem or 'an error object'}"
        root = error_root(exchange) if good else None
        probe.holds(problem is None, expected="an error status and an object with a string error", observed=observed,
                    exchange=exchange, root=root)  # fmt: skip
    if not asked:
        probe.untestable("no mistake is answered with an error")


@check(
    "generate-id-unchanged",
    clauses=["GEN-11"],
    duties=["A15-4-d"],
    criterion="an id in the answer is the one that was sent",
    per="model",
    needs=["generate-path"],
    faults=["generate-id-changed", "generate-id-of-request-before"],
    fix="Send the id of the request, or none.",
)
def generate_id_unchanged(probe: Probe) -> None:
    """An id comes back as it was, if it comes back.

    Two requests with different ids. OIP has no id in generation: its absence, and a refusal, are recorded.
    """
    generation = found(probe)
    for sent in ("art15-a", "Ключ 7"):
        exchange = probe.answered(generation.send({"id": sent, "text_input": TEXT, "parameters": {"max_tokens": FEW}}))
        body = object_or_none(exchange) or {}
        probe.observe(f"with an id: {status_of(exchange)}, {'an id' if 'id' in body else 'no id'} in the answer")
        good = body.get("id", sent) == sent
        probe.holds(good, expected=f"{sent!r} or none", observed=shown(body.get("id")), exchange=exchange)


def _mistakes(generation: Generation) -> list[tuple[object, Exchange]]:
    values: tuple[object, ...] = ({}, {"parameters": {"max_tokens": FEW}}, {"text_input": 42}, b"{")
    return [(value, generation.probe.answered(generation.send(value))) for value in values]
