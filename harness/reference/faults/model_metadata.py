"""Model metadata: what it says of tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks

Body = dict[str, Any]


def _tensors(change: Callable[[Body], Body], *sides: str) -> Callable[[Hooks], None]:
    """Change every tensor of the metadata (of both sides, unless told)."""

    def install(hooks: Hooks) -> None:
        def edit(_: Any, body: Body) -> None:
            for side in sides or ("inputs", "outputs"):
                body[side] = [change(each) for each in body[side]]

        hooks.on("model-metadata")(edit)

    return install


def _first(change: Callable[[int], Any]) -> Callable[[Body], Body]:
    return lambda each: {**each, "shape": [change(each["shape"][0]), *each["shape"][1:]]}


fault("metadata-tensor-dtype-dims", "REST-MMETA-07", text="tensors have dtype and dims instead of datatype and shape")(
    _tensors(lambda each: {"name": each["name"], "dtype": each["datatype"], "dims": each["shape"]})
)
fault("metadata-shape-string", "REST-MMETA-07", text="shapes are texts like -1,64")(
    _tensors(lambda each: {**each, "shape": ",".join(map(str, each["shape"]))}, "outputs")
)
fault("shape-has-null", "REST-MMETA-08", text="variable dimensions are null")(
    _tensors(_first(lambda size: None if size == -1 else size))
)
fault("shape-minus-two", "REST-MMETA-08", text="variable dimensions are -2")(
    _tensors(_first(lambda size: -2 if size == -1 else size))
)
fault("metadata-datatype-lowercase", "REST-MMETA-09", "DTYPE-01", text="datatypes are in small letters")(
    _tensors(lambda each: {**each, "datatype": each["datatype"].lower()})
)
fault("metadata-datatype-string", "REST-MMETA-09", text="BYTES is called STRING", models=("text", "echo-bytes"))(
    _tensors(lambda each: {**each, "datatype": each["datatype"].replace("BYTES", "STRING")})
)
fault("metadata-datatype-disagrees", "REST-MMETA-12", text="outputs are described with another datatype")(
    _tensors(lambda each: {**each, "datatype": "FP32" if each["datatype"] == "INT32" else "INT32"}, "outputs")
)
fault("metadata-shape-disagrees", "REST-MMETA-12", text="outputs are described with one dimension too many")(
    _tensors(lambda each: {**each, "shape": [*each["shape"], 7]}, "outputs")
)
fault("metadata-output-renamed", "REST-MMETA-12", text="outputs are described under other names than they come back")(
    _tensors(lambda each: {**each, "name": each["name"] + "_0"}, "outputs")
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
