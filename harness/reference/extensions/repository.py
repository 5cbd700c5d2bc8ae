"""Extension model_repository: what there is, and what is loaded.

Source: Triton ``extension_model_repository.md``; the states are those of MLServer's ``model_repository.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.reference.models.model import Model
from harness.reference.protocol.errors import Refusal


def index(models: Mapping[str, Model], wanted: Any) -> list[dict[str, str]]:
    """One row per model version; with ``ready`` true, only of models that can infer.

    Raises:
        Refusal: the request is no object, or its ``ready`` no boolean.
    """
    if not isinstance(wanted, dict) or not isinstance(wanted.get("ready", False), bool):
        raise Refusal("the request is no object with a boolean 'ready'")
    return [
        {
            "name": model.name,
            "version": version,
            "state": "READY" if model.loaded else "UNAVAILABLE",
            "reason": "" if model.loaded else "unloaded",
        }
        for model in models.values()
        for version in model.versions
        if model.loaded or not wanted.get("ready")
    ]


def set_loaded(models: Mapping[str, Model], name: str, *, loaded: bool) -> None:
    """Load or unload a model; loading a loaded one loads it anew, without its sequences.

    Raises:
        Refusal: there is no such model.
    """
    model = models.get(name)
    if model is None:
        raise Refusal(f"there is no model {name!r}", kind="model", status=404)
    model.loaded = loaded
    for version in model.versions.values():
        if version.sequences is not None:
            version.sequences.forget()
