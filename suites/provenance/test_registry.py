"""The registry that a model is to come from (Art. 15(4); Annex IV(1))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.origin.registry import judge_registry
from harness.probing.probe import Probe

DUTIES = ["A15-4-d"]
CRITERION = (
    "the registry that the policy names under [registry] has the entry, or the digest, that the endpoint claims; it is "
    "whole, of the version, run and digest that are claimed, and its tag or alias is not another entry by now"
)
FAULTS = ["provenance-registry-without-entry", "provenance-digest-of-another-entry"]
FIX = "Serve what the registry holds, and let properties name entry and digest (docs/properties.md)."


@check(
    "provenance-registry-agrees",
    duties=DUTIES,
    criteria=[Criterion.PROVENANCE],
    criterion=CRITERION,
    per="model",
    faults=FAULTS,
    fix=FIX,
)
def provenance_registry_agrees(probe: Probe) -> None:
    """The registry has what the endpoint claims to serve.

    Looks up the entry that is claimed, or else the digest, computes the digest of every blob or artefact of it, and
    holds name, version, run and commit against it. What the endpoint claims is asked twice.
    """
    judge_registry(probe, "rest")


@check(
    "provenance-grpc-registry-agrees",
    duties=DUTIES,
    criteria=[Criterion.PROVENANCE],
    criterion=CRITERION,
    per="model",
    transport="grpc",
    faults=FAULTS,
    fix=FIX,
)
def provenance_grpc_registry_agrees(probe: Probe) -> None:
    """The registry has what the endpoint claims over gRPC to serve.

    As over REST.
    """
    judge_registry(probe, "grpc")
