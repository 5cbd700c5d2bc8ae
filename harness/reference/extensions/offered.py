"""Which extensions a server offers and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.extensions.shared_memory import FOLDER

if TYPE_CHECKING:
    from harness.reference.hooks import Settings

REPOSITORY = "model_repository"
BINARY = "binary_tensor_data"
SHARED_MEMORY = "system_shared_memory"
OTHERS = (
    "classification", "sequence", "schedule_policy", "statistics", "model_configuration", "logging", "trace",
)  # fmt: skip

# Generation has no name of its own: nothing announces it (GEN-01).
_GENERATION = ""
OPERATIONS = {
    **dict.fromkeys(("index", "load", "unload"), REPOSITORY),
    **dict.fromkeys(("generate", "generate-stream"), _GENERATION),
    **dict.fromkeys(("stats", "all-stats"), "statistics"),
    "config": "model_configuration",
    **dict.fromkeys(("logging", "set-logging"), "logging"),
    **dict.fromkeys(("trace", "set-trace", "model-trace", "set-model-trace"), "trace"),
    **dict.fromkeys(
        ("shm-status", "shm-region-status", "shm-register", "shm-unregister", "shm-unregister-all"), SHARED_MEMORY
    ),
}
"""Operation -> extension that it belongs to; operations of the protocol itself are not here."""


def extensions_of(settings: Settings) -> list[str]:
    """Names for the member ``extensions`` of server metadata: exactly what is offered, unless a variant hides it."""
    names = [REPOSITORY] if settings.repository and settings.model_listing else []
    if settings.binary and settings.binary_listed:
        names.append(BINARY)
    if settings.extensions:
        names += OTHERS
        # By way of the file system: the server names regions by their POSIX key.
        names += [SHARED_MEMORY] if FOLDER.is_dir() else []
    return names


def is_offered(settings: Settings, op: str, version: str | None) -> bool:
    """Whether the path of ``op`` is there at all."""
    if op == "metrics":
        return settings.metrics
    if op == "list":
        return settings.model_listing
    extension = OPERATIONS.get(op)
    if extension == _GENERATION:
        return settings.generation and (settings.generation_versions or version is None)
    return extension is None or extension in extensions_of(settings)
