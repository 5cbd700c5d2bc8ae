"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_metadata.py`` find."""

from __future__ import annotations

import asyncio

from harness.reference.faults.kit.grpc_service import answers_unknown, ends_with, needs_version, on_reply, sets_member
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

SLOW_SECONDS = 20.0


@fault(
    "grpc-server-metadata-slow",
    "GRPC-META-01",
    text="ServerMetadata, and nothing else, takes 20 s",
    transport="grpc",
    effect="hang",
)
def server_metadata_slow(hooks: Hooks) -> None:
    async def wait(call: Call) -> None:
        if call.op == "server-metadata":
            await asyncio.sleep(SLOW_SECONDS)

    hooks.grpc.before.append(wait)


fault("grpc-server-metadata-fails", "GRPC-META-01", text="ServerMetadata ends INTERNAL", transport="grpc")(
    ends_with("server-metadata", "INTERNAL", "no such attribute")
)

fault("grpc-server-name-empty", "GRPC-META-01", "GRPC-META-02", text="ServerMetadata has no name", transport="grpc")(
    on_reply("server-metadata", lambda reply: reply.ClearField("name"))
)

fault("grpc-model-metadata-name-empty", "GRPC-META-03", text="ModelMetadata has no name", transport="grpc")(
    on_reply("model-metadata", lambda reply: reply.ClearField("name"))
)

fault("grpc-model-metadata-wrong-name", "GRPC-META-03", text="ModelMetadata names another model", transport="grpc")(
    sets_member("model-metadata", "name", "default")
)

fault("grpc-model-metadata-needs-version", "GRPC-META-03", text="ModelMetadata wants a version", transport="grpc")(
    needs_version("model-metadata")
)

fault(
    "grpc-unknown-model-metadata-empty",
    "GRPC-META-04",
    "GRPC-ERR-01",
    text="an unknown model has empty metadata",
    transport="grpc",
)(answers_unknown("model-metadata", lambda _, __: None))

fault(
    "grpc-unknown-model-metadata-made-up",
    "GRPC-META-04",
    text="every name has metadata, with no tensors",
    transport="grpc",
)(answers_unknown("model-metadata", lambda call, reply: setattr(reply, "name", call.model)))
