"""Seeded faults: the reference server, wrong in exactly one way.

One file per area. Every fault names the clauses it breaks and the models it shows on; :data:`FAULTS` lists them.
"""

from __future__ import annotations

from harness.reference.faults import (
    batching,
    binary,
    binary_replies,
    binary_requests,
    bodies,
    elements,
    errors,
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
    metadata,
    model_metadata,
    observation,
    outputs,
    repository,
    requests,
    response,
    rows,
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
)  # fmt: skip
