"""Seeded faults that the checks of ``suites/provenance/test_registry.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

PROVENANCE = "policy:provenance"


@fault(
    "provenance-registry-without-entry",
    PROVENANCE,
    text="the metadata names an entry that the registry does not have",
)
def without_entry(hooks: Hooks) -> None:
    def edit(_: Call, body: dict[str, Any]) -> None:
        body["properties"] = {**body["properties"], "provenance.model.registry": "oci://registry.example/pair:9"}

    hooks.on("model-metadata")(edit)


@fault(
    "provenance-digest-of-another-entry",
    PROVENANCE,
    text="the metadata names an entry of the registry, and the digest of another model",
)
def digest_of_another_entry(hooks: Hooks) -> None:
    def edit(_: Call, body: dict[str, Any]) -> None:
        more = {
            "provenance.model.registry": "oci://registry.example/pair:2",
            "provenance.model.digest": f"sha256:{'16' * 32}",
        }
        body["properties"] = {**body["properties"], **more}

    hooks.on("model-metadata")(edit)
