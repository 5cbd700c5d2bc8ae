"""Seeded faults that the checks of ``suites/conformance/rest/test_model_ready.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.health import answers_always
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

fault("model-ready-404", "REST-MREADY-01", "REST-HTTP-01", text="a model that infers has no ready path")(
    answers_always("model-ready", 404, {"error": "not found"})
)


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


@fault(
    "ready-and-every-inference-500",
    "policy:ready-infers",
    text="health says ready, and the runtime behind every inference has gone: 500, or INTERNAL",
)
def ready_and_every_inference_500(hooks: Hooks) -> None:
    hooks.gates.append(
        lambda call: error(500, "the runtime has gone") if call.op == "infer" and call.verb_fits else None
    )
