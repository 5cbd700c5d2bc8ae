"""What an endpoint claims of where a model comes from (Art. 15(4); Annex IV(1))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.judging.origin.claims import (
    judge_connections,
    judge_forms,
    judge_places,
    judge_replicas,
    judge_required,
    judge_secrets,
)
from harness.probing.probe import Probe

DUTIES = ["A15-4-d"]
WRITTEN = "each claim under a key of docs/properties.md, or of the policy, is written as claims of its kind are"
AGREE = "no two places, connections or replicas claim what cannot both be true, and no model is signed before trained"
STATED = "each claim that the policy requires under [provenance] is made, well-formed and as it states"
FIX_FORM = "Write the value as docs/properties.md says: a whole digest with its algorithm, a date of RFC 3339."
FIX_AGREE = "Fill properties, parameters, headers and configuration from one record, the same at every replica."
FIX_STATED = "Have the server say in properties where the model comes from (docs/properties.md)."
UNSTATED = ["provenance-digest-left-out", "provenance-digest-cut-short", "provenance-data-of-another-version"]


@check(
    "provenance-claims-well-formed",
    duties=DUTIES,
    advice=[Advice.CONSISTENT_CLAIMS],
    criterion=WRITTEN,
    per="model",
    faults=["provenance-digest-cut-short", "provenance-date-of-no-calendar"],
    fix=FIX_FORM,
)
def provenance_claims_well_formed(probe: Probe) -> None:
    """Claims about where a model comes from are written as claims of their kind are.

    Reads metadata, the parameters and headers of an answer, and the configuration. Keys that nobody knows are passed
    over; what is malformed is read twice.
    """
    judge_forms(probe, "rest")


@check(
    "provenance-grpc-claims-well-formed",
    duties=DUTIES,
    advice=[Advice.CONSISTENT_CLAIMS],
    criterion=WRITTEN,
    per="model",
    transport="grpc",
    faults=["provenance-digest-cut-short"],
    fix=FIX_FORM,
)
def provenance_grpc_claims_well_formed(probe: Probe) -> None:
    """Claims over gRPC about where a model comes from are written as claims of their kind are.

    As over REST, without configuration and headers.
    """
    judge_forms(probe, "grpc")


@check(
    "provenance-claims-agree",
    duties=DUTIES,
    advice=[Advice.CONSISTENT_CLAIMS],
    criterion=AGREE,
    per="model",
    faults=[
        "provenance-answer-of-another-digest",
        "provenance-header-of-another-digest",
        "provenance-configuration-of-another-commit",
        "provenance-signed-before-trained",
        "provenance-replica-of-another-commit",
    ],
    fix=FIX_AGREE,
)
def provenance_claims_agree(probe: Probe) -> None:
    """What is claimed of where a model comes from contradicts nothing else that is claimed.

    Places are held against each other, and dates against their order; what contradicts is asked again, and counts
    where each place says the same both times. Then connections and replicas; in its image, and when it was deployed,
    a replica may differ.
    """
    judge_places(probe, "rest")
    judge_connections(probe, "rest")
    judge_replicas(probe, "rest")


@check(
    "provenance-grpc-claims-agree",
    duties=DUTIES,
    advice=[Advice.CONSISTENT_CLAIMS],
    criterion=AGREE,
    per="model",
    transport="grpc",
    faults=[
        "provenance-grpc-answer-of-another-digest",
        "provenance-grpc-parameters-of-another-digest",
        "provenance-signed-before-trained",
    ],
    fix=FIX_AGREE,
)
def provenance_grpc_claims_agree(probe: Probe) -> None:
    """What is claimed over gRPC of where a model comes from contradicts nothing else that is claimed.

    As over REST.
    """
    judge_places(probe, "grpc")
    judge_connections(probe, "grpc")
    judge_replicas(probe, "grpc")


@check(
    "provenance-claims-required",
    duties=DUTIES,
    criteria=[Criterion.PROVENANCE],
    criterion=STATED,
    per="model",
    faults=UNSTATED,
    fix=FIX_STATED,
)
def provenance_claims_required(probe: Probe) -> None:
    """Every claim that the policy requires is made.

    In any place of an answer or of what describes the model; what is not met is asked once more.
    """
    judge_required(probe, "rest")


@check(
    "provenance-grpc-claims-required",
    duties=DUTIES,
    criteria=[Criterion.PROVENANCE],
    criterion=STATED,
    per="model",
    transport="grpc",
    faults=UNSTATED,
    fix=FIX_STATED,
)
def provenance_grpc_claims_required(probe: Probe) -> None:
    """Every claim that the policy requires is made over gRPC.

    As over REST.
    """
    judge_required(probe, "grpc")


@check(
    "provenance-parameters-hold-no-secret",
    duties=["A15-5-h"],
    advice=[Advice.NO_SECRETS],
    criterion="no parameter of an answer holds a key, a token or a password that the request did not",
    per="model",
    faults=["provenance-store-password-in-parameters"],
    fix="Name the registry or store of a model without the credentials for it.",
)
def provenance_parameters_hold_no_secret(probe: Probe) -> None:
    """Parameters of an answer hold no secret.

    Servers put there where a model, or its data, was read from. What describes the model is looked at by
    security-metadata-holds-no-secret. Only patterns of high confidence; what the request held itself is passed over.
    """
    judge_secrets(probe, "rest")
