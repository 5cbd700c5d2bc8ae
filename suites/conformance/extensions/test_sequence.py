"""Sequences of requests, and their schedule (Triton extension_sequence.md, extension_schedule_policy.md)."""

from __future__ import annotations

from harness.check import check
from harness.endpoint.rest_route import outputs_of
from harness.judging.extensions import infer, offered
from harness.judging.refusals import base_of
from harness.judging.walks import STEPS, Id, Walk, first_difference, step_of, two_inputs, walk
from harness.oracles.equality import difference
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.wire.messages import InferRequest
from harness.wire.varied import vary

# Alike in length, and equal modulo 2**8 and 2**16: an id that is cut or folded is another sequence's.
PAIRS: tuple[tuple[Id, Id], ...] = ((1507, 1507 + 2**16), ("art15-a", "art15-b"))
NONE: tuple[Id, ...] = (0, "")


@check(
    "sequence-keeps-apart",
    clauses=["SEQ-01"],
    duties=["A15-4-d"],
    criterion="interleaved sequences are answered as each alone, a start forgets, 0 and empty are no sequence",
    per="model",
    faults=[
        "sequences-share-state",
        "sequence-ids-cut",
        "sequence-ids-modulo",
        "sequence-zero-is-one",
        "sequence-start-keeps-state",
    ],
    fix="Keep one state per sequence_id, drop it at sequence_start and sequence_end, and take the id as it is.",
)
def sequence_keeps_apart(probe: Probe) -> None:
    """Sequences that run at the same time keep apart.

    Metadata cannot say whether a model has a state: only a model whose answers within a sequence differ,
    the same way twice, is asked. Two sequences with different inputs run alone, then interleaved, with numbers and
    with texts for ids; the answers are the same. A start in the middle of a sequence begins anew. Ids 0 and empty are
    answered as no id. Every sequence is ended.
    """
    offered(probe, "sequence")
    first, second = two_inputs(probe)
    for one, other in PAIRS:
        alone = _stateful(probe, first, one)
        beside = walk(probe, second, other)
        pair = _interleaved(probe, (first, one), (second, other))
        for name, before, after in (("first", alone, pair[0]), ("second", beside, pair[1])):
            _same(probe, before, after, f"{name} of the sequences {one!r} and {other!r}, interleaved")
        _begins_anew(probe, first, one, alone)
    _no_sequence(probe, first)


@check(
    "sequence-start-boolean",
    clauses=["SEQ-01"],
    duties=["A15-4-c"],
    criterion="a sequence_start that is no boolean is refused",
    per="model",
    needs=["sequence-keeps-apart"],
    faults=["sequence-start-any"],
    fix="Refuse sequence_start and sequence_end that are not true or false.",
)
def sequence_start_boolean(probe: Probe) -> None:
    """A start that is no boolean is refused.

    A word and a number in place of true, on a model that was seen to have a state.
    """
    offered(probe, "sequence")
    first, _ = two_inputs(probe)
    for start in ("yes", 1.5):
        parameters = {"sequence_id": 1507, "sequence_start": start, "sequence_end": True}
        with meant("neither"):
            exchange = infer(probe, vary(first, parameters=parameters))
        observed = f"sequence_start {start!r}: {status_of(exchange)}"
        probe.holds(refused(exchange), expected="an error status", observed=observed, exchange=exchange)


@check(
    "schedule-policy-parameters",
    clauses=["SCHED-01"],
    duties=["A15-4-d", "A15-4-c"],
    criterion="integers as priority and timeout are accepted with unchanged outputs, words are refused",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["priority-word-accepted", "timeout-word-accepted", "priority-refused", "priority-changes-answer"],
    fix="Take priority and timeout as integers, refuse anything else, and change nothing but the order of work.",
)
def schedule_policy_parameters(probe: Probe) -> None:
    """Priority and timeout are integers, and change no answer.

    Priority 0 and 1, a timeout of a minute, both together, with two rows where the model takes them; then a word for
    each.
    """
    offered(probe, "schedule_policy")
    accepted = base_of(probe)
    minute = 60_000_000
    for parameters in ({"priority": 0}, {"priority": 1}, {"timeout": minute}, {"priority": 1, "timeout": minute}):
        exchange = infer(probe, vary(accepted.request, parameters=parameters))
        found = probe.differ(exchange, accepted.exchange) if exchange.ok else None
        observed = f"{parameters}: {found or status_of(exchange)}"
        probe.holds(exchange.ok and found is None, expected="status 200 and unchanged outputs", observed=observed,
                    exchange=exchange)  # fmt: skip
    for name, word in (("priority", "high"), ("timeout", "soon")):
        with meant("neither"):
            exchange = infer(probe, vary(accepted.request, parameters={name: word}))
        observed = f"{name} {word!r}: {status_of(exchange)}"
        probe.holds(refused(exchange), expected="an error status", observed=observed, exchange=exchange)


