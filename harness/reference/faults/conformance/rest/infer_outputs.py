"""Seeded faults that the checks of ``suites/conformance/rest/test_infer_outputs.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.kit.model_metadata import each_tensor
from harness.reference.faults.kit.replies import each_output, on_reply, without
from harness.reference.faults.kit.reply_elements import spell
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call

MANY = ("pair", "text", "digits", "cancer")
Body = dict[str, Any]


fault("metadata-datatype-disagrees", "REST-MMETA-12", text="outputs are described with another datatype")(
    each_tensor(lambda each: {**each, "datatype": "FP32" if each["datatype"] == "INT32" else "INT32"}, "outputs")
)

fault("metadata-shape-disagrees", "REST-MMETA-12", text="outputs are described with one dimension too many")(
    each_tensor(lambda each: {**each, "shape": [*each["shape"], 7]}, "outputs")
)

fault("metadata-output-renamed", "REST-MMETA-12", text="outputs are described under other names than they come back")(
    each_tensor(lambda each: {**each, "name": each["name"] + "_0"}, "outputs")
)


@fault("unversioned-empty-200", "VERS-01", "REST-HTTP-03", text="without a version, infer answers 200 and nothing")
def unversioned_empty_200(hooks: Hooks) -> None:
    hooks.on("infer")(lambda call, body: {**body, "outputs": []} if call.version is None else body)


@fault("first-output-only", "REST-OUT-01", text="without outputs, only the first output is returned", models=MANY)
def first_output_only(hooks: Hooks) -> None:
    hooks.answers.append(lambda _, request, outputs: outputs if request.outputs else outputs[:1])


fault("response-without-outputs", "REST-RESP-06", text="outputs are called predictions")(
    on_reply(lambda body: {**without("outputs")(body), "predictions": body["outputs"]})
)

fault("outputs-missing-shape", "REST-RESP-06", text="outputs have no shape and no datatype")(
    each_output(without("shape", "datatype"))
)

fault("outputs-by-name", "REST-RESP-06", text="outputs is an object by name")(
    on_reply(lambda body: {**body, "outputs": {each["name"]: each for each in body["outputs"]}})
)

fault("datatype-lowercase-in-reply", "REST-RESP-11", "DTYPE-01", text="datatypes in replies are in small letters")(
    each_output(lambda each: {**each, "datatype": each["datatype"].lower()})
)

fault("shape-copied-from-metadata", "REST-RESP-07", text="a shape in the reply begins with -1")(
    each_output(lambda each: {**each, "shape": [-1, *each["shape"][1:]]})
)

fault("shape-fractional", "REST-RESP-07", text="dimensions in the reply are 2.5 times what they should be")(
    each_output(lambda each: {**each, "shape": [each["shape"][0] + 0.5, *each["shape"][1:]]})
)

fault("count-mismatch", "REST-RESP-08", text="the last element of every output is lost")(
    each_output(lambda each: {**each, "data": each["data"][:-1]})
)

fault("count-mismatch-above-32-rows", "REST-RESP-08", text="above 32 rows, the last element of every output is lost")(
    each_output(lambda each: {**each, "data": each["data"][:-1]} if (each["shape"] or [0])[0] > 32 else each)
)

fault("wrong-nesting", "REST-RESP-09", text="data is nested in columns of one, whatever the shape")(
    each_output(lambda each: {**each, "data": [[value] for value in each["data"]]})
)

fault(
    "transposed-nesting",
    "REST-RESP-09",
    text="[2,3] is nested as three pairs",
    models=("matrix", "digits", "cancer"),
)(each_output(lambda each: {**each, "data": _transposed(each["data"], each["shape"])}))


def _transposed(data: list[Any], shape: list[int]) -> list[Any]:
    if len(shape) != 2 or shape[0] < 1 or shape[0] == shape[1]:
        return data
    return [data[start : start + shape[0]] for start in range(0, len(data), shape[0])]


@fault("outputs-wrong-with-id", "REST-RESP-08", text="only a request with an id gets one dimension too many")
def outputs_wrong_with_id(hooks: Hooks) -> None:
    def edit(_: Call, body: Body) -> None:
        for each in body["outputs"] if "id" in body else ():
            each["shape"] = [*each["shape"], 2]

    hooks.on("infer")(edit)


fault(
    "numbers-as-text",
    "REST-RESP-06",
    "TDATA-11",
    text="64-bit integers come back as texts",
    models=("echo-int64", "echo-uint64"),
)(spell(str.__str__, "INT64", "UINT64"))
