"""Seeded faults: the reference server, wrong in exactly one way.

One file per area. Every fault names the clauses it breaks and the models it shows on; :data:`FAULTS` lists them.
"""

from __future__ import annotations

from harness.reference.faults import (
    batching,
    bodies,
    elements,
    errors,
    health,
    metadata,
    model_metadata,
    outputs,
    requests,
    response,
    rows,
    server_metadata,
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
)  # fmt: skip
