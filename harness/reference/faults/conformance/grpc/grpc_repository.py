"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_repository.py`` find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.grpc_errors import on_failure
from harness.reference.faults.kit.grpc_service import sets_member
from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.errors import Refusal

fault(
    "grpc-unloaded-model-ready",
    "GRPC-HEALTH-04",
    text="ModelReady is true although the model was unloaded",
    transport="grpc",
)(sets_member("model-ready", "ready", True))


def _repository(op: str, change: Callable[[Any], Any]) -> Install:
    return lambda hooks: hooks.grpc.on(op)(lambda _, reply: change(reply))


def _states(change: Callable[[str], str]) -> Install:
    def edit(_: Call, reply: Any) -> None:
        for model in reply.models:
            model.state = change(model.state)

    return lambda hooks: hooks.grpc.on("index")(edit)


def _fails_afterwards(_: Any) -> None:
    raise Failed("INTERNAL", "'NoneType' object is not subscriptable")


fault("grpc-load-succeeds-internal", "REPO-10", text="load loads, and ends INTERNAL", transport="grpc")(
    _repository("load", _fails_afterwards)
)

fault("grpc-unload-succeeds-internal", "REPO-10", text="unload unloads, and ends INTERNAL", transport="grpc")(
    _repository("unload", _fails_afterwards)
)

fault("grpc-index-empty", "REPO-10", text="the index over gRPC lists no models", transport="grpc")(
    _repository("index", lambda reply: reply.ClearField("models"))
)

fault("grpc-load-unknown-ok", "REPO-10", text="loading a model that does not exist is OK", transport="grpc")(
    on_failure(lambda _, __, blank: blank, "load")
)

fault("grpc-state-prefixed", "REPO-03", text="states over gRPC are State.READY and the like", transport="grpc")(
    _states(lambda state: f"State.{state}")
)

fault("grpc-state-lowercase", "REPO-03", text="states over gRPC are in small letters", transport="grpc")(
    _states(str.lower)
)

fault("grpc-state-always-ready", "REPO-03", text="the index over gRPC says READY of unloaded models", transport="grpc")(
    _states(lambda _: "READY")
)


@fault(
    "grpc-index-unimplemented",
    "REPO-10",
    "REST-SMETA-06",
    text="the repository is listed, RepositoryIndex is absent",
    transport="grpc",
)
def index_unimplemented(hooks: Hooks) -> None:
    hooks.grpc.missing.add("RepositoryIndex")


@fault(
    "grpc-unload-without-effect",
    "REPO-10",
    "REPO-03",
    text="unload over gRPC is OK and changes nothing",
    transport="grpc",
)
def unload_without_effect(hooks: Hooks) -> None:
    hooks.grpc.methods["RepositoryModelUnload"] = lambda _, __, reply: reply


@fault(
    "grpc-load-name-in-field-one",
    "REPO-10",
    text="load and unload read the name from field 1, as KServe's do",
    transport="grpc",
)
def load_name_in_field_one(hooks: Hooks) -> None:
    def edit(call: Call, request: Any) -> None:
        call.model = request.repository_name
        if not call.model:
            raise Refusal("model_name is empty", kind="model", status=404)

    hooks.grpc.asked("load", "unload")(edit)
