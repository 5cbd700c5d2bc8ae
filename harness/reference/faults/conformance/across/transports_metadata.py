"""Seeded faults that the checks of ``suites/conformance/across/test_transports_metadata.py`` find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.grpc_service import on_reply, sets_member
from harness.reference.faults.registry import Install, fault
from harness.reference.messages import Call

fault(
    "grpc-server-version-differs",
    "GRPC-META-02",
    text="the server's version is another than over REST",
    transport="grpc",
)(sets_member("server-metadata", "version", "0.9.0"))

fault("grpc-extensions-missing", "GRPC-META-02", text="over gRPC no extensions are listed", transport="grpc")(
    on_reply("server-metadata", lambda reply: reply.ClearField("extensions"))
)

fault("grpc-extension-more", "GRPC-META-02", text="over gRPC one more extension is listed", transport="grpc")(
    on_reply("server-metadata", lambda reply: reply.extensions.append("cuda_shared_memory"))
)


def _tensors(change: Callable[[Any], Any], *sides: str) -> Install:
    """Edit every tensor of the model metadata (of both sides, unless told)."""

    def edit(_: Call, reply: Any) -> None:
        for side in sides or ("inputs", "outputs"):
            for each in getattr(reply, side):
                change(each)

    return lambda hooks: hooks.grpc.on("model-metadata")(edit)


def _minus_one_is_null(tensor: Any) -> None:
    tensor.shape[:] = [max(size, 0) for size in tensor.shape]


fault("grpc-metadata-shape-cut", "GRPC-META-06", text="ModelMetadata leaves out the first dimension", transport="grpc")(
    _tensors(lambda each: each.shape.pop(0))
)

fault(
    "grpc-metadata-shape-zero",
    "GRPC-META-06",
    "REST-MMETA-12",
    text="ModelMetadata has 0 for variable dimensions",
    transport="grpc",
)(_tensors(_minus_one_is_null))

fault(
    "grpc-metadata-datatype-prefixed",
    "GRPC-META-06",
    "REST-MMETA-09",
    text="ModelMetadata says TYPE_FP32 for FP32",
    transport="grpc",
)(_tensors(lambda each: setattr(each, "datatype", f"TYPE_{each.datatype}")))

fault(
    "grpc-metadata-input-renamed",
    "GRPC-META-06",
    "REST-MMETA-12",
    text="inputs have other names over gRPC",
    transport="grpc",
)(_tensors(lambda each: setattr(each, "name", f"{each.name}:0"), "inputs"))

fault("grpc-metadata-outputs-left-out", "GRPC-META-06", text="ModelMetadata lists no outputs", transport="grpc")(
    on_reply("model-metadata", lambda reply: reply.ClearField("outputs"))
)

fault(
    "grpc-metadata-newest-version-only",
    "GRPC-META-06",
    text="ModelMetadata lists only the newest version",
    transport="grpc",
)(on_reply("model-metadata", lambda reply: reply.versions.__delitem__(0)))

fault("grpc-metadata-platform-differs", "GRPC-META-06", text="the platform is another one over gRPC", transport="grpc")(
    sets_member("model-metadata", "platform", "tensorflow_graphdef")
)
