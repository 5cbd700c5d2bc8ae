"""Requests of different kinds that are under way together do not change each other's answers.

MITRE ATLAS AML.T0024 (what an answer gives away) is the reason why a stray answer counts as a leak and not as an error
of the protocol only.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.check import check
from harness.criteria import Criterion
from harness.judging.influence.company import Company, blocks
from harness.judging.influence.history import Histories
from harness.judging.influence.reduction import MOST
from harness.judging.influence.told import settled_menu, tell_right
from harness.probing.baseline import paced_route
from harness.probing.menu.menu import KnownKind
from harness.probing.probe import Probe
from harness.record.exchange import Transport

CRITERIA = (Criterion.NO_LEAK, Criterion.SAME_ANSWER, Criterion.NO_CRASH)
DUTIES = ("A15-1-d", "A15-4-d", "A15-5-b", "A15-5-h")
# Requests of one check: a slow endpoint is sent fewer.
COMPANY = 160


@check(
    "adversarial-company-of-other-kinds",
    duties=DUTIES,
    criteria=(*CRITERIA, Criterion.NO_HANG),
    criterion="of requests of every two kinds under way together, each gets the whole answer that it gets alone",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "outputs-selected-by-neighbour",
        "binary-wish-of-neighbour",
        "padded-to-largest-in-batch",
        "fails-beside-empty-batch",
        "reply-parameters-of-neighbour",
        "versions-together-wrong",
        "unanswered-beside-larger-batch",
    ],
    fix="Let a batch hold requests of one kind only, or keep beside each of them what it asked for.",
)
def adversarial_company_of_other_kinds(probe: Probe) -> None:
    """Requests of different kinds under way together each get their own whole answer.

    A menu of requests that differ in batch size, outputs asked for, id, parameters, version, form, transport and
    model, each with the whole answer that it gets alone: status, content type, id, model name and version, parameters,
    names, order, datatypes, shapes and values of outputs. Every two kinds go out in a block of four, then all at once.
    A difference counts if it comes again in company and not one at a time; the companion that it needs is looked for.
    Parameters that differ in company of the same kind as well tell of the load, and are not judged.
    """
    _company(probe, "rest", settled_menu(probe).over())


@check(
    "adversarial-grpc-company-of-other-kinds",
    duties=DUTIES,
    criteria=(*CRITERIA, Criterion.NO_HANG),
    criterion="of calls of every two kinds under way together, each gets the whole answer that it gets alone",
    per="model",
    kind="search",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["outputs-selected-by-neighbour", "raw-beside-typed-over-grpc"],
    fix="Let a batch hold calls of one kind only, or keep beside each of them what it asked for.",
)
def adversarial_grpc_company_of_other_kinds(probe: Probe) -> None:
    """Calls of different kinds under way together each get their own whole answer.

    As over REST and gRPC together, with calls alone.
    """
    _company(probe, "grpc", settled_menu(probe).over("grpc"))


def _company(probe: Probe, transport: Transport, kinds: Sequence[KnownKind]) -> None:
    menu, valid = settled_menu(probe), [each for each in kinds if each.answered or each.kind.beside]
    if len(valid) < 2:
        probe.not_applicable("the model takes requests of one kind only")
    way = paced_route(probe, transport)
    way.seconds = valid[0].seconds
    most = way.affordable(COMPANY)
    company = Company(probe, menu, Histories(probe, menu, valid, way.affordable(MOST)))
    for block in blocks(valid, probe.endpoint.seed):
        if company.sent and company.sent + len(block) > most:
            break
        if not company.meet(block):
            break
    pairs = len(valid) * (len(valid) - 1) // 2
    met = sum(len(pair) > 1 for pair in company.seen)
    probe.observe(f"{company.sent} requests of {len(valid)} kinds; {met} of {pairs} pairs were under way at once")
    if not met:
        probe.inconclusive("no two requests were under way at once: the rate limit, or the endpoint, is in between")
    tell_right(probe)