def _stateful(probe: Probe, request: InferRequest, sequence: Id) -> Walk:
    """The sequence alone; not applicable unless the model remembers, untestable if it is not the same twice."""
    once = walk(probe, request, sequence)
    if not all(exchange.ok for exchange in once.exchanges):
        refusal = next(exchange for exchange in once.exchanges if not exchange.ok)
        probe.not_applicable(f"the model takes no sequence {sequence!r} ({status_of(refusal)})")
    outputs = once.outputs
    if difference(outputs[0], outputs[1]) is None and difference(outputs[1], outputs[2]) is None:
        probe.not_applicable("the model was not seen to have a state: every answer of a sequence is the same")
    again = walk(probe, request, sequence)
    if first_difference(once.outputs, again.outputs) is not None and not _remembers(probe, request):
        probe.untestable("a sequence is answered differently twice, and so is a request outside of any")
    _same(probe, once, again, f"sequence {sequence!r}, ended and begun again")
    return once


def _remembers(probe: Probe, request: InferRequest) -> bool:
    """Whether requests outside of any sequence are answered alike, so that differences are no chance."""
    plain = [infer(probe, request) for _ in range(3)]
    first = outputs_of(plain[0])
    return all(each.ok and difference(outputs_of(each), first) is None for each in plain)


def _interleaved(probe: Probe, one: tuple[InferRequest, Id], other: tuple[InferRequest, Id]) -> tuple[Walk, Walk]:
    steps: list[list[Exchange]] = [[], []]
    for step in range(STEPS):
        for found, (request, sequence) in zip(steps, (one, other), strict=True):
            found.append(step_of(probe, request, sequence, step))
    return Walk(tuple(steps[0])), Walk(tuple(steps[1]))


def _same(probe: Probe, before: Walk, after: Walk, what: str) -> None:
    found = first_difference(before.outputs, after.outputs)
    refusal = next((each for each in after.exchanges if not each.ok), None)
    observed = f"{what}: {status_of(refusal) if refusal else found or 'the same'}"
    probe.holds(found is None and refusal is None, expected="the answers of the sequence alone", observed=observed,
                exchange=refusal or after.exchanges[-1])  # fmt: skip


def _begins_anew(probe: Probe, request: InferRequest, sequence: Id, alone: Walk) -> None:
    """Two steps, then a whole sequence under the same id with no end between."""
    for step in range(2):
        step_of(probe, request, sequence, step)
    _same(probe, alone, walk(probe, request, sequence), f"sequence {sequence!r}, begun anew without an end")


def _no_sequence(probe: Probe, request: InferRequest) -> None:
    """Requests with an id that is none are answered as without; a model that only takes sequences refuses both."""
    with meant("neither"):
        plain = infer(probe, request)
    if not plain.ok:
        probe.observe(f"a request outside of any sequence is answered {status_of(plain)}")
        return
    for sequence in NONE:
        for step, start in enumerate((True, False)):
            exchange = infer(probe, vary(request, parameters={"sequence_id": sequence, "sequence_start": start}))
            found = difference(outputs_of(exchange), outputs_of(plain), exact=False) if exchange.ok else None
            observed = f"sequence_id {sequence!r}, request {step}: {found or status_of(exchange)}"
            probe.holds(exchange.ok and found is None, expected="the answer without sequence_id", observed=observed,
                        exchange=exchange)  # fmt: skip
