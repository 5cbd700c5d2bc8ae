"""Extension trace: what the server traces.

Source: Triton ``extension_trace.md``: every value is a string or an array of strings. The reference server traces
nothing; the settings are kept and shown.
"""

from __future__ import annotations

import re
from typing import Any

from harness.reference.protocol.errors import Refusal

LEVELS = ("OFF", "TIMESTAMPS", "TENSORS")
DEFAULTS: dict[str, Any] = {
    "trace_level": ["OFF"],
    "trace_rate": "1000",
    "trace_count": "-1",
    "log_frequency": "0",
    "trace_file": "",
    "trace_mode": "triton",
}
_FIXED = ("trace_file", "trace_mode")
_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


class TraceSettings:
    """Settings of the server, and of each model that has some of its own."""

    def __init__(self) -> None:
        self._general: dict[str, Any] = dict(DEFAULTS)
        self._own: dict[str, dict[str, Any]] = {}

    def read(self, model: str | None = None) -> dict[str, Any]:
        """Every setting that holds for ``model``, or for the server."""
        return {**self._general, **(self._own.get(model, {}) if model is not None else {})}

    def change(self, wanted: Any, model: str | None = None) -> dict[str, Any]:
        """Change what ``wanted`` names; null takes a setting back to the more general one.

        Raises:
            Refusal: no object, an unknown or fixed setting, or a value that is none of the setting's.
        """
        if not isinstance(wanted, dict):
            raise Refusal("the settings are no object")
        for name, value in wanted.items():
            if name not in DEFAULTS or name in _FIXED:
                raise Refusal(f"there is no setting {name!r} that can be changed")
            if value is not None and not _fits(name, value):
                raise Refusal(f"{value!r} is no value of the setting {name!r}")
        if model is None:
            self._general |= {name: DEFAULTS[name] if value is None else value for name, value in wanted.items()}
        else:
            own = {**self._own.get(model, {}), **wanted}
            self._own[model] = {name: value for name, value in own.items() if value is not None}
        return self.read(model)


def _fits(name: str, value: Any) -> bool:
    if name == "trace_level":
        return isinstance(value, list) and bool(value) and all(each in LEVELS for each in value)
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None
