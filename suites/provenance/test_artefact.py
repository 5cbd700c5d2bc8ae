"""The artefact that a model is to be served from (Art. 15(4), 15(5); Annex IV(1))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.origin.artefact import judge_artefact
from harness.probing.probe import Probe

DUTIES = ["A15-4-d"]
CRITERION = (
    "the artefact that the policy names under [artefact.MODEL] has the digest that the endpoint claims, is as it was "
    "signed, and has the digest that its bill of materials states"
)
FIX = "Serve the artefact that was released, and let properties name its digest (docs/properties.md)."


@check(
    "provenance-artefact-served",
    duties=DUTIES,
    criteria=[Criterion.PROVENANCE],
    criterion=CRITERION,
    per="model",
    faults=["provenance-artefact-of-another-release"],
    fix=FIX,
)
def provenance_artefact_served(probe: Probe) -> None:
    """The endpoint claims to serve the artefact that the policy names.

    Digests are computed of the file, or of the files of the folder; the signature is verified with the given key. What
    the endpoint claims is asked twice. Nothing of the artefact is loaded; what would execute code is noted. That a
    claim is true of what the server has in memory cannot be seen from outside.
    """
    judge_artefact(probe, "rest")


@check(
    "provenance-grpc-artefact-served",
    duties=DUTIES,
    criteria=[Criterion.PROVENANCE],
    criterion=CRITERION,
    per="model",
    transport="grpc",
    faults=["provenance-artefact-of-another-release"],
    fix=FIX,
)
def provenance_grpc_artefact_served(probe: Probe) -> None:
    """The endpoint claims over gRPC to serve the artefact that the policy names.

    As over REST.
    """
    judge_artefact(probe, "grpc")
