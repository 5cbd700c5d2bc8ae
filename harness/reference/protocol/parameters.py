"""The ``parameters`` member, which requests, inputs and outputs may have."""

from __future__ import annotations

from typing import Any

from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.rules import Rules

KNOWN = frozenset(
    {
        "binary_data", "binary_data_output", "binary_data_size", "classification", "priority", "sequence_end",
        "sequence_id", "sequence_start", "shared_memory_byte_size", "shared_memory_offset", "shared_memory_region",
        "timeout",
    }
)  # fmt: skip
"""Parameters that some extension gives a meaning."""


def read_parameters(holder: dict[str, Any], whose: str, rules: Rules) -> dict[str, Any]:
    """The ``parameters`` member of ``holder``: string, number and boolean values only; unknown names are taken."""
    if "parameters" not in holder:
        return {}
    if rules.refuse_parameters:
        raise Refusal(f"unknown member 'parameters' in {whose}")
    found = holder["parameters"]
    if found is None and rules.null_optionals:
        return {}
    if not isinstance(found, dict):
        raise Refusal(f"parameters of {whose} are no object")
    for key, value in found.items():
        if not isinstance(value, str | int | float | bool):
            raise Refusal(f"parameter {key!r} of {whose} is neither string, number nor boolean")
        if isinstance(value, float) and rules.refuse_fractional_parameters:
            raise Refusal(f"parameter {key!r} of {whose} must be an integer")
        if rules.refuse_unknown_parameters and key not in KNOWN:
            raise Refusal(f"unknown parameter {key!r} of {whose}")
    return found
