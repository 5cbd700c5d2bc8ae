"""The log of inferences: each answer has its entry (Art. 12, 19, 26)."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.origin.log import judge_log
from harness.probing.probe import Probe

DUTIES = ["A15-4-d"]
CRITERION = (
    "each inference that is sent has one entry in the log that the policy names under [log], of its model, version and "
    "payload where the policy names their columns"
)
FAULTS = [
    "provenance-log-drops-entries",
    "provenance-log-repeats-entries",
    "provenance-log-of-another-version",
    "provenance-log-of-another-payload",
    "provenance-log-without-refused",
]
FIX = "Write one entry for each inference after its answer is known, under the id of the request."


@check(
    "provenance-log-complete",
    duties=DUTIES,
    criteria=[Criterion.INFERENCE_LOG],
    criterion=CRITERION,
    per="model",
    faults=FAULTS,
    fix=FIX,
)
def provenance_log_complete(probe: Probe) -> None:
    """Each inference has one right entry in the log.

    Sends inferences and a few mistakes, each under an id of its own, and looks the ids up until all are there or the
    time of the policy is over. Where the log is one of events, the check listens for as long. Payloads are compared by
    digest. If none is there, nothing is decided: the names of columns may be wrong.
    """
    judge_log(probe, "rest")


@check(
    "provenance-grpc-log-complete",
    duties=DUTIES,
    criteria=[Criterion.INFERENCE_LOG],
    criterion=CRITERION,
    per="model",
    transport="grpc",
    faults=FAULTS,
    fix=FIX,
)
def provenance_grpc_log_complete(probe: Probe) -> None:
    """Each inference over gRPC has one right entry in the log.

    As over REST; payloads are the messages without their frame.
    """
    judge_log(probe, "grpc")
