"""Calls over gRPC that fail wrongly, and the model repository over gRPC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.errors import Refusal

TRACE = 'Traceback (most recent call last):\n  File "/srv/app/server.py", line 88, in infer\nValueError: {}'


def _failed(change: Callable[[Call, Failed, Any], Any], *ops: str) -> Install:
    """Change how calls of ``ops`` (infer, if none is given) fail; bytes that are no message are left alone."""

    def edit(call: Call, failed: Failed, blank: Any) -> Any:
        fits = call.op in (ops or ("infer",)) and failed.kind != "bytes"
        return change(call, failed, blank) if fits else failed

    return lambda hooks: hooks.grpc.failures.append(edit)


def _says(failed: Failed, *words: str) -> bool:
    return any(word in failed.details for word in words)


def _told_in_ok(call: Call, failed: Failed, blank: Any) -> Any:
    blank.model_name = call.model
    blank.parameters["error"].string_param = failed.details
    return blank


fault(
    "grpc-errors-with-ok",
    "GRPC-ERR-01",
    text="inferences that fail are OK, with the error as a parameter",
    transport="grpc",
)(_failed(_told_in_ok))
fault(
    "grpc-unknown-model-infer-ok",
    "GRPC-ERR-01",
    "REST-ERR-07",
    text="an unknown model gives OK without outputs",
    transport="grpc",
)(_failed(lambda call, failed, blank: _told_in_ok(call, failed, blank) if _says(failed, "no model") else failed))
fault("grpc-errors-internal", "GRPC-ERR-03", text="whatever the client does wrong is INTERNAL", transport="grpc")(
    _failed(lambda _, failed, __: Failed("INTERNAL", failed.details))
)
fault(
    "grpc-shape-error-internal",
    "GRPC-ERR-03",
    text="a shape that does not fit is INTERNAL without explanation",
    transport="grpc",
)(_failed(lambda _, failed, __: Failed("INTERNAL", "") if failed.kind == "shape" else failed))
fault("grpc-wrong-datatype-unknown", "GRPC-ERR-03", text="a wrong datatype is UNKNOWN", transport="grpc")(
    _failed(lambda _, failed, __: Failed("UNKNOWN", failed.details) if _says(failed, "data type", ", not ") else failed)
)
fault(
    "grpc-unknown-model-unknown",
    "GRPC-ERR-03",
    text="an unknown model is UNKNOWN, as an exception of the framework",
    transport="grpc",
)(
    _failed(
        lambda _, failed, __: (
            Failed("UNKNOWN", f"Unexpected <class 'KeyError'>: {failed.details}")
            if _says(failed, "there is no model")
            else failed
        ),
        "infer",
        "model-metadata",
    )
)
fault("grpc-details-empty", "GRPC-ERR-03", text="errors have no details", transport="grpc")(
    _failed(lambda _, failed, __: Failed(failed.code, ""), "infer", "model-metadata", "model-ready")
)
fault("grpc-details-blank", "GRPC-ERR-03", text="the details of errors are a space", transport="grpc")(
    _failed(lambda _, failed, __: Failed(failed.code, " "), "infer", "model-metadata", "model-ready")
)
fault(
    "grpc-details-stack-trace",
    "GRPC-ERR-03",
    text="the details of errors are a stack trace, and the code UNKNOWN",
    transport="grpc",
)(_failed(lambda _, failed, __: Failed("UNKNOWN", TRACE.format(failed.details))))


@fault("grpc-error-breaks-next", "REST-ERR-06", text="the first inference after a refused one fails", transport="grpc")
def error_breaks_next(hooks: Hooks) -> None:
    broken: set[object] = set()

    def ask(call: Call, _: Any) -> None:
        if call.connection in broken:
            broken.discard(call.connection)
            raise Failed("UNAVAILABLE", "the worker is being restarted", kind="broken")

    def note(call: Call, failed: Failed, _: Any) -> Failed:
        if failed.kind != "broken":
            broken.add(call.connection)
        return failed

    hooks.grpc.asked("infer")(ask)
    _failed(note)(hooks)


@fault(
    "grpc-error-changes-next",
    "REST-ERR-06",
    text="the first OK after a refused request has outputs of no elements",
    transport="grpc",
)
def error_changes_next(hooks: Hooks) -> None:
    broken: set[str] = set()

    def note(call: Call, failed: Failed, _: Any) -> Failed:
        broken.add(call.model)
        return failed

    def edit(call: Call, reply: Any) -> None:
        if call.model in broken:
            broken.discard(call.model)
            del reply.raw_output_contents[:]
            for output in reply.outputs:
                output.ClearField("contents")
                output.shape[:] = [0] * len(output.shape)

    _failed(note)(hooks)
    hooks.grpc.on("infer")(edit)


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
    _failed(lambda _, __, blank: blank, "load")
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
