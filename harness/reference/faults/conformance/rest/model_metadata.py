"""Seeded faults that the checks of ``suites/conformance/rest/test_model_metadata.py`` find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.model_metadata import each_tensor
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.models.model import Model

OPERATIONS = ("model-metadata", "model-ready", "infer", "config")
Body = dict[str, Any]


def _edit(change: Any) -> Any:
    def install(hooks: Hooks) -> None:
        hooks.on("model-metadata")(lambda _, body: change(body))

    return install


def _without(member: str) -> Any:
    return _edit(lambda body: {key: value for key, value in body.items() if key != member})


fault("metadata-name-wrong", "REST-MMETA-01", text="metadata names another model")(
    _edit(lambda body: {**body, "name": "model"})
)

fault("metadata-without-name", "REST-MMETA-01", text="the name is called model")(
    _edit(lambda body: {"model": body.pop("name"), **body})
)

fault("platform-missing", "REST-MMETA-02", text="metadata has no platform")(_without("platform"))

fault("platform-null", "REST-MMETA-02", text="the platform is null")(_edit(lambda body: {**body, "platform": None}))

fault("versions-null", "REST-MMETA-04", text="versions is null")(_edit(lambda body: {**body, "versions": None}))

fault("versions-numbers", "REST-MMETA-04", text="versions are numbers")(
    _edit(lambda body: {**body, "versions": [int(each) for each in body["versions"]]})
)

fault("versions-string", "REST-MMETA-04", text="versions is one string")(
    _edit(lambda body: {**body, "versions": ",".join(body["versions"])})
)

fault("properties-number", "REST-MMETA-10", text="a property is a number")(
    _edit(lambda body: {**body, "properties": {**body["properties"], "max_len": 512}})
)

fault("properties-list", "REST-MMETA-10", text="properties is a list of pairs")(
    _edit(lambda body: {**body, "properties": [list(pair) for pair in body["properties"].items()]})
)

fault("metadata-inputs-object", "REST-MMETA-06", "REST-MMETA-07", text="inputs is an object by name")(
    _edit(lambda body: {**body, "inputs": {each["name"]: each["datatype"] for each in body["inputs"]}})
)


@fault("unknown-model-metadata-200", "REST-MMETA-11", text="metadata of an unknown model is a 200")
def unknown_model_metadata_200(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "model-metadata" and call.version is None and reply.status == 404:
            reply.status, reply.document = 200, {"name": call.model, "platform": ""}

    hooks.documents.append(edit)


@fault(
    "any-model-name-answered",
    "REST-MMETA-11",
    "GRPC-META-04",
    "REST-MREADY-03",
    "REST-ERR-04",
    text="every name is a model, over both transports: its metadata, readiness and inference are those of another",
)
def any_model_name_answered(hooks: Hooks) -> None:
    known: list[dict[str, Model]] = []
    last: list[str] = []
    asked = "x-art15-asked"

    def gate(call: Call) -> None:
        if call.op in OPERATIONS and call.model not in known[0]:
            call.headers[asked], call.model = call.model, last[-1] if last else next(iter(known[0]))
        elif call.op in OPERATIONS:
            last[:] = [call.model]

    def edit(call: Call, reply: Reply) -> None:
        if asked in call.headers and isinstance(reply.document, dict):
            reply.document |= {key: call.headers[asked] for key in ("name", "model_name") if key in reply.document}

    hooks.models.append(known.append)
    hooks.gates.append(gate)
    hooks.documents.append(edit)
    hooks.grpc.on("model-metadata")(lambda call, reply: setattr(reply, "name", call.headers.get(asked, reply.name)))
    hooks.grpc.on("infer")(lambda call, reply: setattr(reply, "model_name", call.headers.get(asked, reply.model_name)))


@fault("unknown-model-error-empty", "REST-MMETA-11", text="metadata of an unknown model is a 404 without a body")
def unknown_model_error_empty(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "model-metadata" and reply.status == 404:
            reply.document = None

    hooks.documents.append(edit)


def _first(change: Callable[[int], Any]) -> Callable[[Body], Body]:
    return lambda each: {**each, "shape": [change(each["shape"][0]), *each["shape"][1:]]}


fault("metadata-tensor-dtype-dims", "REST-MMETA-07", text="tensors have dtype and dims instead of datatype and shape")(
    each_tensor(lambda each: {"name": each["name"], "dtype": each["datatype"], "dims": each["shape"]})
)

fault("metadata-shape-string", "REST-MMETA-07", text="shapes are texts like -1,64")(
    each_tensor(lambda each: {**each, "shape": ",".join(map(str, each["shape"]))}, "outputs")
)

fault("shape-has-null", "REST-MMETA-08", text="variable dimensions are null")(
    each_tensor(_first(lambda size: None if size == -1 else size))
)

fault("shape-minus-two", "REST-MMETA-08", text="variable dimensions are -2")(
    each_tensor(_first(lambda size: -2 if size == -1 else size))
)

fault("metadata-datatype-lowercase", "REST-MMETA-09", "DTYPE-01", text="datatypes are in small letters")(
    each_tensor(lambda each: {**each, "datatype": each["datatype"].lower()})
)

fault("metadata-datatype-string", "REST-MMETA-09", text="BYTES is called STRING", models=("text", "echo-bytes"))(
    each_tensor(lambda each: {**each, "datatype": each["datatype"].replace("BYTES", "STRING")})
)


@fault("duplicate-tensor-names", "REST-MMETA-12", text="every output is listed twice")
def duplicate_tensor_names(hooks: Hooks) -> None:
    def edit(_: Any, body: Body) -> None:
        body["outputs"] = [each for each in body["outputs"] for _ in range(2)]

    hooks.on("model-metadata")(edit)


@fault(
    "metadata-of-newest-version-only",
    "REST-MMETA-05",
    text="metadata of version 1 names another model",
    models=("matrix",),
)
def metadata_of_newest_version_only(hooks: Hooks) -> None:
    hooks.on("model-metadata")(
        lambda call, body: {**body, "name": f"{body['name']}-1"} if call.version == "1" else body
    )


@fault("version-listed-but-404", "REST-MMETA-05", text="the versions that metadata lists have no path of their own")
def version_listed_but_404(hooks: Hooks) -> None:
    hooks.gates.append(lambda call: error(404, "no such version") if call.version is not None else None)


@fault("listed-version-3-absent", "REST-MMETA-05", text="metadata lists a version that was removed")
def listed_version_3_absent(hooks: Hooks) -> None:
    hooks.on("model-metadata")(lambda _, body: {**body, "versions": [*body["versions"], "3"]})
