"""Members of the reply to an inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

Body = dict[str, Any]


def _reply(change: Callable[[Body], Any]) -> Callable[[Hooks], None]:
    return lambda hooks: hooks.on("infer")(lambda _, body: change(body))


def _id(change: Callable[[str], Any]) -> Callable[[Hooks], None]:
    return _reply(lambda body: {**body, "id": change(body["id"])} if "id" in body else body)


def _outputs(change: Callable[[Body], Body]) -> Callable[[Hooks], None]:
    return _reply(lambda body: {**body, "outputs": [change(each) for each in body["outputs"]]})


def _without(*names: str) -> Callable[[Body], Body]:
    return lambda body: {key: value for key, value in body.items() if key not in names}


fault("drops-request-id", "REST-RESP-04", text="the id never comes back")(_reply(_without("id")))
fault("id-as-number", "REST-RESP-04", "REST-RESP-10", text="an id of digits comes back as a number")(
    _id(lambda text: int(text) if text.isascii() and text.isdecimal() else text)
)
fault("id-truncated", "REST-RESP-04", text="ids are cut after 64 characters")(_id(lambda text: text[:64]))
fault("id-ascii-only", "REST-RESP-04", text="other characters than ASCII in an id become question marks")(
    _id(lambda text: text.encode("ascii", "replace").decode())
)
fault("id-percent-encoded", "REST-RESP-04", text="spaces and slashes in an id come back percent-encoded")(
    _id(lambda text: text.replace(" ", "%20").replace("/", "%2F"))
)
fault("unasked-id-number", "REST-RESP-05", "REST-RESP-10", text="without an id, the reply counts")(
    _reply(lambda body: {"id": 7, **body})
)
fault("response-without-model-name", "REST-RESP-02", text="the reply has no model_name")(_reply(_without("model_name")))
fault("response-model-name-null", "REST-RESP-02", text="model_name is null")(
    _reply(lambda body: {**body, "model_name": None})
)
fault("response-wrong-model-name", "REST-RESP-03", text="model_name is always default")(
    _reply(lambda body: {**body, "model_name": "default"})
)
fault("model-version-null", "REST-RESP-10", text="model_version is null")(
    _reply(lambda body: {**body, "model_version": None})
)
fault("model-version-number", "REST-RESP-10", text="model_version is a number")(
    _reply(lambda body: {**body, "model_version": int(body["model_version"])})
)
fault("parameters-list", "REST-RESP-10", text="parameters of the reply are a list")(
    _reply(lambda body: {**body, "parameters": []})
)
fault("output-parameters-null", "REST-RESP-10", text="parameters of every output are null")(
    _outputs(lambda each: {**each, "parameters": None})
)
fault("response-without-outputs", "REST-RESP-06", text="outputs are called predictions")(
    _reply(lambda body: {**_without("outputs")(body), "predictions": body["outputs"]})
)
fault("outputs-missing-shape", "REST-RESP-06", text="outputs have no shape and no datatype")(
    _outputs(_without("shape", "datatype"))
)
fault("outputs-by-name", "REST-RESP-06", text="outputs is an object by name")(
    _reply(lambda body: {**body, "outputs": {each["name"]: each for each in body["outputs"]}})
)
fault("response-is-array", "REST-RESP-01", text="the reply is an array of one")(_reply(lambda body: [body]))
fault("datatype-lowercase-in-reply", "REST-RESP-11", "DTYPE-01", text="datatypes in replies are in small letters")(
    _outputs(lambda each: {**each, "datatype": each["datatype"].lower()})
)
fault("shape-copied-from-metadata", "REST-RESP-07", text="a shape in the reply begins with -1")(
    _outputs(lambda each: {**each, "shape": [-1, *each["shape"][1:]]})
)
fault("shape-fractional", "REST-RESP-07", text="dimensions in the reply are 2.5 times what they should be")(
    _outputs(lambda each: {**each, "shape": [each["shape"][0] + 0.5, *each["shape"][1:]]})
)
fault("count-mismatch", "REST-RESP-08", text="the last element of every output is lost")(
    _outputs(lambda each: {**each, "data": each["data"][:-1]})
)
fault("count-mismatch-above-32-rows", "REST-RESP-08", text="above 32 rows, the last element of every output is lost")(
    _outputs(lambda each: {**each, "data": each["data"][:-1]} if (each["shape"] or [0])[0] > 32 else each)
)
fault("wrong-nesting", "REST-RESP-09", text="data is nested in columns of one, whatever the shape")(
    _outputs(lambda each: {**each, "data": [[value] for value in each["data"]]})
)
fault(
    "transposed-nesting",
    "REST-RESP-09",
    text="[2,3] is nested as three pairs",
    models=("matrix", "digits", "cancer"),
)(_outputs(lambda each: {**each, "data": _transposed(each["data"], each["shape"])}))


def _transposed(data: list[Any], shape: list[int]) -> list[Any]:
    if len(shape) != 2 or shape[0] < 1 or shape[0] == shape[1]:
        return data
    return [data[start : start + shape[0]] for start in range(0, len(data), shape[0])]


@fault("status-201", "REST-RESP-01", text="an inference answers 201")
def status_201(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status == 200:
            reply.status = 201

    hooks.documents.append(edit)


@fault("outputs-wrong-with-id", "REST-RESP-08", text="only a request with an id gets one dimension too many")
def outputs_wrong_with_id(hooks: Hooks) -> None:
    def edit(_: Call, body: Body) -> None:
        for each in body["outputs"] if "id" in body else ():
            each["shape"] = [*each["shape"], 2]

    hooks.on("infer")(edit)
