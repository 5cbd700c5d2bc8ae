"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_identity.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.kit.grpc_messages import on_infer_reply
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call


@fault(
    "grpc-other-model-every-tenth",
    "REST-RESP-03",
    text="every tenth reply over gRPC names another model",
    transport="grpc",
)
def other_model_every_tenth(hooks: Hooks) -> None:
    count = {"replies": 0}

    def edit(_: Call, reply: Any) -> None:
        count["replies"] += 1
        if count["replies"] % 10 == 0:
            reply.model_name = "other"

    hooks.grpc.on("infer")(edit)


fault(
    "grpc-version-ignored",
    "VERS-04",
    text="model_version of a request is ignored: the newest answers",
    transport="grpc",
)(lambda hooks: hooks.grpc.asked("infer")(lambda call, _: setattr(call, "version", None)))

fault("grpc-id-dropped", "REST-RESP-04", text="the id does not come back over gRPC", transport="grpc")(
    on_infer_reply(lambda reply: reply.ClearField("id"))
)

fault("grpc-id-dropped-when-raw", "REST-RESP-04", text="only raw replies lose the id", transport="grpc")(
    on_infer_reply(lambda reply: reply.ClearField("id") if reply.raw_output_contents else None)
)


@fault(
    "grpc-id-of-other-request",
    "REST-RESP-04",
    text="every fourth id over gRPC is that of the request before",
    transport="grpc",
)
def id_of_other_request(hooks: Hooks) -> None:
    seen = ["first"]

    def edit(_: Call, reply: Any) -> None:
        if reply.id:
            seen.append(reply.id)
            reply.id = seen[-2] if len(seen) % 4 == 0 else reply.id

    hooks.grpc.on("infer")(edit)


@fault(
    "grpc-remembers-last-id",
    "GRPC-INFER-03",
    text="a reply to a request without id has the id of the one before",
    transport="grpc",
)
def remembers_last_id(hooks: Hooks) -> None:
    last = [""]

    def edit(_: Call, reply: Any) -> None:
        last[0] = reply.id = reply.id or last[0]

    hooks.grpc.on("infer")(edit)


fault("grpc-id-ends-at-nul", "REST-RESP-04", text="over gRPC an id ends at its first NUL", transport="grpc")(
    on_infer_reply(lambda reply: setattr(reply, "id", reply.id.partition("\0")[0]))
)
