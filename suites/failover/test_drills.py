"""Drills that the policy declares: what clients see while a replica dies, is restarted or cut off (Art. 15(4))."""

from __future__ import annotations

from harness.check import Untestable, check
from harness.criteria import Criterion
from harness.drills.injector import Injector
from harness.judging.load.drills import judge_drill
from harness.probing.load.drilling import drilled
from harness.probing.load.loading import loader
from harness.probing.probe import Probe
from harness.record.exchange import Transport

DUTIES = ["A15-4-a", "A15-4-g", "A15-4-h"]
CRITERIA = [Criterion.FAILOVER, Criterion.NO_LEAK, Criterion.SAME_ANSWER]
CRITERION = (
    "while the fault that the policy declares is caused, held and taken back, no more requests fail, for no longer, "
    "than the policy allows, and no answer is wrong"
)
FIX = (
    "Let the balancer look at readiness often, try again elsewhere what nobody executed, and drain a replica before it "
    "ends."
)


@check(
    "failover-drills",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["rest-infer-answers-200"],
    allow="faults",
    shown_by="tests/endtoend/test_drills.py",
    fix=FIX,
)
def failover_drills(probe: Probe) -> None:
    """Drills over REST keep to what the policy allows them to cost.

    At a constant rate, each request with an id of its own: a clean baseline, the fault at a stamped time, held and
    always taken back, and load until it is steady again. Every request is accounted for: correct, refused cleanly,
    failed, wrong or lost; what the tester could not send is none of them.
    """
    _drills(probe, "rest")


@check(
    "failover-grpc-drills",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion=CRITERION,
    per="model",
    kind="sampling",
    needs=["grpc-infer-answers-ok"],
    transport="grpc",
    allow="faults",
    shown_by="tests/endtoend/test_drills.py",
    fix=FIX,
)
def failover_grpc_drills(probe: Probe) -> None:
    """Drills over gRPC keep to what the policy allows them to cost.

    As over REST.
    """
    _drills(probe, "grpc")


def _drills(probe: Probe, transport: Transport) -> None:
    first = probe.endpoint.models[0]
    mine = [
        drill
        for drill in probe.endpoint.policy.drills
        if drill.transport == transport and (drill.model or first.name) == probe.model.name
    ]
    if not mine:
        probe.not_applicable("the policy declares no drill over this transport on this model ([[drills]])")
    injector = probe.endpoint.memory.find(Injector)
    if injector is None:
        raise Untestable("this run has nothing that causes faults")
    load = loader(probe, transport)
    for drill in mine:
        judge_drill(load, drill, drilled(load, injector, drill))
