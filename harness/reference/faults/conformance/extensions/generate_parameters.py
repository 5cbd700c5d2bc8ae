"""Seeded faults that the checks of ``suites/conformance/extensions/test_generate_parameters.py`` find."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.generate import change_details, change_request
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

Body = dict[str, Any]
STORY = ("story",)
OPS = ("generate", "generate-stream")


def _parameters(change: Callable[[Body], Any]) -> Install:
    def edit(body: Body) -> None:
        if isinstance(body.get("parameters"), dict):
            change(body["parameters"])

    return change_request(edit)


def _loose(name: str, fits: Callable[[Any], bool]) -> Install:
    """A parameter outside of its limits counts as absent."""
    return _parameters(lambda found: None if fits(found.get(name)) else found.pop(name, None))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


fault("temperature-unchecked", "GEN-05", text="a negative temperature is taken for none", models=STORY)(
    _loose("temperature", lambda value: _is_number(value) and value >= 0)
)

fault("top-p-unchecked", "GEN-05", text="a top_p out of range is taken for none", models=STORY)(
    _loose("top_p", lambda value: _is_number(value) and 0 <= value <= 1)
)

fault("max-tokens-unchecked", "GEN-05", text="max_tokens of zero and less is taken for none", models=STORY)(
    _loose("max_tokens", lambda value: type(value) is int and value >= 1)
)

fault("stop-unchecked", "GEN-05", text="a stop that is no array of texts is taken for none", models=STORY)(
    _loose("stop", lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value))
)


@fault(
    "unknown-generate-parameter-refused",
    "GEN-05",
    text="parameters of generation that are unknown are refused",
    models=STORY,
)
def unknown_generate_parameter_refused(hooks: Hooks) -> None:
    known = {"temperature", "top_p", "max_tokens", "stop", "details"}

    def gate(call: Call) -> Reply | None:
        try:
            found = set(json.loads(call.body)["parameters"]) if call.op in OPS else set()
        except (ValueError, LookupError, TypeError):
            return None
        return error(422, f"unknown parameters {sorted(found - known)}") if found - known else None

    hooks.gates.append(gate)


fault("max-tokens-ignored", "GEN-06", text="max_tokens makes no difference", models=STORY)(
    _loose("max_tokens", lambda value: type(value) is not int or value < 1)
)

fault("max-tokens-one-too-many", "GEN-06", text="one token more comes than max_tokens allows", models=STORY)(
    _parameters(
        lambda found: (
            found.update(max_tokens=found["max_tokens"] + 1)
            if type(found.get("max_tokens")) is int and found["max_tokens"] > 0
            else None
        )
    )
)

fault("finish-reason-always-eos", "GEN-06", text="the reason to end is always eos_token", models=STORY)(
    change_details(lambda details: details.update(finish_reason="eos_token"))
)

fault("stop-ignored", "GEN-06", text="stop makes no difference", models=STORY)(
    _loose("stop", lambda value: value != _texts(value))
)

fault("stop-last-only", "GEN-06", text="of several stop strings the last one counts", models=STORY)(
    _parameters(lambda found: found.update(stop=_texts(found["stop"])[-1:]) if _texts(found.get("stop")) else None)
)


def _texts(value: Any) -> list[str]:
    fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return list(value) if fits else []
