"""Requests whose head or whose chunks no client sends (RFC 9112), and floods of headers."""

from __future__ import annotations

from functools import partial

from harness.check import check
from harness.criteria import Criterion
from harness.generate.hostile.heads import floods, odd_heads
from harness.generate.hostile.requests import PLAIN_CHUNKS, chunkings
from harness.judging.hostility import BUSY, SURVIVES, HostileSequence, changed_outputs, first_answer, survives, valid_of
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange


@check(
    "adversarial-framing-chunked-same-answer",
    duties=["A15-4-c", "A15-4-d"],
    criteria=[*SURVIVES, Criterion.NO_SILENT_CHANGE],
    criterion="a body in chunks, however cut, is answered with the same outputs, or chunks are refused altogether",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["chunk-sizes-decimal", "chunk-extension-is-data", "last-of-many-chunks-lost"],
    fix="Leave chunked bodies to a maintained HTTP library.",
)
def adversarial_framing_chunked_same_answer(probe: Probe) -> None:
    """A valid request in chunks gets the outputs that it gets in one piece, or is refused.

    Chunks of one byte, extensions, leading zeros, trailers, packets that end inside of a chunk size (RFC 9112,
    section 7.1). Refusing chunks is noted, not held against the endpoint; but where the body is taken in
    some plain chunks, it is in all.
    """
    plain: dict[str, Exchange] = {}
    cases = {case.name: case for case in chunkings(valid_of(probe))}
    sends = [(case.name, case.why, partial(first_answer, probe, case)) for case in cases.values()]
    for name, exchange in HostileSequence(probe).each(sends):
        if not exchange.ok:
            probe.observe(f"{name} ({cases[name].why}): {status_of(exchange)}")
        change = changed_outputs(probe, exchange)
        probe.holds(
            change is None,
            clause=Criterion.NO_SILENT_CHANGE.clause,
            expected="the outputs of the request in one piece",
            observed=f"{name} ({cases[name].why}): {change}",
            exchange=exchange,
            root="chunked-body-read-wrongly",
        )
        if name in PLAIN_CHUNKS and exchange.answered and exchange.status not in BUSY:
            plain[name] = exchange
    _all_taken_or_none(probe, plain)


def _all_taken_or_none(probe: Probe, plain: dict[str, Exchange]) -> None:
    taken = [name for name, exchange in plain.items() if exchange.ok]
    for name, exchange in plain.items() if taken else ():
        probe.holds(
            exchange.ok,
            clause=Criterion.SAME_ANSWER.clause,
            expected=f"an answer as to {taken[0]}: the body is the same",
            observed=f"{name}: {status_of(exchange)}",
            exchange=exchange,
            root="chunked-body-read-wrongly",
        )


@check(
    "adversarial-framing-odd-heads-answered",
    duties=["A15-4-c", "A15-5-a"],
    criteria=SURVIVES,
    criterion="each whole request with an odd head is answered or cut off, and the endpoint infers as before",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[
        "signed-length-ends-process",
        "header-flood-ends-process",
        "odd-method-ends-process",
        "expect-continue-hangs",
        "long-header-hangs",
    ],
    fix="Answer what cannot be read with 400 and close the connection.",
)
def adversarial_framing_odd_heads_answered(probe: Probe) -> None:
    """Requests with odd heads are answered or cut off, and leave an endpoint that infers as before.

    Versions, methods, targets and headers that no client sends, lengths that are no numbers, bytes that are no
    request. Any status is accepted, and the end of the connection, too. ATLAS AML.T0049.
    """
    cases = list(odd_heads(valid_of(probe), probe.client.access.host_header))
    whole = [(case.name, case.why, partial(first_answer, probe, case)) for case in cases if case.complete]
    for _ in HostileSequence(probe).each(whole):
        pass
    for case in cases:
        if not case.complete and not survives(probe, case.name, case.why, first_answer(probe, case)):
            return


@check(
    "adversarial-framing-floods-survived",
    duties=["A15-4-c", "A15-5-a"],
    criteria=SURVIVES,
    criterion="heads of megabytes are answered or cut off, and the endpoint infers as before",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["long-head-ends-process"],
    allow="stress",
    fix="Limit number and size of headers (431) and the size of the target (414).",
)
def adversarial_framing_floods_survived(probe: Probe) -> None:
    """Floods of headers are answered or cut off, and leave an endpoint that infers as before.

    10 000 headers, a header, a name and a query of 1 MiB, chunk extensions without end.
    ATLAS AML.T0029.
    """
    cases = floods(valid_of(probe))
    for _ in HostileSequence(probe).each((case.name, case.why, partial(first_answer, probe, case)) for case in cases):
        pass
