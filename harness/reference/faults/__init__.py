"""Seeded faults: the reference server, wrong in exactly one way.

One file per area. Every fault names the clauses it breaks and the models it shows on; :data:`FAULTS` lists them.
"""

from __future__ import annotations

from harness.reference.faults import (
    adversarial_chunks,
    adversarial_concurrency,
    adversarial_framing,
    adversarial_inputs,
    adversarial_paths,
    adversarial_reload,
    adversarial_state,
    adversarial_transport,
    adversarial_values,
    adversarial_wear,
    batching,
    binary,
    binary_replies,
    binary_requests,
    bodies,
    elements,
    errors,
    every_answer,
    extensions,
    generate,
    generate_stream,
    grpc_errors,
    grpc_half,
    grpc_infer,
    grpc_raw,
    grpc_replies,
    grpc_service,
    grpc_typed,
    grpc_values,
    health,
    load,
    metadata,
    model_metadata,
    observation,
    outputs,
    repository,
    requests,
    response,
    rows,
    security_access,
    security_disclosure,
    server_metadata,
    shared_memory,
    spelling,
    state,
    structure,
    versions,
)
from harness.reference.faults.registry import FAULTS, Fault

__all__ = ["FAULTS", "Fault"]

AREAS = (
    health, server_metadata, metadata, model_metadata, versions, requests, structure, elements, outputs, response,
    spelling, bodies, rows, batching, state, errors,
    binary, binary_requests, binary_replies, repository, generate, generate_stream, extensions, observation,
    shared_memory,
    grpc_service, grpc_errors, grpc_infer, grpc_values, grpc_typed, grpc_raw, grpc_replies, grpc_half,
    adversarial_values, adversarial_inputs, adversarial_transport, adversarial_paths, adversarial_framing,
    adversarial_chunks, adversarial_state, adversarial_wear, adversarial_reload, adversarial_concurrency,
    security_access, security_disclosure, every_answer, load,
)  # fmt: skip
