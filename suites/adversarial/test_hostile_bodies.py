"""Bodies that parsers choke on or disagree about; bombs only with `--oip-allow stress`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.check import check
from harness.criteria import Criterion
from harness.generate.hostile.bodies import HostileBody, coded_bodies, heavy_bodies, odd_bodies
from harness.judging.hostility import SURVIVES, HostileSequence, Send, body_sender, changed_outputs, valid_of
from harness.probing.probe import Probe
from harness.probing.replies import status_of

NO_JSON = "REST-INFER-05"
CRITERIA = [*SURVIVES, Criterion.NO_SILENT_CHANGE]


def _all_answered(probe: Probe, bodies: Iterable[HostileBody]) -> None:
    """Each body is answered and survived; where the values in it are the valid ones, so are outputs that are given."""
    valid_of(probe)
    now: dict[str, HostileBody] = {}

    def sends() -> Iterator[tuple[str, str, Send]]:
        for body in bodies:
            now.clear()  # bombs are large: one at a time
            now[body.name] = body
            yield body.name, body.why, body_sender(probe, body)

    for name, exchange in HostileSequence(probe).each(sends()):
        body = now[name]
        change = changed_outputs(probe, exchange) if body.same else None
        if body.same:
            probe.holds(
                change is None,
                clause=Criterion.NO_SILENT_CHANGE.clause,
                expected="the outputs of the valid request, or a refusal",
                observed=f"{name} ({body.why}): {change}",
                exchange=exchange,
                root=f"outputs-changed-by:{name}",
            )
        if body.not_json:
            probe.holds(
                not exchange.ok,
                clause=NO_JSON,
                expected="an error status: JSON is UTF-8",
                observed=f"{name} ({body.why}): {status_of(exchange)}",
                exchange=exchange,
                root="body-that-is-no-utf-8-accepted",
                mild=True,
            )


@check(
    "adversarial-bodies-odd-survived",
    clauses=[NO_JSON],
    duties=["A15-4-c", "A15-5-c"],
    criteria=CRITERIA,
    criterion="each odd body is answered or cut off, with unchanged outputs if any, and survived; no UTF-8, no 200",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[
        "deep-objects-end-process",
        "many-members-hang",
        "big-number-hangs",
        "long-input-name-ends-process",
        "invalid-utf8-ends-process",
        "invalid-utf8-replaced",
    ],
    fix="Read bodies with a strict JSON parser, and answer what it refuses with 400.",
)
def adversarial_bodies_odd_survived(probe: Probe) -> None:
    """Bodies that JSON parsers disagree about are answered or cut off, and survived.

    Members twice, tokens that are no JSON, numbers beyond every type, text that is no UTF-8, lone surrogates, other
    encodings, 30 000 members, special member names. Any status is accepted, but 200 for bytes that are no UTF-8 is a
    warning: they are no JSON (RFC 8259, section 8.1). Where outputs are given for the same values, they are the same.
    ATLAS AML.T0043 (craft adversarial data).
    """
    _all_answered(probe, odd_bodies(probe.accepted().request))


@check(
    "adversarial-bodies-coded-survived",
    duties=["A15-4-c", "A15-5-c"],
    criteria=CRITERIA,
    criterion="each body with a Content-Encoding is answered or cut off, with unchanged outputs if any, and survived",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["cut-gzip-hangs", "unknown-coding-ends-process"],
    fix="Refuse content codings that are not offered with 415, and what cannot be decoded with 400.",
)
def adversarial_bodies_coded_survived(probe: Probe) -> None:
    """Bodies under a true, false, cut or unknown Content-Encoding are answered or cut off, and survived.

    RFC 9110, section 8.4. Any status is accepted. ATLAS AML.T0043.
    """
    _all_answered(probe, coded_bodies(probe.accepted().request))


@check(
    "adversarial-bodies-heavy-survived",
    duties=["A15-4-c", "A15-4-i", "A15-5-a"],
    criteria=CRITERIA,
    criterion="each bomb is answered or cut off within the time for one request, and the endpoint infers as before",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["deep-nesting-kills", "gzip-bomb-ends-process", "gzip-bomb-hangs", "oversize-hangs"],
    allow="stress",
    fix="Limit size, depth and number of members before parsing, and the size after decompression.",
)
def adversarial_bodies_heavy_survived(probe: Probe) -> None:
    """Bombs are answered or cut off in time, and leave an endpoint that infers as before.

    Nested 100 000 deep, 100 000 members, parameters, outputs, 10 000 inputs, names of 1 MiB, a number of a million
    digits, a body of 64 MiB, gzip of 512 MiB. Any status is accepted. ATLAS AML.T0029 (denial of ML service).
    """
    _all_answered(probe, heavy_bodies(probe.accepted().request))
