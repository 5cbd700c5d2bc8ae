"""Seeded faults that the checks of ``suites/conformance/rest/test_infer_request.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.replies import on_reply
from harness.reference.faults.registry import fault, relaxes
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

WIDE = ("matrix", "digits", "cancer", "diabetes", "echo-grid", "fixed")


@fault("metadata-404", "REST-HTTP-01", "REST-MMETA-01", text="a model that infers has no metadata path")
def metadata_404(hooks: Hooks) -> None:
    hooks.routes["model-metadata"] = lambda _: error(404, "not found")


fault("requires-id", "REST-INFER-01", text="a request without id is refused")(relaxes("require_id"))

fault("requires-outputs", "REST-INFER-01", text="a request without outputs is refused")(relaxes("require_outputs"))


@fault(
    "infer-404", "REST-HTTP-01", "REST-HTTP-03", "REST-INFER-01", text="infer is not routed, with a version or without"
)
def infer_404(hooks: Hooks) -> None:
    hooks.routes["infer"] = lambda _: error(404, "not found")


fault("flat-refused", "TDATA-01", text="data must be nested", models=WIDE)(relaxes("refuse_flat"))

fault("response-is-array", "REST-RESP-01", text="the reply is an array of one")(on_reply(lambda body: [body]))


@fault("status-201", "REST-RESP-01", text="an inference answers 201")
def status_201(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status == 200:
            reply.status = 201

    hooks.documents.append(edit)
