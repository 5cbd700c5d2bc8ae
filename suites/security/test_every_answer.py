"""What the answers of the whole run give away, whichever check provoked them; nothing is sent here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.check import PASSIVE, check
from harness.criteria import Advice
from harness.judging.passive.looks import DISCLOSURE, MARKUP, SECRET
from harness.judging.passive.reporting import report_sightings, seen_at_all
from harness.probing.probe import Probe

if TYPE_CHECKING:
    from harness.judging.passive.sightings import Transport

EXPECTED = {
    DISCLOSURE: "nothing of the inside",
    SECRET: "no secret",
    MARKUP: "no markup of the request in a page",
}


@check(
    "security-no-answer-tells-of-inside",
    duties=["A15-5-h"],
    criterion="no answer on record tells of a stack trace, path, environment, host or secret, or echoes markup",
    advice=[Advice.NO_DISCLOSURE, Advice.NO_SECRETS, Advice.NO_MARKUP_ECHO],
    faults=["stack-trace-for-id-beyond-latin-1", "stack-trace-for-get-on-infer"],
    fix="Catch what nobody expected in one place, answer with a text of your own, and keep the exception for the log.",
    last=PASSIVE,
)
def security_no_answer_tells_of_inside(probe: Probe) -> None:
    """No answer over REST, whichever check provoked it, tells of the inside.

    Every recorded answer was looked at: of errors the words and the headers for stack traces, paths, the environment,
    internal hosts and objects, and secrets; of other answers the headers, and the words of those that no model has
    made. At most 16 KiB from the beginning of an answer and 4 KiB from its end; answers that differ in their digits
    alone count as one. What the request itself said is an echo. MITRE ATLAS AML.T0063, AML.T0014.
    """
    _judge(probe, "rest", DISCLOSURE, SECRET, MARKUP)


@check(
    "security-grpc-no-answer-tells-of-inside",
    duties=["A15-5-h"],
    criterion="no status message or trailer on record tells of a stack trace, path, environment, host or secret",
    advice=[Advice.NO_DISCLOSURE, Advice.NO_SECRETS],
    transport="grpc",
    faults=["grpc-stack-trace-for-nan"],
    fix="Catch what nobody expected in one interceptor, and set details of your own.",
    last=PASSIVE,
)
def security_grpc_no_answer_tells_of_inside(probe: Probe) -> None:
    """No status over gRPC, whichever check provoked it, tells of the inside.

    As over REST, with the details of every error status, and the headers and trailers of every call (details in binary
    form included). MITRE ATLAS AML.T0063, AML.T0014.
    """
    _judge(probe, "grpc", DISCLOSURE, SECRET)


def _judge(probe: Probe, transport: Transport, *clauses: str) -> None:
    answers = seen_at_all(probe, transport)
    for clause in clauses:
        if not report_sightings(probe, transport, clause, EXPECTED[clause]):
            probe.holds(True, clause=clause, expected=EXPECTED[clause], observed=answers)
    probe.observe(answers)
