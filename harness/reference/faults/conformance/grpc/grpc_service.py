"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_service.py`` find."""

from __future__ import annotations

import asyncio
from typing import Any

from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

SLOW_SECONDS = 20.0


def _missing(*methods: str) -> Install:
    return lambda hooks: hooks.grpc.missing.update(methods)


fault(
    "grpc-server-metadata-unimplemented",
    "GRPC-SVC-01",
    "GRPC-META-01",
    text="ServerMetadata is not implemented",
    transport="grpc",
)(_missing("ServerMetadata"))

fault(
    "grpc-model-ready-unimplemented",
    "GRPC-SVC-01",
    "GRPC-HEALTH-03",
    text="ModelReady is not implemented",
    transport="grpc",
)(_missing("ModelReady"))


@fault("grpc-service-renamed", "GRPC-SVC-01", text="the service has the name of a later version", transport="grpc")
def service_renamed(hooks: Hooks) -> None:
    hooks.grpc.service = "inference.v2.GRPCInferenceService"


@fault(
    "grpc-unknown-field-refused",
    "GRPC-SVC-03",
    text="a request with a field that the server does not know fails",
    transport="grpc",
)
def unknown_field_refused(hooks: Hooks) -> None:
    def edit(_: Call, request: Any) -> None:
        size = request.ByteSize()
        request.DiscardUnknownFields()
        if request.ByteSize() != size:
            raise Failed("INTERNAL", "unknown field in ModelInferRequest")

    hooks.grpc.asked("infer")(edit)


@fault(
    "grpc-unknown-field-loses-inputs",
    "GRPC-SVC-03",
    text="reading stops at a field that the server does not know",
    transport="grpc",
)
def unknown_field_loses_inputs(hooks: Hooks) -> None:
    def edit(_: Call, request: Any) -> None:
        size = request.ByteSize()
        request.DiscardUnknownFields()
        if request.ByteSize() != size:
            del request.inputs[:]

    hooks.grpc.asked("infer")(edit)


@fault(
    "grpc-garbage-accepted",
    "GRPC-SVC-04",
    text="bytes that are no message are answered with an empty reply",
    transport="grpc",
)
def garbage_accepted(hooks: Hooks) -> None:
    hooks.grpc.damaged = lambda _: b""


@fault(
    "grpc-garbage-hangs",
    "GRPC-SVC-04",
    text="after bytes that are no message, the connection answers 20 s late",
    transport="grpc",
    effect="hang",
)
def garbage_hangs(hooks: Hooks) -> None:
    broken = _remembers_garbage(hooks)

    async def wait(call: Call) -> None:
        if call.connection in broken:
            await asyncio.sleep(SLOW_SECONDS)

    hooks.grpc.before.append(wait)


@fault(
    "grpc-garbage-breaks-next",
    "GRPC-SVC-04",
    "REST-ERR-06",
    text="the call after bytes that are no message fails",
    transport="grpc",
)
def garbage_breaks_next(hooks: Hooks) -> None:
    broken = _remembers_garbage(hooks)

    def edit(call: Call, _: Any) -> None:
        if call.connection in broken:
            broken.discard(call.connection)
            raise Failed("INTERNAL", "the decoder is out of step")

    hooks.grpc.requests.append(edit)


def _remembers_garbage(hooks: Hooks) -> set[object]:
    broken: set[object] = set()

    def edit(call: Call, failed: Failed, _: Any) -> Failed:
        if failed.kind == "bytes":
            broken.add(call.connection)
        return failed

    hooks.grpc.failures.append(edit)
    return broken
