"""Seeded faults that the checks of ``suites/provenance/test_artefact.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

DIGEST = "provenance.model.digest"


@fault(
    "provenance-artefact-of-another-release",
    "policy:provenance",
    text="another release of the model is served than was signed, and its digest is told everywhere",
)
def another_release(hooks: Hooks) -> None:
    def edit(call: Call, body: dict[str, Any]) -> None:
        other = f"sha256:{'15' * 32}"
        place, value = ("parameters", {"string_value": other}) if call.op == "config" else ("properties", other)
        body[place] = {**body[place], DIGEST: value}

    hooks.on("model-metadata", "config")(edit)
