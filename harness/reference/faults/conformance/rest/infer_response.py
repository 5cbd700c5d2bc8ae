"""Seeded faults that the checks of ``suites/conformance/rest/test_infer_response.py`` find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.replies import each_output, on_reply, without
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call


@fault("id-dropped-on-version-1", "REST-RESP-04", text="the older version, asked for by name, loses the id")
def id_dropped_on_version_1(hooks: Hooks) -> None:
    def edit(call: Call, body: dict[str, Any]) -> None:
        if call.version == "1":
            body.pop("id", None)

    hooks.on("infer")(edit)


def _id(change: Callable[[str], Any]) -> Callable[[Hooks], None]:
    return on_reply(lambda body: {**body, "id": change(body["id"])} if "id" in body else body)


fault("drops-request-id", "REST-RESP-04", text="the id never comes back")(on_reply(without("id")))

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
    on_reply(lambda body: {"id": 7, **body})
)

fault("response-without-model-name", "REST-RESP-02", text="the reply has no model_name")(
    on_reply(without("model_name"))
)

fault("response-model-name-null", "REST-RESP-02", text="model_name is null")(
    on_reply(lambda body: {**body, "model_name": None})
)

fault("response-wrong-model-name", "REST-RESP-03", text="model_name is always default")(
    on_reply(lambda body: {**body, "model_name": "default"})
)

fault("model-version-null", "REST-RESP-10", text="model_version is null")(
    on_reply(lambda body: {**body, "model_version": None})
)

fault("model-version-number", "REST-RESP-10", text="model_version is a number")(
    on_reply(lambda body: {**body, "model_version": int(body["model_version"])})
)

fault("parameters-list", "REST-RESP-10", text="parameters of the reply are a list")(
    on_reply(lambda body: {**body, "parameters": []})
)

fault("output-parameters-null", "REST-RESP-10", text="parameters of every output are null")(
    each_output(lambda each: {**each, "parameters": None})
)


@fault(
    "drops-id-on-second-request",
    "REST-RESP-04",
    text="only the first request of a connection gets its id back",
    effect="state",
)
def drops_id_on_second_request(hooks: Hooks) -> None:
    hooks.on("infer")(
        lambda call, body: (
            {key: value for key, value in body.items() if key != "id"} if call.number_on_connection > 1 else body
        )
    )


@fault("drops-id-above-32-rows", "REST-RESP-04", text="requests of more than 32 rows lose their id", effect="state")
def drops_id_above_32_rows(hooks: Hooks) -> None:
    def edit(_: Call, body: dict[str, Any]) -> None:
        if any(each["shape"] and each["shape"][0] > 32 for each in body["outputs"]):
            body.pop("id", None)

    hooks.on("infer")(edit)


@fault(
    "remembers-last-id",
    "REST-INFER-12",
    "REST-RESP-05",
    text="a request without id is answered with the id of the one before",
    effect="state",
)
def remembers_last_id(hooks: Hooks) -> None:
    last: dict[str, str] = {}

    def edit(_: Call, body: dict[str, Any]) -> None:
        if "id" in body:
            last["id"] = body["id"]
        elif last:
            body["id"] = last["id"]

    hooks.on("infer")(edit)
