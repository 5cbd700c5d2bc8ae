"""Extension logging: what the server writes to its log.

Source: Triton ``extension_logging.md``. The reference server has no log; the settings are kept and shown.
"""

from __future__ import annotations

from typing import Any

from harness.reference.protocol.errors import Refusal

FORMATS = ("default", "ISO8601")


class LogSettings:
    """The settings; a change is made as a whole or not at all."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {
            "log_file": "",
            "log_info": True,
            "log_warning": True,
            "log_error": True,
            "log_verbose_level": 0,
            "log_format": "default",
        }

    def read(self) -> dict[str, Any]:
        """Every setting."""
        return dict(self._values)

    def change(self, wanted: Any) -> dict[str, Any]:
        """Change what ``wanted`` names, and nothing else.

        Raises:
            Refusal: no object, an unknown setting, or a value that is none of the setting's.
        """
        if not isinstance(wanted, dict):
            raise Refusal("the settings are no object")
        for name, value in wanted.items():
            if not self._fits(name, value):
                raise Refusal(f"{value!r} is no value of the setting {name!r}")
        self._values |= wanted
        return self.read()

    def _fits(self, name: str, value: Any) -> bool:
        if name not in self._values:
            raise Refusal(f"there is no setting {name!r}")
        if name == "log_verbose_level":
            return type(value) is int and value >= 0
        if name == "log_format":
            return value in FORMATS
        # The file cannot be chosen from afar.
        return value == self._values[name] if name == "log_file" else isinstance(value, bool)
