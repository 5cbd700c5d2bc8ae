"""Health and readiness that mislead."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error


def _fixed(op: str, status: int, document: Any) -> Any:
    def install(hooks: Hooks) -> None:
        hooks.routes[op] = lambda _: Reply(status, document)

    return install


fault("live-404", "REST-HEALTH-01", "REST-HTTP-01", text="the live endpoint is not there")(
    _fixed("live", 404, {"error": "not found"})
)
fault("live-says-false", "REST-HEALTH-03", text="live answers 200 and says false")(_fixed("live", 200, {"live": False}))
fault("live-member-not-bool", "REST-HEALTH-03", text="live answers the word yes")(_fixed("live", 200, {"live": "yes"}))
fault("ready-503", "REST-HEALTH-02", text="ready answers 503 although every model infers")(
    _fixed("ready", 503, {"ready": False})
)
fault("ready-member-not-bool", "REST-HEALTH-04", text="ready answers 1 instead of true")(
    _fixed("ready", 200, {"ready": 1})
)
fault("ready-says-false", "REST-HEALTH-04", text="ready answers 200 and says false under the name live")(
    _fixed("ready", 200, {"live": False})
)
fault("model-ready-404", "REST-MREADY-01", "REST-HTTP-01", text="a model that infers has no ready path")(
    _fixed("model-ready", 404, {"error": "not found"})
)


@fault(
    "health-needs-header", "REST-HEALTH-06", text="health refuses probes that close their connection, as kubelet's do"
)
def health_needs_header(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        closing = "close" in call.headers.get("connection", "")
        return error(400, "keep the connection open") if call.op in ("live", "ready") and closing else None

    hooks.gates.append(gate)


@fault("ready-while-unloaded", "REST-HEALTH-05", "REST-MREADY-03", text="ready says yes while a model is unloaded")
def ready_while_unloaded(hooks: Hooks) -> None:
    for op in ("ready", "model-ready"):
        hooks.routes[op] = lambda _: Reply(200)


@fault("model-ready-wrong-name", "REST-MREADY-02", text="the ready reply names another model")
def model_ready_wrong_name(hooks: Hooks) -> None:
    hooks.on("model-ready")(lambda _, body: {**body, "name": "other-model"})


@fault("model-ready-member-not-bool", "REST-MREADY-02", text="the model's ready member is the text true")
def model_ready_member_not_bool(hooks: Hooks) -> None:
    hooks.on("model-ready")(lambda _, body: {**body, "ready": "true"})


@fault("unknown-model-ready", "REST-MREADY-03", text="every name is reported as ready")
def unknown_model_ready(hooks: Hooks) -> None:
    hooks.routes["model-ready"] = lambda call: Reply(200, {"name": call.model, "ready": True})


@fault("unknown-version-ready", "REST-MREADY-03", "VERS-02", text="every version of a known model is reported as ready")
def unknown_version_ready(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "model-ready" and call.version is not None and reply.status == 404:
            reply.status, reply.document = 200, {"name": call.model, "ready": True}

    hooks.documents.append(edit)


@fault("ready-but-infer-503", "REST-MREADY-05", text="after a look at ready, two inferences answer 503 not ready")
def ready_but_infer_503(hooks: Hooks) -> None:
    left = {"refusals": 0}

    def gate(call: Call) -> Reply | None:
        if call.op == "model-ready":
            left["refusals"] = 2
        if call.op == "infer" and left["refusals"]:
            left["refusals"] -= 1
            return error(503, f"model {call.model!r} is not ready")
        return None

    hooks.gates.append(gate)
