"""What a server says of itself and of its models, by either transport (inference_grpc.md, "gRPC")."""

from __future__ import annotations

from typing import Any

from harness.check import check
from harness.judging.encodings import same_version
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none


@check(
    "transports-server-metadata",
    clauses=["GRPC-META-02"],
    duties=["A15-4-d"],
    criterion="name, version and the set of extensions are the same over REST and gRPC",
    needs=["rest-server-metadata-answers-200"],
    faults=["grpc-server-version-differs", "grpc-extensions-missing", "grpc-extension-more"],
    fix="Fill both answers from the same place.",
    transport="both",
)
def transports_server_metadata(probe: Probe) -> None:
    """A server says the same of itself over either transport.

    Name, version and extensions (in any order) of server metadata; what is absent counts as empty.
    """
    over_rest = probe.endpoint.server
    if over_rest is None:
        probe.untestable("there is no server metadata over REST")
    exchange = probe.grpc.server_metadata()
    message = probe.message("ServerMetadata", exchange)
    pairs = {
        "name": (over_rest.name or "", message.name),
        "version": (over_rest.version or "", message.version),
        "extensions": (sorted(set(over_rest.extensions)), sorted(set(message.extensions))),
    }
    for member, (there, here) in pairs.items():
        observed = f"{member}: {there!r} over REST, {here!r} over gRPC"
        probe.holds(there == here, expected="the same", observed=observed, exchange=exchange)


@check(
    "transports-model-metadata",
    clauses=["GRPC-META-06"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="name, versions, platform, inputs and outputs of a model are the same over REST and gRPC",
    per="model",
    needs=[],
    faults=["grpc-metadata-shape-cut", "grpc-metadata-shape-zero", "grpc-metadata-datatype-prefixed",
            "grpc-metadata-input-renamed", "grpc-metadata-outputs-left-out", "grpc-metadata-newest-version-only",
            "grpc-metadata-platform-differs"],
    fix="Fill both answers from the same description of the model.",
    transport="both",
)  # fmt: skip
def transports_model_metadata(probe: Probe) -> None:
    """A server says the same of a model over either transport.

    Member by member; what is absent counts as empty, the order of tensors and versions is free. Properties, which the
    documents of gRPC do not agree on (GRPC-META-05), are compared where both transports have some.
    """
    body = object_or_none(probe.model.route.metadata_exchange)
    if body is None or not probe.model.route.metadata_exchange.ok:
        probe.untestable("there is no metadata of the model over REST")
    model = same_version(probe)
    exchange = probe.grpc.model_metadata(model.name, model.version)
    message = probe.message("ModelMetadata", exchange)
    pairs: dict[str, tuple[Any, Any]] = {
        "name": (body.get("name") or "", message.name),
        "versions": (sorted(map(str, body.get("versions") or [])), sorted(message.versions)),
        "platform": (body.get("platform") or "", message.platform),
    }
    for side in ("inputs", "outputs"):
        there = {str(each.get("name")): (each.get("datatype"), each.get("shape")) for each in _tensors(body.get(side))}
        here = {each.name: (each.datatype, list(each.shape)) for each in getattr(message, side)}
        pairs[side] = (there, here)
    metadata, over_grpc = probe.model.metadata, model.metadata
    first_read = model is probe.model.grpc
    if first_read and metadata and over_grpc and metadata.properties and over_grpc.properties:
        pairs["properties"] = (dict(metadata.properties), dict(over_grpc.properties))
    for member, (there, here) in pairs.items():
        observed = f"{member}: {there!r} over REST, {here!r} over gRPC"
        probe.holds(there == here, expected="the same", observed=observed, exchange=exchange)


def _tensors(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
