"""A request gets its own answer whatever kind of request came before it (Art. 15(4), 15(5)).

MITRE ATLAS AML.T0024 (what an answer gives away) is the reason why an answer that shows another request's data counts
as a leak and not as a wrong answer only.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.check import check
from harness.criteria import Criterion
from harness.judging.influence.history import Histories, orders, twins_of
from harness.judging.influence.reduction import MOST
from harness.judging.influence.told import settled_menu, tell_right, tell_unsteady
from harness.probing.baseline import paced_route
from harness.probing.menu.menu import KnownKind
from harness.probing.probe import Probe
from harness.record.exchange import Transport

CRITERIA = (Criterion.NO_LEAK, Criterion.SAME_ANSWER, Criterion.NO_CRASH)
DUTIES = ("A15-1-d", "A15-4-d", "A15-5-b", "A15-5-h")
# Requests of the walks of one check: a slow endpoint is sent fewer.
WALKS = 150


@check(
    "adversarial-history-of-other-kinds",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion="after a request of any other kind, valid or not, a fixed request gets its whole answer",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "first-row-of-larger-batch-before",
        "reply-cached-without-id",
        "looked-up-before-checked",
        "kept-by-values-alone",
        "reply-parameters-of-before",
        "version-sticks",
    ],
    fix="Keep nothing of a request for the next; put all that makes an answer into the key of a cache.",
)
def adversarial_history_of_other_kinds(probe: Probe) -> None:
    """A request gets its whole answer whatever kind of request came before.

    The menu of requests under way together, and mistakes, a body that is no JSON, and a client that hangs up. Plain
    requests over each transport stand between all others, then all follow each other in drawn orders. Then each kind
    is sent with the very values of a plain request right after it, and the other way round, with values that were not
    there before: rows in another order, whose answers are known. A difference is reduced to the shortest list of
    requests that brings it about again, and counts only if the request is answered right without it.
    """
    _history(probe, "rest", settled_menu(probe).over())


@check(
    "adversarial-grpc-history-of-other-kinds",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion="after a call of any other kind, valid or not, a fixed call gets its whole answer",
    per="model",
    kind="search",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["raw-tail-of-call-before", "version-sticks"],
    fix="Keep nothing of a call for the next; put all that makes an answer into the key of a cache.",
)
def adversarial_grpc_history_of_other_kinds(probe: Probe) -> None:
    """A call gets its whole answer whatever kind of call came before.

    As over REST and gRPC together, with calls alone.
    """
    _history(probe, "grpc", settled_menu(probe).over("grpc"))


def _history(probe: Probe, transport: Transport, kinds: Sequence[KnownKind]) -> None:
    menu = settled_menu(probe)
    if sum(each.answered for each in kinds) < 1:
        probe.untestable("no request of the menu is answered")
    tell_unsteady(probe, menu, kinds)
    way = paced_route(probe, transport)
    way.seconds = kinds[0].seconds
    histories = Histories(probe, menu, kinds, way.affordable(MOST))
    most = way.affordable(WALKS)
    for order in orders(kinds, probe.endpoint.seed, most=most):
        if not histories.enough:
            histories.walk(order)
    if not histories.enough:
        histories.twins(twins_of(kinds)[: most // 2])
    probe.observe(f"{histories.sent} answers of {len(kinds)} kinds of requests judged by what came before")
    tell_right(probe)
