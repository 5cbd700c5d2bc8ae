"""Extension schedule_policy: priority and timeout of a request.

Source: Triton ``extension_schedule_policy.md``. This server works on requests as they come: both are checked, and
change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.reference.protocol.errors import Refusal


def check_schedule(parameters: Mapping[str, Any]) -> None:
    """Raises Refusal if ``priority`` or ``timeout`` (microseconds) is no integer from 0."""
    for name in ("priority", "timeout"):
        value = parameters.get(name, 0)
        if type(value) is not int or value < 0:
            raise Refusal(f"the parameter {name} is no integer from 0")
