"""Servers that start slowly, and servers that leave out what others can do without.

The last two leave out what the protocol asks for: that is to be found, once, and nothing else may be blamed for it.
"""

from __future__ import annotations

import asyncio
import time

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.variants.registry import excuse, variant

# Longer than one request may take by default.
FIRST_SECONDS = 11.0
STARTING_SECONDS = 4.0


@variant("slow-first-answer", "the first inference of each model takes 11 s: longer than one request may, by default")
def slow_first_answer(hooks: Hooks) -> None:
    warm: set[str] = set()

    async def wait(call: Call) -> None:
        if call.op == "infer" and call.model not in warm:
            await asyncio.sleep(FIRST_SECONDS)
            warm.add(call.model)

    hooks.before.append(wait)


@variant("not-ready-at-first", "for 4 s after the first request all but liveness is a 503: the models are being loaded")
def not_ready_at_first(hooks: Hooks) -> None:
    begun: list[float] = []

    def gate(call: Call) -> Reply | None:
        begun.append(time.monotonic())
        del begun[1:]
        is_loading = time.monotonic() - begun[0] < STARTING_SECONDS
        return error(503, "models are being loaded") if is_loading and call.op != "live" else None

    hooks.gates.append(gate)


@variant(
    "no-metadata",
    "neither the server nor its models are described, over either transport, nor listed",
    lists_models=False,
    excuses=excuse(
        "Missing: there is no server metadata.",
        "rest-server-metadata-answers-200",
        "rest-server-metadata-name",
        "grpc-server-metadata",
    )
    | excuse("Missing: there is no model metadata.", "rest-model-metadata-names-model", "grpc-model-metadata")
    | excuse("Missing: two of the six methods are not there.", "grpc-service-methods")
    | excuse(
        "Nothing describes the models, so that no request can be made; the policy would have to give samples.", "*"
    ),
)
def no_metadata(hooks: Hooks) -> None:
    hooks.settings.model_listing = False
    for op in ("server-metadata", "model-metadata"):
        hooks.routes[op] = lambda _: error(404, "not found")
    hooks.grpc.missing |= {"ServerMetadata", "ModelMetadata"}


@variant(
    "no-health",
    "nothing says whether the server lives or is ready, over either transport",
    excuses=excuse("Missing: there is no liveness.", "rest-live-answers-200", "grpc-server-live")
    | excuse("Missing: there is no readiness.", "rest-ready-answers-200", "grpc-server-ready")
    | excuse("Missing: there is no readiness of models.", "rest-model-ready-answers-200", "grpc-model-ready")
    | excuse("Missing: readiness of models has no form that works.", "rest-version-forms")
    | excuse("Missing: three of the six methods are not there.", "grpc-service-methods")
    | excuse("What asks whether the server or a model is ready, before or after something else, cannot be told.", "*"),
)
def no_health(hooks: Hooks) -> None:
    for op in ("live", "ready", "model-ready"):
        hooks.routes[op] = lambda _: error(404, "not found")
    hooks.grpc.missing |= {"ServerLive", "ServerReady", "ModelReady"}
