"""Seeded faults that the checks of ``suites/provenance/test_claims.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.kit.common import by_connection
from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.metadata import delimited
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

CLAIMS, LEAK, REQUIRED = "advice:consistent-claims", "advice:no-secrets", "policy:provenance"
DIGEST = "provenance.model.digest"
OTHER = f"sha256:{'0' * 64}"
# Invented for this server; it opens nothing.
STORE = "mlflow://trainer:correct-horse-42@registry-2.example:5000/models"


def _properties(**values: str) -> Install:
    """Further properties, over both transports; names with an underscore for each dot."""

    def edit(_: Call, body: dict[str, Any]) -> None:
        more = {f"provenance.{name.replace('_', '.')}": value for name, value in values.items()}
        body["properties"] = {**body.get("properties", {}), **more}

    return lambda hooks: hooks.on("model-metadata")(edit)


def _parameter(name: str, value: str) -> Install:
    """A parameter of every answer over REST."""

    def edit(_: Call, body: dict[str, Any]) -> None:
        body["parameters"] = {**body.get("parameters", {}), name: value}

    return lambda hooks: hooks.on("infer")(edit)


fault("provenance-digest-cut-short", CLAIMS, text="the digest of the model is cut to its first twelve digits")(
    _properties(model_digest="sha256:9f86d081884c")
)

fault("provenance-date-of-no-calendar", CLAIMS, text="a model was trained on the 30th of February")(
    _properties(trained="2026-02-30T12:00:00Z")
)

fault("provenance-signed-before-trained", CLAIMS, text="a model was signed a month before it was trained")(
    _properties(trained="2026-05-01T12:00:00Z", signed="2026-04-01")
)

fault("provenance-data-of-another-version", REQUIRED, text="a model says that it was trained on data which it was not")(
    _properties(data_version="something: a draft of the set")
)

fault("provenance-answer-of-another-digest", CLAIMS, text="answers name another digest of the model than the metadata")(
    _parameter(DIGEST, OTHER)
)

fault(
    "provenance-store-password-in-parameters",
    LEAK,
    text="answers name the registry of the model with a password in its address",
    effect="disclosure",
)(_parameter("registry", STORE))


@fault("provenance-digest-left-out", REQUIRED, text="nothing says which artefact is served")
def digest_left_out(hooks: Hooks) -> None:
    def edit(call: Call, body: dict[str, Any]) -> None:
        place = "parameters" if call.op == "config" else "properties"
        body[place] = {key: value for key, value in body[place].items() if key != DIGEST}

    hooks.on("model-metadata", "config")(edit)


@fault("provenance-header-of-another-digest", CLAIMS, text="a header of answers names another digest of the model")
def header_of_another_digest(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status == 200:
            reply.headers["provenance-model-digest"] = OTHER

    hooks.documents.append(edit)


@fault(
    "provenance-configuration-of-another-commit",
    CLAIMS,
    text="the configuration names another commit of the source than the metadata",
)
def configuration_of_another_commit(hooks: Hooks) -> None:
    def edit(_: Call, body: dict[str, Any]) -> None:
        body["parameters"] = {**body["parameters"], "provenance.source.commit": {"string_value": "0" * 40}}

    hooks.on("config")(edit)


@fault(
    "provenance-grpc-answer-of-another-digest",
    CLAIMS,
    text="answers over gRPC name another digest of the model than the metadata",
    transport="grpc",
)
def grpc_answer_of_another_digest(hooks: Hooks) -> None:
    def edit(_: Call, message: Any) -> None:
        message.parameters[DIGEST].string_param = OTHER

    hooks.grpc.on("infer")(edit)


@fault(
    "provenance-grpc-parameters-of-another-digest",
    CLAIMS,
    text="metadata over gRPC names another digest of the model in a parameter, as MLServer writes them",
    transport="grpc",
)
def grpc_parameters_of_another_digest(hooks: Hooks) -> None:
    def edit(_: Call, reply: Any) -> None:
        reply.MergeFromString(delimited(6, delimited(1, DIGEST.encode()) + delimited(2, delimited(3, OTHER.encode()))))

    hooks.grpc.on("model-metadata")(edit)


@fault(
    "provenance-replica-of-another-commit",
    CLAIMS,
    text="one of three replicas, by connection, names another commit of the source",
)
def replica_of_another_commit(hooks: Hooks) -> None:
    picks = by_connection(hooks)

    def edit(call: Call, body: dict[str, Any]) -> None:
        if picks(call):
            body["properties"] = {**body["properties"], "provenance.source.commit": "0" * 40}

    hooks.on("model-metadata")(edit)
