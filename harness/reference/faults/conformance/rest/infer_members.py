"""Seeded faults that the checks of ``suites/conformance/rest/test_infer_members.py`` find."""

from __future__ import annotations

from harness.reference.faults.registry import fault, relaxes
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest

fault("extra-member-refused", "REST-INFER-09", text="members the schema does not know are refused")(
    relaxes("refuse_extra_members")
)


@fault(
    "input-order-matters",
    "REST-INFER-07",
    text="inputs in another order than the metadata's are mixed up",
    models=("pair",),
)
def input_order_matters(hooks: Hooks) -> None:
    def swap(_: Call, version: ModelVersion, request: InferRequest) -> None:
        if list(request.inputs) != [spec.name for spec in version.inputs if spec.name in request.inputs]:
            for name, tensor in request.inputs.items():
                request.inputs[name] = type(tensor)(tensor.name, tensor.datatype, tensor.shape, tensor.values[::-1] * 0)

    hooks.requests.append(swap)


@fault("duplicate-input-hangs-up", "REST-INFER-08", "REST-ERR-06", text="an input given twice ends the connection")
def duplicate_input_hangs_up(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        text = reply.document.get("error", "") if isinstance(reply.document, dict) else ""
        if call.op == "infer" and "given twice" in str(text):
            # Announces more than it sends, so that the server itself breaks the connection off.
            reply.headers["content-length"] = "100000"

    hooks.documents.append(edit)


@fault("null-id-becomes-text", "REST-INFER-10", text="an id of null comes back as the text None")
def null_id_becomes_text(hooks: Hooks) -> None:
    hooks.rules.null_optionals = True
    hooks.on("infer")(
        lambda call, body: {**body, "id": "None"} if "id" in call.request and call.request["id"] is None else body
    )
