"""The same request gets the same answer by whichever path, form and transport, and wherever in the run (Art. 15(4))."""

from __future__ import annotations

from harness.check import HINDSIGHT, check
from harness.criteria import Advice, Criterion
from harness.judging.forms import ask_in_every_form
from harness.judging.on_record import report_record, report_unanswered
from harness.judging.origin.versions import report_versions
from harness.probing.baseline import declared_alike
from harness.probing.probe import Probe

DUTIES = ("A15-1-d", "A15-4-d")
FIX = (
    "Decide what a request means, and what it gets, from its bytes alone; or declare the model nondeterministic in the "
    "policy."
)


@check(
    "adversarial-forms-repeat",
    duties=DUTIES,
    criteria=[Criterion.SAME_ANSWER],
    criterion="a request in each form and to each version that the model takes is answered alike, again and again",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=["every-fifth-of-a-version-wrong", "every-fourth-in-binary-wrong"],
    fix=FIX,
)
def adversarial_forms_repeat(probe: Probe) -> None:
    """A request gets the same answer again in whatever form it comes.

    Over REST: as it is, with a selection of its outputs, with parameters, nested, in binary both ways, and to each of
    up to three versions by path. Two requests with other values in turns, sixteen times each form; a form that is
    refused is left out. The answers in one form to one request are compared with each other (floats within 0.1 %).
    """
    declared_alike(probe)
    ask_in_every_form(probe, "rest")


@check(
    "adversarial-grpc-forms-repeat",
    duties=DUTIES,
    criteria=[Criterion.SAME_ANSWER],
    criterion="a call in each form and to each version that the model takes is answered alike, again and again",
    per="model",
    kind="search",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["every-fifth-of-a-version-wrong"],
    fix=FIX,
)
def adversarial_grpc_forms_repeat(probe: Probe) -> None:
    """A call gets the same answer again in whatever form it comes.

    As over REST: typed and raw contents, with a selection of outputs, with parameters, and to each of up to three
    versions.
    """
    declared_alike(probe)
    ask_in_every_form(probe, "grpc")


@check(
    "adversarial-record-agrees",
    clauses=["VERS-04"],
    duties=DUTIES,
    criteria=[Criterion.SAME_ANSWER],
    advice=[Advice.ONE_SERVICE],
    criterion="no request on record was answered in two ways, or by another version than was asked for, or all along",
    faults=["accepted-request-refused-at-times", "batch-by-another-version", "batch-by-another-version-than-asked"],
    fix=FIX,
    last=HINDSIGHT,
)
def adversarial_record_agrees(probe: Probe) -> None:
    """No request of the run, whichever check sent it, was answered in two ways.

    Each inference on record is compared with the first of the same bytes, headers and path that was answered (ids
    aside, floats within 0.1 %). A request that now is answered and now refused counts as well, unless the status speaks
    of the moment. Left out are requests in sequences and with shared memory, and those to models that are declared
    nondeterministic. What differs is sent eight times more: a single odd answer that does not come again only warns.
    What another check has told of is not told again; what one passed over because the request varied alone is told
    here. Each answer that names a version names the one that was asked for; where none was, always the same one, unless
    the policy says several_versions of the model. What differs in that is sent again.
    """
    report_versions(probe, "rest")
    report_record(probe, "rest")


@check(
    "adversarial-grpc-record-agrees",
    clauses=["VERS-04"],
    duties=DUTIES,
    criteria=[Criterion.SAME_ANSWER],
    advice=[Advice.ONE_SERVICE],
    criterion="no call on record was answered in two ways, or by another version than was asked for, or all along",
    transport="grpc",
    faults=["accepted-request-refused-at-times", "batch-by-another-version", "batch-by-another-version-than-asked"],
    fix=FIX,
    last=HINDSIGHT,
)
def adversarial_grpc_record_agrees(probe: Probe) -> None:
    """No call of the run, whichever check made it, was answered in two ways.

    As over REST, with calls of ModelInfer.
    """
    report_versions(probe, "grpc")
    report_record(probe, "grpc")


@check(
    "adversarial-record-answered",
    duties=["A15-4-c", "A15-4-d"],
    advice=[Advice.ANSWERS_EVERYTHING],
    criterion="no kind of request on record was left without a whole answer, and is so when it is sent again",
    faults=["untyped-request-hangs-up"],
    fix="Answer every request, if only to refuse it, and write the whole of an answer that was begun.",
    last=HINDSIGHT,
)
def adversarial_record_answered(probe: Probe) -> None:
    """No request of the run, over either transport and whichever check sent it, is left without a whole answer.

    Of each kind of request (verb, route and what is odd about it; method of gRPC) whose connection ended early, or
    whose answer was malformed, the first is sent twice more; it counts if neither is answered, and a valid inference
    is. Left out are raw bytes, bodies above 64 KiB, time-outs, and what another check has told of.
    """
    report_unanswered(probe)
