"""Metadata over gRPC (inference_grpc.md, "Server Metadata" and "Model Metadata")."""

from __future__ import annotations

from harness.check import check
from harness.probing.grpc_replies import properties_form
from harness.probing.json_values import shown
from harness.probing.names import name_root
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import refused, status_of
from harness.wire.datatypes import DATATYPES


@check(
    "grpc-server-metadata",
    clauses=["GRPC-META-01"],
    duties=["A15-4-d"],
    criterion="ServerMetadata is OK and can be decoded",
    transport="grpc",
    faults=[
        "grpc-server-name-empty",
        "grpc-server-metadata-fails",
        "grpc-server-metadata-slow",
        "grpc-server-metadata-unimplemented",
    ],
    fix="Answer ServerMetadata with name, version and extensions.",
)
def grpc_server_metadata(probe: Probe) -> None:
    """The server describes itself.

    One call; no answer breaks it, too. A name or version that is empty cannot be told from one that is not there, and
    is a warning only; whether REST says the same is a check of its own.
    """
    exchange = probe.grpc.server_metadata()
    probe.holds(exchange.ok, expected="OK", observed=status_of(exchange), exchange=exchange)
    if exchange.ok:
        reply = probe.message("ServerMetadata", exchange)
        listed = ", ".join(reply.extensions) or "none"
        observed = f"name {reply.name!r}, version {reply.version!r}, extensions {listed}"
        probe.observe(observed, "GRPC-META-01")
        named = bool(reply.name and reply.version)
        probe.holds(named, expected="a name and a version", observed=observed, exchange=exchange, mild=True)


@check(
    "grpc-model-metadata",
    clauses=["GRPC-META-03", "GRPC-META-05"],
    duties=["A15-4-d"],
    criterion="ModelMetadata with the name alone is OK and has that name; what field 6 holds is recorded",
    per="model",
    transport="grpc",
    faults=[
        "grpc-model-metadata-name-empty",
        "grpc-model-metadata-wrong-name",
        "grpc-model-metadata-needs-version",
    ],
    fix="Answer with the name that was asked for, and choose the version yourself where it is empty.",
)
def grpc_model_metadata(probe: Probe) -> None:
    """A model that is loaded has metadata with its name.

    One call with an empty version. Other than OK is only held against an endpoint that describes the model over REST or
    says over gRPC that it is ready. The documents differ on field 6, so either type is read and none is judged.
    """
    exchange = probe.answered(probe.grpc.model_metadata(probe.model.name))
    if not exchange.ok and not _loaded(probe):
        probe.untestable(f"ModelMetadata ended in {status_of(exchange)}, and nothing says that the model is loaded")
    expected = f"OK and the name {probe.model.name!r}"
    if not exchange.ok:
        observed = status_of(exchange)
        probe.holds(False, clause="GRPC-META-03", expected=expected, observed=observed, exchange=exchange)
        return
    reply = probe.message("ModelMetadata", exchange)
    good, observed = reply.name == probe.model.name, f"the name {reply.name!r}"
    probe.holds(good, clause="GRPC-META-03", expected=expected, observed=observed, exchange=exchange)
    observed = f"field 6: {properties_form(reply)}"
    probe.observe(observed, "GRPC-META-05")
    probe.holds(True, clause="GRPC-META-05", expected="any content", observed=observed)


def _loaded(probe: Probe) -> bool:
    if probe.endpoint.rest is not None and probe.model.metadata is not None:
        return True
    ready = probe.grpc.model_ready(probe.model.name)
    return ready.ok and bool(probe.message("ModelReady", ready).ready)


@check(
    "grpc-model-metadata-tensors",
    clauses=["REST-MMETA-08", "REST-MMETA-09", "REST-MMETA-12"],
    duties=["A15-4-d"],
    criterion="tensors in ModelMetadata have datatypes of the table, dimensions of at least -1 and names of their own",
    per="model",
    transport="grpc",
    needs=["grpc-model-metadata"],
    faults=["grpc-metadata-datatype-prefixed"],
    fix="Use the protocol's datatypes, -1 for a variable dimension, and one entry for each tensor.",
)
def grpc_model_metadata_tensors(probe: Probe) -> None:
    """Tensors in the metadata are described in the protocol's terms.

    Looks at every tensor of both sides. Not applicable where the metadata lists none.
    """
    exchange = probe.answered(probe.grpc.model_metadata(probe.model.name, probe.model.version))
    reply = probe.message("ModelMetadata", exchange)
    if not reply.inputs and not reply.outputs:
        probe.not_applicable("the metadata lists no tensors")
    for side, tensors in (("input", reply.inputs), ("output", reply.outputs)):
        for tensor in tensors:
            label, shape = f"{side} {tensor.name!r}", list(tensor.shape)
            good, observed = all(size >= -1 for size in shape), f"{label}: {shape}"
            expected = "dimensions of at least -1"
            probe.holds(good, clause="REST-MMETA-08", expected=expected, observed=observed, exchange=exchange)
            good, observed = tensor.datatype in DATATYPES, f"{label}: {tensor.datatype!r}"
            expected = "a datatype of the table"
            probe.holds(good, clause="REST-MMETA-09", expected=expected, observed=observed, exchange=exchange)
        names = [tensor.name for tensor in tensors]
        observed = f"{side}s {shown(names)}"
        once = len(set(names)) == len(names)
        expected = "each name once"
        probe.holds(once, clause="REST-MMETA-12", expected=expected, observed=observed, exchange=exchange)


@check(
    "grpc-unknown-model-metadata",
    clauses=["GRPC-META-04", "GRPC-ERR-01"],
    duties=["A15-4-d"],
    criterion="ModelMetadata of a model that does not exist ends in an error status",
    transport="grpc",
    faults=["any-model-name-answered", "grpc-unknown-model-metadata-empty", "grpc-unknown-model-metadata-made-up"],
    fix="Look the model up before answering; NOT_FOUND is usual.",
)
def grpc_unknown_model_metadata(probe: Probe) -> None:
    """A model that does not exist has no metadata.

    One call with a name that no server has.
    """
    exchange = probe.answered(probe.grpc.model_metadata(UNKNOWN_MODEL))
    root, observed = name_root(probe, "unknown-model-answered:metadata"), status_of(exchange)
    for clause in probe.check.clauses:
        expected, good = "an error status", refused(exchange)
        probe.holds(good, clause=clause, expected=expected, observed=observed, exchange=exchange, root=root)
